"""Records as a real run would leave them, made up from a seed, and an empty MLflow store to log them in."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from houses import empty_database

from prunebench.records.course import Curve, curve
from prunebench.records.parts import Arm, Kept, Provenance, Pruned, Published, Size, Subject, VerdictRecord
from prunebench.records.record import ClaimRecord, Record

PAPER = {"dense": (93.53, 0.16), "finetune": (93.60, 0.16), "scratch_e": (93.30, 0.11), "scratch_b": (93.81, 0.14)}
LEVEL = {"dense": 99.2, "sparse": 99.0, "finetune": 106.0, "scratch_e": 97.9, "scratch_b": 99.1}
"""Where the accuracy of an arm would end, percent; the three epochs of fine-tuning are cut off at 97."""
EPOCHS = {"dense": 12, "sparse": 12, "pruned": 0, "finetune": 3, "scratch_e": 12, "scratch_b": 24}
WIDTHS = (8, 8, 16, 32, 64)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _curve(rng: random.Random, arm: str, seed: int, level: float) -> Curve:
    epochs = range(1, EPOCHS[arm] + 1)
    start = 0.5 if arm == "finetune" else 0.9
    test = [level - level * start * 0.55**epoch + rng.gauss(0, 0.25) for epoch in epochs]
    courses = {
        "lr": [0.1 if 2 * epoch <= EPOCHS[arm] else 0.01 for epoch in epochs],
        "train_loss": [2.3 * 0.6**epoch for epoch in epochs],
        "train_accuracy": [min(100.0, value + 0.4) for value in test],
        "test_accuracy": test,
    }
    return curve(seed, courses)


def _arm(name: str, seeds: list[int], level: float, key: object) -> Arm:
    rng = random.Random(f"{name} {key}")
    curves = [_curve(rng, name, seed, level + rng.gauss(0, 0.5)) for seed in seeds] if EPOCHS[name] else []
    last = [curve.test_accuracy[-1] for curve in curves] or [rng.uniform(9, 14) for _ in seeds]
    return Arm(
        seeds=seeds,
        epochs=[EPOCHS[name]] * len(seeds),
        accuracy=[round(value, 2) for value in last],
        best_accuracy=[round(max(curve.test_accuracy), 2) for curve in curves] or [round(value, 2) for value in last],
        seconds=[round(0.3 + 0.4 * EPOCHS[name] * rng.uniform(0.9, 1.1), 2) for _ in seeds],
        digests=[_digest(name, key, seed) for seed in seeds],
        budget={"finetune": "fine-tuning", "scratch_b": "flops capped at 2x"}.get(name, ""),
        curves=curves,
    )


def make_verdict(a: list[float], b: list[float], margin: float = 3.0, **changes: Any) -> VerdictRecord:
    """A verdict on `a` at least `b`, with bounds of about the right width."""
    difference = fmean(a) - fmean(b)
    width = 2.1 * ((stdev(a) ** 2 + stdev(b) ** 2) / len(a)) ** 0.5 if len(a) > 1 else 100.0
    lower, upper = difference - width, difference + width
    values: dict[str, Any] = {
        "claim": "C08",
        "relation": "scratch_b at least finetune",
        "state": "SUPPORTED" if lower > -margin else "REFUTED" if upper < -margin else "INCONCLUSIVE",
        "margin": margin,
        "confidence": 0.95,
        "difference": difference,
        "lower": lower,
        "upper": upper,
        "p": 0.01,
        "n": [len(a), len(b)],
        "power": 0.93,
        "reason": f"scratch_b - finetune is {difference:+.2f} points, with 95 % confidence each above {lower:+.2f} and "
        f"below {upper:+.2f}; it is held against {-margin:g}.",
    }
    return VerdictRecord(**values | changes)


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    """Return a function that makes a row's record: keywords replace fields, `levels` (percent by arm) moves arms."""

    def make(row: str = "t4.cifar10.vgg-19.70", seeds: int = 3, key: object = None, **changes: Any) -> Record:
        levels = LEVEL | changes.pop("levels", {})
        numbers = list(range(seeds))
        arms = {name: _arm(name, numbers, levels.get(name, 10.0), key or row) for name in EPOCHS}
        values: dict[str, Any] = {
            "protocol": 1,
            "row": row,
            "claims": ["C02", "C04", "C08"],
            "title": "VGG-19 on CIFAR-10, slimming 70 %",
            "section": "4.2",
            "table": "4",
            "tier": "smoke",
            "dataset": Subject(name="CIFAR-10", used="digits 16x16", digest=_digest("digits")),
            "network": Subject(name="VGG-19", used="vgg (widths 8-8-M-16-16-M-32-32-M-64-64)"),
            "method": Subject(name="slimming", used="slimming"),
            "ratio": 0.7,
            "seeds_planned": 3,
            "dense": Size(parameters=73_450, flops=4_812_800),
            "pruned": [_pruned(seed, arms["pruned"].digests[seed]) for seed in numbers],
            "arms": arms,
            "paper": {name: Published(mean=mean, std=std, n=5) for name, (mean, std) in PAPER.items()},
            "verdicts": [make_verdict(arms["scratch_b"].accuracy, arms["finetune"].accuracy)] if seeds else [],
            "notes": ["layer features.9 was kept at 1 channel"],
            "provenance": Provenance(
                commits=["0123456789ab"],
                hardware=["a CPU, 2 cores"],
                versions={"python": ["3.11.9"], "torch": ["2.14.1"]},
                started="2026-11-24T10:00:00Z",
                ended="2026-11-24T10:03:00Z",
            ),
            "command": f'pytest claims -k "{row}" --pb-tier smoke --pb-seeds 3',
        }
        return Record(**values | changes)

    return make


def _pruned(seed: int, digest: str) -> Pruned:
    layers = [Kept(layer=f"features.{3 * i}", kept=1 + (7 * i + seed) % w, total=w) for i, w in enumerate(WIDTHS)]
    return Pruned(seed=seed, size=Size(parameters=11_000 + seed, flops=1_650_000), layers=layers, digest=digest)


@pytest.fixture(scope="session")
def make_claim() -> Callable[..., ClaimRecord]:
    """Return a function that makes the record of a claim over rows; keywords replace fields."""

    def make(name: str = "c08-scratch-b-beats-finetune", **changes: Any) -> ClaimRecord:
        values: dict[str, Any] = {
            "protocol": 1,
            "name": name,
            "claim": "C08",
            "statement": "With Network Slimming, Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows.",
            "section": "4.2",
            "tier": "smoke",
            "paper": "8 of 10 rows",
            "rows": ["t4.cifar10.vgg-19.70"],
            "verdict": make_verdict([99.1, 99.0, 99.3], [96.5, 96.9, 97.0]),
            "command": "pytest claims -k c08 --pb-tier smoke",
        }
        return ClaimRecord(**values | changes)

    return make


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """The address of an empty store of this test's own."""
    return f"sqlite:///{shutil.copy(empty_database(), tmp_path / 'mlflow.db')}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; tests that need it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the dev extra: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_proxy")}
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split(), env=environment)
        yield running
        running.close()
