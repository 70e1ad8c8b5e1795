"""Trainings that run as one: which do, and that their outcomes are those that each has by itself."""

from dataclasses import replace

import pytest
from tiny import TINY

from prunebench.common.errors import TrainingError
from prunebench.datasets import available
from prunebench.judging.observation import specs
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.runner import packs
from prunebench.runner.local import Runner
from prunebench.runner.packs import mould
from prunebench.runner.progress import Progress
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Training, digest, options
from prunebench.store.store import Store

ROW = tables.load().row("t4.imagenet.vgg-11.50")
ARMS = ("finetune", "scratch_e", "scratch_b")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return what makes a runner with a store of its own, and the sizes of the packs that ran."""
    sizes, real = [], packs.compute_together

    def noted(pieces, *others):
        sizes.append(len(pieces))
        return real(pieces, *others)

    monkeypatch.setattr(packs, "compute_together", noted)

    def runner(name, hands=1):
        store = Store(tmp_path / name / "data", tmp_path / name / "work")
        store.prepare()
        return Runner(store, Progress(tmp_path / name / "progress", "main"), hands=lambda: hands)

    return runner, sizes


def run(runner, work, seeds=range(2)):
    def pieces():
        return [
            Piece(spec, "VGG", arm, seed)
            for seed in seeds
            for arm, spec in specs(work, seed, ARMS, runner.store).items()
        ]

    runner.run(pieces)
    return {digest(piece.spec): runner.store.get(piece.spec) for piece in pieces()}


def of_itself(outcome):
    """Return what an outcome says of itself, without the clock's words."""
    clock = ("started", "ended", "seconds", "images_per_second")
    history = [line.rsplit(",", 1)[0] for line in outcome.read("history.csv").decode().splitlines()]
    facts = {name: value for name, value in outcome.facts.items() if name not in clock}
    return facts, history, outcome.read("weights.safetensors")


@pytest.mark.parametrize("row", [ROW, tables.load().row("t10.cifar10.resnet-56.40")], ids=["slimming", "soft"])
def test_seeds_and_arms_run_as_one_and_no_outcome_differs(made, row):
    runner, sizes = made
    work = job(row, TINY)
    packed = run(runner("packed"), work)
    assert max(sizes) == 4
    before = len(sizes)
    alone = run(runner("alone", hands=99), work)
    assert len(sizes) == before
    assert packed.keys() == alone.keys()
    trainings = [name for name, outcome in packed.items() if "weights.safetensors" in outcome.names]
    assert len(trainings) > 6
    for name in trainings:
        assert of_itself(packed[name]) == of_itself(alone[name])


def test_one_that_diverges_errs_alone_and_by_name(made):
    runner, sizes = made
    ours, work = runner("packed"), job(ROW, TINY)
    good = [work.dense(seed) for seed in range(2)]
    bad = replace(good[0], recipe=replace(good[0].recipe, lr=1e30))
    pieces = [Piece(spec, "VGG", "dense", number) for number, spec in enumerate((good[0], bad, good[1]))]
    with pytest.raises(TrainingError, match="learning rate 1e\\+30") as error:
        ours.run(lambda: pieces)
    assert error.value.__notes__ == ["while at: VGG, dense, seed 1"]
    assert sizes == [3]
    assert [ours.store.get(piece.spec) is not None for piece in pieces] == [True, False, True]
    assert ours.computed == {digest(spec) for spec in good}


def test_what_another_process_is_at_is_left_to_it(made):
    runner, sizes = made
    ours, work = runner("packed"), job(ROW, TINY)
    pieces = [Piece(work.dense(seed), "VGG", "dense", seed) for seed in range(3)]
    with Store(ours.store.data, ours.store.work).claim(pieces[1].spec):
        assert ours._attempt(pieces[0], pieces)
    assert sizes == [2]
    assert [ours.store.get(piece.spec) is not None for piece in pieces] == [True, False, True]


def test_only_trainings_of_equal_shapes_share_a_mould(made):
    store, work = made[0]("some").store, job(ROW, TINY)
    dense = work.dense(0)
    assert isinstance(dense, Training)
    assert mould(dense, store) == mould(replace(dense, seed=1, recipe=replace(dense.recipe, epochs=7)), store)
    others = [
        replace(dense, recipe=replace(dense.recipe, batch_size=7)),
        replace(dense, dataset=available.describe("digits-low").spec()),
        replace(dense, network=replace(dense.network, options=replace(dense.network.options, items=()))),
    ]
    assert mould(dense, store) not in [mould(other, store) for other in others]
    alone = [
        replace(dense, network=replace(dense.network, source="a user's")),
        replace(dense, network=replace(dense.network, family="densenet")),
        replace(dense, recipe=replace(dense.recipe, precision="bf16")),
        replace(dense, recipe=replace(dense.recipe, stop=0)),
        replace(dense, dataset=replace(dense.dataset, options=options(size=24))),
    ]
    assert [mould(spec, store) for spec in alone] == [None] * len(alone)
