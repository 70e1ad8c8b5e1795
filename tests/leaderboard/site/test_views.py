from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev

import pytest

from leaderboard.site.columns import MOST_BYTES, write
from leaderboard.site.doubts import doubts
from leaderboard.site.evidence import agreement, agrees, claim_lines
from leaderboard.site.views import line
from prunebench.protocol.tables import load
from prunebench.records.parts import Interval, PaperVerdict
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


def test_weight_value_is_as_measured_else_the_headline_turned_round(make_record: Make) -> None:
    verdict = make_record().verdicts[0]
    turned = line(make_record())
    assert turned["weight"] == pytest.approx(-verdict.difference, abs=5e-4)
    assert [turned["weight.lower"], turned["weight.upper"]] == pytest.approx([-verdict.upper, -verdict.lower], abs=5e-4)
    value = Interval(difference=1.5, lower=1.0, upper=2.0, confidence=0.95, n=[3, 3])
    assert line(make_record(values={"weight": value}))["weight"] == 1.5
    other = verdict.model_copy(update={"relation": "winning_ticket greater random_ticket"})
    assert "weight" not in line(make_record(verdicts=[other]))
    assert "architecture" not in line(make_record())


def test_row_in_work_leaves_gaps(make_record: Make) -> None:
    assert line(make_record(seeds=0))["done"] == 0
    assert not {"state", "weight", "mean.finetune", "flops"} & line(make_record(seeds=0)).keys()


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


def test_claims_have_a_line_per_test_or_one_for_their_rows(make_record: Make, make_claim: MakeClaim) -> None:
    paper = PaperVerdict(state="SUPPORTED", difference=0.2, lower=0.1, upper=0.3)
    record = make_record(seeds=2)
    record = record.model_copy(update={"verdicts": [record.verdicts[0].model_copy(update={"paper": paper})]})
    control = make_claim("planted", control=True, claim="control", expected=["REFUTED"])
    later = make_claim("later", claim="X1")
    lines = claim_lines(load(), [make_claim(), later, control], [line(record), line(make_record("t4.other"))])
    by_claim = {found["claim"]: found for found in lines}
    assert list(by_claim) == [*load().claims, "X1", "control"]
    assert by_claim["C08"]["agrees"] == "yes"
    assert by_claim["C02"]["row_states"] == "2 supported"
    assert by_claim["C02"]["agrees"] == "1 of 1 rows"
    assert (by_claim["C02"]["done"], by_claim["C02"]["planned"]) == (2, 3)
    assert "state" not in by_claim["C01"]
    assert by_claim["control"]["agrees"] == "not as planted"


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
