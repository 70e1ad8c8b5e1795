"""The short form of `make torture`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import flips
import guests
import races
import records
import syscalls


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("part", "tries"),
    [(flips, 40), (races, 4), (syscalls, 45), (records, 10), (guests, 3)],
    ids=["flips", "races", "calls", "records", "guests"],
)
def test_nothing_is_silent_unequal_or_raw(part, tries):
    tallies = list(part.run(1, tries))
    assert [note for tally in tallies for note in tally.notes] == []
    assert all(tally.ends or tally.left_out for tally in tallies)
