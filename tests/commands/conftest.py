"""The command line, run in this process."""

import sys

import pytest
import tiny

from prunebench.cli import main


@pytest.fixture
def prunebench(monkeypatch, capsys):
    """Run a command in a folder; returns the exit code, output and errors."""

    def run(folder, *arguments):
        assert tiny.TINY.name == "tiny"
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["prunebench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        for name in [name for name in sys.modules if name.split(".")[0] == "claims"]:
            del sys.modules[name]  # the next folder has its own
        return ended.value.code, *capsys.readouterr()

    return run
