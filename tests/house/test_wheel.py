"""A wheel in a fresh environment and an empty folder: everything works where there is no clone."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from dataset_files import arrays, write_npz

from prunebench.runner.environment import BUILT_FROM, commit

ROOT = Path(__file__).parents[2]

ROW = "t4.imagenet.vgg-11.50"


def call(*command, folder=None, **environment):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "PYTEST", "PYTHONPATH", "COV"))}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=keep | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built as pip does it, without asking a registry."""
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, folder=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture
def python(wheel, tmp_path):
    """An environment with the wheel; what it depends on is looked up in the present one."""
    fresh = tmp_path / "environment"
    call(sys.executable, "-m", "venv", "--without-pip", fresh)
    found = fresh / "bin" / "python"
    call(sys.executable, "-m", "pip", "--python", found, "install", "--quiet", "--no-index", "--no-deps", wheel)
    site = next(fresh.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


def test_the_wheel_has_all_of_the_house_in_one_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"prunebench"}
    places = {"prunebench": ".", "claims": "prunebench", "leaderboard": "prunebench"}
    files = {
        (Path(place) / file.relative_to(ROOT)).as_posix()
        for top, place in places.items()
        for file in (ROOT / top).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and ROOT / "leaderboard" / "results" not in file.parents
    }
    assert {name for name in names if ".dist-info/" not in name} == {*files, BUILT_FROM}
    assert "prunebench/py.typed" in files


def test_everything_works_in_an_empty_folder(python, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()

    def prunebench(*arguments, **environment):
        return call(python.with_name("prunebench"), *arguments, folder=folder, **environment)

    names = ("claims", "leaderboard", "tests", "prunebench.claims", "prunebench.leaderboard")
    there = f"from importlib.util import find_spec; print(*(name for name in {names} if find_spec(name)))"
    assert call(python, "-c", there, folder=folder).split() == ["prunebench.claims", "prunebench.leaderboard"]
    assert ROW in prunebench("list", "rows")
    assert "prunebench run -k candidate" in Path(prunebench("new-method", "mine") and folder / "mine.py").read_text()
    assert "every point holds" in prunebench("check", "mine.py:Prune")
    write_npz(folder / "own.npz", arrays())
    assert "own: " in prunebench("data", "add", "own", "own.npz")

    tiny = {"PYTHONPATH": str(ROOT / "tests" / "support")}
    options = ["-p", "tiny", "--pb-tier", "tiny", "--pb-device", "cpu", "--pb-json", "found.json"]
    said = prunebench("run", "-k", f"{ROW} and not control", *options, **tiny)
    assert "12 outcomes computed" in said
    assert f"commit {commit()}" in said, "the one that the wheel was built from"
    verdict = json.loads((folder / "found.json").read_text())[0]
    record = json.loads(Path(verdict["record"]).read_text())
    assert record["command"].startswith(f'pytest claims -k "test_slimming and {ROW}"'), "as in a clone"
    assert "1 records -> site/index.html" in prunebench("leaderboard", "build", "--records", "data/records")
    assert (folder / "site" / "rows" / "tiny" / f"{ROW}.html").is_file()
    assert {path.name for path in folder.iterdir()} >= {"data", "mlflow.db", "site"}
