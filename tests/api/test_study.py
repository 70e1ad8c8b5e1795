"""A study of one's own, its verdict, and its records read back."""

import sys
import textwrap
from pathlib import Path

import pytest
import torch
from tiny import TINY

import prunebench as pb
from prunebench.api import references
from prunebench.api.study import _recipes

ROOT = Path(__file__).parents[2]
assert TINY.name == "tiny"  # registered by its import


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study") / "data"


def train(folder, method="l1", **options):
    return pb.train("VGG-19", "digits", method, 0.5, tier="tiny", folder=folder, device="cpu", **options)


@pytest.fixture(scope="module")
def record(folder):
    return train(folder)


def test_every_arm_is_trained_once_and_the_record_kept(folder, record):
    assert {name: arm.seeds for name, arm in record.arms.items()} == {
        arm: [0, 1] for arm in ("dense", "pruned", "finetune", "scratch_e", "scratch_b")
    }
    outcomes = sorted((folder / "checkpoints").iterdir())
    assert len(outcomes) == 10
    assert train(folder) == record
    assert sorted((folder / "checkpoints").iterdir()) == outcomes
    assert pb.read_records(folder / "records") == [record]


def test_the_record_says_the_call_that_repeats_it(folder, record):
    call = "prunebench.train('VGG-19', 'digits', 'l1', 0.5, seeds=2, tier='tiny')"
    assert record.command == call
    again = eval(call.replace(")", ", folder=folder, device='cpu')"), {"prunebench": pb, "folder": folder})
    assert again == record


def test_threads_are_as_they_were(folder, record):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(folder)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def learnt(record):
    """A record whose arms have left chance; two epochs of the tiny tier do not."""
    told = {"dense": [95.0, 96.0], "finetune": [90.0, 91.0], "scratch_b": [92.0, 94.0]}
    arms = {
        name: arm.model_copy(update={"accuracy": told.get(name, [90.0, 92.0])}) for name, arm in record.arms.items()
    }
    return record.model_copy(update={"arms": arms})


def test_arms_at_chance_compare_nothing(record):
    lost = {name: arm.model_copy(update={"accuracy": [10.0, 10.2]}) for name, arm in record.arms.items()}
    found = pb.judge(record.model_copy(update={"arms": lost}), "scratch_b at least finetune")
    assert found.state == "INCONCLUSIVE"
    assert "is at chance" in found.reason


def test_a_sentence_about_two_arms_is_judged_at_the_margin_of_the_tier_or_another(learnt):
    found = pb.judge(learnt, "scratch_b at least finetune")
    assert (found.relation, found.margin, found.state) == ("scratch_b at least finetune", 60, "SUPPORTED")
    assert (found.difference, found.finding) == (2.5, "equal")
    assert pb.judge(learnt, "scratch_b at least finetune", margin=-100).state == "REFUTED"
    assert pb.judge(learnt, "finetune equivalent to finetune", margin=99).state == "SUPPORTED"


def test_several_records_are_judged_on_their_mean(folder, record):
    found = pb.judge([record, train(folder, "random")], "scratch_e at least finetune")
    assert found.relation == "scratch_e at least finetune on the mean of 2 rows"


@pytest.mark.parametrize("claim", ["scratch at least finetune", "scratch_b beats finetune", ""])
def test_a_sentence_that_is_none_is_refused_with_the_arms_that_are_there(record, claim):
    with pytest.raises(pb.PrunebenchError, match="every record has: dense, finetune, pruned, scratch_b, scratch_e"):
        pb.judge(record, claim)


def test_no_record_is_no_verdict():
    with pytest.raises(pb.PrunebenchError, match="no record to judge"):
        pb.judge([], "scratch_b at least finetune")


def test_two_methods_side_by_side(folder, record):
    other = train(folder, "random")
    found = pb.compare(record, other)
    assert [line.arm for line in found.arms] == list(record.arms)
    by_arm = {line.arm: line for line in found.arms}
    assert (by_arm["dense"].difference, by_arm["dense"].finding) == (0, "equal")
    ours, theirs = (sum(r.arms["finetune"].accuracy) / 2 for r in (record, other))
    assert by_arm["finetune"].difference == pytest.approx(ours - theirs)
    assert found.flops[0] == pytest.approx(record.pruned[0].size.flops / record.dense.flops, abs=1e-4)


def test_what_is_not_alike_is_not_compared(folder, record):
    other = record.model_copy(update={"network": record.network.model_copy(update={"used": "another"})})
    with pytest.raises(pb.PrunebenchError, match=r"their network is not the same \(vgg .* and another\)"):
        pb.compare(record, other)


def test_tables_have_a_line_for_each_arm_and_seed_and_pandas_takes_them(folder, record):
    records = pb.Records([record])
    lines = records.measurements
    assert len(lines) == 10
    assert [line.accuracy for line in lines if line.arm == "scratch_b"] == record.arms["scratch_b"].accuracy
    frame = records.to_pandas()
    assert list(frame.query("arm == 'dense'")["accuracy"]) == record.arms["dense"].accuracy


def test_without_pandas_the_error_says_so(record, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(pb.PrunebenchError, match="pandas is not installed"):
        pb.Records([record]).to_pandas()


def test_verdicts_of_the_committed_records_are_lines_too():
    found = pb.read_records(next((ROOT / "leaderboard" / "results").glob("quick*"))).verdicts
    assert {line.state for line in found} <= {"SUPPORTED", "REFUTED", "INCONCLUSIVE"}
    assert "C05" in {line.claim for line in found}


@pytest.fixture(scope="module")
def smoke():
    return pb.read_records(ROOT / "leaderboard" / "results" / "smoke")


def test_a_claim_is_judged_on_records_that_are_there_with_a_margin_of_ones_own(smoke):
    published = {record.row: record for record in smoke.rows}
    found = pb.judge_claim(smoke, "C02").rows
    assert len(found) == 14
    assert all(record.verdicts[0].state == published[record.row].verdicts[0].state for record in found)
    strict = {record.row: record.verdicts[0] for record in pb.judge_claim(smoke, "C02", margin=0.001).rows}
    assert all(verdict.margin == 0.001 for verdict in strict.values())
    assert any(verdict.state != "SUPPORTED" for verdict in strict.values())


def test_what_cannot_be_judged_so_is_said(smoke):
    with pytest.raises(pb.PrunebenchError, match="unknown claim 'C99'"):
        pb.judge_claim(smoke, "C99")
    with pytest.raises(pb.PrunebenchError, match="records of one tier are judged together; these are of none"):
        pb.judge_claim([], "C02")
    with pytest.raises(pb.PrunebenchError, match="no test of C02 finds its figures here: "):
        pb.judge_claim(smoke.rows[:1], "C02")


def test_a_folder_that_is_none_and_a_file_that_is_no_record_are_told(tmp_path):
    with pytest.raises(pb.PrunebenchError, match="is no folder"):
        pb.read_records(tmp_path / "absent")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(pb.PrunebenchError, match=r"other.json is no record: a record of schema None"):
        pb.read_records(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"network": "VGG-20"}, "unknown network 'VGG-20': did you mean"),
        ({"data": "digit"}, "unknown dataset 'digit': did you mean digits"),
        ({"method": "l11"}, "unknown method 'l11': did you mean l1"),
        ({"ratio": 50}, r"ratio 50 is outside \(0, 1\)"),
        ({"arms": ["scratch"]}, "arms scratch: valid are finetune, "),
        ({"tier": "huge"}, "unknown tier 'huge'"),
        ({"seeds": 0}, "give 1 or more"),
        ({"device": "tpu"}, "device tpu: unknown; valid are auto, cpu, cuda"),
        ({"method": lambda network, ratio, context: None}, "<lambda> is no function or class at the top"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(tmp_path, wrong, said):
    given = {"network": "VGG-19", "data": "digits", "method": "l1", "ratio": 0.5, "tier": "tiny", "folder": tmp_path}
    with pytest.raises(pb.PrunebenchError, match=said):
        pb.train(**given | wrong)
    assert not list(tmp_path.rglob("checkpoints/*"))


def test_a_recipe_of_ones_own_has_a_tier_name_of_its_own_and_fine_tunes_as_the_paper_does(folder, record):
    made = _recipes(TINY.recipes["*"], pb.Recipe(8, 0.1, (4, 6)), None)
    assert made.finetune == pb.Recipe(2, 0.001)
    assert (made.cap, made.sparsity) == (2.0, 0.02)
    other = train(folder, recipe=pb.Recipe(1, 0.05), arms=["finetune"])
    assert other.tier.startswith("tiny-with-digits-recipe-")
    assert "recipe=prunebench.Recipe(epochs=1, lr=0.05)" in other.command
    assert other.arms["finetune"].epochs == [1, 1]
    assert pb.judge(other, "finetune at least dense").margin == 60


SCRIPT = """
import prunebench as pb

def small(channels, classes):
    from torch import nn
    layers = nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(6, classes))
"""


def test_a_function_of_a_script_is_copied_whole_and_one_of_a_module_told_by_its_file(tmp_path, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_text(SCRIPT)
    monkeypatch.syspath_prepend(tmp_path)
    import mine

    assert references.reference(mine.small, tmp_path) == f"{file}:small"
    monkeypatch.setattr(mine.small, "__module__", "__main__")
    copied, _, name = references.reference(mine.small, tmp_path / "work").rpartition(":")
    with open(copied) as text:
        assert text.read() == textwrap.dedent(SCRIPT.partition("pb\n\n")[2])
    assert name == "small"
    record = pb.train(
        mine.small, "digits", "l1", 0.5, tier="tiny", folder=tmp_path / "data", arms=["scratch_e"], seeds=1
    )
    assert record.network.used == "small of a user's file"
    assert record.arms["scratch_e"].epochs == [2]
