"""Calls in a child process: what comes back, and how those end that bring nothing back."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prunebench.common import child
from prunebench.common.child import ChildError, Limits, call


def test_an_error_that_explains_itself_comes_back_as_it_was():
    with pytest.raises(ChildError, match=r"^nowhere\.py: cannot read|^cannot read nowhere\.py") as error:
        call("prunebench.networks.own:tried", "nowhere.py:build", who="nowhere.py")
    assert error.value.kind == "UserFileError"


def test_another_error_comes_back_with_its_type():
    with pytest.raises(ChildError, match=r"^ModuleNotFoundError: No module named 'no_such_thing'"):
        call("no_such_thing:f")


def test_a_child_has_the_folder_and_environment_of_its_caller(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(
        "import os, pathlib\npathlib.Path('seen').write_text(os.getcwd() + os.environ['MINE'])\n"
        "def build(channels, classes): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINE", "here")
    assert call("prunebench.networks.own:tried", "net.py:build") == ({}, b"")
    assert (tmp_path / "seen").read_text() == f"{tmp_path}here"
    assert not child.inside()


def test_what_was_called_ends_with_the_call(tmp_path, monkeypatch):
    """A process that user code has left running does not outlive its call."""
    (tmp_path / "net.py").write_text(
        "import subprocess, pathlib\n"
        "made = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(made.pid))\n"
        "def build(channels, classes): ...\n"
    )
    call("prunebench.networks.own:tried", f"{tmp_path}/net.py:build")
    pid = int((tmp_path / "pid").read_text())
    assert _ends(pid)


def test_a_server_that_was_killed_is_started_anew():
    with pytest.raises(ChildError):
        call("no_such_thing:f")
    assert child._server is not None
    os.kill(child._server[0].pid, signal.SIGKILL)
    child._server[0].wait()
    with pytest.raises(ChildError, match="no_such_thing"):
        call("no_such_thing:f")


def test_the_server_ends_with_the_process_that_started_it(tmp_path):
    code = "from prunebench.common import child; import os, signal; "
    code += "print(child._address(), child._server[0].pid, flush=True); "
    environment = {k: v for k, v in os.environ.items() if k != child.ADDRESS}
    done = subprocess.run(
        [sys.executable, "-c", code + "os.kill(os.getpid(), signal.SIGKILL)"],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert _ends(int(done.stdout.split()[1]))


def test_time_is_limited_for_those_that_are(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "_limits", Limits(0.5, 0))
    (tmp_path / "net.py").write_text("import time\ntime.sleep(1.5)\ndef build(channels, classes): ...\n")
    with pytest.raises(ChildError, match="net has not ended within 0 s"):
        call("prunebench.networks.own:tried", f"{tmp_path}/net.py:build", who="net")
    assert call("prunebench.networks.own:tried", f"{tmp_path}/net.py:build", limited=False) == ({}, b"")


def _ends(pid):
    """Return whether a process ends soon."""
    for _ in range(1200):
        try:
            os.kill(pid, 0)
            if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]:
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False
