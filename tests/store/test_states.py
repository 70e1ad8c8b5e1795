"""The store as a state machine: whatever is done to it, it holds what was put, or says that it was damaged."""

import os
import shutil
import tempfile
import warnings
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from outcome_files import as_folder

from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest
from prunebench.store.leftovers import sweep
from prunebench.store.repack import repack
from prunebench.store.store import Store

SPECS = [Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), seed) for seed in range(3)]


class Storing(RuleBasedStateMachine):
    """A model beside the store: what it must hold, and what was damaged since it was last looked at."""

    specs = Bundle("specs")

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="states-"))
        self.store = Store(self.root / "data", self.root / "work")
        self.store.prepare()
        self.held, self.damaged = {}, set()

    @rule(target=specs, spec=st.sampled_from(SPECS))
    def a_spec(self, spec):
        return spec

    @rule(spec=specs, accuracy=st.floats(0, 100), weights=st.binary(max_size=50))
    def put(self, spec, accuracy, weights):
        if spec not in self.held and spec not in self.damaged:
            self.store.put(spec, {"accuracy": accuracy}, {"weights.safetensors": weights})
            self.held[spec] = (accuracy, weights)

    @rule(spec=specs)
    def look(self, spec):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = Store(self.store.data, self.store.work).get(spec)
        assert bool(said) == (spec in self.damaged)
        self.damaged.discard(spec)
        held = self.held.get(spec)
        assert (found and (found.facts["accuracy"], found.read("weights.safetensors"))) == held

    @rule(spec=specs, share=st.floats(0, 0.99))
    def cut(self, spec, share):
        place = self.store.place(digest(spec))
        if spec in self.held and place.is_file():
            os.truncate(place, int(share * place.stat().st_size))
            del self.held[spec]
            self.damaged.add(spec)

    @rule(spec=specs)
    def turn_into_a_folder(self, spec):
        if spec in self.held and self.store.place(digest(spec)).is_file():
            as_folder(self.store.place(digest(spec)))

    @rule()
    def pack(self):
        assert all(problem == "" for _, problem in repack(self.store))

    @rule()
    def sweep(self):
        sweep(self.store)

    @rule()
    def reopen(self):
        self.store = Store(self.store.data, self.store.work)

    @invariant()
    def nothing_else_is_there(self):
        there = {path.name for path in (self.store.data / "checkpoints").iterdir()}
        assert there == {digest(spec) for spec in (*self.held, *self.damaged)}

    def teardown(self):
        shutil.rmtree(self.root)


TestStoring = Storing.TestCase
TestStoring.settings = settings(max_examples=int(os.environ.get("PRUNEBENCH_EXAMPLES", "20")), stateful_step_count=20)
