"""The workflows: what they run is what this repository has, with no more rights than it takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}


def parsed(name: str) -> dict[str, Any]:
    found: dict[Any, Any] = yaml.safe_load(FILES[name].read_text())
    found["on"] = found.pop(True)  # YAML 1.1 reads `on` as a truth value
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in parsed(name)["jobs"].values() for step in job["steps"]]


def test_there_are_these() -> None:
    assert set(FILES) == {"ci", "pages", "release", "submission", "submission-comment", "torture", "vulnerabilities"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_workflow_is_bounded_and_pinned(name: str) -> None:
    for job in parsed(name)["jobs"].values():
        assert job["timeout-minutes"] <= 45
        assert not job["runs-on"].endswith("latest")
    for step in steps(name):
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_rights() -> None:
    rights = {name: parsed(name)["permissions"] for name in FILES}
    assert rights.pop("submission-comment") == {}
    assert all(right == {"contents": "read"} for right in rights.values())
    assert parsed("release")["jobs"]["publish"]["permissions"] == {"contents": "write"}
    assert parsed("pages")["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    jobs = parsed("submission-comment")["jobs"]
    assert jobs["validate"]["permissions"] == {"contents": "read", "pull-requests": "read"}
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}


def test_the_comment_is_what_the_base_branch_says_of_the_records() -> None:
    jobs = parsed("submission-comment")["jobs"]
    taken = [step["with"] for step in jobs["comment"]["steps"] if "download-artifact" in step.get("uses", "")]
    assert taken == [{"name": "comment", "path": "comment"}], (
        "an artifact of this very run, never of the pull request's"
    )
    assert not any("run" in step for step in jobs["comment"]["steps"])
    base, submitted = (step["with"] for step in jobs["validate"]["steps"] if "checkout" in step.get("uses", ""))
    assert "ref" not in base, "the default branch"
    assert submitted["path"] == "submitted"
    assert submitted["sparse-checkout"] == "leaderboard/results"
    assert {step["working-directory"] for step in jobs["validate"]["steps"] if "run" in step} == {"base"}


def test_pages_are_built_from_records_that_are_valid() -> None:
    commands = [step["run"] for step in steps("pages") if "run" in step]
    validated, built = (
        next(i for i, run in enumerate(commands) if f"leaderboard {what}" in run) for what in ("validate", "build")
    )
    assert validated < built


def test_no_text_of_a_pull_request_meets_a_shell() -> None:
    for name in FILES:
        assert "pull_request_target" not in parsed(name)["on"]
        for step in steps(name):
            script = step.get("run", "") + str(step.get("with", {}).get("script", ""))
            assert "${{" not in script, "an expression in a script is code that someone else may write"


def test_the_checker_is_that_of_the_base_branch() -> None:
    base, submitted, _, install, check, *_ = steps("submission")
    assert base["with"] == {
        "ref": "${{ github.event.pull_request.base.sha }}",
        "path": "base",
        "persist-credentials": False,
    }
    assert submitted["with"]["path"] == "submitted"
    assert {step["working-directory"] for step in (install, check)} == {"base"}
    assert parsed("submission-comment")["on"]["workflow_run"]["workflows"] == [parsed("submission")["name"]]


def test_the_commands_of_the_workflows_run(tmp_path: Path) -> None:
    script = next(step["run"] for step in steps("submission") if "validate" in step.get("run", ""))
    (tmp_path / "base").mkdir()
    for name in ("prunebench", "claims"):
        (tmp_path / "base" / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "leaderboard", tmp_path / "base" / "leaderboard", ignore=shutil.ignore_patterns("results"))
    for side in ("base", "submitted"):  # a few records, since all of them are validated by another test
        (results := tmp_path / side / "leaderboard" / "results" / "smoke").mkdir(parents=True)
        for file in sorted((ROOT / "leaderboard" / "results" / "smoke").glob("t4.cifar10.*.json")):
            shutil.copy(file, results)
    summary = tmp_path / "summary.md"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    here = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(summary)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path / "base", check=True, env=here)
    assert summary.read_text().startswith("### Submission: valid")
    build = next(step["run"] for step in steps("pages") if "leaderboard build" in step.get("run", ""))
    subprocess.run(["bash", "-euo", "pipefail", "-c", f"{build}-built"], cwd=tmp_path / "base", check=True, env=here)
    assert (tmp_path / "base" / "site-built" / "index.html").is_file()


def test_ci_runs_what_a_commit_must_pass() -> None:
    (run,) = (step["run"] for step in steps("ci") if "run" in step)
    assert (ROOT / run).stat().st_mode & 0o111
