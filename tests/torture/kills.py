"""Runs that are killed at random moments, all or a worker or the parent, and run again: the bits of a calm one."""

import csv
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from houses import make_house
from outcome_files import content
from tally import Tally

TIMES = ("seconds", "started", "ended", "images_per_second", "commit", "memory", "energy", "joules", "versions")
ROW = ("-k", "t4.imagenet.vgg-11.50 and not control", "-n", "2")


def essence(house):
    """Return all that a run leaves but when it was and how long it took."""
    found = {}
    for name in house.outcomes():
        parts = content(house.place(name))
        facts = json.loads(parts.pop("outcome.json"))
        rows = csv.DictReader(io.StringIO(parts.pop("history.csv", b"").decode()))
        found[name] = (
            {key: value for key, value in facts.items() if key not in TIMES},
            [{key: value for key, value in row.items() if key != "seconds"} for row in rows],
            {key: hashlib.sha256(value).hexdigest() for key, value in parts.items()},
        )
    for path in (house.path / "data" / "records").rglob("*.json"):
        record = json.loads(path.read_text())
        record.pop("provenance", None)
        for arm in record.get("arms", {}).values():
            arm.pop("seconds", None)
        found[path.name] = record
    return found


def start(house):
    environment = house.environment | {"OMP_NUM_THREADS": "1"}
    command = house.command(*ROW, tier="slow")
    return subprocess.Popen(
        command, cwd=house.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def victims(process, kind):
    """Return what is to be killed: all, one worker or the parent."""
    children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    return {"run": [process.pid, *children], "worker": children[-1:], "parent": [process.pid]}[kind]


def run(seed, seconds):
    """Kill one run after the other until the time is up; each is finished by a last run that nobody kills."""
    tally, chance = Tally("killed runs"), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        calm = make_house(Path(folder) / "calm")
        began = time.monotonic()
        start(calm).communicate()
        took, wanted, number = time.monotonic() - began, essence(calm), 0
        while not number or time.monotonic() < began + took + seconds:
            number += 1
            _one(tally, make_house(Path(folder) / f"killed-{number}"), chance, took, wanted)
    yield tally


def _one(tally, house, chance, took, wanted):
    kind = chance.choice(["run", "worker", "parent"])
    process = start(house)
    with suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(0.2, 1.0) * took)
    with suppress(OSError):
        for victim in victims(process, kind):
            os.kill(victim, signal.SIGKILL)
    out, _ = process.communicate()
    process = start(house)
    out, _ = process.communicate()
    left = [path.name for path in house.path.glob("data/checkpoints/.*")]
    if process.returncode != 0:
        tally.add("raw", f"{kind}: the next run ended with {process.returncode}: {out[-200:]}")
    elif left or essence(house) != wanted:
        tally.add("unequal", f"{kind}: {left}")
    else:
        tally.add("equal")
