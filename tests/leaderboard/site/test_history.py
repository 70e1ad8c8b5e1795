"""Git -> new and changed verdicts: what two versions of a record say, and nothing of versions that were not read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from leaderboard.site import history
from leaderboard.site.history import steps
from leaderboard.site.shells import template


def git(folder: Path, *arguments: str) -> None:
    own = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True)


def record(state: str, difference: float) -> str:
    return json.dumps({"verdicts": [{"state": state, "difference": difference, "unit": "points"}]})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A repository with three commits: two records; the verdict of one is another; it is gone."""
    folder = tmp_path / "results" / "smoke"
    folder.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    (folder / "a.json").write_text(record("SUPPORTED", 0.5))
    (folder / "b.json").write_text(record("SUPPORTED", 0.25))
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    (folder / "a.json").write_text(record("INCONCLUSIVE", -0.5))
    (folder / "b.json").write_text(record("SUPPORTED", 0.25) + "\n")
    git(tmp_path, "commit", "-qam", "second")
    (folder / "a.json").unlink()
    git(tmp_path, "commit", "-qam", "third")
    return folder.parent


def test_each_commit_tells_what_is_new_changed_and_gone(results: Path) -> None:
    third, second, first = steps(results)
    assert [(one.name, one.kind, one.after) for one in first.moved] == [
        ("a", "new", "supported (+0.50 points)"),
        ("b", "new", "supported (+0.25 points)"),
    ]
    assert [(one.name, one.kind, one.before, one.after) for one in second.moved] == [
        ("a", "changed", "supported (+0.50 points)", "inconclusive (-0.50 points)")
    ]
    assert [(one.kind, one.before) for one in third.moved] == [("removed", "inconclusive (-0.50 points)")]
    assert [(step.files, step.compared) for step in (third, second, first)] == [(1, 1), (2, 2), (2, 2)]


def test_what_was_not_read_is_counted_and_never_called_new(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions are read, and one record of each commit."""
    monkeypatch.setattr(history, "FILES", 1)
    told = steps(results)
    assert [one.kind for step in told for one in step.moved] == ["removed", "changed", "new"]
    assert [(step.files, step.compared) for step in told] == [(1, 1), (2, 1), (2, 1)]
    text = template("changes.html").render(root="", steps=told, known=set())
    monkeypatch.setattr(history, "FILES", 0)
    assert [(step.compared, step.moved) for step in steps(results)] == [(0, ())] * 3
    assert "1 of them are not compared here" in text
    assert "no verdict changed" not in text
    assert "inconclusive (−0.50 points)" in text


def test_a_folder_outside_of_git_has_no_history(tmp_path: Path) -> None:
    assert steps(tmp_path) == []
