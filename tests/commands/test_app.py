"""The command line."""

import json
import re
from dataclasses import replace

import pytest
from tiny import TINY

from prunebench.protocol import tiers


@pytest.mark.parametrize(
    ("noun", "name", "said"),
    [
        ("claims", "C08", "Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows"),
        ("claims", "C33", "VGG-16 71.51 against 71.03"),
        ("rows", "t17.cifar10.resnet-56-b", "Table 17: ResNet-56 on CIFAR-10, l1 to ResNet-56-B, 300 epochs"),
        ("rows", "t4.imagenet.vgg-11.50", "VGG-11 on ImageNet, slimming 50 %"),
        ("methods", "slimming", "Liu et al. 2017"),
        ("networks", "preresnet", "9n+2 layers"),
        ("datasets", "digits", "1,797 scans"),
        ("tiers", "smoke", "digits"),
        ("tiers", "paper", "hours or days"),
    ],
)
def test_list_has_a_line_for_everything(prunebench, noun, name, said):
    code, out, _ = prunebench("list", noun)
    assert code == 0
    assert any(line.startswith(name) and said in line for line in out.splitlines())
    assert said in json.loads(prunebench("list", noun, "--json")[1])[name]


def test_show_says_what_a_row_would_train(prunebench, tmp_path):
    code, out, _ = prunebench("show", "t4.cifar10.densenet-40.40", "--data", tmp_path, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["params_dense"] > 1000
    assert found["flops_dense"] > 100_000
    assert (found["params_pruned"], found["verdict"]) == (None, None)
    assert found["arms"]["scratch_e"] == {"epochs": 12, "seeds": [0, 1, 2], "accuracy": []}
    assert found["arms"]["scratch_b"]["epochs"] is None


def test_show_needs_the_paper_s_dataset_only_where_the_tier_trains_on_it(prunebench, tmp_path):
    row, on_jpeg = "t1.cifar10.vgg-16-a", ("--dataset", "cifar10=cifar10-jpeg75")
    assert "mnist for CIFAR-10" in prunebench("show", row, "--tier", "laptop", "--data", tmp_path)[1]
    code, _, err = prunebench("show", row, "--tier", "quick", "--data", tmp_path)
    assert (code, "get it so" in err) == (2, True)
    code, _, err = prunebench("show", row, "--tier", "quick", *on_jpeg, "--data", tmp_path)
    assert (code, "prunebench data add cifar10-jpeg75 FILE.npz" in err) == (2, True)


def test_show_lists_the_arms_of_the_rows_table(prunebench, tmp_path):
    tiers.register(replace(TINY, name="tickets", networks={"VGG-16": TINY.networks["VGG-19"]}))
    _, out, _ = prunebench("show", "t8a.cifar10.vgg-16.20", "--tier", "tickets", "--data", tmp_path, "--json")
    epochs = {name: arm["epochs"] for name, arm in json.loads(out)["arms"].items()}
    assert epochs == {"dense": 2, "winning_ticket": 2, "random_ticket": 2}


def test_show_has_the_outcome_after_a_run(prunebench, used_house):
    data = used_house.path / "data"
    _, out, _ = prunebench("show", "t4.imagenet.vgg-11.50", "--tier", "tiny", "--data", data, "--json")
    found = json.loads(out)
    assert found["verdict"] == "SUPPORTED"
    assert len(found["arms"]["finetune"]["accuracy"]) == 2
    assert found["flops_pruned"][0] < found["flops_dense"]


def shown(prunebench, row):
    code, out, _ = prunebench("show", row, "--tier", "paper", "--json")
    assert code == 0
    found = json.loads(out)
    return found, {name: arm["epochs"] for name, arm in found["arms"].items()}


def test_the_paper_tier_shows_vgg_16_a(prunebench):
    found, epochs = shown(prunebench, "t1.cifar10.vgg-16-a")
    assert (found["tier"], found["dataset"], found["network"], found["method"]) == ("paper", "CIFAR-10", "VGG-16", "l1")
    assert (found["params_dense"], found["params_pruned"]) == (14_987_722, 5_397_034)
    assert (found["macs_dense"], found["macs_pruned"]) == (313_463_808, 206_279_680)
    assert epochs == {"dense": 160, "finetune": 40, "scratch_e": 160, "scratch_b": 243}
    assert found["arms"]["dense"] == {"epochs": 160, "seeds": [0, 1, 2, 3, 4], "accuracy": []}
    cost = found["cost"]["flops"]
    assert cost["dense"] == 3 * found["flops_dense"] * 50_000 * 160
    assert cost["finetune"] == 3 * found["flops_pruned"] * 50_000 * 40
    assert 0.99 < cost["scratch_b"] / cost["dense"] <= 1


@pytest.mark.parametrize(
    ("row", "params", "epochs"),
    [
        # Scratch-B: 160 epochs x 252,572,938 / 183,137,866 FLOPs = 220.7
        ("t1.cifar10.resnet-56-b", (853_018, 735_712), {"finetune": 40, "scratch_e": 160, "scratch_b": 220}),
        # cut from VGG-16 with global pooling; measured against VGG-16 with its linear layers
        ("t2.vgg16.gap", (138_357_544, 8_322_696), {"finetune": 20, "scratch_e": 90, "scratch_b": 180}),
        ("t3.resnet50.2x", (25_560_872, 19_697_424), {"finetune": 20, "scratch_e": 90, "scratch_b": 134}),
        ("t5.imagenet.resnet-41", (25_557_032, 25_358_120), {"pruned": 100, "scratch_e": 100, "scratch_b": 117}),
        ("t17.cifar10.vgg-16-a", (14_987_722, 5_397_034), {"finetune": 40, "scratch_e": 300, "scratch_b": 455}),
        ("t16.cifar10.resnet-56-a", (853_018, 773_336), {"finetune": 40, "finetune_160": 160, "scratch_e": 160}),
    ],
)
def test_the_paper_tier_counts_predefined_targets(prunebench, row, params, epochs):
    found, planned = shown(prunebench, row)
    assert (found["params_dense"], found["params_pruned"]) == params
    assert planned.items() >= epochs.items()
    assert found["flops_pruned"] < found["flops_dense"]


@pytest.mark.parametrize(
    ("row", "params", "penalty", "rate"),
    [
        ("t4.cifar10.vgg-19.70", 20_035_018, {"bn_l1": 1e-4}, 0.1),
        ("t4.imagenet.vgg-11.50", 132_885_224, {"bn_l1": 1e-5}, 0.1),
        ("t8b.cifar10.resnet-50.60", 758_554, None, 0.01),
    ],
)
def test_the_paper_tier_leaves_open_what_pruning_decides(prunebench, row, params, penalty, rate):
    found, epochs = shown(prunebench, row)
    assert (found["params_dense"], found["penalty"], found["recipe"]["lr"]) == (params, penalty, rate)
    assert (found["params_pruned"], found["flops_pruned"], found["verdict"]) == (None, None, None)
    assert epochs.get("scratch_b") is None
    assert {found["cost"]["flops"][arm] for arm in epochs if arm not in ("dense", "sparse")} == {None}


def test_the_paper_tier_shows_a_detectors_backbone(prunebench):
    found, epochs = shown(prunebench, "t12.voc07.resnet34-a")
    classifier, _ = shown(prunebench, "t1.imagenet.resnet-34-a")
    for size in ("params_dense", "params_pruned", "flops_dense", "flops_pruned"):
        assert found[size] == classifier[size] > 0
    assert (found["dataset"], found["recipe"], found["images"]) == ("PASCAL VOC 07", None, None)
    assert epochs == dict.fromkeys(["dense", "prune_c", "prune_d", "scratch_e", "scratch_b"])
    out = prunebench("show", "t12.voc07.resnet34-a", "--tier", "paper")[1]
    assert "note          sizes are those of the backbone as it classifies ImageNet" in out
    assert out.count("unknown") == 10


def test_the_paper_tier_does_not_guess_the_widths_of_table_14(prunebench):
    found, epochs = shown(prunebench, "t14.cifar10.resnet-56.90")
    assert (found["params_dense"], found["params_pruned"], epochs["scratch_b"]) == (853_018, None, None)
    assert found["note"] == "neither the paper nor its code gives the widths at this ratio"


def test_the_paper_tier_for_people(prunebench):
    lines = prunebench("show", "t4.cifar10.vgg-19.70", "--tier", "paper")[1].splitlines()
    assert "params_dense  20,035,018 parameters" in lines
    assert "flops_pruned  decided by pruning" in lines
    assert "images        50,000 to train, 10,000 to test, 3 channels of 32x32 pixels, 10 classes" in lines
    head, scratch_b = (next(line for line in lines if line.startswith(start)) for start in ("arm ", "scratch_b"))
    assert head.index("seeds") == scratch_b.index("0, 1, 2, 3, 4")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "t4.cifar10.vgg-19.7"], "unknown row 't4.cifar10.vgg-19.7': did you mean t4.cifar10.vgg-19.70"),
        (["show", "t4.cifar10.vgg-19.70", "--tier", "papre"], "unknown tier 'papre': did you mean paper"),
        (["show", "t1.cifar10.vgg16-a"], "did you mean t1.cifar10.vgg-16-a"),
        (["sync", "--data", "nowhere"], "no records in nowhere/records"),
    ],
)
def test_bad_input_is_told_what_is_valid(prunebench, arguments, said):
    code, _, err = prunebench(*arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_version_names_the_commit(prunebench):
    code, out, _ = prunebench("--version")
    assert code == 0
    assert re.fullmatch(r"prunebench \d+\.\d+\.\d+, commit ([0-9a-f]{12}(-dirty)?|unknown)\n", out)


def test_a_file_without_a_name_in_it_is_no_method(prunebench):
    code, _, said = prunebench("check", "mine.py")
    assert code == 2
    assert said.startswith("prunebench: 'mine.py' names no method; write path/to/file.py:NAME")


def test_verify_says_that_there_is_nothing(prunebench, tmp_path):
    assert prunebench("data", "verify", folder=tmp_path)[1].startswith(
        "nothing is imported in data; `prunebench data list`"
    )
