"""Does the site carry many records? 1,000 in a usual run; `PRUNEBENCH_RECORDS=100000` for the numbers in full."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunebench.records.parts import Interval, Subject
from prunebench.records.record import ClaimRecord, Record, dump

COUNT = int(os.environ.get("PRUNEBENCH_RECORDS", "1000"))
START = 10.0
"""Seconds that a build may take whatever it builds: imports, processes, libraries that are copied."""
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""Runs a command from a small process: a child of a large one has had the memory of that one, says Linux."""
NETWORKS = ("VGG-16", "VGG-19", "ResNet-56", "ResNet-110", "PreResNet-164", "DenseNet-40", "MobileNetV2")
DATASETS = ("CIFAR-10", "CIFAR-100", "ImageNet")


def write_records(folder: Path, make_record: Callable[..., Record], make_claim: Callable[..., ClaimRecord]) -> None:
    """Write `COUNT` records that differ in names and numbers; one in a hundred is a claim's."""
    rng = random.Random(0)
    rows = [_template(make_record, rng, i) for i in range(100)]
    claim = dump(make_claim("@NAME@", claim="@CLAIM@"))
    (folder / "smoke").mkdir(parents=True)
    for i in range(COUNT):
        name = f"t4.some-row.{i:06}"
        text = claim.replace("@CLAIM@", f"C{1 + i // 100 % 33:02}") if i % 100 == 0 else rows[i % 100]
        method = f"method_{rng.randrange(60)}"
        (folder / "smoke" / f"{name}.json").write_text(text.replace("@NAME@", name).replace("@METHOD@", method))


def _template(make_record: Callable[..., Record], rng: random.Random, i: int) -> str:
    names = {"dataset": rng.choice(DATASETS), "network": rng.choice(NETWORKS), "method": "@METHOD@"}
    subjects = {kind: Subject(name=name, used=f"{name} as used") for kind, name in names.items()}
    levels = {"finetune": rng.uniform(90, 106), "scratch_b": rng.uniform(90, 99)}
    value = Interval(difference=0.31, lower=-0.2, upper=0.8, confidence=0.95, n=[3, 3])
    return dump(make_record("@NAME@", key=i, levels=levels, values={"architecture": value}, ratio=0.5, **subjects))


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    make_record: Callable[..., Record],
    make_claim: Callable[..., ClaimRecord],
) -> tuple[Path, float, float]:
    """The site, the seconds of processor time that its build took, as other work may share the machine, and its MiB."""
    folder = tmp_path_factory.mktemp("scale")
    write_records(folder / "records", make_record, make_claim)
    command = [sys.executable, "-m", "leaderboard", "build", "--records", "records", "--out", "site"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    assert f"{COUNT} records" in done.stdout
    seconds, kibibytes = map(float, done.stdout.split()[-2:])
    return folder / "site", seconds, kibibytes / 1024


def test_build_takes_its_time_and_memory(site: tuple[Path, float, float]) -> None:
    folder, seconds, mebibytes = site  # memory of the largest process
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(
        f"{COUNT} records: {seconds:.1f} s of processor time, {mebibytes:.0f} MiB, largest file {largest / 1e6:.1f} MB"
    )
    assert seconds < START + 2 * 90 * COUNT / 100_000  # on two cores
    assert mebibytes < 2048 / 3  # the parent and a process for each of two cores
    assert largest < 5_000_000


def test_table_opens_and_filters_at_once(site: tuple[Path, float, float], browser: Any) -> None:
    page = browser.new_page()
    opened = min(_opened(page, site[0] / "methods.html") for _ in range(3))
    page.wait_for_timeout(500)
    taken = [min(page.evaluate(SEARCH, text) for _ in range(8)) for text in ("vgg", "vgg-19 cifar", "method_7", "")]
    page.close()
    print(f"opened in {opened:.2f} s, filtered in {', '.join(f'{one:.0f}' for one in taken)} ms")
    assert opened < 2
    assert max(taken) < 100


SEARCH = """text => {
    const box = document.querySelector("input[type=search]");
    const began = performance.now();
    box.value = text;
    box.dispatchEvent(new Event("input"));
    document.body.offsetHeight;  // with the layout of what was found
    return performance.now() - began;
}"""


def _opened(page: Any, file: Path) -> float:
    """Return the seconds until the first rows are there; the best of a few, as other work may share the machine."""
    page.goto("about:blank")
    began = time.monotonic()
    page.goto(file.as_uri())
    page.locator("table.rows tbody tr").nth(24).wait_for()
    return time.monotonic() - began
