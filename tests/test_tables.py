"""The facts in `claims/tables.yaml`."""

import time

import pytest

from prunebench import tables
from prunebench.architectures import paper_network
from prunebench.errors import PrunebenchError
from prunebench.pruning.registry import methods
from prunebench.tables import Number

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


def test_every_row_and_every_claim_is_there_once():
    assert len(TABLES.rows) == 119
    assert {table: len(TABLES.of_table(table)) for table in PER_TABLE} == PER_TABLE
    assert list(TABLES.claims) == [f"C{number:02}" for number in range(1, 34)]
    ids = [line.strip(" :") for line in tables.DEFAULT.read_text().splitlines() if line.startswith("      t")]
    assert ids == list(TABLES.rows)  # a second row of one id would replace the first without a word


def test_rows_say_which_claims_they_bear_on():
    used = {claim for row in TABLES.rows.values() for claim in row.claims}
    assert used <= TABLES.claims.keys()
    # these are about figures, weights and cost, not about rows
    assert TABLES.claims.keys() - used == {f"C{n}" for n in (13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 27)}


@pytest.mark.parametrize("row", TABLES.rows.values(), ids=list(TABLES.rows))
def test_rows_are_complete(row):
    assert row.id.startswith(f"t{row.table}.")
    assert row.method in methods()
    assert (row.ratio > 0) != bool(row.variant)
    assert row.ratio < 1
    assert all(0 < number.mean < 100 for number in row.paper.values())
    assert len(row.paper.keys() | row.drops) >= 3
    assert not row.drops.keys() & row.paper.keys()
    assert (row.paper["scratch_e" if row.table == "16" else "dense"].n == 5) == ("cifar" in row.id)


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
    assert len({(row.table, row.title) for row in TABLES.rows.values()}) == 119


def test_every_network_is_known():
    projects = {"magnitude": "weight_level", "lottery": "weight_level"}
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
    with pytest.raises(PrunebenchError, match=r"cannot read the paper's tables in .*: KeyError: 'claims'"):
        tables.load(path)
