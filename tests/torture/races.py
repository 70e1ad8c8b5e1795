"""Several processes meet one damaged outcome: each goes on, one of them computes it, and it is whole."""

import multiprocessing
import os
import random
import tempfile
import warnings
from pathlib import Path

from flips import SPEC
from tally import Tally

from prunebench.specs.experiment import digest
from prunebench.store.store import Store

RACERS = 3


def race(folder, barrier, queue):
    warnings.simplefilter("ignore")
    store = Store(folder / "data", folder / "work")
    barrier.wait()
    try:
        while store.get(SPEC) is None:
            with store.claim(SPEC) as mine:
                if mine and store.get(SPEC) is None:
                    store.put(SPEC, {"accuracy": 2.0}, {})
        queue.put("")
    except BaseException as error:
        queue.put(repr(error)[:200])


def run(seed, tries):
    tally, chance, fork = Tally("races"), random.Random(seed), multiprocessing.get_context("fork")
    for _ in range(tries):
        with tempfile.TemporaryDirectory(prefix="torture-") as name:
            store = Store(Path(name) / "data", Path(name) / "work")
            store.prepare()
            size = store.put(SPEC, {"accuracy": 1.0}, {"w": b"x" * 300_000}).place.stat().st_size
            os.truncate(store.place(digest(SPEC)), chance.randrange(size))
            barrier, queue = fork.Barrier(RACERS), fork.Queue()
            racers = [fork.Process(target=race, args=(Path(name), barrier, queue)) for _ in range(RACERS)]
            for racer in racers:
                racer.start()
            said = [queue.get(timeout=60) for _ in racers]
            for racer in racers:
                racer.join()
            found = Store(store.data, store.work).get(SPEC)
            end = "raw" if any(said) else "equal" if found and found.facts == {"accuracy": 2.0} else "unequal"
            tally.add(end, "; ".join(filter(None, said)))
    yield tally
