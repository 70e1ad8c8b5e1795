"""How a run ends: its exit code, and what SIGTERM and SIGHUP leave, which is nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

from prunebench.common.signals import as_ctrl_c

WAIT = """
import sys, time
from prunebench.common.signals import as_ctrl_c
as_ctrl_c(lambda: print("told", flush=True))
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("tidied")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_would_end_a_process_is_as_ctrl_c(name):
    signal.signal(getattr(signal, name), signal.SIG_DFL)  # under nohup it is ignored, and so it would be by children
    process = subprocess.Popen([sys.executable, "-c", WAIT], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, name))
    assert process.communicate(timeout=60)[0] == "told\ntidied\n"
    assert process.returncode == 0


def test_a_signal_that_is_ignored_stays_so_and_handlers_are_given_back(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        undo = as_ctrl_c()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is not before
        undo()
        assert signal.getsignal(signal.SIGTERM) is before
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


CLAIMS = """
import os, time
import pytest
@pytest.mark.claim("C02")
@pytest.mark.parametrize("number", range(4))
def test_mine(number):
    "A sentence of mine."
    open(f"{number}.pid", "w").write(str(os.getpid()))
    time.sleep(120)
"""


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_sigterm_ends_parent_and_workers_and_leaves_no_folder(house_apart, tmp_path, monkeypatch):
    (house_apart.path / "claims" / "test_mine.py").write_text(CLAIMS)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    process = house_apart.start("-k", "test_mine", "-n", "2")
    end = time.monotonic() + 120
    while len(pids := [path.read_text() for path in house_apart.path.glob("*.pid")]) < 2 or not all(pids):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 2, out
    assert "KeyboardInterrupt" in out
    assert all(gone(pid) for pid in pids)
    assert [name for name in os.listdir(tmp_path / "temporary") if name.startswith("prunebench")] == []


VERDICTS = """
import pytest
from prunebench.statistics import Sample, at_least
@pytest.mark.claim("control")
def test_refuted(judge):
    "A sentence that does not hold."
    judge(at_least(Sample(50, 1, 5), Sample(90, 1, 5), 3.0, names=("ours", "theirs")))
@pytest.mark.claim("control")
def test_broken(judge):
    "A sentence that nobody finishes."
    raise RuntimeError("no idea")
"""


@pytest.mark.parametrize(("chosen", "code"), [("refuted", 1), ("broken", 3), ("refuted or broken", 3)])
def test_a_verdict_that_fails_and_a_run_that_breaks_end_with_different_codes(house, chosen, code):
    (house.path / "claims" / "test_mine.py").write_text(VERDICTS)
    found, out = house.pytest("-k", f"test_mine and ({chosen})", parent=False)
    assert found == code, out
