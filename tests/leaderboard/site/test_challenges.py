from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard.site.challenges import FILE, RERUNS, Challenge, Rerun, read, read_reruns

GOOD = "{row: t4, tier: smoke, by: me, reason: why, better: 94 %, link: 'https://example.org'}"


def test_entries_are_read_and_the_bad_ones_named(tmp_path: Path) -> None:
    file = tmp_path / "challenges.yaml"
    bad = ["{row: t5, tier: smoke}", "just text", "{row: t6, tier: smoke, by: me, reason: 3}", "{row: t7, rwo: t7}"]
    file.write_text("\n".join(f"- {entry}" for entry in [GOOD, *bad]))
    skipped: list[str] = []
    challenge = Challenge("t4", "smoke", "me", "why", "94 %", "https://example.org")
    assert read(file, skipped) == {("smoke", "t4"): [challenge]}
    assert [line.removeprefix(f"{file}: ") for line in skipped] == [
        "challenge 2 (t5): its fields are row, tier; they must be row, tier, by, reason and, if any, better, link",
        "challenge 3: it must have the fields row, tier, by, reason and, if any, better, link",
        "challenge 4 (t6): reason is 3; it must be a text",
        "challenge 5 (t7): its fields are row, rwo; they must be row, tier, by, reason and, if any, better, link",
    ]


@pytest.mark.parametrize(("text", "why"), [("{", "no YAML"), ("a: 1", "a list of challenges is expected")])
def test_file_that_is_no_list_is_named(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "challenges.yaml"
    file.write_text(text)
    skipped: list[str] = []
    assert read(file, skipped) == {}
    assert why in skipped[0]


def test_reruns_are_read_by_the_same_rules(tmp_path: Path) -> None:
    file = tmp_path / "reruns.yaml"
    good = "{row: t4, tier: smoke, by: me, date: '2026-11-27', commit: abc, found: the same}"
    file.write_text(f"- {good}\n- {{row: t5, tier: smoke, by: me}}\n- {good.replace('abc', '12')}")
    skipped: list[str] = []
    assert read_reruns(file, skipped) == {
        ("smoke", "t4"): [Rerun("t4", "smoke", "me", "2026-11-27", "abc", "the same")]
    }
    assert [line.removeprefix(f"{file}: ") for line in skipped] == [
        "rerun 2 (t5): its fields are row, tier, by; they must be row, tier, by, date, commit, found",
        "rerun 3 (t4): commit is 12; it must be a text",
    ]


def test_our_own_files_are_fine() -> None:
    skipped: list[str] = []
    read(FILE, skipped)
    read_reruns(RERUNS, skipped)
    assert FILE.is_file()
    assert RERUNS.is_file()
    assert skipped == []
