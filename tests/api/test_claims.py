"""Claims and rows, run from Python."""

import os

import pytest
from houses import ROOT

import prunebench as pb
from prunebench.api import claims


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder in which the tiny tier is known to every process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")]))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p tiny")
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST", "MLFLOW"))]:
        monkeypatch.delenv(name)
    return tmp_path


def test_a_row_is_run_judged_and_kept(tiny, capsys):
    records = pb.run("t4.imagenet.vgg-11.50", tier="tiny", seeds=1, options=["--pb-device", "cpu"])
    (record,) = records.rows
    assert (record.row, record.tier) == ("t4.imagenet.vgg-11.50", "tiny")
    assert [line.claim for line in records.verdicts if line.relation == "scratch_b at least finetune"] == ["C02"]
    assert "prunebench: tier tiny" in capsys.readouterr().out
    assert pb.read_records("data/records/tiny") == records


def test_names_are_checked_before_pytest_is_asked():
    with pytest.raises(pb.PrunebenchError, match="'C99' is neither a claim nor a row; near are C"):
        pb.run(["C02", "C99"])
    with pytest.raises(pb.PrunebenchError, match="no claim or row is given"):
        pb.run([])


def test_claims_go_by_their_ids_and_rows_by_theirs_alone():
    assert claims._expression("C02") == "C02"
    assert claims._expression(["C02", "t4.cifar10.vgg-19.70"]) == "C02 or [t4.cifar10.vgg-19.70]"


def test_what_pytest_refuses_is_said(tiny):
    with pytest.raises(pb.PrunebenchError, match=r"pytest ended with code 4:\n(?s:.*)unknown tier 'tny'"):
        pb.run("C02", tier="tny")


def test_rows_that_end_in_an_error_are_told():
    entries = [{"test": "a", "state": "SUPPORTED"}, {"test": "b", "state": None, "error": "loss is nan"}]
    with pytest.raises(pb.PrunebenchError, match=r"1 of 2 ended in an error; .*\nb: loss is nan"):
        claims._check(1, "", entries)
