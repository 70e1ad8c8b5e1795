"""What is no record is refused with the reason, before any number or text of it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from prunebench.records.parts import Published
from prunebench.records.record import dump, load

FILE = Path(__file__).parents[2] / "leaderboard/results/laptop/t4.cifar10.densenet-40.40.json"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("1e308", "the number 1e308; numbers of a record are finite and at most 1e[+]18"),
        ("1" + "0" * 400, "the number 10000.*; numbers of a record are finite"),
        ("9" * 10_000, "the number 99999.*; numbers of a record are finite"),
        ("-1e400", "the number -1e400; "),
        ("NaN", "the number NaN; "),
        ("-Infinity", "the number -Infinity; "),
    ],
)
def test_number_that_no_page_can_show_is_refused(number: str, why: str) -> None:
    text = FILE.read_text()
    with pytest.raises(ValueError, match=why):
        load(text.replace('"ratio": 0.4', f'"ratio": {number}'))


def test_half_a_character_is_refused_and_a_whole_one_is_not() -> None:
    text = FILE.read_text()
    with pytest.raises(ValueError, match=r"half a character \('.ud800'\); write it whole"):
        load(text.replace('"title": "', '"title": "\\ud800 '))
    whole = load(text.replace('"title": "', '"title": "\\ud83d\\ude00 '))
    assert load(dump(whole)) == whole


def test_part_takes_no_number_that_is_not_finite() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValidationError, match="finite"):
            Published(mean=value)
