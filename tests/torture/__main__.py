"""`make torture [SEED=0] [MINUTES=10]`: everything that may befall the files of a run; see docs/reliability.md.

Writes `torture.json` and a table, and ends with 1 if anything was silent, unequal or raw.
"""

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parents[1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", nargs="*", help="parts by the names of their files here, such as flips; else all")
    parser.add_argument("--out", type=Path, default=Path("torture.json"))
    given = parser.parse_args()
    import flips
    import guests
    import kills
    import races
    import records
    import surroundings
    import syscalls
    import torch

    torch.set_num_threads(1)
    began, each = time.monotonic(), max(20, round(100 * given.minutes))
    seed, tallies = given.seed, []
    parts = {
        "flips": lambda: flips.run(seed, 2 * each),
        "races": lambda: races.run(seed, each // 4),
        "syscalls": lambda: syscalls.run(seed, each),
        "records": lambda: records.run(seed, each, browser=True),
        "guests": lambda: guests.run(seed, each // 20),
        "surroundings": lambda: surroundings.run(seed, max(1, each // 100)),
        "kills": lambda: kills.run(seed, 20 * given.minutes),
    }
    for part in (parts[name]() for name in given.only or parts):
        for tally in part:
            tallies.append(tally)
            print(tally.line, *tally.notes, sep="\n    ", flush=True)
    bad = sum(tally.bad for tally in tallies)
    told = {"seed": given.seed, "minutes": given.minutes, "seconds": round(time.monotonic() - began), "bad": bad}
    told["parts"] = {t.part: dict(t.ends) | {"notes": t.notes, "left_out": t.left_out} for t in tallies}
    given.out.write_text(json.dumps(told, indent=1) + "\n")
    print(f"{sum(sum(t.ends.values()) for t in tallies):,} tries, {bad} bad, in {told['seconds']} s; {given.out}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
