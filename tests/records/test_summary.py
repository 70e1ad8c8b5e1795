"""All verdicts of a run as one file."""

import json

from prunebench.judging.report import with_q

CLAIMS = """
import pytest
from prunebench.common.errors import PrunebenchError
from prunebench.statistics import Sample, at_least
from prunebench.protocol.tables import load

ROW = load().row("t4.imagenet.vgg-11.50")

@pytest.mark.claim("C02")
@pytest.mark.parametrize(("mean", "std"), [(99, 1), (50, 1), (90, 30)], ids=["good", "bad", "open"])
def test_mine(mean, std, observe, judge):
    "A sentence of mine."
    observe(ROW)
    judge(at_least(Sample(mean, std, 5, paper=Sample(92, 1, 5)), Sample(90, 1, 5, paper=Sample(90, 1, 5)), 3.0))

@pytest.mark.claim("C08", table="4")
def test_mine_of_all_rows(rows, observe, judge):
    "A sentence about rows of which one cannot be trained."
    from dataclasses import replace
    judge([observe(replace(row, network="VGG-99")) for row in rows])
"""


def entries(house, *arguments):
    (house.path / "claims" / "test_mine.py").write_text(CLAIMS)
    code, out = house.pytest("-k", "test_mine", "--pb-json", "verdicts.json", *arguments)
    return code, out, {e["test"].split("::")[1]: e for e in json.loads((house.path / "verdicts.json").read_text())}


def test_every_verdict_and_every_error_is_in_the_file(copied_house):
    code, out, found = entries(copied_house)
    assert code == 3
    states = {name: entry["state"] for name, entry in found.items()}
    assert states == {
        "test_mine[good]": "SUPPORTED",
        "test_mine[bad]": "REFUTED",
        "test_mine[open]": "INCONCLUSIVE",
        "test_mine_of_all_rows[C08]": None,
    }
    good = found["test_mine[good]"]
    assert (good["claim"], good["rows"], good["decides"]) == ("C02", ["t4.imagenet.vgg-11.50"], True)
    assert (good["difference"], good["unit"], good["n"], good["margin"]) == (9.0, "points", [5, 5], 3.0)
    assert (good["paper"]["state"], good["paper"]["difference"]) == ("SUPPORTED", 2.0)
    assert json.loads((copied_house.path / good["record"]).read_text())["tier"] == "tiny"
    assert "in row t4.cifar10.vgg-19.70" in found["test_mine_of_all_rows[C08]"]["error"]
    assert "in row t4.cifar10.vgg-19.70" in out


def test_the_exit_code_is_one_for_refuted_and_strict_and_three_for_errors(copied_house):
    assert entries(copied_house, "-k", "test_mine and open")[0] == 0
    assert entries(copied_house, "-k", "test_mine and open", "--pb-strict")[0] == 1
    assert entries(copied_house, "-k", "test_mine and bad")[0] == 1
    assert entries(copied_house, "-k", "test_mine and all_rows")[0] == 3
    assert entries(copied_house, "-k", "test_mine and good")[0] == 0


def test_a_file_in_no_folder_ends_the_run_before_anything_is_trained(house):
    code, out = house.pytest("--pb-json", "nowhere/verdicts.json")
    assert code == 4
    assert "there is no folder" in out
    assert not list(house.path.glob("data/checkpoints/*"))


def test_a_file_that_cannot_be_written_in_the_end_is_said(copied_house):
    (copied_house.path / "taken").mkdir()
    code, out = copied_house.pytest("-k", "t4.imagenet.vgg-11.50 and not control", "--pb-json", "taken")
    assert code == 0
    assert "cannot write --pb-json" in out
    assert "the verdicts are in the records" in out
    assert [path.name for path in copied_house.path.glob(".taken*")] == []


def test_q_is_over_the_verdicts_that_decide():
    entry = {"decides": True, "claim": "C02", "p": 0.01}
    found = with_q([entry, {**entry, "p": 0.04}, {**entry, "decides": False}, {**entry, "claim": "control"}])
    assert [each["q"] for each in found] == [0.02, 0.04, None, None]
    assert with_q([{"test": "x", "state": None, "error": "it broke"}]) == [
        {"test": "x", "state": None, "error": "it broke"}
    ]
