"""The hashes of requirements.lock are those of the pins in constraints.txt."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

OF_AN_INDEX = {"torch", "torchvision"}
"""Have builds for CPU, CUDA and ROCm under one version, each from an index of its own, so no hash is everybody's."""


def pins(text):
    """Return the versions by name, as PyPI normalises it."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_the_lock_has_the_pins_and_a_hash_for_each():
    wanted = pins((ROOT / "constraints.txt").read_text())
    lock = (ROOT / "requirements.lock").read_text()
    locked = pins(lock)
    assert locked == {n: v for n, v in wanted.items() if n not in OF_AN_INDEX}, (
        "run `make lock` and commit what it writes"
    )
    for entry in re.split(r"\n(?=\w)", lock)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
