"""What a submission changes of the published records, and how it is told."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.submissions.changes import differing
from leaderboard.submissions.report import as_json, as_markdown, as_text
from leaderboard.submissions.validate import Report, validate
from prunebench.common.errors import PrunebenchError

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "leaderboard" / "results" / "smoke"
ROW = "smoke/t4.cifar10.vgg-19.70"

Edit = Callable[[dict[str, Any]], Any]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A git repository with the committed results of Table 4, to be changed."""
    folder = tmp_path / "repo" / "results"
    (folder / "smoke").mkdir(parents=True)
    for file in (*PUBLISHED.glob("t4.*.json"), *PUBLISHED.glob("slimming_*.json")):
        shutil.copy(file, folder / "smoke")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder.parent)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "published"]):
        subprocess.run([*git, *command], check=True)
    return folder


def edited(folder: Path, change: Edit, name: str = ROW) -> None:
    file = folder / f"{name}.json"
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def faults(report: Report) -> list[str]:
    return [fault.what for all_ in report.faults.values() for fault in all_]


def another_accuracy(data: dict[str, Any]) -> None:
    arm = data["arms"]["pruned"]
    arm["accuracy"][0] = arm["best_accuracy"][0] = 16.6945


def test_nothing_changed(results: Path) -> None:
    assert validate([results], "HEAD").changes == []


def test_a_folder_and_a_git_ref_say_the_same(results: Path) -> None:
    before = shutil.copytree(results, results.parents[1] / "before")
    edited(results, another_accuracy)
    by_ref, by_folder = (validate([results], against) for against in ("HEAD", str(before)))
    assert (by_ref.changes, by_ref.faults) == (by_folder.changes, by_folder.faults)
    (change,) = by_ref.changes or []
    assert (change.name, change.kind) == (ROW, "changed")
    assert change.fields == ("arms.pruned.accuracy", "arms.pruned.best_accuracy")
    assert faults(by_ref) == ["arms.pruned.accuracy changed for the seeds [0], at the same commit"]


def test_another_commit_explains_other_numbers(results: Path) -> None:
    edited(results, another_accuracy)
    edited(results, lambda data: data["provenance"]["commits"].append("0123456789ab"))
    assert faults(validate([results], "HEAD")) == []


def test_words_may_change(results: Path) -> None:
    edited(results, lambda data: data.update(notes=["a note"], command=f"{data['command']} --pb-deterministic"))
    report = validate([results], "HEAD")
    assert report.valid
    assert (report.changes or [])[0].fields == ("notes", "command")


def test_seeds_are_not_left_out(results: Path) -> None:
    edited(results, shorten)
    assert "arms.dense has lost the seeds [2]" in faults(validate([results], "HEAD"))


def shorten(data: dict[str, Any]) -> None:
    """Leave out the last seed everywhere."""
    data["pruned"].pop()
    for arm in data["arms"].values():
        for values in arm.values():
            if isinstance(values, list) and values:
                values.pop()


def test_a_record_is_not_removed(results: Path) -> None:
    (results / f"{ROW}.json").unlink()
    report = validate([results], "HEAD")
    assert "is published and was removed" in faults(report)
    assert [(c.name, c.kind) for c in report.changes or ()] == [(ROW, "removed")]
    assert validate([results / "smoke" / "t4.imagenet.vgg-11.50.json"], "HEAD").changes == []


def test_a_new_record_is_new(results: Path) -> None:
    text = (results / f"{ROW}.json").read_text()
    (results / f"{ROW}.json").unlink()
    subprocess.run(
        ["git", "-C", results, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "less"], check=True
    )
    (results / f"{ROW}.json").write_text(text)
    report = validate([results], "HEAD")
    assert report.valid
    assert [(c.name, c.kind, c.after) for c in report.changes or ()] == [(ROW, "new", "INCONCLUSIVE")]


def test_a_claim_does_not_change_by_itself(results: Path) -> None:
    edited(results, lambda data: data["verdict"].update(p=0.5), "smoke/slimming_in_every_row")
    said = faults(validate([results], "HEAD"))
    assert "its p changed, but none of its rows did" in said
    assert any("p is 0.5, the numbers give " in line for line in said)


def test_a_ref_that_is_none_is_said_so(results: Path) -> None:
    with pytest.raises(PrunebenchError, match="--against nowhere: neither a folder nor a git ref here"):
        validate([results], "nowhere")
    with pytest.raises(PrunebenchError, match="neither a folder nor a git ref"):
        validate([results], "--output=/tmp/x")


def test_differing_names_the_deepest_fields() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "d": [{"e": 1}, {"e": 2}], "same": [{}]}
    new = {"a": {"b": 2, "c": [1]}, "d": [{"e": 1}, {"e": 3}], "same": [{}], "new": 1}
    assert list(differing(old, new)) == ["a.b", "a.c", "d.1.e", "new"]


def test_a_comment_shows_what_changes(results: Path) -> None:
    edited(results, lambda data: data.update(notes=["a note"]))
    edited(results, lambda data: data["verdict"].update(state="REFUTED"), "smoke/slimming_in_every_row")
    comment = as_markdown(validate([results], "HEAD"))
    assert comment.startswith("### Submission: not valid\n\nfiles: 15, faults: 1, ")
    assert f"| `{ROW}` | changed | INCONCLUSIVE | `notes` |" in comment
    assert "| `smoke/slimming_in_every_row` | changed | INCONCLUSIVE -> REFUTED | `verdict.state` |" in comment
    assert "state is REFUTED, the numbers give INCONCLUSIVE" in comment


def test_a_comment_shows_nothing_that_a_submission_could_make_of_it(results: Path) -> None:
    evil = "`</code>\n| @everyone ![x](http://evil/x.png) <img src=x onerror=alert(1)> [a](b) \\` |\n# big"
    edited(results, lambda data: data.update(title=evil, row=evil))
    edited(results, lambda data: data["verdict"].update(relation=evil, claim=evil), "smoke/slimming_in_every_row")
    (results / "smoke" / "@everyone `x` <b>.md").write_text(evil)
    comment = as_markdown(validate([results], "HEAD"))
    outside = re.sub(r"`[^`\n]*`", "", comment)
    assert not re.search(r"@|!\[|\]\(|<(?!br>)|evil|^# ", outside, re.MULTILINE), outside
    assert len(comment) < 65_536


def test_a_comment_has_a_limit_and_says_how_many_more(results: Path) -> None:
    for file in results.rglob("*.json"):
        edited(results, lambda data: data.update(kind="?"), f"smoke/{file.stem}")
    for i in range(60):
        (results / "smoke" / f"{i}.txt").write_text("")
    comment = as_markdown(validate([results]))
    assert "and 25 more" in comment
    assert len(comment) < 65_536


def test_text_and_json_have_everything(results: Path) -> None:
    edited(results, another_accuracy)
    report = validate([results], "HEAD")
    line = f"{ROW}: changed INCONCLUSIVE (arms.pruned.accuracy, arms.pruned.best_accuracy)"
    assert line in as_text(report).splitlines()
    found = json.loads(as_json(report))
    assert (found["valid"], found["files"]) == (False, 15)
    assert found["changes"][0]["fields"] == ["arms.pruned.accuracy", "arms.pruned.best_accuracy"]
    ((fault,),) = found["faults"].values()
    assert fault["todo"].startswith("restore the published numbers")
