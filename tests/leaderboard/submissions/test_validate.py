"""What `python -m leaderboard validate` finds in the files of a submission."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.__main__ import main
from leaderboard.submissions.validate import validate
from prunebench.common.errors import PrunebenchError

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "leaderboard" / "results"
ROW = "t4.cifar10.vgg-19.70"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Those of the committed results that are of Table 4, to be changed."""
    return table_4(tmp_path / "results")


def table_4(folder: Path) -> Path:
    (folder / "smoke").mkdir(parents=True)
    smoke = RESULTS / "smoke"
    for file in (*smoke.glob("t4.*.json"), *smoke.glob("slimming_*.json")):
        shutil.copy(file, folder / "smoke")
    return folder


@cache
def text_of(name: str) -> str:
    return (RESULTS / "smoke" / f"{name}.json").read_text()


def edited(folder: Path, change: Any, name: str = ROW) -> Path:
    """Write a record, changed, to a folder of results."""
    data = json.loads(text_of(name))
    change(data)
    file = folder / "smoke" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data))
    return file


def said(path: Path) -> str:
    return "\n".join(" ".join(fault) for faults in validate([path]).faults.values() for fault in faults)


def test_the_committed_results_are_valid() -> None:
    report = validate([RESULTS])
    assert report.faults == {}
    assert report.files == len(list(RESULTS.rglob("*.json")))
    known = {f.stem for f in RESULTS.rglob("*.json")} - {Path(file).stem for file in report.unknown}
    assert {"slimming_in_every_row", ROW} <= known


def _flip(data: dict[str, Any], draw: Any) -> None:
    verdict = draw(st.sampled_from(data["verdicts"]))
    verdict["state"] = draw(st.sampled_from(sorted({"SUPPORTED", "REFUTED", "INCONCLUSIVE"} - {verdict["state"]})))


def _accuracy(data: dict[str, Any], draw: Any) -> None:
    arm = data["arms"][draw(st.sampled_from(sorted(data["arms"])))]
    values = arm[draw(st.sampled_from(["accuracy", "best_accuracy"]))]
    i = draw(st.integers(0, len(values) - 1))
    images = draw(st.integers(0, 599).filter(lambda n: abs(n / 5.99 - values[i]) > 0.01))
    values[i] = draw(st.sampled_from([round(images / 5.99, 4), values[i] + 0.05, -values[i], float("nan"), 1e9]))


def _drop(data: dict[str, Any], draw: Any) -> None:
    arm = data["arms"][draw(st.sampled_from(sorted(data["arms"])))]
    lists = sorted(key for key, value in arm.items() if isinstance(value, list) and value)
    del arm[draw(st.sampled_from(lists))][draw(st.integers(0, 2))]


def _rename(data: dict[str, Any], draw: Any) -> None:
    data["row"] = draw(st.sampled_from([f.stem for f in RESULTS.rglob("t4*.json") if f.stem != ROW]) | st.text())


def _digest(data: dict[str, Any], draw: Any) -> None:
    digests = data["arms"][draw(st.sampled_from(sorted(data["arms"])))]["digests"]
    digests[draw(st.integers(0, 2))] = draw(st.sampled_from([text_of(ROW)[-80:-16], "0" * 64, ""]))


def _number(data: dict[str, Any], draw: Any) -> None:
    key = draw(st.sampled_from(["difference", "lower", "upper", "margin", "confidence", "p", "power"]))
    draw(st.sampled_from(data["verdicts"]))[key] += draw(st.sampled_from([-1, -0.01, 0.01, 1, 100]))


def _size(data: dict[str, Any], draw: Any) -> None:
    draw(st.sampled_from(data["pruned"]))["size"]["flops"] *= draw(st.sampled_from([-1, 0, 100, 10**30]))


def _course(data: dict[str, Any], draw: Any) -> None:
    """One number anywhere in a course, be it no accuracy that a verdict stands on."""
    curves = [curve for arm in data["arms"].values() for curve in arm["curves"]]
    course = draw(st.sampled_from(curves))[
        draw(st.sampled_from(["lr", "train_loss", "train_accuracy", "test_accuracy"]))
    ]
    course[draw(st.integers(0, len(course) - 1))] += draw(st.sampled_from([1e-6, -0.01, 1]))


def _field(data: dict[str, Any], draw: Any) -> None:
    key = draw(st.sampled_from(["tier", "title", "section", "table", "ratio", "protocol", "seeds_planned", "claims"]))
    data[key] = {"ratio": 0.4, "protocol": 2, "seeds_planned": 2, "claims": ["C99"]}.get(key, "smokey")


@given(
    data=st.data(), tamper=st.sampled_from([_flip, _accuracy, _drop, _rename, _digest, _number, _size, _course, _field])
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_single_tampering_is_found(tmp_path: Path, data: Any, tamper: Any) -> None:
    file = edited(tmp_path, lambda record: tamper(record, data.draw))
    faults = validate([file]).faults
    assert list(faults) == [str(file)], f"{tamper.__name__} was not found"
    assert all(all(fault) for fault in faults[str(file)]), "a message lacks what is wrong, what is valid or what to do"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data["network"].update(used="vgg (widths 64)"), "network.used is 'vgg (widths 64)'"),
        (lambda data: data["dense"].update(flops=100_000_000), "parameters and 100,000,000 FLOPs"),
        (lambda data: data["dense"].update(parameters=1), "dense has 1 parameters"),
        (lambda data: data.update(command="rm -rf /"), "its command 'rm -rf /' is none that prunebench writes"),
        (lambda data: data["provenance"]["commits"].append("deadbeef-dirty"), "was made by deadbeef-dirty"),
    ],
)
def test_what_this_version_knows_of_a_row_is_compared(tmp_path: Path, change: Any, why: str) -> None:
    assert why in said(edited(tmp_path, change))


@pytest.mark.parametrize("name", ["statement", "section"])
def test_a_claims_words_are_those_of_its_test(results: Path, name: str) -> None:
    file = edited(results, lambda record: record.update({name: "We are great."}), "slimming_in_every_row")
    assert f"{name} is 'We are great.'" in said(file)
    assert "as claims/ has test_slimming_in_every_row" in said(file)


@given(
    state=st.sampled_from(["REFUTED", "SUPPORTED", "INCONCLUSIVE"]),
    name=st.sampled_from(sorted((RESULTS / "smoke").glob("slimming_[is]*.json"))),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_claim_or_control_is_found(results: Path, state: str, name: Path) -> None:
    was = json.loads(text_of(name.stem))["verdict"]["state"]
    file = edited(results, lambda record: record["verdict"].update(state=state), name.stem)
    assert (str(file) in validate([results]).faults) == (state != was)


def test_a_claim_is_held_against_its_rows_even_where_only_its_own_file_is_given(results: Path) -> None:
    was = json.loads(text_of("slimming_in_every_row"))["verdict"]["difference"]
    file = edited(results, lambda record: record["verdict"].update(difference=0.05), "slimming_in_every_row")
    assert f"difference is 0.05, the numbers give {was:.6g}" in said(file)
    (results / "smoke" / f"{ROW}.json").unlink()
    assert f"difference is 0.05, the numbers give {was:.6g}" in said(file), "its own figures are enough"


def test_a_claim_s_own_figures_are_those_of_its_rows(results: Path) -> None:
    row = json.loads(text_of(ROW))
    arms = {
        name: {key: row["arms"][name][key] for key in ("seeds", "accuracy", "digests")}
        for name in ("finetune", "scratch_b")
    }
    figures = {ROW: {"dataset": "digits", "resolution": 100 / 599, "arms": arms}}
    file = edited(results, lambda record: record.update(figures=figures), "slimming_in_every_row")
    assert validate([file]).faults == {}
    arms["finetune"]["accuracy"] = [value - 1 for value in arms["finetune"]["accuracy"]]
    file = edited(results, lambda record: record.update(figures=figures), "slimming_in_every_row")
    assert f"figures.{ROW}.finetune has " in said(file)
    arms["finetune"]["accuracy"] = [50.0]
    figures["t9a.cifar10.vgg-16-a"] = figures[ROW]
    file = edited(results, lambda record: record.update(figures=figures), "slimming_in_every_row")
    assert "finetune.accuracy has 1 entries" in said(file)
    assert "figures has the row 't9a.cifar10.vgg-16-a'" in said(file)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is no record"),
        ("[1]", "schema None; this prunebench reads schema 1"),
        ('{"schema_version": 7}', "a record of schema 7; this prunebench reads schema 1"),
        ('{"schema_version": 1}', "validation errors for Record"),
        ("[" * 100_000, "is no record"),
        ("\udcff", "is no record"),
        (" " * 3_000_000, "has 3,000,000 bytes 2,097,152 at most"),
    ],
)
def test_a_file_that_is_no_record_is_said_so(results: Path, content: str, what: str) -> None:
    file = results / "smoke" / f"{ROW}.json"
    file.write_text(content, errors="surrogateescape")
    assert what in said(file)


def test_other_files_links_and_second_records_do_not_pass(results: Path) -> None:
    smoke = results / "smoke"
    (smoke / "run.sh").write_text("echo")
    (smoke / "t1.json").symlink_to("/etc/hostname")
    shutil.copy(smoke / f"{ROW}.json", smoke / "other.json")
    faults = {
        Path(file).name: " ".join(fault.what for fault in all_) for file, all_ in validate([results]).faults.items()
    }
    assert faults["run.sh"] == "is no record"
    assert faults["t1.json"] == "is a link or no plain file"
    assert f"holds the record smoke/{ROW}" in faults["other.json"]
    assert set(faults) == {"run.sh", "t1.json", "other.json", f"{ROW}.json"}


@pytest.mark.parametrize("row", ["../../up", "<script>alert(1)</script>", "a" * 10_000, "", "t4/x", ".hidden"])
def test_names_that_are_no_file_names_do_not_pass(tmp_path: Path, row: str) -> None:
    file = edited(tmp_path, lambda record: record.update(row=row))
    faults = validate([file]).faults[str(file)]
    assert any("is not safe as a path" in fault.what for fault in faults)
    assert max(len(part) for fault in faults for part in fault) < 5_000


def test_a_user_s_method_needs_no_table(used_house_with_a_method: Path) -> None:
    report = validate([used_house_with_a_method])
    assert report.faults == {}


@pytest.fixture
def used_house_with_a_method(tmp_path: Path) -> Path:
    """A record of a candidate: the specs of a row of slimming, with the method in a file of its own."""
    from dataclasses import replace

    from prunebench.protocol import tables, tiers
    from prunebench.protocol.jobs import Job
    from prunebench.specs.experiment import Method, digest

    work = Job(
        replace(tables.load().row(ROW), id="candidate.Prune.vgg-19.70"), tiers.SMOKE, Method("Prune", source="ab" * 32)
    )

    def change(record: dict[str, Any]) -> None:
        record.update(
            row=work.row.id, method={"name": "Prune", "used": "Prune", "digest": work.method.source}, paper={}
        )
        record.update(claims=[], title=replace(work.row, method="Prune").title)
        del record["arms"]["sparse"]
        for pruned in record["pruned"]:
            pruned["digest"] = digest(work.pruning(pruned["seed"]))
        for name, arm in record["arms"].items():
            trunk = {"dense": work.dense, "pruned": work.pruning}
            facts = {p["seed"]: {"flops": p["size"]["flops"], "dense": record["dense"]} for p in record["pruned"]}
            arm["digests"] = [
                digest(trunk[name](s) if name in trunk else work.arm(name, s, facts[s])) for s in arm["seeds"]
            ]

    file = edited(tmp_path, change)
    return file.rename(file.with_name(f"{work.row.id}.json"))


def test_the_command_says_what_is_wrong_and_ends_with_1(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(results, lambda record: record["verdicts"][0].update(state="REFUTED"))
    with pytest.raises(SystemExit) as ended:
        main(arguments=["validate", str(results)])
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert f"{ROW}.json: 'scratch_b at least finetune': state is REFUTED, the numbers give INCONCLUSIVE; valid:" in told
    assert "files: 15, faults: " in told.splitlines()[-1]
    with pytest.raises(SystemExit):
        main(arguments=["validate", str(results), "--json"])
    assert json.loads(capsys.readouterr().out)["valid"] is False


@pytest.mark.parametrize(("path", "what"), [("nowhere", "does not exist"), ("empty", "there is no record to validate")])
def test_a_path_without_records_is_said_so(tmp_path: Path, path: str, what: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PrunebenchError, match=what):
        validate([tmp_path / path])
