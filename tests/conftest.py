"""Fixtures for runs of the real command."""

import shutil

import pytest
from houses import House, make_house


@pytest.fixture
def house(tmp_path):
    return make_house(tmp_path / "house")


@pytest.fixture(scope="session")
def used_house(tmp_path_factory):
    """A house with the outcomes of one row; to be copied or read, not changed."""
    house = make_house(tmp_path_factory.mktemp("used") / "house")
    code, out = house.pytest("-k", "t4.imagenet.vgg-11.50")
    assert code == 0, out
    (house.path / "first.txt").write_text(out)
    return house


@pytest.fixture
def copied_house(used_house, tmp_path):
    shutil.copytree(used_house.path, tmp_path / "house")
    return House(tmp_path / "house")
