"""Runs of the real command on a copy of the claims, with tiers that take seconds."""

import atexit
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ADDED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
"""As in a checkout."""


@dataclass
class House:
    """A folder like a user's checkout."""

    path: Path
    apart: bool = True

    def command(self, *arguments, tier="tiny", parent=True):
        quiet = [] if parent else ["-p", "no:prunebench-parent"]
        plugin = ["-p", "tiny", "--pb-tier", tier] if tier else []
        return [sys.executable, "-m", "pytest", "claims", *plugin, "--pb-device", "cpu", *quiet, *arguments]

    @property
    def environment(self):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "PYTEST", "COV", "PYTHONDONT"))}
        return keep | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")]), "COLUMNS": "150"}

    def start(self, *arguments, **options):
        command = self.command(*arguments, **options)
        return subprocess.Popen(
            command, cwd=self.path, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def pytest(self, *arguments, **options):
        """Run in a process of its own, or in this one: that saves loading torch again."""
        if self.apart:
            process = self.start(*arguments, **options)
            out, _ = process.communicate(timeout=240)
            return process.returncode, out
        text = io.StringIO()
        with contextlib.chdir(self.path), contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            code = pytest.main(self.command(*arguments, **options)[3:])
        forget_claims()
        return int(code), text.getvalue()

    def prunebench(self, *arguments):
        command = [sys.executable, "-m", "prunebench", *arguments]
        return subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True, check=False)

    def place(self, name):
        return self.path / "data" / "checkpoints" / name

    def outcomes(self):
        return sorted(p.name for p in (self.path / "data" / "checkpoints").glob("[0-9a-f]*"))


def forget_claims():
    """Let the next house import its own."""
    for name in [name for name in sys.modules if name.split(".")[0] == "claims"]:
        del sys.modules[name]


@cache
def empty_database() -> Path:
    """An empty database of MLflow's, to be copied: creating one takes seconds."""
    from prunebench.records.mlflow_store import connect

    file = Path(tempfile.mkdtemp()) / "mlflow.db"
    connect(f"sqlite:///{file}")
    atexit.register(shutil.rmtree, file.parent)
    return file


def make_house(path: Path, apart: bool = True) -> House:
    path.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "claims", path / "claims", ignore=shutil.ignore_patterns("__pycache__"))
    (path / "pytest.ini").write_text(f"[pytest]\naddopts = {ADDED}\nfilterwarnings = default\n")
    shutil.copy(empty_database(), path / "mlflow.db")
    return House(path, apart)
