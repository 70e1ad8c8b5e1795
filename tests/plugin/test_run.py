"""The main job, run as a user runs it."""

import hashlib
import json
import re
import shlex
import sqlite3
import time

import pytest
import torch
from houses import House
from outcome_files import flip

from prunebench.judging.report import closing_tables
from prunebench.judging.value import sentence
from prunebench.records.record import load

ROW = "t4.imagenet.vgg-11.50"
ONLY = f"{ROW} and not control"


def record(house, name=ROW, tier="tiny"):
    return json.loads((house.path / "data" / "records" / tier / f"{name}.json").read_text())


def logged_runs(house):
    with sqlite3.connect(house.path / "mlflow.db") as database:
        return database.execute("select count(*) from runs").fetchone()[0]


def accuracies(house, tier="tiny"):
    return {arm: numbers["accuracy"] for arm, numbers in record(house, tier=tier)["arms"].items()}


def test_the_header_says_what_is_trained_where(used_house):
    out = (used_house.path / "first.txt").read_text()
    assert "tier tiny (as asked), 2 seeds, margin 60 points at 95%" in out
    assert re.search(r"store: +\S+/house/data \(0 outcomes\); tracking: sqlite:///\S+/house/mlflow.db; commit \w+", out)


def test_the_closing_table_has_the_papers_numbers_beside_ours(used_house):
    out = (used_house.path / "first.txt").read_text()
    ours = accuracies(used_house)
    assert re.search(
        r"t4\.imagenet\.vgg-11\.50 +70\.84 +68\.62 +70\.00 +71\.18 .* - +SUPPORTED +- +2/1/2/\S+ +12 new", out
    )
    assert f"{sum(ours['finetune']) / 2:.1f} ± " in out


def test_the_record_has_everything(used_house):
    found = record(used_house)
    assert found["claims"] == ["C02", "C04", "C08"]
    assert list(found["arms"]) == ["dense", "sparse", "pruned", "finetune", "scratch_e", "scratch_b"]
    assert all(arm["seeds"] == [0, 1] for arm in found["arms"].values())
    assert found["arms"]["scratch_b"]["budget"] == "flops capped at 2x"
    assert all(2 <= epochs <= 4 for epochs in found["arms"]["scratch_b"]["epochs"])
    assert len(found["arms"]["dense"]["curves"][0]["test_accuracy"]) == 2
    assert found["pruned"][0]["size"]["flops"] < found["dense"]["flops"]
    assert found["paper"]["scratch_b"] == {"mean": 71.18, "std": None, "n": 1}
    assert [v["relation"] for v in found["verdicts"]] == ["scratch_b at least finetune", "scratch_e at least finetune"]
    assert f'-k "test_slimming and {ROW}" --pb-tier tiny --pb-seeds 2' in found["command"]


def test_the_command_of_a_record_selects_its_test_alone(used_house):
    expression = shlex.split(record(used_house)["command"])[3]
    _, out = used_house.pytest("--collect-only", "-q", "-k", expression)
    assert [line for line in out.splitlines() if "::" in line] == [f"claims/test_automatic.py::test_slimming[{ROW}]"]


def test_a_second_run_trains_nothing_and_logs_nothing_anew(copied_house):
    before, runs, text = copied_house.outcomes(), logged_runs(copied_house), record(copied_house)
    code, out = copied_house.pytest("-k", ONLY)
    assert code == 0
    assert "nothing was trained: every outcome was in the store" in out
    assert copied_house.outcomes() == before
    assert record(copied_house) == text
    assert logged_runs(copied_house) == runs == 1 + 2 * 6


def test_all_of_slimming_under_two_workers(house_apart, used_house):
    house = house_apart
    code, out = house.pytest(
        "-k", "table-4 and (densenet-40.40 or vgg-11) or (equal and slimming and vgg-11)", "-n", "2"
    )
    assert code in (0, 1), out
    assert accuracies(house) == accuracies(used_house), "the numbers depend on the number of workers"
    new = sum(int(n) for n in re.findall(r"(\d+) new\b", out))
    assert new == len(house.outcomes()), "an outcome was computed twice"
    names = {p.stem for p in (house.path / "data" / "records" / "tiny").glob("*.json")}
    assert {
        "t4.cifar10.densenet-40.40",
        "t4.cifar100.densenet-40.40",
        ROW,
        f"equal_arms_are_not_refuted.slimming-{ROW}",
    } == names
    assert record(house, "t4.cifar10.densenet-40.40")["same_as"] == ["t4.cifar100.densenet-40.40"]


CLAIM = """
import pytest
from prunebench.statistics import Sample, at_least
from prunebench.protocol.tables import load

@pytest.mark.claim("C02")
@pytest.mark.parametrize(("mean", "std"), [(99, 1), (50, 1), (90, 30)], ids=["good", "bad", "open"])
def test_mine(mean, std, observe, judge):
    "A sentence of mine."
    observe(load().row("t4.imagenet.vgg-11.50"))
    judge(at_least(Sample(mean, std, 5), Sample(90, 1, 5), 3.0, names=("ours", "theirs")))
"""


def test_verdicts_become_pytest_outcomes(copied_house):
    (copied_house.path / "claims" / "test_mine.py").write_text(CLAIM)
    code, out = copied_house.pytest("-k", "test_mine", "-rxf", parent=False)
    assert code == 1
    assert "1 failed, 1 passed" in out
    assert "1 xfailed" in out
    assert re.search(r"REFUTED: ours at least theirs\. ours - theirs is -40\.00 points", out)
    assert re.search(r"INCONCLUSIVE: .*more seeds may settle it, as `--pb-seeds auto` adds them", out)
    code, out = copied_house.pytest("-k", "test_mine and open", "--pb-strict", parent=False)
    assert code == 1
    assert "INCONCLUSIVE" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pb-tier", "smokey"], "unknown tier 'smokey': did you mean smoke?"),
        (["--pb-seeds", "0"], "--pb-seeds 0: give 1 or more"),
        pytest.param(
            ["--pb-device", "cuda"],
            "device cuda: PyTorch finds no CUDA device here; cpu is valid",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device"),
        ),
        (["--pb-device", "tpu"], "--pb-device tpu: unknown; valid are auto, cpu, cuda"),
        (["--pb-method", "nowhere.py:Prune"], "cannot read .*nowhere.py: No such file"),
        (["--pb-method", "claims/conftest.py"], "names no method; write path/to/file.py:NAME"),
        (["--pb-method", "claims/conftest.py:Prune"], "has no 'Prune'"),
        (["--pb-network", "nowhere.py:build"], "cannot read .*nowhere.py: No such file"),
        (["--pb-network", "claims/conftest.py:build"], "has no 'build'"),
        (["--pb-network", "claims/conftest.py:__name__"], "__name__ is str; it must be build"),
        (["--pb-data", "pytest.ini"], "cannot write to the store"),
    ],
)
def test_bad_options_end_the_run_before_anything_is_trained(house, arguments, said):
    code, out = house.pytest(*arguments, tier=None)
    assert code == 4
    assert re.search(said, out), out


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"C02", tabel="4"', r"cannot read @pytest\.mark\.claim"),
        ('"C99"', r"valid: one id of C01"),
        ('"C02", table="44"', r"table '44' has no such rows"),
    ],
)
def test_a_marker_that_says_nothing_is_an_error(house, marker, said):
    (house.path / "claims" / "test_mine.py").write_text(CLAIM.replace('"C02"', marker))
    code, out = house.pytest("--collect-only", "claims/test_mine.py")
    assert code != 0
    assert re.search(said, out), out


def test_a_diverging_training_is_an_error_of_its_row_and_stores_nothing(house):
    code, out = house.pytest("-k", ONLY, tier="exploding", parent=False)
    assert code == 3
    assert "the loss became" in out
    assert "while at: VGG-11, dense, seed 0" in out
    assert house.outcomes() == []


def test_a_damaged_outcome_is_said_and_computed_anew(copied_house):
    wanted = accuracies(copied_house)
    victim = copied_house.outcomes()[0]
    flip(copied_house.place(victim), "outcome.json")
    code, out = copied_house.pytest("-k", ONLY, parent=False)
    assert code == 0
    assert re.search(rf"stored outcome {victim[:12]} is damaged \(outcome.json has another checksum\)", out)
    assert accuracies(copied_house) == wanted


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def test_a_kill_loses_nothing_that_was_finished(house_apart, house):
    partial = house_apart.path / ".prunebench" / "data" / "partial"
    process = house_apart.start("-k", ONLY, "--pb-seeds", "1", tier="slow", parent=False)
    wait_for(lambda: len(house_apart.outcomes()) >= 1 and list(partial.glob("*.safetensors")))
    process.kill()
    process.communicate()
    killed = House(house_apart.path, apart=False)
    kept = {name: killed.place(name).stat().st_mtime_ns for name in killed.outcomes()}
    code, out = killed.pytest("-k", ONLY, "--pb-seeds", "1", tier="slow", parent=False)
    assert code == 0, out
    assert {name: killed.place(name).stat().st_mtime_ns for name in kept} == kept
    assert house.pytest("-k", ONLY, "--pb-seeds", "1", tier="slow", parent=False)[0] == 0
    assert accuracies(killed, "slow") == accuracies(house, "slow")


def test_an_unreachable_mlflow_is_said_and_sync_makes_up_for_it(copied_house):
    (copied_house.path / "mlflow.db").unlink()
    code, out = copied_house.pytest("-k", ONLY, "--pb-tracking-uri", "http://127.0.0.1:9")
    assert code == 0, out
    assert "). The run went on and its records are kept; `prunebench sync` logs them later." in out
    done = copied_house.prunebench("sync")
    assert re.search(r"1 records, 13 runs added to sqlite:///", done.stdout), done
    assert re.search(r"1 records, 0 runs added", copied_house.prunebench("sync").stdout)


METHOD = '''
"""Keep the channels whose filters have the largest L2 norm."""
from prunebench.pruning import keep_uniform, prunable


class Prune:
    def __call__(self, network, ratio, context):
        groups = [g for g in prunable(network, context.example) if g.norm is not None]
        return keep_uniform({g.name: g.norm.weight.abs() for g in groups}, ratio)
'''


def test_a_method_from_a_file_is_judged_against_scratch(house):
    (house.path / "mine.py").write_text(METHOD)
    code, out = house.pytest("-k", "candidate and vgg", "--pb-method", "mine.py:Prune", tier="learning", parent=False)
    assert code == 0, out
    found = record(house, "candidate.mine.Prune.vgg-19.50", "learning")
    assert found["method"]["used"] == "Prune"
    assert len(found["method"]["digest"]) == 64
    baselines = ["uniform_finetune", "uniform_scratch_b", "l1_finetune", "random_finetune"]
    assert list(found["arms"]) == ["dense", "pruned", "finetune", "scratch_e", "scratch_b", *baselines]
    left = found["arms"]["uniform_scratch_b"]["measures"]["flops"]
    assert all(
        ours == pytest.approx(theirs["size"]["flops"], rel=0.02)
        for ours, theirs in zip(left, found["pruned"], strict=True)
    )
    ours, theirs = found["arms"]["scratch_b"]["accuracy"], found["arms"]["uniform_scratch_b"]["accuracy"]
    assert found["values"]["architecture"]["difference"] == pytest.approx((sum(ours) - sum(theirs)) / 2)
    path = house.path / "data" / "records" / "learning" / "candidate.mine.Prune.vgg-19.50.json"
    said = str(closing_tables([{"path": path, "computed": 1, "stored": 0, "seconds": 1.0}], 60.0)[-1])
    worth, rivals = said.splitlines()
    assert worth == f"candidate.mine.Prune.vgg-19.50: {sentence(load(path.read_text()).values)}"
    assert re.fullmatch(
        r"  of about as many FLOPs: uniform_finetune \d.*, l1_finetune .*, random_finetune \S+ ± \S+", rivals
    )
    assert {k["kept"] for k in found["pruned"][0]["layers"]} == {2, 3}
    assert '-k "test_candidate and candidate.vgg-19.50"' in found["command"]
    assert "--pb-method mine.py:Prune" in found["command"]


NETWORK = """
from torch import nn

def small(channels, classes):
    layers = [nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(54, classes))
"""


def test_a_network_from_a_file_stands_for_those_of_the_candidate(house):
    (house.path / "mine.py").write_text(METHOD)
    (house.path / "net.py").write_text(NETWORK)
    given = ("--pb-method", "mine.py:Prune", "--pb-network", "net.py:small")
    code, out = house.pytest("-k", "candidate", *given, tier="learning", parent=False)
    assert code == 0, out
    assert "1 passed" in out
    found = record(house, "candidate.mine.Prune.small.50", "learning")
    assert (found["network"]["name"], found["network"]["used"]) == ("small", "small of a user's file")
    assert found["network"]["digest"] == hashlib.sha256(NETWORK.encode()).hexdigest()
    assert found["pruned"][0]["layers"] == [{"layer": "1", "kept": 3, "total": 6}]
    assert "--pb-network net.py:small" in found["command"]
    (house.path / "net.py").write_text(NETWORK.replace("nn.Linear(54, classes))", "nn.Linear(54, classes)).eval(0)"))
    code, out = house.pytest("-k", "candidate", *given, tier="learning", parent=False)
    assert code == 3
    assert re.search(r"small\(channels=1, classes=10\) fails .*net\.py, line 6", out), out


SIGMOIDS = """
from torch import nn

def build(channels, classes):
    layers, width = [], channels
    for out in (6, 6, 6, 6, 6):
        layers += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.Sigmoid()]
        width = out
    layers += [nn.Hardshrink(1e9)]  # nothing comes through
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))
"""


def test_a_network_at_chance_is_told_so_before_its_arms_are_trained(house):
    (house.path / "mine.py").write_text(METHOD)
    (house.path / "net.py").write_text(SIGMOIDS)
    given = ("--pb-method", "mine.py:Prune", "--pb-network", "net.py:build")
    code, out = house.pytest("-k", "candidate", *given, "-rx", parent=False)
    assert (code, "1 xfailed" in out) == (0, True), out
    assert re.search(r"INCONCLUSIVE: Compares nothing: dense of candidate\.mine\.Prune\.build\.50 is at chance", out)
    found = record(house, "candidate.mine.Prune.build.50")
    assert list(found["arms"]) == ["dense", "pruned"], "no arm was trained"
    assert found["verdicts"][0]["state"] == "INCONCLUSIVE"
    assert "Its arms were not trained" in found["verdicts"][0]["reason"]
    code, out = house.pytest("-k", "candidate", *given, "--pb-strict", parent=False)
    assert code == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise RuntimeError('no idea')", r"the method fails.*no idea"),
        ("return {}", r"the method returns dict, not a Plan"),
        ("return Plan({'nowhere': (0,)}, {'nowhere': 4})", r"nowhere"),
    ],
)
def test_a_broken_method_is_an_error_that_says_where(house, body, said):
    text = f"from prunebench.pruning import Plan\ndef prune(network, ratio, context):\n    {body}\n"
    (house.path / "mine.py").write_text(text)
    code, out = house.pytest("-k", "candidate and vgg", "--pb-method", "mine.py:prune", "--pb-seeds", "1", parent=False)
    assert code == 3
    assert re.search(said, out), out


def test_a_word_of_k_that_nothing_has_is_met_with_near_ones(house):
    code, out = house.pytest("-k", "slimmming")
    assert code == 5
    assert "no claim test matches -k 'slimmming': did you mean slimming?" in out


def test_without_a_method_the_candidate_is_skipped(house):
    code, out = house.pytest("-k", "candidate", "-rs", parent=False)
    assert code == 0
    assert "give --pb-method FILE.py:NAME" in out
