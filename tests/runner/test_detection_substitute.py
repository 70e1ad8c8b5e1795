"""A detector of Table 12 on a user's images with boxes, from the import to the audit."""

from dataclasses import replace

import pytest
from dataset_files import arrays, write_npz
from tiny import TINY
from voc_files import write_voc

from prunebench.datasets.available import describe, substitutes
from prunebench.datasets.importing import add, described
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.protocol.tiers import SMOKE
from prunebench.runner.audit import evaluated
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Network, options
from prunebench.store.store import Store

CELLS = {
    split: {f"{split}{i}": [("cell", (3 + i, 3, 18, 20)), ("dish", (1, 1, 40, 30))] for i in range(4)}
    for split in ("trainval", "test")
}
RESNET = Network("resnet", options(blocks=1, widths=[4, 6, 8, 8]))
SHORT = replace(SMOKE.detecting.recipes, dense=replace(SMOKE.detecting.recipes.dense, epochs=1, milestones=()))


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "data", tmp_path / "work")
    found.prepare()
    add(described("photos"), write_npz(tmp_path / "photos.npz", arrays(8, 3)), found.data)
    add(described("cells"), write_voc(tmp_path / "cells", CELLS), found.data)
    return found


def test_a_detector_is_trained_on_the_substitute_and_audited(store, tmp_path):
    chosen = substitutes(["imagenet=photos", "voc07=cells"], store.data)
    detecting = replace(SMOKE.detecting, recipes=SHORT)
    tier = replace(TINY, networks={"ResNet-34": RESNET}, detecting=detecting, substitutes=chosen)
    spec = job(tables.load().row("t12.voc07.resnet34-b"), tier).dense(0)
    Runner(store, Progress(tmp_path / "progress", "main")).run(lambda: [Piece(spec, "ResNet-34", "dense", 0)])
    outcome = store.get(spec)
    assert (spec.dataset.name, outcome.facts["epochs"]) == ("cells", 1)
    assert spec.dataset.digest == describe("cells", store.data).digest
    assert outcome.json("spec.json")["spec"]["dataset"]["name"] == "cells"
    assert evaluated(outcome.place, store) == ""
