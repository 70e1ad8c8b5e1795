"""The audit finds what is not what the stored checkpoints say, names it, and changes nothing."""

import json
import re
import shutil

import pytest
from houses import House, make_house
from outcome_files import flip, part, resign

from prunebench.common.errors import PrunebenchError
from prunebench.networks import own
from prunebench.records.record import load
from prunebench.runner.audit import Audit, command
from prunebench.specs.experiment import digest
from prunebench.specs.parsing import parse

ROW = "t4.imagenet.vgg-11.50"


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A house with the outcomes and the record of one row, and of a control; to be read, not changed."""
    house = make_house(tmp_path_factory.mktemp("finished") / "house", apart=False)
    code, out = house.pytest("-k", f"{ROW} and (C02 or equal_arms)", parent=False)
    assert code == 0, out
    return house


@pytest.fixture
def copied(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "house")
    return House(tmp_path / "house")


@pytest.fixture
def audit(copied, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p tiny")
    monkeypatch.setenv("PYTHONPATH", copied.environment["PYTHONPATH"])
    data = copied.path / "data"

    def run():
        before = content(data)
        found = list(Audit(data, data / "records", copied.path).run())
        assert content(data) == before
        return {checked.what: checked.problem for checked in found if checked.problem}, len(found)

    return run


def content(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def record_path(house):
    return house.path / "data" / "records" / "tiny" / f"{ROW}.json"


def change(path, edit):
    found = json.loads(path.read_text())
    edit(found)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def test_what_was_not_touched_is_in_order(audit, copied):
    problems, checked = audit()
    assert problems == {}
    assert checked == len(copied.outcomes()) + 2


def test_a_tampered_record_is_named_with_the_place(audit, copied):
    def edit(record):
        record["arms"]["finetune"]["accuracy"][1] += 1
        record["verdicts"][0]["state"] = "REFUTED"

    change(record_path(copied), edit)
    foreign = record_path(copied).with_name("foreign.json")
    foreign.write_text(record_path(copied).read_text().replace("pytest claims -k", "rm -rf -k"))
    (foreign.with_name("broken.json")).write_text("{}")
    problems, _ = audit()
    said = problems[f"record tiny/{ROW}"]
    assert "is not what its outcomes say" in said
    assert "arms.finetune.accuracy[1] is" in said
    assert "verdicts[0].state is REFUTED, derived SUPPORTED" in said
    assert "is none that prunebench writes" in problems["record tiny/foreign"]
    assert "cannot be read: a record of schema None" in problems["record tiny/broken"]
    assert len(problems) == 3  # the control's is in order


def test_a_record_that_no_claim_makes_and_a_tier_that_is_none_are_said(audit, copied):
    path = record_path(copied)
    path.with_name("gone.json").write_text(path.read_text().replace(f'-k \\"{ROW}\\"', '-k \\"nothing\\"'))
    path.with_name("huge.json").write_text(path.read_text().replace("--pb-tier tiny", "--pb-tier huge"))
    problems, _ = audit()
    assert problems["record tiny/gone"] == "cannot be derived: no claim test here makes it"
    assert "unknown tier 'huge'" in problems["record tiny/huge"]


def test_tampered_checkpoints_are_named(audit, copied):
    trainings = [
        name
        for name in copied.outcomes()
        if part(copied.place(name), "spec.json")["kind"] == "training"
        and "start" not in part(copied.place(name), "spec.json")["spec"]
    ]
    flipped, lying, broken = map(copied.place, trainings[:3])
    flip(flipped, "weights.safetensors")
    facts = part(lying, "outcome.json")
    resign(lying, "outcome.json", json.dumps(facts | {"accuracy": facts["accuracy"] + 1}).encode())
    resign(broken, "weights.safetensors", b"no weights at all")
    problems, _ = audit()
    assert problems[f"checkpoint {flipped.name}"] == "weights.safetensors has another checksum"
    assert "weights.safetensors cannot be read" in problems[f"checkpoint {broken.name}"]
    assert "its accuracy is" in problems[f"checkpoint {lying.name}"]
    assert f"cannot be derived: FAILED claims/test_automatic.py::test_slimming[{ROW}]" in problems[f"record tiny/{ROW}"]
    assert "--pb-stored" in problems[f"record tiny/{ROW}"]


def test_stored_trains_nothing(house):
    code, out = house.pytest("-k", ROW, "--pb-stored", parent=False)
    assert code == 3
    assert re.search(rf"--pb-stored: outcome \w{{12}} is not stored(.|\n)*in row {ROW}", out), out
    assert house.outcomes() == []
    assert not (house.path / "data").exists(), "nothing is written either"


def test_every_stored_spec_is_parsed_to_what_it_was(finished):
    for name in finished.outcomes():
        assert digest(parse(part(finished.place(name), "spec.json"))) == name


def test_a_command_is_run_only_with_options_that_records_have(finished):
    record = load(record_path(finished).read_text())
    assert command(record) == (f"(test_slimming and {ROW} and C02)", ("--pb-tier", "tiny", "--pb-seeds", "2"))
    words = ("--pb-network", "net.py:small", "--pb-deterministic")
    own = record.model_copy(update={"command": " ".join(["pytest claims -k x", *words])})
    assert command(own)[1] == words
    for words in ("--pb-data elsewhere", "-p evil", "--pb-tier --pdb"):
        with pytest.raises(PrunebenchError, match="none that prunebench writes"):
            command(record.model_copy(update={"command": f'pytest claims -k "x" {words}'}))


def test_the_command_line_ends_with_1_on_a_finding(copied):
    victim = copied.place(copied.outcomes()[0])
    flip(victim, "outcome.json")
    shutil.rmtree(record_path(copied).parent)
    done = copied.prunebench("audit", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["checked"] == len(copied.outcomes())
    assert found["findings"][0] == {
        "what": f"checkpoint {victim.name}",
        "problem": "outcome.json has another checksum",
    }


METHOD = """
from prunebench.pruning import keep_uniform, prunable

def Prune(network, ratio, context):
    return keep_uniform({g.name: g.norm.weight.abs() for g in prunable(network, context.example) if g.norm}, ratio)
"""

NETWORK = """
from torch import nn

def small(channels, classes):
    layers = [nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(6, classes))
"""


def test_a_run_on_files_of_the_user_is_audited_where_they_are_now(tmp_path, monkeypatch):
    house = make_house(tmp_path / "house", apart=False)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p tiny")
    monkeypatch.setenv("PYTHONPATH", house.environment["PYTHONPATH"])
    (house.path / "mine.py").write_text(METHOD)
    (house.path / "net.py").write_text(NETWORK)
    given = ("--pb-method", "mine.py:Prune", "--pb-network", "net.py:small", "--pb-seeds", "1")
    code, out = house.pytest("-k", "candidate", *given, parent=False)
    assert code == 0, out
    for known in ("_LOADED", "_OFFERED"):
        monkeypatch.setattr(own, known, {})
    data = house.path / "data"

    def audited(**brought):
        found = Audit(data, data / "records", house.path, {f"--pb-{name}": [text] for name, text in brought.items()})
        return {checked.what.split()[0]: checked.problem for checked in found.run() if checked.problem}

    assert audited() == {}
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("mine.py", "net.py"):
        shutil.move(house.path / name, moved / name)
    for known in ("_LOADED", "_OFFERED"):
        monkeypatch.setattr(own, known, {})
    assert "small is a network of a user's file" in audited()["checkpoint"]
    assert audited(method=f"{moved / 'mine.py'}:Prune", network=f"{moved / 'net.py'}:small") == {}


def test_nothing_to_audit_is_no_success(prunebench, tmp_path):
    code, _, err = prunebench("audit", "--records", "nowhere", folder=tmp_path)
    assert code == 2
    assert "there are no checkpoints in data and no records in nowhere" in err
