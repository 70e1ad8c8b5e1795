"""Checkpoints travel by DVC: push, clone, pull, and nothing is trained again."""

import os
import subprocess
import sys

from houses import House

ROW = "t4.imagenet.vgg-11.50"


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(*arguments, cwd):
    identity = ["-c", "user.name=A. Tester", "-c", "user.email=tester@example.org"]
    return run("git", *identity, *arguments, cwd=cwd)


def dvc(*arguments, cwd):
    return run(sys.executable, "-m", "dvc", *arguments, cwd=cwd)


def test_a_run_comes_back_in_a_fresh_clone(house_apart, tmp_path):
    house = house_apart
    git("init", "-q", cwd=house.path)
    dvc("init", "-q", cwd=house.path)
    dvc("remote", "add", "-d", "folder", str(tmp_path / "remote"), cwd=house.path)
    code, out = house.pytest("-k", "(t4.imagenet and not planted) or (equal and slimming)", "-n", "2")
    assert code == 0, out
    assert (house.path / "data.dvc").is_file()
    assert "up to date" in dvc("status", cwd=house.path)
    dvc("push", "-q", cwd=house.path)
    with open(house.path / ".gitignore", "a") as ignored:
        ignored.write("/.prunebench\n/mlflow.db*\n/mlartifacts\n__pycache__\n.pytest_cache\n")
    git("add", ".", cwd=house.path)
    git("commit", "-qm", "a run", cwd=house.path)
    assert "data.dvc" in git("ls-files", cwd=house.path)
    assert "data/" not in git("ls-files", cwd=house.path)

    run("git", "clone", "-q", str(house.path), str(tmp_path / "clone"), cwd=tmp_path)
    clone = House(tmp_path / "clone")
    dvc("pull", "-q", cwd=clone.path)
    assert clone.outcomes() == house.outcomes()
    code, out = clone.pytest("-k", "(t4.imagenet and not planted) or (equal and slimming)")
    assert code == 0, out
    assert "nothing was trained: every outcome was in the store" in out
    assert "up to date" in dvc("status", cwd=clone.path)


def test_without_dvc_a_run_is_a_run(house):
    assert not any((folder / ".dvc").is_dir() for folder in house.path.parents), "the test needs a folder without DVC"
    code, out = house.pytest("-k", "planted and slimming and vgg", "--pb-seeds", "1")
    assert code in (0, 1), out
    assert not os.path.exists(house.path / "data.dvc")
