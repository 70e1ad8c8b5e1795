"""`prunebench plan`, and the budget that takes its estimates from the same place."""

import json
import shutil
from dataclasses import replace

import pytest
from dataset_files import arrays, write_npz
from outcome_files import part
from tiny import TINY

from prunebench.common.terminal import clock
from prunebench.protocol import tiers

ROW = "t4.imagenet.vgg-11.50"
ONLY = f"{ROW} and not control"


def planned(prunebench, house, *arguments):
    code, out, err = prunebench("plan", *arguments, "--tier", TINY.name, "--json", folder=house.path)
    assert code == 0, err
    found = json.loads(out)
    return found, {part["row"]: part for part in found["rows"]}


def test_what_is_stored_is_not_planned_again(prunebench, used_house):
    found, rows = planned(prunebench, used_house, "-k", ONLY)
    assert (found["tests"], found["stored"], found["missing"], found["seconds"]) == (1, 12, 0, 0)
    assert rows[ROW]["stored"] == 12


def test_a_further_seed_is_estimated_from_the_stored_ones(prunebench, used_house):
    found, rows = planned(prunebench, used_house, "-k", ONLY, "--seeds", "3")
    assert (found["stored"], found["missing"], found["measured_now"]) == (12, 6, 0)
    assert rows[ROW]["guessed"]
    took = sum(part(used_house.place(name), "outcome.json")["seconds"] for name in used_house.outcomes())
    assert 0.2 * took < 2 * found["seconds"] < 5 * took


def test_rows_that_share_outcomes_are_counted_once(prunebench, house):
    found, rows = planned(prunebench, house, "-k", "table-4")
    assert found["missing"] == sum(part["missing"] for part in rows.values())
    assert (rows["t4.cifar100.densenet-40.40"]["missing"], rows["t4.cifar100.densenet-40.40"]["shared"]) == (0, 12)
    assert found["measured_now"] == 4, "nothing is stored, so every network is tried out"
    assert found["seconds"] > 0
    assert not (house.path / "data").exists()


def test_for_people(prunebench, used_house):
    code, out, _ = prunebench("plan", "-k", ONLY, "--tier", TINY.name, folder=used_house.path)
    assert code == 0
    assert out.splitlines()[0] == "tier tiny, 2 seeds, 1 claim test on 1 row"
    assert "12 outcomes stored, 0 missing: nothing is trained" in out
    out = prunebench("plan", "-k", ONLY, "--tier", TINY.name, "--seeds", 4, folder=used_house.path)[1]
    assert "from what stored outcomes of the same networks took" in out
    assert "* the epochs of scratch_b are a guess until pruning has decided" in out


def test_a_cluster_is_planned_without_data_or_card(prunebench, house):
    told = {}
    for gpus in (1, 4, 4000):
        code, out, _ = prunebench(
            "plan", "-k", "table-1", "--tier", "paper", "--gpus", gpus, "--json", folder=house.path
        )
        assert code == 0
        found = json.loads(out)
        told[gpus] = found["cluster"]
        assert found["measured_now"] == 0
        assert told[gpus]["gpu_hours"] == pytest.approx(found["seconds"] / 3600, abs=0.01)
    assert told[1]["hours"] == pytest.approx(told[1]["gpu_hours"])
    assert told[4000]["hours"] == told[4000]["critical_hours"] == told[1]["critical_hours"]
    assert told[4]["critical_hours"] < told[4]["hours"] < told[1]["hours"]
    assert told[4000]["idle"] > told[4]["idle"] >= told[1]["idle"] == 0
    out = prunebench("plan", "-k", "table-1", "--tier", "paper", "--gpus", 4, folder=house.path)[1]
    assert "on 4 H100s, one training each: " in out
    assert "on one H100, from catalogued step times" in out


def test_a_substitute_is_planned_and_shown_as_it_runs(prunebench, house):
    file = write_npz(house.path / "mine.npz", arrays())
    assert prunebench("data", "add", "mine", file, folder=house.path)[0] == 0
    on_mine = ("--dataset", "imagenet=mine")
    found, rows = planned(prunebench, house, "-k", ONLY, *on_mine)
    assert (found["tier"], rows[ROW]["missing"]) == ("tiny-with-imagenet-as-mine", 12)
    assert found["measured_now"] == 1, "its own images were tried"
    out = prunebench("show", ROW, "--tier", "tiny", *on_mine, folder=house.path)[1]
    assert "mine for ImageNet" in out


def test_a_method_that_is_not_given_is_said_so(prunebench, house):
    _, rows = planned(prunebench, house, "-k", "candidate")
    assert {part["note"] for part in rows.values()} == {"the method is not known before --pb-method gives it"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-k", "slimmming"], "did you mean slimming?"),
        (["--tier", "smokey"], "unknown tier 'smokey': did you mean smoke?"),
        (["--seeds", "-1"], "--pb-seeds -1: give 1 or more"),
        (["--seeds", "0"], "--pb-seeds 0: give 1 or more"),
    ],
)
def test_bad_input(prunebench, house, arguments, said):
    code, _, err = prunebench("plan", *arguments, folder=house.path)
    assert code == 2
    assert said in err


def test_in_a_folder_without_claims_those_of_the_package_are_planned(prunebench, tmp_path):
    code, out, _ = prunebench("plan", "-k", ONLY, "--tier", TINY.name, folder=tmp_path)
    assert code == 0
    assert out.splitlines()[0] == "tier tiny, 2 seeds, 1 claim test on 1 row"


def test_times_for_people():
    assert [clock(s) for s in (7.4, 300, 7200, 4_320_000)] == ["7 s", "5 min", "2.0 h", "1,200 h"]


def test_datasets_that_are_not_here_are_planned_by_what_the_catalogue_says(prunebench, house):
    tiers.register(replace(TINY, name="bare", dataset=""))
    code, out, err = prunebench("plan", "-k", "[t4.cifar10.vgg-19.70]", "--tier", "bare", folder=house.path)
    assert code == 0, err
    assert "cannot run" not in out
    assert "0 outcomes stored, 12 missing: about" in out
    assert "not here yet: CIFAR-10; `prunebench data list` says how to get each" in out
    code, out, _ = prunebench("plan", "-k", "[t4.cifar10.vgg-19.70]", "--tier", "bare", "--json", folder=house.path)
    assert json.loads(out)["not_here"] == ["CIFAR-10"]


def test_a_budget_ends_rows_as_skipped_and_the_next_run_goes_on(used_house, tmp_path, monkeypatch):
    from houses import House

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copytree(used_house.path, tmp_path / "house")
    house = House(tmp_path / "house", apart=False)
    before, rows = house.outcomes(), f"({ROW} or test_slimming and t4.cifar10.vgg-19.70) and not control"
    code, out = house.pytest("-k", rows, "--pb-budget", "0s", "-rs", parent=False)
    assert code == 0
    assert "1 passed, 1 skipped" in out, "what is stored needs no budget"
    assert "budget: the next training takes about" in out
    assert house.outcomes() == before
    code, out = house.pytest("-k", rows, "--pb-budget", "9m", parent=False)
    assert "1 passed" in out
    assert "1 xfailed" in out
    assert len(house.outcomes()) == len(before) + 12


def test_a_budget_that_is_no_time(house):
    code, out = house.pytest("--pb-budget", "soon")
    assert code == 4
    assert "--pb-budget 'soon' is no duration; write hours, minutes, seconds: 9m, 90s, 1h30m" in out
