"""Fixtures for runs of the real commands; `pytest --help` loads this file too, so what loads torch waits."""

import os
import shutil

import pytest
from houses import House, forget_claims, make_house

from prunebench.common.machine import cores


def pytest_configure(config):
    """Let warnings fail, here alone: a user's claims must not end because some package warns."""
    config.addinivalue_line("filterwarnings", "error")


def pytest_sessionstart():
    """Share the cores among the workers: more threads than cores wait for each other six times as long as they work.

    No example has a time limit, since other work may share the machine.
    """
    import torch
    from hypothesis import HealthCheck, settings

    settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("shared machine")
    torch.set_num_threads(max(1, cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))))


@pytest.fixture
def prunebench(monkeypatch, capsys):
    """Run a command of `prunebench` in this process; returns the exit code, output and errors."""
    from prunebench.commands.app import main

    def run(*arguments, folder="."):
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["prunebench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        forget_claims()
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A fresh house whose runs stay in this process."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return make_house(tmp_path / "house", apart=False)


@pytest.fixture
def house_apart(tmp_path):
    """A fresh house whose runs are processes of their own."""
    return make_house(tmp_path / "house_apart")


@pytest.fixture(scope="session")
def used_house(tmp_path_factory):
    """A house with the outcomes of one row; to be copied or read, not changed."""
    house = make_house(tmp_path_factory.mktemp("used") / "house", apart=False)
    code, out = house.pytest("-k", "t4.imagenet.vgg-11.50 and not control")
    assert code == 0, out
    (house.path / "first.txt").write_text(out)
    return house


@pytest.fixture
def copied_house(used_house, tmp_path, monkeypatch):
    """The used house again, to be changed; its runs stay in this process."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copytree(used_house.path, tmp_path / "house")
    return House(tmp_path / "house", apart=False)
