import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from fcntl import ioctl
from itertools import chain
from pathlib import Path

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebench.runner.progress import Progress, Reader, Status, open_stream

WIDTH, HEIGHT = 60, 12


def train(folder, worker="gw0", epoch=3, seconds_left=7.0, **changes):
    words = {"label": "t4", "network": "vgg-19", "arm": "scratch_b", "seed": 1, "epochs": 24, **changes}
    progress = Progress(folder, worker)
    progress.update(epoch=epoch, seconds_left=seconds_left, **words)
    return progress


# Writing and reading


def test_a_training_is_one_line_per_worker_with_aligned_columns(tmp_path):
    train(tmp_path, "gw10", epoch=8, seed=0, arm="finetune", seconds_left=None)
    train(tmp_path, "gw2", epoch=20, network="resnet-56", seconds_left=200)
    Progress(tmp_path, "gw3").waiting("dense")
    assert Reader(tmp_path).lines(80) == [
        "gw2   resnet-56  scratch_b  seed 1  epoch 20/24  ▇▇▇▇▇░  ~3 min",
        "gw3   waiting for dense",
        "gw10  vgg-19     finetune   seed 0  epoch  8/24  ▇▇░░░░",
    ]
    assert {len(line) for line in Reader(tmp_path).lines(20)} == {20}


def test_time_left_goes_down_between_two_epochs(tmp_path):
    train(tmp_path, seconds_left=9000)
    path = tmp_path / "gw0.json"
    state = json.loads(path.read_text())
    assert Reader(tmp_path).lines(80)[0].endswith("~2.5 h")
    path.write_text(json.dumps({**state, "written": time.time() - 8990}))
    assert Reader(tmp_path).lines(80)[0].endswith("~10 s")


def test_files_that_are_damaged_or_of_dead_processes_are_passed_over(tmp_path):
    assert Reader(tmp_path / "absent").lines(80) == []
    train(tmp_path, "gw0")
    whole = (tmp_path / "gw0.json").read_text()
    ended = subprocess.Popen(["true"])
    ended.wait()
    crashed = subprocess.Popen(["true"])
    os.waitid(os.P_PID, crashed.pid, os.WEXITED | os.WNOWAIT)
    (tmp_path / "gw1.json").write_text(whole[:40])
    (tmp_path / "gw2.json").write_text("[1]")
    (tmp_path / "gw3.json").write_text(json.dumps({**json.loads(whole), "pid": ended.pid}))
    (tmp_path / "gw4.json").write_text(json.dumps({**json.loads(whole), "pid": crashed.pid}))
    (tmp_path / "gw5.json").write_text(json.dumps({**json.loads(whole), "unknown": 1}))
    assert [state.worker for state in Reader(tmp_path).states()] == ["gw0"]
    crashed.wait()


def test_a_state_is_written_seldom_but_at_once_when_it_matters(tmp_path):
    progress, reader = train(tmp_path, epoch=0), Reader(tmp_path)

    def epoch(n, arm="scratch_b"):
        progress.update("t4", "vgg-19", arm, 1, n, 24, 1.0)
        (state,) = reader.states()
        return state.arm, state.epoch

    assert epoch(1) == ("scratch_b", 0)
    assert epoch(24) == ("scratch_b", 24)
    assert epoch(0, "finetune") == ("finetune", 0)
    time.sleep(0.21)
    assert epoch(1, "finetune") == ("finetune", 1)
    progress.done()
    assert list(tmp_path.iterdir()) == []
    progress.done()


def test_counts_add_up_over_workers(tmp_path):
    assert Reader(tmp_path).summary() == "0 trained, 0 from the store"
    for worker in ("gw0", "gw1"):
        progress = Progress(tmp_path, worker)
        progress.count("trained")
        progress.count("stored", 2)
        progress.done()
    assert Reader(tmp_path).summary() == "2 trained, 4 from the store"


def test_progress_that_cannot_be_written_does_not_end_the_training(tmp_path):
    (tmp_path / "file").touch()
    progress = train(tmp_path / "file" / "below")
    progress.count("trained")
    progress.done()


def test_a_reader_never_sees_half_a_state(tmp_path):
    progress, halt = Progress(tmp_path, "gw0"), threading.Event()

    def write():
        for i in range(100_000):
            progress.update(f"t{i}", "vgg" * (i % 50), "arm", i, 1, 2, 0.0)
            if halt.is_set():
                return

    writer = threading.Thread(target=write)
    train(tmp_path)
    writer.start()
    seen = [Reader(tmp_path).states() for _ in range(300)]
    halt.set()
    writer.join()
    assert all(len(states) == 1 for states in seen)


# A terminal


class Terminal:
    """A pseudo terminal and the screen that it would show."""

    def __init__(self, width=WIDTH, height=HEIGHT):
        self.master, self.slave = pty.openpty()
        ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen = pyte.HistoryScreen(width, height, history=5000)
        self.stream = pyte.ByteStream(self.screen)
        os.set_blocking(self.master, False)

    def file(self):
        return open(os.dup(self.slave), "w", encoding="utf-8")

    def pump(self):
        try:
            while data := os.read(self.master, 65536):
                self.stream.feed(data)
        except BlockingIOError:
            pass

    def text(self):
        """All that was shown, with what scrolled off the top, up to the last line that is not empty."""
        self.pump()
        above = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        return "\n".join(line.rstrip() for line in above + self.screen.display).rstrip("\n")

    def cursor(self):
        self.pump()
        return self.screen.cursor.x

    def close(self):
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def status(terminal, tmp_path):
    """One that draws when it is told to, and after what pytest flushes."""
    with terminal.file() as file, terminal.file() as stream:
        shown = Status(file, stream, Reader(tmp_path), interactive=True)
        shown.start()
        yield shown
        shown.stop()


BLOCK = "gw0  vgg-19  scratch_b  seed 1  epoch  3/24  ░░░░░░  ~7 s\nprunebench 0:00  0 trained, 0 from the store"


def test_the_block_stands_below_a_partial_line_and_the_cursor_stays(terminal, status, tmp_path):
    train(tmp_path)
    status.write("tests/test_a.py \x1b[32m.\x1b[0m")
    status.flush()
    assert terminal.text() == "tests/test_a.py .\n" + BLOCK
    assert terminal.cursor() == 17
    status.write("\x1b[32m.\x1b[0m")
    assert terminal.text() == "tests/test_a.py .."
    status.refresh()
    assert terminal.text() == "tests/test_a.py ..\n" + BLOCK
    status.stop()
    assert terminal.text() == "tests/test_a.py .."
    status.write("F\n")
    assert terminal.text() == "tests/test_a.py ..F"


def test_the_thread_draws_what_changes_without_pytest_writing(terminal, status, tmp_path):
    status.write("tests/test_a.py ")
    progress = train(tmp_path)
    time.sleep(0.7)
    assert "epoch  3/24" in terminal.text()
    progress.done()
    time.sleep(0.6)
    assert terminal.text() == "tests/test_a.py"


def test_the_block_fits_the_terminal(terminal, status, tmp_path):
    for i in range(30):
        train(tmp_path, f"gw{i}", network="a-network-of-a-very-long-name")
    status.write("tests/test_a.py .")
    status.refresh()
    lines = terminal.text().split("\n")
    assert lines[0] == "tests/test_a.py ."
    assert len(lines) == HEIGHT - 1
    assert lines[-2:] == ["... and 22 more workers", "prunebench 0:00  0 trained, 0 from the store"]
    assert max(map(len, lines)) == WIDTH - 1


def test_a_terminal_without_size_shows_pytest_alone(tmp_path):
    terminal = Terminal()
    ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    train(tmp_path)
    with terminal.file() as file, terminal.file() as stream:
        status = Status(file, stream, Reader(tmp_path), interactive=True)
        status.start()
        status.write("tests/test_a.py .")
        status.flush()
        status.stop()
    assert terminal.text() == "tests/test_a.py ."
    terminal.close()


REFRESH, FLUSH = ("refresh",), ("flush",)
pieces = st.one_of(
    st.sampled_from([".", "\x1b[32m.\x1b[0m", "\n", "\x1b[31mF\x1b[0m", " " * 50 + "[ 50%]\n", REFRESH, FLUSH]).map(
        lambda p: [p]
    ),
    st.text("abc é字", max_size=2 * WIDTH + 1).map(lambda text: [text]),
    st.integers(1, 3).map(lambda rows: ["x" * WIDTH * rows]),
    st.just(["\ncollecting ...", FLUSH, "\rcollecting 5 items", FLUSH, REFRESH, "\rcollected 9 items   ", FLUSH]),
)


@settings(max_examples=60)
@given(written=st.lists(pieces, max_size=40), workers=st.sampled_from([0, 2, 12]))
def test_pytest_output_ends_as_if_nothing_else_had_been_drawn(written, workers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("progress")
    for i in range(workers):
        train(folder, f"gw{i}")
    both, alone = Terminal(), Terminal()
    with both.file() as file, both.file() as stream, alone.file() as plain:
        status = Status(file, stream, Reader(folder), interactive=True)
        status.start()
        for piece in chain(*written):
            if isinstance(piece, str):
                status.write(piece)
                plain.write(piece)
            else:
                getattr(status, piece[0])()
            both.pump()
        status.stop()
        plain.flush()
        assert both.text() == alone.text()
        assert both.cursor() == alone.cursor()
    both.close()
    alone.close()


# No terminal


def test_elsewhere_a_plain_line_comes_when_something_changed(tmp_path):
    out = io.StringIO()
    status = Status(out, out, Reader(tmp_path), interval=3600, interactive=True)
    status.refresh()
    status.write("tests/test_a.py .")
    train(tmp_path)
    progress = train(tmp_path, "gw1", seed=2)
    progress.count("stored", 4)
    status.refresh()
    status.refresh()
    status.write(".\n")
    progress.done()
    status.refresh()
    first, second = "gw0 vgg-19 scratch_b seed 1 3/24 ~7 s", "gw1 vgg-19 scratch_b seed 2 3/24 ~7 s"
    assert out.getvalue() == (
        "tests/test_a.py .\n"
        f"[prunebench 0:00] {first} | {second}; 0 trained, 4 from the store\n"
        ".\n"
        f"[prunebench 0:00] {first}; 0 trained, 4 from the store\n"
    )


def test_it_is_the_file_that_pytest_knows_otherwise(tmp_path):
    with (tmp_path / "out").open("w", encoding="latin-1") as file:
        status = Status(file, file, Reader(tmp_path))
        assert (status.encoding, status.isatty(), status.fileno(), status.closed) == (
            "latin-1",
            False,
            file.fileno(),
            False,
        )


def test_the_stream_is_standard_output_itself_where_that_is_no_file(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert open_stream() is out


# Real runs of pytest

CONFTEST = """
import os, shutil, sys
from pathlib import Path
import pytest
from prunebench.runner.progress import Progress, Reader, Status, open_stream

FOLDER = Path(__file__).parent / "progress"

@pytest.fixture(scope="session")
def progress(request):
    return Progress(FOLDER, getattr(request.config, "workerinput", {}).get("workerid", "main"))

@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "SHOW" in os.environ and not hasattr(session.config, "workerinput"):
        session.config.status = Status(reporter._tw._file, open_stream(), Reader(FOLDER), 0.4, sys.stdout.isatty())
        reporter._tw._file = session.config.status
        session.config.status.start()

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if hasattr(session.config, "status"):
        session.config.status.stop()
"""

TESTS = """
import os, time, pytest

WORKERS = "PYTEST_XDIST_WORKER" in os.environ

@pytest.mark.parametrize("i", range(4))
def test_trains(i, progress):
    print("captured by pytest")
    os.system("echo captured from a child")
    for epoch in range(3):
        progress.update("row", "vgg-19", "scratch_b", i, epoch, 3, 0.05 * (3 - epoch))
        time.sleep(0.2)
    progress.done()
    assert WORKERS or i != 2

@pytest.mark.parametrize("name", ["x" * 45, "y" * 150])
def test_name(name):
    pass
"""


def start_pytest(folder, options, show, out):
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_toy.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]")
    plugins = ["-p", "xdist.plugin", "-p", "no:cacheprovider", "--tb=short"]
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES") and not k.startswith("PYTEST")}
    environment |= {"TERM": "xterm", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **({"SHOW": "1"} if show else {})}
    command = [sys.executable, "-m", "pytest", *plugins, *options]
    return subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=environment)


@pytest.fixture
def short_path():
    """A folder whose name fits a terminal's line, whatever the tests' own is called."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def without_what_varies(text):
    return re.sub(r"=+ (.*) in [0-9.]+s.*=+|rootdir: .*|\bgw\d\b", r"\1", text)


@pytest.mark.parametrize("options", [[], ["-v"], ["-n2"]], ids=["plain", "verbose", "workers"])
def test_on_a_terminal_pytest_shows_the_same_with_progress_below(options, short_path):
    alone, shown = Terminal(80, 24), Terminal(80, 24)
    runs = [start_pytest(short_path / "alone", options, False, alone.slave)]
    runs.append(start_pytest(short_path / "shown", options, True, shown.slave))
    seen = []
    while any(run.poll() is None for run in runs):
        time.sleep(0.05)
        alone.pump()
        shown.pump()
        seen.append("\n".join(shown.screen.display))
    assert without_what_varies(shown.text()) == without_what_varies(alone.text())
    worker, result = ("gw1", "6 passed") if "-n2" in options else ("main", "1 failed, 5 passed")
    assert result in shown.text()
    assert any(re.search(rf"^{worker} +vgg-19 +scratch_b +seed \d +epoch [0-2]/3 ", s, re.MULTILINE) for s in seen)
    alone.close()
    shown.close()


@pytest.mark.parametrize(("options", "worker"), [([], "main"), (["-n2"], "gw1")])
def test_in_a_pipe_plain_lines_come_between(options, worker, tmp_path):
    shown = start_pytest(tmp_path / "shown", options, True, subprocess.PIPE).communicate()[0].decode()
    state = rf"{worker} vgg-19 scratch_b seed \d [0-2]/3 ~\d s"
    assert re.search(rf"^\[prunebench 0:\d\d\] .*{state}.*; 0 trained, 0 from the store$", shown, re.MULTILINE)
    assert re.search(r"^(test_toy.py )?\.+$", shown, re.MULTILINE)  # pytest's line is broken off before
    assert "\x1b" not in shown
    assert " passed" in shown
