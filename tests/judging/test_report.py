"""The closing tables."""

import io
from itertools import pairwise

import pytest
from rich.console import Console

from prunebench.judging.report import closing_tables
from prunebench.records import record
from prunebench.records.parts import Interval, PaperVerdict


@pytest.fixture
def shown(used_house, tmp_path):
    """Return what the closing table says of a row with this verdict of the paper and this agreement."""
    path = used_house.path / "data" / "records" / "tiny" / "t4.imagenet.vgg-11.50.json"
    template = record.load(path.read_text())

    def show(paper, agreement):
        verdict = template.verdicts[0].model_copy(update={"state": "SUPPORTED", "paper": paper})
        changed = template.model_copy(update={"verdicts": [verdict], "agreement": agreement})
        (tmp_path / "row.json").write_text(record.dump(changed))
        console = Console(file=io.StringIO(), width=180)
        finding = {"path": str(tmp_path / "row.json"), "computed": 1, "stored": 0, "seconds": 1.0}
        for table in closing_tables([finding], margin=0.5):
            console.print(table)
        return console.file.getvalue()

    return show


def columns(text):
    """Return the cells of the row's first line, from the paper's verdict on."""
    head = next(line for line in text.splitlines() if "paper says" in line)
    places = [head.index(name) for name in ("paper says", "we find", "agrees", "epochs")]
    line = text.splitlines()[text.splitlines().index(head) + 2]
    return [line[start:end].strip() for start, end in pairwise(places)]


def test_paper_says_we_find_and_agrees_are_three_columns(shown):
    paper = PaperVerdict(state="REFUTED", difference=-1, lower=-1.5, upper=-0.5)
    near = Interval(difference=0.1, lower=-0.2, upper=0.4, confidence=0.95, n=[5, 5])
    assert columns(shown(paper, {"finetune": near})) == ["REFUTED", "SUPPORTED", "finetune: yes"]


def test_where_the_paper_has_no_spread_or_another_dataset_nothing_is_said(shown):
    assert columns(shown(None, {})) == ["-", "SUPPORTED", "-"]


def test_rows_with_other_arms_have_a_table_of_their_own(used_house, tmp_path):
    path = used_house.path / "data" / "records" / "tiny" / "t4.imagenet.vgg-11.50.json"
    first = record.load(path.read_text())
    arms = {("soft_pruned" if name == "finetune" else name): arm for name, arm in first.arms.items()}
    second = first.model_copy(update={"row": "t10.imagenet.resnet-34.30", "arms": arms})
    (tmp_path / "other.json").write_text(record.dump(second))
    findings = [{"path": str(p), "computed": 0, "stored": 1, "seconds": 1.0} for p in (path, tmp_path / "other.json")]
    console = Console(file=io.StringIO(), width=180)
    tables = closing_tables(findings, margin=3.0)
    for table in tables:
        console.print(table)
    assert len(tables) == 2
    heads = [line for line in console.file.getvalue().splitlines() if "paper says" in line]
    assert ["finetune" in heads[0], "soft_pruned" in heads[1]] == [True, True]


def test_the_finding_stands_below_the_state_and_q_below_p(used_house, tmp_path):
    path = used_house.path / "data" / "records" / "tiny" / "t4.imagenet.vgg-11.50.json"
    template = record.load(path.read_text())
    findings = []
    for i, p in enumerate((0.01, 0.04)):
        changes = {"p": p, "state": "SUPPORTED", "finding": "equal", "discriminates": False}
        verdict = template.verdicts[0].model_copy(update=changes)
        file = tmp_path / f"{i}.json"
        file.write_text(record.dump(template.model_copy(update={"verdicts": [verdict]})))
        findings.append({"path": str(file), "computed": 0, "stored": 1, "seconds": 1.0})
    console = Console(file=io.StringIO(), width=180)
    for table in closing_tables(findings, margin=3.0):
        console.print(table)
    said = console.file.getvalue()
    assert [f"q {q:g}" in said for q in (0.02, 0.04)] == [True, True], "of two, the smaller p counts twice"
    assert "equal" in said
    assert "discriminate" in said
