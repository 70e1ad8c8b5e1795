"""What the pages say is what was tested: no other claim's verdict, no name of what was not trained, no rank of ties."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from statistics import fmean

import pytest

from leaderboard.site.pages import build
from prunebench.protocol import tables
from prunebench.records.parts import Interval, PaperVerdict, Subject
from prunebench.records.record import ClaimRecord, Record

Make = Callable[..., Record]
MakeClaim = Callable[..., ClaimRecord]


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page.read_text())))


def cells_of(site: Path, claim: str) -> list[str]:
    """The cells of a claim's line in the table of claims, one for each setting."""
    (line,) = re.findall(rf'<tr id="{claim}">(.*?)</tr>', (site / "claims.html").read_text(), re.DOTALL)
    cells = re.findall(r"<td data-label[^>]*>(.*?)</td>", line, re.DOTALL)
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", cell))).strip() for cell in cells]


def test_a_claim_counts_only_verdicts_on_itself(tmp_path: Path, make_record: Make) -> None:
    build([make_record("t4.a"), make_record("t4.b")], tmp_path)  # evidence for C02, C04, C08; the verdict is on C08
    assert cells_of(tmp_path, "C02") == ["not tested in this setting"]
    assert cells_of(tmp_path, "C25") == ["not run"]
    assert cells_of(tmp_path, "C08")[0].startswith("2 supported")
    page = text_of(tmp_path / "claims" / "C04.html")
    assert "Not tested in any setting yet." in page
    assert "supported" not in page.partition("</footer>")[0]


def test_both_halves_of_a_sentence_are_told(tmp_path: Path, make_record: Make) -> None:
    record = make_record()
    half = record.verdicts[0].model_copy(
        update={"relation": "scratch_e at least finetune", "state": "INCONCLUSIVE", "lower": -9.0, "upper": 9.0}
    )
    build([record.model_copy(update={"verdicts": [*record.verdicts, half]})], tmp_path)
    (cell,) = cells_of(tmp_path, "C08")
    assert "1 supported Scratch-B at least fine-tuning" in cell
    assert "1 inconclusive Scratch-E at least fine-tuning: 1 open" in cell


def test_what_was_trained_stands_first_and_what_it_stands_in_for_second(tmp_path: Path, make_record: Make) -> None:
    build([make_record()], tmp_path)
    page = (tmp_path / "rows" / "smoke" / "t4.cifar10.vgg-19.70.html").read_text()
    head = re.search("<h1>(.*)</h1>", page)
    assert head
    assert head[1] == "Small VGG (73 k parameters) on scikit-learn digits 16x16, slimming 70 %"
    assert "Stands in for VGG-19 on CIFAR-10 (Table 4 of the paper), which was not trained here." in page
    data = (tmp_path / "data" / "rows" / "smoke.0.js").read_text()
    columns = json.loads(re.sub(r"^pb.add\(.*?,\d+,|\);$", "", data.strip()))["columns"]
    assert columns["dataset"]["of"] == ["scikit-learn digits 16x16"]
    assert columns["network"]["of"] == ["Small VGG (73 k parameters)"]


def of_method(make_record: Make, method: str, same: bool) -> Record:
    record = make_record(
        f"f10.{method}.2x.t1.some", key="one plan", claims=["F10"], method=Subject(name=method, used=method)
    )
    own = record.arms["scratch_b"]
    uniform = own.model_copy(
        update={
            "accuracy": own.accuracy if same else [value - 1 for value in own.accuracy],
            "measures": {"flops": [float(pruned.size.flops) for pruned in record.pruned]},
        }
    )
    value = Interval(difference=0.0 if same else 1.0, lower=-2.01, upper=2.01, confidence=0.95, n=[3, 3])
    on_plans = {"claim": "F10", "relation": "scratch_b at least uniform_scratch_b", "difference": 0.0, "lower": -2.01}
    verdicts = [
        *record.verdicts,
        record.verdicts[0].model_copy(update=on_plans | {"upper": 2.01, "reason": "+0.00 [−2.01"}),
    ]
    return record.model_copy(
        update={
            "arms": record.arms | {"uniform_scratch_b": uniform},
            "values": {"architecture": value},
            "verdicts": verdicts,
        }
    )


def test_a_uniform_plan_has_no_architecture_value(tmp_path: Path, make_record: Make) -> None:
    build([of_method(make_record, "same", True), of_method(make_record, "other", False)], tmp_path)
    for page in ("rows/smoke/f10.same.2x.t1.some.html", "methods/same.html"):
        text = text_of(tmp_path / page)
        assert "same widths as uniform" in text
        assert "−2.01" not in text
    assert "[−2.01, +2.01]" in text_of(tmp_path / "methods" / "other.html")
    (cell,) = cells_of(tmp_path, "F10")
    assert "1 supported Scratch-B at least Scratch-B of uniform pruning: 1 equal within 3 points" in cell
    assert "1 of 2 are no test: same widths as uniform" in cell
    assert "1 of 2 are no test: same widths as uniform" in text_of(tmp_path / "claims" / "F10.html")


def test_methods_with_one_plan_are_one_line_with_a_range_of_ranks(tmp_path: Path, make_record: Make) -> None:
    build([of_method(make_record, name, True) for name in ("a", "b", "c")], tmp_path)
    text = text_of(tmp_path / "methods.html")
    assert re.search(r"Rank fine-tuned 1 to 3 a , b , c ", text)
    assert "1 to 3" in text_of(tmp_path / "methods" / "b.html")


def test_a_ranking_of_equal_plans_shows_no_correlation(tmp_path: Path, make_claim: MakeClaim) -> None:
    claim = make_claim("rankings", claim="S03")
    numbers = {"finetune": [[1.0], [2.0], [3.0]], "scratch_b": [[5.0], [5.0], [6.0]]}
    changes = {
        "unit": "tau",
        "numbers": numbers,
        "relation": "tau(finetune, scratch_b) greater than 0",
        "lower": -0.123,
    }
    build([claim.model_copy(update={"verdict": claim.verdict.model_copy(update=changes)})], tmp_path)
    for page in ("claims.html", "claims/S03.html"):
        text = text_of(tmp_path / page)
        assert "2 of 3 methods have the very same Scratch-B: their plans are one, so there is no ranking" in text
        assert "no test" in text
        assert "−0.12" not in text


def test_sums_count_distinct_results_by_what_was_found_and_name_the_margin(tmp_path: Path, make_record: Make) -> None:
    rows = [make_record("a", same_as=["b"], key=1), make_record("b", same_as=["a"], key=1), make_record("c")]
    build([*rows, make_record("d", levels={"scratch_b": 90.0})], tmp_path)
    text = text_of(tmp_path / "index.html")
    assert "3 distinct results (from 4 rows, some of which share all their trainings): 2 better , 1 worse" in text
    assert "equal meaning within 3 points" in text
    assert "None is at the paper's full setting yet" in text


def test_a_test_that_cannot_tell_its_claim_from_the_opposite_says_so(
    tmp_path: Path, make_record: Make, make_claim: MakeClaim, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {"paper": 0.9, "none": 0.5, "opposite": 0.31}
    truth = {name: {"SUPPORTED": share, "REFUTED": 0.0, "INCONCLUSIVE": 1 - share} for name, share in shares.items()}
    about = {
        "claim": "C08",
        "tier": "smoke",
        "n": 3,
        "seeds": None,
        "draws": 100,
        "relation": "scratch_b at least finetune",
    }
    (tmp_path / "power").mkdir()
    monkeypatch.setattr("leaderboard.site.opposites.FOLDER", tmp_path / "power")
    for discriminates in (False, True):
        entry = {**about, "test": "c08-scratch-b-beats-finetune", "truth": truth, "discriminates": discriminates}
        (tmp_path / "power" / "smoke.json").write_text(json.dumps([entry]))
        assert build([make_claim()], tmp_path / "site") == []
        for page in ("claims.html", "claims/C08.html"):
            told = "does not tell the claim from its opposite" in text_of(tmp_path / "site" / page)
            assert told is not discriminates
        text = text_of(tmp_path / "site" / "claims" / "C08.html")
        assert "supported in 90 % were the paper right, 50 % were both sides equal, 31 % were the opposite true" in text
    row = entry | {"test": "t4.dull", "discriminates": False}
    (tmp_path / "power" / "smoke.json").write_text(json.dumps([row]))
    build([make_record("t4.dull"), make_record("t4.sharp")], tmp_path / "site")
    assert "1 of them do not tell the claim from its opposite" in cells_of(tmp_path / "site", "C08")[0]
    assert "1 of 2 distinct results cannot tell" in text_of(tmp_path / "site" / "claims" / "C08.html")
    assert "1 of them cannot tell this from its opposite" in text_of(tmp_path / "site" / "index.html")
    (tmp_path / "power" / "smoke.json").write_text("[1]")
    (line,) = build([make_claim()], tmp_path / "site")
    assert "smoke.json: not as `prunebench power --json` writes it (TypeError" in line


def test_one_sign_for_one_quantity_and_words_for_whose_test_it_is(tmp_path: Path, make_record: Make) -> None:
    record = make_record()
    difference = record.verdicts[0].difference
    value = Interval(difference=-difference, lower=-difference - 1, upper=-difference + 1, confidence=0.95, n=[3, 3])
    paper = PaperVerdict(state="SUPPORTED", difference=0.21, lower=0.04, upper=0.38)
    verdicts = [record.verdicts[0].model_copy(update={"paper": paper})]
    build([record.model_copy(update={"values": {"weight": value}, "verdicts": verdicts})], tmp_path)
    text = text_of(tmp_path / "rows" / "smoke" / "t4.cifar10.vgg-19.70.html")
    assert f"+{difference:.2f}" in text
    assert f"−{difference:.2f}" not in text
    assert "our test on the paper's numbers (its data, its network) supported +0.21 [+0.04, +0.38]" in text
    assert "The paper says" not in text


@pytest.mark.parametrize(
    ("relation", "of", "refuted"),
    [
        (
            "scratch_b at least finetune in each of 11 rows",
            "the worst row",
            "one row's whole interval lay on the wrong",
        ),
        ("scratch_b at least finetune on the mean of 11 rows", "the mean over the rows", "lay below minus the margin"),
        ("finetune greater than scratch_b in some of 12 rows", "the best row", "in every row"),
    ],
)
def test_an_interval_says_what_it_is_of_and_what_would_have_refuted_it(
    tmp_path: Path, make_claim: MakeClaim, relation: str, of: str, refuted: str
) -> None:
    claim = make_claim()
    build([claim.model_copy(update={"verdict": claim.verdict.model_copy(update={"relation": relation})})], tmp_path)
    assert f": {of} +2." in cells_of(tmp_path, "C08")[0]
    text = text_of(tmp_path / "claims" / "C08.html")
    assert f"the interval is of {of}" in text
    assert re.search(f"refuted if .*{refuted}", text)


def test_every_claim_of_the_paper_has_a_page_and_a_line(tmp_path: Path, make_record: Make) -> None:
    build([make_record()], tmp_path)
    for claim in tables.load().claims:
        assert (tmp_path / "claims" / f"{claim}.html").is_file()
        assert cells_of(tmp_path, claim)


def test_a_refuted_claim_is_named_on_the_front_page(tmp_path: Path, make_claim: MakeClaim, make_record: Make) -> None:
    claim = make_claim()
    changes = {"state": "REFUTED", "difference": -5.0, "lower": -6.0, "upper": -4.0}
    build([make_record(), claim.model_copy(update={"verdict": claim.verdict.model_copy(update=changes)})], tmp_path)
    text = text_of(tmp_path / "index.html").partition("Claims that were refuted")[2]
    assert f"C08 {claim.statement}" in text
    assert "−5.00 [−6.00, −4.00] points" in text


def test_pages_have_their_numbers_without_javascript(tmp_path: Path, make_record: Make) -> None:
    record = make_record()
    build([record], tmp_path)
    text = text_of(tmp_path / "rows" / "smoke" / "t4.cifar10.vgg-19.70.html")
    for value in record.arms["scratch_b"].accuracy:
        assert f"{value:.2f}" in text
    assert "Small VGG (73 k parameters) on scikit-learn digits 16x16" in text_of(tmp_path / "methods.html")


def test_a_record_that_says_it_does_not_discriminate_is_believed(tmp_path: Path, make_claim: MakeClaim) -> None:
    dull = make_claim().verdict.model_copy(update={"discriminates": False})
    build([make_claim(verdict=dull)], tmp_path / "site")
    for page in ("claims.html", "claims/C08.html"):
        assert "does not tell the claim from its opposite" in text_of(tmp_path / "site" / page)


def test_the_front_page_sets_accuracy_against_the_computing_of_each_arm(tmp_path: Path, make_record: Make) -> None:
    record = make_record(levels={"dense": 90.0, "finetune": 89.0, "scratch_b": 91.0})
    build([record], tmp_path)
    left = fmean(pruned.size.flops for pruned in record.pruned) / record.dense.flops
    text = text_of(tmp_path / "index.html")
    for name, words in (("finetune", "Fine-tuned"), ("scratch_e", "Scratch-E"), ("scratch_b", "Scratch-B")):
        arms = record.arms
        gain = fmean(arms[name].accuracy) - fmean(arms["dense"].accuracy)
        flops = arms[name].epochs[0] * left / arms["dense"].epochs[0]
        sign = "−" if gain < 0 else "+"
        assert f"{words}: {sign}{abs(gain):.2f} points on average, for {flops:.2g} times" in text
    assert (tmp_path / "index.html").read_text().count('<circle class="mean arm-') == 3
