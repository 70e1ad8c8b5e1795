"""What the committed `data.dvc` names travels with it: a fresh clone pulls the outcomes of the demo."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from prunebench.store.outcome import find_damage

ROOT = Path(__file__).parents[2]
REMOTE = ROOT / ".dvc" / "remote" / "files" / "md5"


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a clone")
    return done.stdout


def committed(name):
    return git("show", f"HEAD:{name}")


def test_all_that_is_named_is_in_the_remote_and_is_whole(tmp_path):
    named = [line.split("  ", 1) for line in committed("data.md5").splitlines()]
    listed = re.search(r"md5: (\w{32})\.dir", committed("data.dvc"))[1]
    assert len(named) > 100
    assert (REMOTE / listed[:2] / f"{listed[2:]}.dir").is_file()
    for md5, path in named:
        content = (REMOTE / md5[:2] / md5[2:]).read_bytes()
        assert hashlib.md5(content).hexdigest() == md5, path
        place = tmp_path / Path(path).name
        place.write_bytes(content)
        assert find_damage(place) == ""


def test_the_remote_is_small_and_holds_nothing_else():
    files = [ROOT / path for path in git("ls-files", ".dvc/remote").splitlines()]
    assert len(files) == len(committed("data.md5").splitlines()) + 1
    assert sum(path.stat().st_size for path in files) <= 10e6
