"""Table 12 from end to end on a tiny tier: classifiers, pruned before or after they become detectors."""

from dataclasses import replace

import pytest
import torch
from tiny import TINY

from prunebench.datasets.available import describe
from prunebench.judging.observation import observe, specs
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tiers import SMOKE
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress
from prunebench.runner.trained import load_annotated, starting_detector, trained_detector, trained_network, weights_in
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Network, Recipe, options
from prunebench.store.store import Store
from prunebench.training.detection import evaluate_detector

ROW = tables.load().row("t12.voc07.resnet34-b")
SHORT = Recipes(Recipe(1, 0.05, batch_size=32), Recipe(1, 0.005, batch_size=32), 0)
TIER = replace(
    TINY,
    networks={"ResNet-34": Network("resnet", options(blocks=1, widths=[4, 6, 8, 8]))},
    detecting=replace(SMOKE.detecting, recipes=SHORT),
)
WORK = job(ROW, TIER)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The outcomes of one seed of the row."""
    folder = tmp_path_factory.mktemp("detection")
    found = Store(folder / "data", folder / "work")
    found.prepare()
    runner = Runner(found, Progress(folder / "progress", "main"))
    runner.run(lambda: [Piece(spec, "ResNet-34", arm, 0) for arm, spec in arms(found).items()])
    return found


def arms(store):
    return specs(WORK, 0, WORK.arms, store)


def stored(store, arm):
    return store.get(arms(store)[arm])


def weights(store, arm):
    return weights_in(stored(store, arm))


def test_every_arm_is_a_detector_of_the_right_width(store):
    shapes = {arm: {n: w.shape for n, w in weights(store, arm).items()} for arm in ("dense", *WORK.arms)}
    assert shapes["prune_c"] == shapes["prune_d"] == shapes["scratch_e"] == shapes["scratch_b"]
    inner = "backbone.blocks.1.conv1.weight"
    assert (shapes["dense"][inner][0], shapes["prune_c"][inner][0]) == (6, 2)
    assert stored(store, "prune_c").facts["parameters"] < stored(store, "dense").facts["parameters"]


def test_a_detector_starts_with_its_classifiers_layers_and_new_ones_of_its_seed(store):
    spec = arms(store)["prune_c"]
    start, classifier = starting_detector(spec, store).state_dict(), trained_network(spec.start, store).state_dict()
    assert torch.equal(start["backbone.blocks.1.conv1.weight"], classifier["blocks.1.conv1.weight"])
    assert torch.equal(start["roi_heads.box_head.blocks.3.norm2.running_var"], classifier["blocks.3.norm2.running_var"])
    other = starting_detector(replace(spec, seed=1), store).state_dict()
    assert not torch.equal(start["rpn.head.cls_logits.weight"], other["rpn.head.cls_logits.weight"])
    assert torch.equal(
        start["rpn.head.cls_logits.weight"],
        starting_detector(arms(store)["scratch_e"], store).state_dict()["rpn.head.cls_logits.weight"],
    )


def test_a_pruned_detector_keeps_what_it_had_learnt(store):
    dense, start = weights(store, "dense"), starting_detector(arms(store)["prune_d"], store).state_dict()
    kept = list(stored(store, "pruned").json("plan.json")["keep"]["blocks.1.norm1"])
    assert torch.equal(start["backbone.blocks.1.conv1.weight"], dense["backbone.blocks.1.conv1.weight"][kept])
    for name in ("rpn.head.cls_logits.weight", "roi_heads.box_predictor.cls_score.weight", "backbone.stem.weight"):
        assert torch.equal(start[name], dense[name])


def test_what_the_pruned_detector_is_worth_is_measured_before_it_is_tuned(store):
    detector = starting_detector(arms(store)["prune_d"], store)
    scenes = load_annotated(describe("digit-scenes").spec(), store.data)
    assert stored(store, "pruned").facts["accuracy"] == evaluate_detector(detector, scenes.test).all_points


def test_a_stored_detector_is_the_one_that_was_measured(store):
    scenes = load_annotated(describe("digit-scenes").spec(), store.data)
    precision = evaluate_detector(trained_detector(arms(store)["scratch_b"], store), scenes.test)
    facts = stored(store, "scratch_b").facts
    assert (precision.all_points, precision.eleven_points) == (facts["accuracy"], facts["map07"])


def test_the_record_has_every_arm_with_its_curve(store):
    record = observe(WORK, [0], WORK.arms, store)
    assert list(record.arms) == ["dense", "pruned", *WORK.arms]
    assert record.dataset.used == "digit-scenes 48x48"
    assert record.paper["prune_d"].mean == 69.62
    curve = record.arms["prune_d"].curves[0]
    assert (len(curve.test_accuracy), len(curve.train_loss), curve.train_accuracy) == (1, 1, [])
    assert record.arms["prune_d"].budget == "fine-tuning of the detector"
    assert record.arms["scratch_b"].budget == "flops capped at 2x"
    assert {layer.layer: layer.kept for layer in record.pruned[0].layers}["blocks.1.norm1"] == 2
