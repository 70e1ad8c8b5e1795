"""One claim, any figures: runs, records, the paper."""

import json
import shutil
from pathlib import Path

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.judging.again import judged_again, settings_of, sources
from prunebench.judging.bodies import bodies
from prunebench.judging.comparison import contradictions, verdicts_of
from prunebench.judging.figures import MissingFigureError
from prunebench.judging.from_paper import FromPaper
from prunebench.judging.from_records import FromRecords, read
from prunebench.judging.settings import as_recorded, resolve
from prunebench.protocol import tables
from prunebench.records.parts import ArmFigures, RowFigures
from prunebench.records.record import Record, load

RESULTS = Path(__file__).parents[2] / "leaderboard" / "results"
SMOKE = as_recorded("smoke")
ROW = "t4.cifar10.vgg-19.70"


def body(name):
    (found,) = [each for each in bodies() if each.name() == name]
    return found


def test_a_row_is_judged_on_its_record_as_its_run_judged_it():
    source = read(RESULTS, "smoke")
    record = source.records[ROW]
    found = body(ROW).record(SMOKE, source)
    assert [contradictions(a, b) for a, b in zip(verdicts_of(record), verdicts_of(found), strict=True)] == [[], []]
    assert found.arms == record.arms


def test_a_margin_of_ones_own_changes_the_verdict(tmp_path):
    figures = f"records:{RESULTS}"
    wide = resolve(tmp_path, tier="smoke", figures=figures, margin=5.0)
    source = read(RESULTS, "smoke")
    states = {
        margin: body(ROW).record(settings, source).verdicts[0].state
        for margin, settings in {3.0: SMOKE, 5.0: wide}.items()
    }
    assert states == {3.0: "INCONCLUSIVE", 5.0: "SUPPORTED"}
    with pytest.raises(PrunebenchError, match="give --pb-from records:FOLDER or paper with them"):
        resolve(tmp_path, tier="smoke", margin=0.1)
    with pytest.raises(PrunebenchError, match=r"a probability above 0\.5 and below 1"):
        resolve(tmp_path, tier="smoke", figures=figures, confidence=95)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"figures": "records:nowhere"}, "there is no such folder"),
        ({"figures": f"records:{RESULTS}", "tier": "paper"}, r"has records of laptop, quick-with-\S+, smoke"),
        ({"figures": "paper", "tier": "smoke"}, "--pb-from paper --pb-tier smoke: valid are records:FOLDER"),
        ({"figures": "memory"}, "--pb-from memory: valid are"),
    ],
)
def test_a_source_that_is_none_is_said_so(tmp_path, given, said):
    with pytest.raises(PrunebenchError, match=said):
        resolve(tmp_path, **given)


def test_substitutes_of_a_run_need_not_be_here(tmp_path):
    found = resolve(tmp_path, tier="quick", dataset=["cifar10=cifar10-jpeg75"], figures=f"records:{RESULTS}")
    assert found.tier.name == "quick-with-cifar10-as-cifar10-jpeg75"


def test_a_missing_figure_is_named_with_the_command_that_writes_it():
    record = load((RESULTS / "smoke" / f"{ROW}.json").read_text())
    lacking = record.model_copy(update={"arms": {n: a for n, a in record.arms.items() if n != "finetune"}})
    with pytest.raises(
        MissingFigureError, match=rf"{ROW} has no figures of the arm finetune; .*pytest claims -k slimm"
    ):
        judged_again(lacking, FromRecords({ROW: lacking}))


def test_a_claim_uses_its_own_figures_before_those_of_the_rows_records():
    """More seeds in a row's record do not change what a claim said of fewer."""
    row = tables.load().row(ROW)
    record = load((RESULTS / "smoke" / f"{ROW}.json").read_text())
    own = RowFigures(dataset="digits", resolution=0.1, arms={"finetune": ArmFigures(seeds=[0, 1], accuracy=[1.0, 2.0])})
    claim = load((RESULTS / "smoke" / "slimming_in_every_row.json").read_text())
    source = FromRecords({ROW: record, claim.name: claim.model_copy(update={"figures": {ROW: own}})})
    asked = {name: source.observe(row, None, (), SMOKE, name) for name in (claim.name, ROW)}
    assert asked[claim.name].values("finetune") == [1.0, 2.0]
    assert asked[claim.name].values("scratch_b") == record.arms["scratch_b"].accuracy, "of the row's record"
    assert asked[ROW].values("finetune") == record.arms["finetune"].accuracy
    fewer = source.observe(row, None, (), as_recorded("smoke", "2"), ROW)
    assert fewer.values("finetune") == record.arms["finetune"].accuracy[:2]


def test_a_candidate_is_judged_without_its_file():
    record = load((RESULTS / "smoke" / f"{ROW}.json").read_text())
    name = "candidate.mine.Prune.vgg-19.50"
    baselines = dict.fromkeys(("uniform_finetune", "l1_finetune", "random_finetune"), record.arms["finetune"])
    mine = record.model_copy(
        update={
            "row": name,
            "arms": {**record.arms, **baselines, "uniform_scratch_b": record.arms["scratch_b"]},
            "verdicts": [record.verdicts[0].model_copy(update={"claim": "candidate"})],
            "command": 'pytest claims -k "x" --pb-tier smoke --pb-seeds 3 --pb-method nowhere/mine.py:Prune',
        }
    )
    found = judged_again(mine, FromRecords({name: mine}))
    assert (found.row, len(found.verdicts), found.verdicts[0].state) == (name, 6, "INCONCLUSIVE")


def test_looks_of_a_sequential_run_are_repeated():
    record = load((RESULTS / "smoke" / f"{ROW}.json").read_text())
    auto = record.model_copy(update={"command": record.command.replace("--pb-seeds 3", "--pb-seeds auto:5")})
    assert [look.seeds for look in settings_of(auto).looks] == [3, 5]
    assert judged_again(auto, FromRecords({ROW: auto})).verdicts[0].confidence > 0.96


def test_a_damaged_record_and_two_of_one_name_are_errors(tmp_path):
    shutil.copy(RESULTS / "smoke" / f"{ROW}.json", tmp_path)
    (tmp_path / "sub").mkdir()
    shutil.copy(RESULTS / "smoke" / f"{ROW}.json", tmp_path / "sub")
    with pytest.raises(PrunebenchError, match="a second record of"):
        read(tmp_path, "smoke")
    (tmp_path / "sub" / f"{ROW}.json").write_text("{")
    with pytest.raises(PrunebenchError, match="is no record"):
        read(tmp_path, "smoke")


def test_the_papers_numbers_are_judged_by_the_same_claims():
    """Paper p.6: Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows of Table 4."""
    paper = resolve(Path.cwd(), figures="paper")
    assert (paper.tier.name, paper.tier.margin, len(paper.seeds)) == ("paper", 0.5, 5)
    verdict = body("slimming_scratch_b_beats_finetune_in_8_of_10").record(paper, FromPaper()).verdict
    assert (verdict.difference, verdict.n) == (0, [50, 50])
    found = body("t6.cifar10.vgg-19.95").record(paper, FromPaper())
    row = tables.load().row("t6.cifar10.vgg-19.95").paper
    assert found.verdict.difference == pytest.approx(row["scratch_b"].mean - row["finetune"].mean)
    with pytest.raises(MissingFigureError, match="the paper has no numbers of memory"):
        body("scratch_needs_less_memory").record(paper, FromPaper())


def test_drops_are_compared_by_drops():
    """Paper, Table 2, VGG-Conv: fine-tuning loses 1.23 points, Scratch-E 2.75."""
    paper = resolve(Path.cwd(), figures="paper")
    found = body("t2.vgg16.conv").record(paper, FromPaper())
    drops = tables.load().row("t2.vgg16.conv").drops
    assert found.aside[0].difference == pytest.approx(drops["scratch_e"] - drops["finetune"])
    assert (found.verdict.state, found.verdict.n) == ("INCONCLUSIVE", [1, 1])


def test_what_a_claim_used_of_runs_is_in_its_record(copied_house):
    """A run's records are judged again to the same verdicts, with patterns, curves and measures."""
    chosen = "(patterns_alike and left) or small_rate_stays_close and vgg or t4.imagenet.vgg-11.50 and not control"
    code, out = copied_house.pytest("-k", chosen)
    assert code in (0, 1), out
    records = [load(file.read_text()) for file in (copied_house.path / "data" / "records" / "tiny").glob("*.json")]
    assert len(records) == 3
    source = sources(records)["tiny"]
    for record in records:
        again = judged_again(record, source)
        assert [contradictions(a, b) for a, b in zip(verdicts_of(record), verdicts_of(again), strict=True)] == [
            [] for _ in verdicts_of(record)
        ]
    claims = {r.name: r for r in records if not isinstance(r, Record)}
    distances = claims["small_rate_stays_close_to_the_initial_weights.vgg-16"].figures
    assert all(len(row.arms["dense"].measures["distance"]) == 2 for row in distances.values())
    assert not any(row.patterns or row.stages for row in distances.values()), "what was not used is not there"
    file = copied_house.path / "judged.json"
    before = copied_house.outcomes()
    code, out = copied_house.pytest("--pb-from", "records:data/records", "-k", chosen, "--pb-json", str(file))
    assert "nothing is trained, nothing is logged" in out
    assert "skipped" not in out, out
    assert {entry["state"] for entry in json.loads(file.read_text())} <= {"SUPPORTED", "REFUTED", "INCONCLUSIVE"}
    assert copied_house.outcomes() == before
