"""The facts in `claims/tables.yaml`."""

import time

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.protocol import tables
from prunebench.protocol.jobs import rounds
from prunebench.protocol.tables import Number
from prunebench.pruning.registry import methods
from prunebench.specs.architectures import paper_network

TABLES = tables.load()
PER_TABLE = {"1": 7, "2": 6, "3": 2, "4": 11, "5": 3, "6": 22, "8a": 10, "8b": 10, "9a": 5, "9b": 5, "10": 15} | {
    "11": 3,
    "12": 2,
    "13": 5,
    "14": 1,
    "15": 2,
    "16": 5,
    "17": 5,
}


PAPER = {name: row for name, row in TABLES.rows.items() if name.startswith("t")}
POINTS = {name: row for name, row in TABLES.rows.items() if name.startswith("f")}
PER_FIGURE = {"f3.left": 12, "f3.right": 18, "f5.left": 14, "f5.middle": 18, "f5.right": 18, "f6.left": 24} | {
    "f6.right": 32,
    "f7a": 44,
}


def test_every_row_and_every_claim_is_there_once():
    assert len(PAPER) == 119
    assert {table: len(TABLES.of_table(table)) for table in PER_TABLE} == PER_TABLE
    assert {figure: len(TABLES.of_table(figure)) for figure in PER_FIGURE} == PER_FIGURE
    assert len(POINTS) == sum(PER_FIGURE.values())
    later = [f"F{number:02}" for number in range(1, 11)] + ["S01", "S02", "S03", "S04"]
    assert list(TABLES.claims) == [f"C{number:02}" for number in range(1, 34)] + later


def test_rows_say_which_claims_they_bear_on():
    used = {claim for row in TABLES.rows.values() for claim in row.claims}
    assert used <= TABLES.claims.keys()
    # these are about initial weights, weights near zero, patterns, cost and distances, not about rows
    assert {c for c in TABLES.claims.keys() - used if c.startswith("C")} == {"C13", "C14", "C17", "C22", "C27"}


@pytest.mark.parametrize("row", PAPER.values(), ids=list(PAPER))
def test_rows_are_complete(row):
    assert row.id.startswith(f"t{row.table}.")
    assert row.method in methods()
    assert (row.ratio > 0) != bool(row.variant)
    assert row.ratio < 1
    assert all(0 < number.mean < 100 for number in row.paper.values())
    assert len(row.paper.keys() | row.drops) >= 3
    assert not row.drops.keys() & row.paper.keys()
    assert (row.paper["scratch_e" if row.table == "16" else "dense"].n == 5) == ("cifar" in row.id)


@pytest.mark.parametrize("row", POINTS.values(), ids=list(POINTS))
def test_points_of_figures_are_complete(row):
    assert row.method in methods()
    assert 0 < row.ratio < 1
    assert set(row.paper) == ({"winning_ticket", "random_ticket"} if row.table == "f7a" else {"scratch_e"})
    assert all(60 < number.mean < 100 and number.n == 5 and number.std is None for number in row.paper.values())


def test_rounds_of_iterative_pruning_are_those_of_the_figure():
    shares = sorted({row.ratio for row in TABLES.of_table("f7a")})
    assert [rounds(share) for share in shares] == list(range(1, 12))
    assert all(share == pytest.approx(1 - 0.8**n, abs=1e-4) for n, share in enumerate(shares, 1))


HEAD = "claims:\n  C01: {section: '1', where: p.1, statement: s}\ntables:\n"
SHARED = "  - shared: {table: '1', section: '1', page: 1, dataset: D, method: l1}\n    rows:\n"


@pytest.mark.parametrize(
    ("rows", "line", "what"),
    [
        ("      a: {network: VGG-61, claims: [C01], paper: {dense: 90}}\n", 6, "unknown network 'VGG-61'"),
        ("      a: {network: VGG-16, claims: [C99], paper: {dense: 90}}\n", 6, "evidence for C99"),
        ("      a: {network: VGG-16, claims: [C01], paper: {dense: [90, 1]}}\n", 6, "how many runs"),
        ("      a: {network: VGG-16, claims: [C01], paper: {}}\n" * 2, 7, "second time"),
        ("      a: {network: VGG-16, claims: [C01], colour: red}\n", 6, "unexpected keyword argument 'colour'"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path, rows, line, what):
    file = tmp_path / "tables.yaml"
    file.write_text(HEAD + SHARED + rows)
    with pytest.raises(PrunebenchError, match=what) as caught:
        tables.load(file)
    assert f"tables.yaml:{line}: " in str(caught.value)


@pytest.mark.parametrize(
    ("row", "arm", "number"),
    [
        ("t1.cifar10.resnet-110-b", "scratch_b", Number(93.6, 0.25, 5)),
        ("t2.resnet50.50", "dense_original", Number(75.15, None, 1)),
        ("t6.cifar100.preresnet-110.95", "finetune", Number(68.55, 0.51, 5)),
        ("t8b.cifar10.resnet-50.95", "random_ticket", Number(87.2, 0.17, 5)),
        ("t10.cifar10.resnet-56.40", "pruned", Number(92.59, 0.14, 5)),
        ("t12.voc07.resnet34-b", "prune_d", Number(69.62)),
        ("t16.cifar10.resnet-110-a", "finetune_160", Number(93.04, 0.22, 5)),
    ],
)
def test_numbers_are_the_papers(row, arm, number):
    assert TABLES.row(row).paper[arm] == number


def test_tables_2_and_3_are_drops_as_printed():
    assert TABLES.row("t2.vgg16.tiny").drops == {"finetune": -11.61, "scratch_e": -14.36, "scratch_b": -11.58}
    assert all(bool(row.drops) == (row.table in ("2", "3")) for row in TABLES.rows.values())


def test_titles_tell_the_rows_of_one_table_apart():
    assert TABLES.row("t4.imagenet.vgg-11.50").title == "VGG-11 on ImageNet, slimming 50 %"
    assert TABLES.row("t9b.cifar10.vgg-16-a").title == "VGG-16 on CIFAR-10, l1 to VGG-16-A, lr 0.01"
    assert len({(row.table, row.title) for row in PAPER.values()}) == 119


def test_every_network_is_known():
    level = ("magnitude", "lottery", "uniform_sparse", "guided_sparse", "transferred_sparse")
    projects = dict.fromkeys(level, "weight_level") | dict.fromkeys(("uniform", "guided", "transferred"), "slimming")
    for row in TABLES.rows.values():
        if row.table != "12":
            assert paper_network(row.dataset, projects.get(row.method, row.method), row.network)


def test_reading_is_quick():
    started = time.process_time()
    tables.load.__wrapped__()
    assert time.process_time() - started < 0.2


def test_a_broken_file_says_what_is_wrong(tmp_path):
    path = tmp_path / "tables.yaml"
    path.write_text("claims: {}\ntables:\n  - shared: {table: '1'}\n    rows: {t1.a: {paper: {dense: 90}}}\n")
    with pytest.raises(
        PrunebenchError, match=r"tables.yaml:4: t1.a: .*missing 5 required .*'section', 'page', 'dataset'"
    ):
        tables.load(path)
