"""What a run needs is computed before it is asked for: in order, once, wherever the executor says."""

import pytest
from tiny import TINY

from prunebench.common.errors import PrunebenchError, TrainingError
from prunebench.judging.observation import specs
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.runner.cluster import closure
from prunebench.runner.estimate import BudgetError
from prunebench.runner.executor import Done, Here
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress
from prunebench.runner.supply import Supply
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Pruning, digest
from prunebench.store.store import Store

ROW = "t4.imagenet.vgg-11.50"
FACTS = {"flops": 50, "dense": {"flops": 100}}


@pytest.fixture
def runner(tmp_path):
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    return Runner(store, Progress(tmp_path / "progress", "main"))


def wanted(store, seed=0, arms=("finetune", "scratch_b")):
    def pieces():
        return [
            Piece(s, "VGG-11", arm, seed)
            for arm, s in specs(job(tables.load().row(ROW), TINY), seed, arms, store).items()
        ]

    return pieces


class Elsewhere:
    """Computes nothing, but returns outcomes as another machine would, the last begun first."""

    def __init__(self, folder, room=3, failing=()):
        self.store = Store(folder / "data", folder / "work")
        self.store.prepare()
        self.space, self.failing = room, failing
        self.begun, self.flying, self.most = [], [], 0

    def room(self):
        return self.space - len(self.flying)

    def submit(self, piece):
        self.begun.append(piece)
        self.flying.append(piece)
        self.most = max(self.most, len(self.flying))

    def finished(self, seconds):
        if not self.flying:
            return []
        piece = self.flying.pop()
        name = digest(piece.spec)
        if piece.arm in self.failing:
            return [Done(name, error=TrainingError("the loss is NaN"))]
        self.store.put(piece.spec, FACTS if isinstance(piece.spec, Pruning) else {}, {})
        return [Done(name, self.store.packed(name))]

    def close(self):
        pass


def test_everything_is_computed_once_and_after_its_inputs(runner, tmp_path):
    away = Elsewhere(tmp_path / "away")
    asked = [wanted(runner.store, seed) for seed in (0, 1)] * 2
    assert Supply(runner, away, lambda spec: 1.0).run(asked) == 10
    names = [digest(piece.spec) for piece in away.begun]
    assert len(names) == len({*names}) == 10
    for number, piece in enumerate(away.begun):
        assert {*closure(piece.spec)} <= {*names[:number]}
    assert away.most == 3, "as much at once as there is room for"
    assert runner.computed == {*names}
    assert all(runner.store.get(piece.spec) for pieces in asked for piece in pieces())


def test_the_longest_way_goes_first(runner, tmp_path):
    away = Elsewhere(tmp_path / "away", room=1)
    long = {digest(piece.spec) for piece in wanted(runner.store, 1)()}
    Supply(runner, away, lambda spec: 100.0 if digest(spec) in long else 1.0).run(
        wanted(runner.store, seed, arms=()) for seed in (0, 1, 2)
    )
    assert [piece.seed for piece in away.begun[:2]] == [1, 1]


def test_machines_that_share_the_work_begin_apart(runner, tmp_path):
    firsts = []
    for number in range(3):
        away = Elsewhere(tmp_path / f"away{number}", room=1)
        supply = Supply(runner, away, lambda spec: 1.0, share=number / 3)
        supply._look(wanted(runner.store))
        supply._look(wanted(runner.store, 1))
        supply._look(wanted(runner.store, 2))
        firsts.append(supply._ready()[0])
    assert len({*firsts}) == 3


def test_what_failed_is_not_tried_again_and_keeps_only_what_needs_it(runner, tmp_path):
    away = Elsewhere(tmp_path / "away", failing=("sparse",))
    supply = Supply(runner, away, lambda spec: 1.0)
    assert supply.run([wanted(runner.store)]) == 1
    assert supply.run([wanted(runner.store)]) == 0
    assert sorted(piece.arm for piece in away.begun) == ["dense", "sparse"]
    sparse = next(piece.spec for piece in away.begun if piece.arm == "sparse")
    with pytest.raises(TrainingError, match="the loss is NaN"):
        supply.refuse(sparse)
    assert supply.refuse(next(piece.spec for piece in away.begun if piece.arm == "dense")) is None


def test_a_budget_ends_what_is_begun(runner, tmp_path):
    def allow(spec):
        raise BudgetError("no time is left")

    runner.allow, away = allow, Elsewhere(tmp_path / "away")
    assert Supply(runner, away, lambda spec: 1.0).run([wanted(runner.store)]) == 0
    assert away.begun == []


def test_an_outcome_that_comes_damaged_is_not_stored(runner, tmp_path):
    away = Elsewhere(tmp_path / "away")
    whole = away.finished
    away.finished = lambda seconds: [Done(done.name, done.packed[:-1] + b"x") for done in whole(seconds)]
    supply = Supply(runner, away, lambda spec: 1.0)
    assert supply.run([wanted(runner.store)]) == 0
    assert {str(error).split(":")[0][-12:] for error in supply.failed.values()} == {"came damaged"}
    assert not [*(runner.store.data / "checkpoints").iterdir()]


def test_what_others_are_at_is_waited_for(runner, tmp_path, monkeypatch):
    """Another process has taken the dense training and stores it while this one waits."""
    away, other = Elsewhere(tmp_path / "away"), Elsewhere(tmp_path / "other")
    dense = next(piece for piece in wanted(runner.store)() if piece.arm == "dense")
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            other.submit(dense)
            (done,) = other.finished(0)
            runner.store.admit(done.name, done.packed)

    monkeypatch.setattr("prunebench.runner.supply.time.sleep", sleep)
    with Store(runner.store.data, runner.store.work).claim(dense.spec) as taken:
        assert taken
        came = Supply(runner, away, lambda spec: 1.0).run([wanted(runner.store, arms=())])
    assert sorted(piece.arm for piece in away.begun) == ["pruned", "sparse"]
    assert (came, len(waited)) == (3, 3)
    assert digest(dense.spec) not in runner.computed


def test_here_computes_in_this_process(runner):
    asked = [wanted(runner.store, arms=())]
    assert Supply(runner, Here(runner.compute), lambda spec: 1.0).run(asked) == 3
    assert {piece.arm: runner.store.get(piece.spec) is not None for piece in asked[0]()} == dict.fromkeys(
        ("dense", "sparse", "pruned"), True
    )


def test_a_failure_here_is_told(runner):
    def compute(piece):
        raise PrunebenchError("no such thing")

    here = Here(compute)
    here.submit(next(iter(wanted(runner.store)())))
    assert here.room() == 0
    assert [str(done.error) for done in here.finished(0)] == ["no such thing"]
    assert here.room() == 1
