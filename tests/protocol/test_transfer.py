"""Table 12 as specs."""

import json
from dataclasses import replace

import pytest

from prunebench.commands.preview import preview
from prunebench.datasets.available import describe
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tiers import SMOKE
from prunebench.runner.local import inputs, name_of
from prunebench.specs.experiment import Method, Pruning, classifier_of, digest, document, options
from prunebench.specs.parsing import parse

ROWS = [tables.load().row(f"t12.voc07.resnet34-{v}") for v in "ab"]
WORK = job(ROWS[0], SMOKE)
FACTS = {"flops": 80, "dense": {"flops": 100}}
CLASSIFIERS = Job(replace(ROWS[0], dataset="ImageNet"), SMOKE, Method("l1", options(target="ResNet-34-A")))


@pytest.mark.parametrize("arm", ["prune_c", "scratch_e", "scratch_b"])
def test_the_arms_classifiers_are_those_of_the_tables_before(arm):
    spec = WORK.arm(arm, 2, FACTS)
    assert spec.start == CLASSIFIERS.arm({"prune_c": "finetune"}.get(arm, arm), 2, FACTS)
    assert spec.recipe == SMOKE.detecting.recipes.dense
    assert inputs(spec) == [spec.start]
    assert classifier_of(spec).network == SMOKE.network("ResNet-34")


def test_prune_d_prunes_the_dense_detector_and_tunes_it():
    spec = WORK.arm("prune_d", 2, FACTS)
    assert spec.start == Pruning(WORK.dense(2), Method("l1", options(target="ResNet-34-A")), 0.0)
    assert spec.recipe == SMOKE.detecting.recipes.finetune
    assert WORK.dense(2).start == CLASSIFIERS.dense(2) == classifier_of(spec)
    assert WORK.trunk(2) == WORK.dense(2)


def test_the_two_rows_share_the_dense_detector_alone():
    other = job(ROWS[1], SMOKE)
    assert WORK.dense(0) == other.dense(0)
    assert all(WORK.arm(arm, 0, FACTS) != other.arm(arm, 0, FACTS) for arm in WORK.arms)


def test_progress_has_words_for_what_is_trained_on_the_way():
    spec = WORK.arm("scratch_b", 0, FACTS)
    assert [name_of(s) for s in (WORK.dense(0), WORK.pruning(0), spec.start, spec.start.start.pruning.trained)] == [
        "detect",
        "prune",
        "pruned",
        "dense",
    ]


def test_what_a_detector_is_made_of_is_part_of_its_digest():
    wider = replace(SMOKE, detecting=replace(SMOKE.detecting, detector=options(size=96)))
    assert digest(job(ROWS[0], wider).dense(0)) != digest(WORK.dense(0))


def test_a_substitute_stands_for_the_detection_set_alone():
    work = job(ROWS[0], replace(SMOKE, substitutes={"PASCAL VOC 07": describe("bccd")}))
    assert (work.dataset.name, classifier_of(work.dense(0)).dataset.name) == ("bccd", "digits")
    assert job(ROWS[0], replace(SMOKE, substitutes={"ImageNet": describe("mnist")})).dataset == WORK.dataset
    assert WORK.dataset == describe("digit-scenes")


def test_a_preview_names_the_detection_set_and_the_arms_of_the_table(tmp_path):
    shown = preview(ROWS[0], SMOKE, tmp_path)
    assert shown["dataset"] == "digit-scenes for PASCAL VOC 07"
    assert list(shown["arms"]) == ["dense", "prune_c", "prune_d", "scratch_e", "scratch_b"]
    assert shown["params_dense"] == 74_946


@pytest.mark.parametrize("arm", ["dense", "pruned", "prune_c", "prune_d", "scratch_b"])
def test_what_is_stored_of_a_detector_is_read_back(arm):
    known = {"dense": WORK.dense(0), "pruned": WORK.pruning(0)}
    spec = known.get(arm) or WORK.arm(arm, 0, FACTS)
    assert parse(json.loads(json.dumps(document(spec)))) == spec
