"""Makes a pytest run on this folder a run on claims: header, live progress, logging, closing tables."""

import pytest

from prunebench.plugin import hooks


def pytest_configure(config: pytest.Config) -> None:
    hooks.activate(config)
