"""A server that is forked off the process of a run: nothing of that reaches a child."""

import os
import subprocess
import sys

import pytest

from prunebench.common import forked
from prunebench.common.machine import may_have_gpu

CODE = """
import os, sys, tempfile, torch, torch._dynamo
from prunebench.common import child, forked
secret = tempfile.NamedTemporaryFile(prefix="secret-")
os.set_inheritable(secret.fileno(), True)
child.fork_here()
assert isinstance(child._server[0], forked.Forked)
torch.set_num_threads(3)
print(child.call("prunebench.networks.own:tried", "net.py:build"))
"""
NET = """
import os, sys, warnings, torch
here = "/proc/self/fd/"
opened = [os.readlink(here + number) for number in os.listdir(here) if os.path.exists(here + number)]
print(any("secret" in name for name in opened), sys.argv[1:], torch.get_num_threads(), os.getppid() != os.getpgid(0))
def build(channels, classes): ...
"""


@pytest.mark.skipif(sys.platform != "linux" or may_have_gpu(), reason="servers are forked on Linux without a GPU")
def test_a_child_has_no_file_of_the_run_and_its_callers_threads(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("PRUNEBENCH_CHILDREN", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE, "option"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen, answer = done.stdout.splitlines()
    assert seen == "False [] 3 True"
    assert answer == "({}, b'')"


def test_a_process_with_threads_is_not_forked(monkeypatch):
    monkeypatch.setattr(forked.threading, "active_count", lambda: 2)
    assert not forked.possible()
