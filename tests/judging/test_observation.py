"""Outcomes -> record: what the record says beside the numbers."""

import pytest
import tiny

from prunebench.common.folders import work_folder
from prunebench.judging import observation
from prunebench.judging.observation import BUDGETED, CRIPPLED, observe
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.protocol.tiers import choose
from prunebench.store.store import Store

ROW = "t4.imagenet.vgg-11.50"


@pytest.fixture
def observed(used_house):
    data = used_house.path / "data"
    work = job(tables.load().row(ROW), tiny.TINY)
    return lambda: observe(work, (0, 1), work.arms, Store(data, work_folder(data)))


def test_arms_far_below_the_dense_network_are_named(observed, monkeypatch):
    monkeypatch.setattr(observation, "FAR_BELOW", -100.0)
    record = observed()
    means = {arm: sum(own.accuracy) / 2 for arm, own in record.arms.items()}
    said = [
        f"{arm} stands {means['dense'] - means[arm]:.0f} {CRIPPLED}" for arm in ("finetune", "scratch_e", "scratch_b")
    ]
    assert record.notes[:3] == said


def test_a_short_tier_says_that_budgets_end_its_arms(observed):
    assert BUDGETED in observed().notes
    assert [name for name in ("smoke", "laptop", "quick", "paper") if choose(name)[0].whole] == ["paper"]


def test_no_arm_is_named_where_none_is_far_below(observed, monkeypatch):
    monkeypatch.setattr(observation, "FAR_BELOW", 100.1)
    assert not any(note.endswith(CRIPPLED) for note in observed().notes)
