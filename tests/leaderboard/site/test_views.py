from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev

import pytest

from leaderboard.site.columns import MOST_BYTES, write
from leaderboard.site.doubts import doubts
from leaderboard.site.evidence import agreement, agrees
from leaderboard.site.findings import finding
from leaderboard.site.overall import overall
from leaderboard.site.plots import ticks
from leaderboard.site.ranks import cells, places
from leaderboard.site.views import line
from leaderboard.site.wording import quantity, signed, title
from prunebench.records.parts import Interval, PaperVerdict, Subject
from prunebench.records.record import ClaimRecord, Record

Make = Callable[..., Record]
MakeClaim = Callable[..., ClaimRecord]


def test_line_has_the_numbers_of_its_record(make_record: Make) -> None:
    record = make_record()
    found = line(record)
    accuracy = record.arms["finetune"].accuracy
    assert found["mean.finetune"] == pytest.approx(fmean(accuracy), abs=5e-4)
    assert found["std.finetune"] == pytest.approx(stdev(accuracy), abs=5e-4)
    assert found["flops"] == pytest.approx(100 * 1_650_000 / 4_812_800, abs=0.05)
    assert found["seconds"] == pytest.approx(sum(sum(arm.seconds) for arm in record.arms.values()), abs=0.05)
    assert (found["done"], found["planned"], found["n"], found["state"]) == (3, 3, 3, "supported")
    assert found["verdict"] == pytest.approx(record.verdicts[0].difference, abs=5e-4)
    counted = record.verdicts[0].model_copy(update={"unit": "rows"})
    assert "verdict" not in line(record.model_copy(update={"verdicts": [counted]}))


def test_scratch_b_less_fine_tuned_is_the_headline_s_else_the_weight_value_turned_round(make_record: Make) -> None:
    verdict = make_record().verdicts[0]
    told = line(make_record())
    assert told["gap"] == pytest.approx(verdict.difference, abs=5e-4)
    assert [told["gap.lower"], told["gap.upper"]] == pytest.approx([verdict.lower, verdict.upper], abs=5e-4)
    other = verdict.model_copy(update={"relation": "winning_ticket greater than random_ticket"})
    assert "gap" not in line(make_record(verdicts=[other]))
    value = Interval(difference=1.5, lower=1.0, upper=2.0, confidence=0.95, n=[3, 3])
    turned = line(make_record(verdicts=[other], values={"weight": value}))
    assert [turned[name] for name in ("gap", "gap.lower", "gap.upper")] == [-1.5, -2.0, -1.0]
    assert "architecture" not in told


@pytest.mark.parametrize(
    ("bounds", "said"),
    [((0.01, 5), "better"), ((-5, -0.01), "worse"), ((-0.3, 0.3), "equal"), ((-0.31, 0.1), "open"), ((0, 9), "open")],
)
def test_finding_is_where_the_interval_lies(bounds: tuple[float, float], said: str) -> None:
    assert finding(*bounds, margin=0.3) == said


def test_title_says_what_was_trained(make_record: Make) -> None:
    record = make_record()
    assert title(record) == "Small VGG (73 k parameters) on scikit-learn digits 16x16, slimming 70 %"
    own = {
        "network": Subject(name="VGG-19", used="vgg (widths 64-64)"),
        "dataset": Subject(name="CIFAR-10", used="cifar10 32x32"),
    }
    assert title(make_record(tier="paper", **own)) == "VGG-19 on CIFAR-10, slimming 70 %"
    jpeg = own | {"dataset": Subject(name="CIFAR-10", used="cifar10-jpeg75 32x32")}
    assert title(make_record(tier="quick", **jpeg)) == "VGG-19 on cifar10-jpeg75 32x32, slimming 70 %"


def test_numbers_have_a_real_sign_or_none() -> None:
    assert [signed(value) for value in (-0.004, 0.0, 0.005001, -1.5)] == ["0.00", "0.00", "+0.01", "−1.50"]
    assert [quantity(value, 2) for value in (20_394, 14_987_722, 999, 0)] == ["20 k", "15 M", "999", "0"]
    assert ticks(-0.9, 2.1) == [0.0, 1.0, 2.0]


def ranked_as(make_record: Make, method: str, scratch_b: list[float]) -> dict[str, object]:
    record = make_record(f"f10.{method}.2x.t1.some", method=Subject(name=method, used=method))
    arm = record.arms["scratch_b"].model_copy(update={"accuracy": scratch_b})
    return line(record.model_copy(update={"arms": record.arms | {"scratch_b": arm}}))


def test_ties_share_their_ranks_and_equal_plans_are_one_line(make_record: Make) -> None:
    same, low = [97.0, 97.2, 97.1], [90.0, 90.1, 90.2]
    lines = [ranked_as(make_record, name, same) for name in ("a", "b", "c")]
    lines += [ranked_as(make_record, "d", [97.1, 97.0, 97.3]), ranked_as(make_record, "e", low)]
    ((_, cell),) = cells([*lines, line(make_record())]).items()
    found = [([one["method"] for one in place.rows], place.ranks["scratch_b"]) for place in places(cell)]
    assert sorted(found) == [(["a", "b", "c"], (1, 4)), (["d"], (1, 4)), (["e"], (5, 5))]


def cell_of(make_record: Make, cell: str, arms: dict[str, list[float]]) -> list[dict[str, object]]:
    found = []
    for method, finetune in arms.items():
        record = make_record(f"f10.{method}.{cell}", key=cell, method=Subject(name=method, used=method))
        tuned = record.arms["finetune"].model_copy(update={"accuracy": finetune})
        scratch = record.arms["scratch_b"].model_copy(update={"accuracy": [96.0, 97.0, 98.0]})
        arms_of = {"finetune": tuned, "scratch_b": scratch}
        found.append(line(record.model_copy(update={"arms": record.arms | arms_of})))
    return found


def test_methods_are_summed_up_over_the_settings_that_they_share(make_record: Make) -> None:
    """One architecture has one Scratch-B, yet each method hands down weights of its own; seeds that lack are no sum."""
    arms = {"lamp": [97.0, 98.0, 96.0], "uniform": [90.0, 91.0, 92.0], "random": [80.0, 81.0, 82.0]}
    lines = {cell: cell_of(make_record, cell, arms) for cell in ("4x.global.t4.some", "2x.t1.some")}
    (one,) = overall(lines)
    dense = fmean(own[0]["mean.dense"] for own in lines.values())
    means = [(each.method, each.mean.value, each.ranks) for each in one.tuned]
    levels = [("lamp", 97.0, (1, 1)), ("uniform", 91.0, (2, 2)), ("random", 81.0, (3, 3))]
    assert means == [(name, pytest.approx(level - dense), ranks) for name, level, ranks in levels]
    assert (one.against, one.plans["random"], list(one.scratch)) == ("uniform", "uniform", ["uniform"])
    assert one.settings[0].endswith(", 1/4 of the FLOPs, channels of all layers in one order")
    assert overall({"2x.t1.some": lines["2x.t1.some"]}) == [], "one setting is no sum"
    lines["2x.t1.some"][0]["each.finetune"] = "97 98"
    assert overall(lines) == []


def test_row_in_work_leaves_gaps(make_record: Make) -> None:
    assert line(make_record(seeds=0))["done"] == 0
    assert not {"state", "gap", "mean.finetune", "flops"} & line(make_record(seeds=0)).keys()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "REFUTED"}, "its bounds and margin give SUPPORTED"),
        ({"difference": 9.0, "upper": 9.5}, "points, it says +9.00"),
        ({"lower": 80.0}, "lies outside of its bounds"),
        ({}, None),
    ],
)
def test_verdict_that_does_not_follow_is_doubted(
    make_record: Make, make_claim: MakeClaim, change: dict[str, object], why: str | None
) -> None:
    record = make_record()
    verdict = record.verdicts[0].model_copy(update=change)
    found = doubts(record.model_copy(update={"verdicts": [verdict]}))
    assert [why in doubt for doubt in found] == ([True] if why else [])
    assert bool(doubts(make_claim(verdict=verdict))) == (why is not None and "points" not in why)


def test_agreement_is_with_the_paper_s_numbers_where_they_can_be_tested(make_claim: MakeClaim) -> None:
    refuted = PaperVerdict(state="REFUTED", difference=-0.2, lower=-0.3, upper=-0.1)
    own = make_claim()
    verdict = own.verdict.model_copy(update={"paper": refuted})
    assert agrees(own) == "yes"
    assert agrees(own.model_copy(update={"verdict": verdict})) == "no"
    assert agrees(own.model_copy(update={"claim": "S01"})) == agreement("SUPPORTED", "INCONCLUSIVE") == "open"


def test_data_are_split_into_files_of_a_few_megabytes(tmp_path: Path) -> None:
    lines = [{"row": f"{i:0200}", "claims": "C01"} for i in range(50_000)]
    names = write("smoke", lines, tmp_path)
    texts = [(tmp_path / name).read_text() for name in names]
    assert max(map(len, texts)) <= MOST_BYTES
    parts = [json.loads(re.sub(r"^pb.add\(.*?,\d+,|\);$", "", text.strip())) for text in texts]
    assert [name for part in parts for name in part["columns"]["row"]["of"]] == [line["row"] for line in lines]
