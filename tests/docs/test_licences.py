"""The list of licences has every dataset that the package knows, with the licence that it shows."""

from pathlib import Path

import pytest

from prunebench.datasets.catalogue import CATALOGUE

LINES = (Path(__file__).parents[2] / "docs" / "licences.md").read_text().splitlines()


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_dataset_stands_there_with_its_licence(name):
    (line,) = [line for line in LINES if line.startswith("|") and f"`{name}`" in line]
    assert CATALOGUE[name].licence in line
