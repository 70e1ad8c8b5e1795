"""What a part of the campaign counts, and how it is shown."""

from collections import Counter
from dataclasses import dataclass, field

BAD = ("silent", "unequal", "raw", "script")
"""What must not happen: damage used without a word, another result than an undisturbed one, an error that nobody wrote
for a reader, and a script of a record that runs."""


@dataclass
class Tally:
    """How the tries of one part ended.

    Attributes:
        part: its name.
        ends: by end, how many tries: `whole`, `refused`, `anew`, `harmless`, `equal`, or one of `BAD`.
        notes: of the first bad ends.
        left_out: why the part was not tried, if it was not.
    """

    part: str
    ends: Counter = field(default_factory=Counter)
    notes: list = field(default_factory=list)
    left_out: str = ""

    def add(self, end, note=""):
        self.ends[end] += 1
        if end in BAD and len(self.notes) < 10:
            self.notes.append(f"{end}: {note}")

    @property
    def bad(self):
        return sum(self.ends[end] for end in BAD)

    @property
    def line(self):
        counts = ", ".join(f"{count:,} {end}" for end, count in sorted(self.ends.items()))
        return f"{self.part:24} {sum(self.ends.values()):7,}  {counts or self.left_out}"
