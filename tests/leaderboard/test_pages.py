from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from leaderboard.collect import export
from leaderboard.pages import SiteError, build
from prunebench.parts import Subject
from prunebench.record import ClaimRecord, Record, load

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"

Make = Callable[..., Record]
MakeClaim = Callable[..., ClaimRecord]


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page.read_text())))


def test_index_has_the_answer_the_claims_and_the_rows(tmp_path: Path, make_record: Make, make_claim: MakeClaim) -> None:
    record = make_record()
    refuted = make_record("t4.cifar10.vgg-19.80", levels={"scratch_b": 80.0})
    control = make_claim("control-planted", claim="control", statement="Planted.", control=True)
    build([record, refuted, make_claim(), control], tmp_path / "site")
    text = text_of(tmp_path / "site" / "index.html")
    assert "of 1 claims 1 supported , 0 refuted , 0 inconclusive" in text
    assert "of 2 rows 1 supported , 1 refuted , 0 inconclusive" in text
    assert "digits, narrow networks: shows that the machinery works, never the paper's result" in text
    assert text.index("8 of 10 rows") < text.index("t4.") < text.index("Planted.")
    accuracy = record.arms["scratch_b"].accuracy
    assert f"{sum(accuracy) / 3:.2f} ±" in text
    assert "93.81 ± 0.14" in text
    verdict = record.verdicts[0]
    assert f"[{verdict.lower:+.2f}, {verdict.upper:+.2f}]".replace("-", "−") in text


def test_row_page_has_numbers_provenance_and_its_record(tmp_path: Path, make_record: Make) -> None:
    record = make_record(same_as=["t4.other"])
    build([record], tmp_path)
    page = tmp_path / "rows" / "smoke" / "t4.cifar10.vgg-19.70.html"
    text = text_of(page)
    for fact in (
        record.title,
        "Scratch-B − fine-tuning is",
        "Margin 3 points",
        "Power 0.93",
        "budget: flops capped at 2x",
        " ".join(f"{value:.2f}" for value in record.arms["finetune"].accuracy),
        "11,002 15 %",
        "4.81 M",
        "layer features.9 was kept at 1 channel",
        "stand for t4.other",
        "0123456789ab",
        "torch 2.14.1",
        record.arms["scratch_e"].digests[2],
        record.dataset.digest,
        "--pb-tier smoke --pb-seeds 3",
    ):
        assert fact in text, fact
    assert load(page.with_suffix(".json").read_text()) == record


def test_row_in_work_says_how_many_seeds_it_has(tmp_path: Path, make_record: Make) -> None:
    build([make_record(seeds=2), make_record("t1", seeds=0)], tmp_path)
    assert "2 of 3 seeds" in text_of(tmp_path / "rows" / "smoke" / "t4.cifar10.vgg-19.70.html")
    assert "0 of 3 seeds" in text_of(tmp_path / "index.html")
    assert "None yet: too few seeds are finished." in text_of(tmp_path / "rows" / "smoke" / "t1.html")


def test_rows_that_share_their_runs_count_as_one(tmp_path: Path, make_record: Make) -> None:
    rows = [make_record("a", same_as=["b"], key=1), make_record("b", same_as=["a"], key=1), make_record("c")]
    build(rows, tmp_path)
    text = text_of(tmp_path / "index.html")
    assert "of 3 rows (2 with runs of their own) 3 supported" in text
    assert text.count("shares its runs") == 2


def test_tiers_are_told_apart_the_paper_s_first(tmp_path: Path, make_record: Make) -> None:
    build([make_record(), make_record(tier="paper", seeds=2)], tmp_path)
    index = (tmp_path / "index.html").read_text()
    assert index.index('id="tier-paper"') < index.index('id="tier-smoke"')
    assert 'href="rows/paper/t4.cifar10.vgg-19.70.html"' in index
    assert 'role="note"' not in (tmp_path / "rows" / "paper" / "t4.cifar10.vgg-19.70.html").read_text()


def test_text_of_a_record_is_only_ever_text(tmp_path: Path, make_record: Make, make_claim: MakeClaim) -> None:
    subject = Subject(name=HOSTILE, used=HOSTILE)
    texts = {"row": f"../{HOSTILE}", "tier": HOSTILE, "title": HOSTILE, "notes": [HOSTILE], "command": HOSTILE}
    record = make_record(**texts, dataset=subject, network=subject, method=subject, claims=[HOSTILE], same_as=[HOSTILE])
    arms = {HOSTILE: record.arms["scratch_b"]} | record.arms
    claim = make_claim(statement=HOSTILE, paper=HOSTILE, rows=[HOSTILE], tier=HOSTILE)
    build([record.model_copy(update={"arms": arms}), claim], tmp_path / "site")
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 2
    assert all(tmp_path / "site" in page.parents for page in pages)
    for page in pages:
        own = re.findall(r"<script[^>]*>", page.read_text())
        assert set(own) <= {'<script type="application/json">'} | {
            tag for tag in own if tag.startswith("<script defer")
        }
        assert "<img" not in page.read_text()


def test_pages_ask_no_other_machine(tmp_path: Path, make_record: Make) -> None:
    build([make_record()], tmp_path)
    for page in tmp_path.rglob("*.html"):
        for address in re.findall(r'(?:src|href)="([^"]*)"', page.read_text()):
            if not address.startswith(("#", "data:")):
                assert (page.parent / address.partition("#")[0]).is_file(), address
    assert "@import" not in (tmp_path / "assets" / "style.css").read_text()


def test_second_build_leaves_the_same_bytes_and_no_stale_page(tmp_path: Path, make_record: Make) -> None:
    site = tmp_path / "site"
    build([make_record(), make_record("stale")], site)
    build([make_record()], site)
    first = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert not any("stale" in path.name for path in first)
    build([make_record()], site)
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == first
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_folder_with_other_things_is_left_alone(tmp_path: Path, make_record: Make) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SiteError, match="holds other things than a site; give --out"):
        build([make_record()], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_command_builds_from_a_folder_without_mlflow(tmp_path: Path, make_record: Make) -> None:
    export([make_record()], tmp_path / "records")
    (tmp_path / "records" / "broken.json").write_text("{")
    code = (
        "import sys; from leaderboard.__main__ import app; app(standalone_mode=False);"
        "sys.exit(3 if {'mlflow', 'torch'} & sys.modules.keys() else 0)"
    )
    command = [sys.executable, "-c", code, "build", "--records", "records", "--out", "site"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 records -> site/index.html\n"
    assert done.stderr.startswith("skipped broken.json: no record")
    assert (tmp_path / "site" / "index.html").is_file()


def test_command_without_any_result_says_what_to_run(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-m", "leaderboard", "build"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert re.fullmatch(r"error: nothing is logged in sqlite:///.*mlflow.db; `pytest claims .*\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_serve_shows_the_site_on_this_machine(tmp_path: Path, make_record: Make) -> None:
    export([make_record()], tmp_path / "records")
    command = [sys.executable, "-u", "-m", "leaderboard", "serve", "--records", "records", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline(), server.stdout.readline()]
            address = lines[1].split()[0]
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert b"Are pruned networks good" in answer.read()
        finally:
            server.terminate()
