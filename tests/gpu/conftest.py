"""What needs a GPU is skipped where there is none."""

from pathlib import Path

import pytest

from prunebench.runner.environment import configure, gpus

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def float32_means_it():
    """Settle precision as every worker does."""
    configure("cuda:0")


def pytest_collection_modifyitems(items):
    if not gpus():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="PyTorch finds no CUDA device"))
