"""A worker without a test trains for the tests of the others."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from outcome_files import part
from tiny import TINY

from prunebench.judging.observation import specs
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.runner.board import Noticeboard
from prunebench.runner.helping import Helper
from prunebench.runner.local import NothingReadyError, Runner
from prunebench.runner.progress import Progress
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import digest
from prunebench.store.store import Store

ROW = "t4.imagenet.vgg-11.50"


def spans(house):
    """Return from when to when each outcome was at work, in seconds."""
    places = [house.place(name) for name in house.outcomes()]
    ended = [(place.stat().st_mtime, part(place, "outcome.json")["seconds"]) for place in places]
    return sorted((end - seconds, end) for end, seconds in ended)


def test_two_workers_share_a_single_row(copied_house):
    known = len(copied_house.outcomes())
    code, out = copied_house.pytest("-k", f"{ROW} and not control", "-n", "2", tier="slow")
    assert code == 0, out
    times = spans(copied_house)[known:]
    assert f"{len(times)} new" in out
    assert f"{len(times)} outcomes computed" in out
    assert any(begun < ended for (_, ended), (begun, _) in pairwise(times)), "one after another"


@pytest.fixture
def runner(tmp_path):
    store, board = Store(tmp_path / "data", tmp_path / "work"), tmp_path / "board"
    store.prepare()
    board.mkdir()
    return Runner(store, Progress(tmp_path / "progress", "gw0"), board=Noticeboard(board))


def wanted(store):
    def pieces():
        arms = specs(job(tables.load().row(ROW), TINY), 0, ("finetune",), store)
        return [Piece(spec, "VGG-11", arm, 0) for arm, spec in arms.items()]

    return pieces


def helper_of(runner):
    return Runner(runner.store, Progress(runner.progress.folder, "gw1"), board=runner.board, helps=True)


def test_a_helper_does_what_is_ready_and_never_waits(runner):
    pieces = wanted(runner.store)
    dense, sparse = (piece.spec for piece in pieces() if piece.arm in ("dense", "sparse"))
    with runner.store.claim(sparse), pytest.raises(NothingReadyError):
        helper_of(runner).run(pieces)
    assert runner.store.get(dense) is not None
    assert runner.store.get(sparse) is None


def test_what_a_helper_computed_counts_as_new_once(runner):
    pieces = wanted(runner.store)
    helper_of(runner).run(pieces)
    runner.run(pieces)
    digests = {digest(piece.spec) for piece in pieces()}
    assert [runner.report(digests), runner.report(digests)] == [4, 0]


def test_each_training_stirs_the_others_when_it_begins_and_ends(runner):
    assert runner.board.stirred() == 0
    seen = []
    runner.allow = lambda spec: seen.append(runner.board.stirred())
    runner.run(wanted(runner.store))
    assert sorted({*seen, runner.board.stirred()}) == [*seen, runner.board.stirred()]


def test_tests_end_on_the_board(tmp_path):
    board = Noticeboard(tmp_path)
    board.end("claims/test_automatic.py::test_slimming[a/b]")
    assert board.has_ended("claims/test_automatic.py::test_slimming[a/b]")
    assert not board.has_ended("claims/test_automatic.py::test_slimming[a]")


@pytest.mark.parametrize(("workers", "ended", "hands"), [(2, 0, 1), (2, 2, 2), (4, 1, 2), (1, 3, 1)])
def test_workers_are_shared_out_over_the_tests_that_have_not_ended(tmp_path, monkeypatch, workers, ended, hands):
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", str(workers))
    helper = Helper(Noticeboard(tmp_path), instead=True)
    items = [SimpleNamespace(nodeid=name, get_closest_marker=lambda _: True) for name in "abc"]
    running = helper.pytest_runtestloop(SimpleNamespace(items=items))
    next(running)
    for item in items[:ended]:
        helper.board.end(item.nodeid)
    assert helper.hands() == hands
