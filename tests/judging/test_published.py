"""The paper's numbers beside ours."""

from dataclasses import replace

import pytest
from tiny import TINY

from prunebench.judging.figures import of_record
from prunebench.judging.observed import Observed, differences
from prunebench.judging.published import agreement, agrees, verdict_record
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.records import record
from prunebench.records.parts import Arm, Interval
from prunebench.statistics import (
    Sample,
    at_confidence,
    at_least,
    count_at_least,
    every_at_least,
    greater,
    mean_at_least,
    sample,
    within_std,
)

SLIMMING = tables.load().of_table("4")


def arm(accuracy, name):
    seeds, zeros = list(range(len(accuracy))), [0.0] * len(accuracy)
    digests = [f"{name}{seed}" for seed in seeds]
    return Arm(seeds=seeds, epochs=seeds, accuracy=accuracy, best_accuracy=accuracy, seconds=zeros, digests=digests)


@pytest.fixture(scope="module")
def template(used_house):
    path = used_house.path / "data" / "records" / "tiny" / "t4.imagenet.vgg-11.50.json"
    return record.load(path.read_text())


@pytest.fixture
def observed(template):
    """The CIFAR rows of Table 4 with the paper's numbers; ours are the same in all of them."""
    arms = {name: arm([90.0, 91.0, 92.0], name) for name in ("finetune", "scratch_e", "scratch_b")}

    def fake(row):
        record = template.model_copy(update={"arms": arms})
        return Observed(row, of_record(record), TINY.margin, record)

    return [fake(row) for row in SLIMMING if row.dataset.startswith("CIFAR")]


def test_the_papers_verdict_is_that_of_its_mean_spread_and_runs(observed):
    row = observed[0]
    numbers = row.row.paper
    a, b = (Sample(numbers[name].mean, numbers[name].std, 5) for name in ("scratch_b", "finetune"))
    verdict = greater(row["scratch_b"], row["finetune"])
    assert verdict.difference == pytest.approx(0)
    assert (verdict.paper.state, verdict.paper.p) == (greater(a, b).state, greater(a, b).p)
    found = verdict_record("C02", verdict)
    assert (found.n, found.paper.difference) == ([3, 3], pytest.approx(a.mean - b.mean))
    with at_confidence(0.999):
        assert greater(row["scratch_b"], row["finetune"]).paper == verdict.paper


def test_rows_that_are_one_here_are_several_in_the_paper(observed):
    rows = differences(observed, "scratch_b", "finetune")
    assert [(row.weight, len(row.paper)) for row in rows] == [(10, 10)]
    verdict = count_at_least(rows, needed=8)
    assert verdict.paper.difference == 0, "p.6: in 8 of 10 rows"
    assert "seen in 8" in verdict.paper.reason
    papers = [row.row.paper for row in observed]
    mean = sum(paper["scratch_b"].mean - paper["finetune"].mean for paper in papers) / 10
    assert mean_at_least(rows, 0.5).paper.difference == pytest.approx(mean)


def test_within_one_std_is_within_that_of_the_paper(observed):
    lifted = within_std(differences(observed, "scratch_e", "finetune"))
    first, numbers = lifted[0].paper[0], observed[0].row.paper
    assert first.a.mean == pytest.approx(numbers["scratch_e"].mean + numbers["finetune"].std / 0.94, abs=1e-3)


def test_single_runs_and_missing_numbers_say_nothing(observed, template):
    single = Observed(tables.load().row("t4.imagenet.vgg-11.50"), of_record(template), TINY.margin)
    assert at_least(single["scratch_b"], single["finetune"], 1.0).paper is None
    assert every_at_least(differences([*observed, single], "scratch_b", "finetune"), 1.0).paper is None
    assert at_least(observed[0]["scratch_b"], sample([90.0, 91.0]), 1.0).paper is None
    assert verdict_record("C02", at_least(single["scratch_b"], single["finetune"], 1.0)).paper is None


def test_agreement_only_where_the_tier_trains_on_the_papers_dataset(observed):
    row = observed[0]
    work = job(row.row, TINY)
    assert agreement(work, row.record) == {}
    same = replace(work, row=replace(row.row, dataset="Digits"))
    found = agreement(same, row.record)
    assert list(found) == ["finetune", "scratch_e", "scratch_b"]
    paper = row.row.paper["finetune"]
    expected = at_least(sample([90.0, 91.0, 92.0], 100 / 599), Sample(paper.mean, paper.std, 5), 1.0)
    assert found["finetune"].difference == pytest.approx(91.0 - paper.mean)
    assert (found["finetune"].lower, found["finetune"].upper) == pytest.approx((expected.lower, expected.upper))
    assert found["finetune"].n == [3, 5]


@pytest.mark.parametrize(
    ("lower", "upper", "said"), [(-0.4, 0.3, "yes"), (0.6, 1.2, "no"), (-2, -0.7, "no"), (-0.1, 0.7, "open")]
)
def test_an_interval_agrees_if_it_lies_within_the_margin(lower, upper, said):
    interval = Interval(difference=(lower + upper) / 2, lower=lower, upper=upper, confidence=0.95, n=[5, 5])
    assert agrees(interval, 0.5) == said
