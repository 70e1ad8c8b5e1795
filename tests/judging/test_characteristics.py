"""What a claim can tell in a tier: draws of a stated truth, judged by the claims themselves."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from prunebench.judging import characteristics as judged
from prunebench.judging.bodies import bodies
from prunebench.judging.characteristics import STATES, Trial, _bundles, _truths, characteristics
from prunebench.judging.from_records import rows_of
from prunebench.judging.from_truth import Truth
from prunebench.judging.settings import as_recorded
from prunebench.judging.spread import Spread, spread_of
from prunebench.records.parts import ArmFigures, RowFigures

RESULTS = Path(__file__).parents[2] / "leaderboard" / "results"
SMOKE = as_recorded("smoke")
QUIET = Spread({"*": 0.05}, row=0.5, trunk=0.2)


def body(name):
    (found,) = [each for each in bodies() if each.name() == name]
    return found


def test_small_spread_tells_the_paper_from_its_opposite():
    """Table 8b, 80 %: the winning ticket is 1.5 points above random weights; at a spread of 0.05 nothing is missed."""
    found = characteristics(body("t8b.cifar10.vgg-16.80"), SMOKE, QUIET, 3)
    assert found.truth["paper"]["SUPPORTED"] > 0.95
    assert found.truth["opposite"]["REFUTED"] > 0.95
    assert found.truth["none"]["SUPPORTED"] < 0.12, "the error of a test of no difference"
    assert all(sum(shares[state] for state in STATES) == pytest.approx(1, abs=0.01) for shares in found.truth.values())
    assert (found.discriminates, found.n, found.claim) == (True, 3, "C24")


def test_a_margin_wider_than_the_effect_does_not_discriminate():
    """The smoke margin is 3 points, the paper's differences in Table 4 are tenths of one."""
    found = characteristics(body("t4.cifar10.vgg-19.70"), SMOKE, QUIET, 3)
    assert found.truth["opposite"]["SUPPORTED"] > 0.9
    assert not found.discriminates


def test_more_spread_takes_more_seeds():
    quiet, loud = (characteristics(body("t8b.cifar10.vgg-16.80"), SMOKE, Spread({"*": s}), 3) for s in (0.05, 1.5))
    assert quiet.seeds is not None
    assert loud.seeds is None or loud.seeds > quiet.seeds
    assert loud.truth["paper"]["SUPPORTED"] < quiet.truth["paper"]["SUPPORTED"]


@pytest.mark.parametrize(
    "name", ["sparsity_even_over_stages.f5.left.slimming.50", "sparsity_uneven_over_stages_of_vgg"]
)
def test_patterns_lie_on_either_side_of_the_bound(name):
    found = characteristics(body(name), SMOKE, QUIET, 5)
    assert min(found.truth["paper"]["SUPPORTED"], found.truth["opposite"]["REFUTED"]) > 0.9


def test_where_the_paper_has_no_number_it_is_one_margin_either_way():
    found = characteristics(body("retraining_with_the_full_schedule_on_the_mean"), SMOKE, QUIET, 3)
    assert found.truth["paper"]["SUPPORTED"] > 0.9
    assert found.truth["opposite"]["SUPPORTED"] < 0.2, "at the margin itself the error of the test is 5 %"


def test_draws_have_the_spread_and_correlation_of_the_records():
    rng = np.random.default_rng(0)
    rows = {}
    for i in range(400):
        shared = rng.standard_normal(3)
        arms = {
            name: ArmFigures(
                seeds=[0, 1, 2],
                accuracy=[90 + 0.4 * (0.8 * s + 0.6 * e) for s, e in zip(shared, rng.standard_normal(3), strict=True)],
                digests=[f"{i}{name}{k}" for k in range(3)],
            )
            for name in ("finetune", "scratch_b")
        }
        rows[f"row{i}"] = RowFigures(dataset="digits", resolution=0.1, arms=arms)
    found = spread_of(rows)
    assert found.arms["finetune"] == pytest.approx(0.4, rel=0.1)
    assert found.row == pytest.approx(0.64, abs=0.1)
    draws = []
    trial = Trial(body("t4.cifar10.vgg-19.70"), SMOKE, found)
    for draw in range(300):
        (gap,) = trial.once(Truth(), draw, 3).sides
        draws.append(gap.a.values[0] - gap.b.values[0])
    assert np.std(draws) == pytest.approx(0.4 * (2 * 0.36) ** 0.5, rel=0.2)


def test_the_spread_of_a_tier_is_that_of_its_committed_records():
    rows = rows_of((Path("nowhere"), RESULTS), "smoke")
    assert len(rows) >= 168
    found = spread_of(rows)
    assert 0.1 < found.arms["scratch_b"] < 2
    assert spread_of({}).arms["*"] == 0.5


def test_the_command_prints_what_the_contract_says(prunebench):
    code, out, _ = prunebench("power", "-k", "t8b.cifar10.vgg-16.80", "--json")
    assert code == 0
    (entry,) = json.loads(out)
    assert {"claim", "test", "tier", "n", "truth", "discriminates"} <= entry.keys()
    assert set(entry["truth"]) == {"paper", "none", "opposite"}
    assert set(entry["truth"]["paper"]) == set(STATES)


def test_many_groups_move_by_arm_or_by_method():
    groups = [(method, "4x FLOPs", "finetune") for method in map(str, range(20))]
    assert len(_bundles(groups)) == 20
    assert len(_bundles([*groups, *((m, s, "scratch_b") for m, s, _ in groups)])) == 2


def test_where_a_lead_of_any_method_speaks_against_a_claim_the_opposite_is_one_leader(monkeypatch):
    monkeypatch.setattr(judged, "_signs", lambda trial, margin, bundles, seeds: dict.fromkeys(chain(*bundles), -1))
    trial = Trial(body("no_method_dominates"), SMOKE, QUIET)
    level = trial.once(Truth(), 0, 5)
    opposite = _truths(trial, level, SMOKE.tier.margin, 5)["opposite"]
    assert {method for method, _, _ in opposite.shifts} == {"bn_scale"}
    assert (level.state, trial.once(opposite, 0, 5).state) == ("SUPPORTED", "REFUTED")
