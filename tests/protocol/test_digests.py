"""What the committed records rest on keeps its name: another digest would orphan every stored outcome."""

import json
from pathlib import Path

import pytest

from prunebench.protocol import tables, tiers
from prunebench.protocol.assignment import job
from prunebench.specs.experiment import digest

RESULTS = Path(__file__).parents[2] / "leaderboard" / "results" / "smoke"

PRUNINGS = {
    "t1.cifar10.resnet-110-a": "aae4a1bdc670a6fc970392f14deb5697e34b0091b7238b856b063fc1305064fa",
    "t10.cifar10.resnet-110.10": "99adccf8b266dda75e007aad4b5b83f4bb7b220173987889fa244cc9ba09adec",
    "t13.cifar10.densenet-40.80": "ed4c5ce39e72e0f258298aea7487d980596b110c9aea154b1e3d20e2852a6e5f",
    "t15.cifar10.vgg-19.95": "f9e3e999d406570f32814586fbc10ad183062d57131365bda6447116cfcc3cc1",
    "t2.resnet50.30": "99eb78cfacf961ae5b1fa24f0c89e52a350505adb731c08e46d299343ee73364",
    "t3.resnet50.2x": "b8edbf61a5ba5dbbcab6614529f96e527aee549584766c71f25704fa90078dda",
    "t5.imagenet.resnet-26": "a5ca066612282804fe66edf61d57959ee1719290f3aa8eeb138adb6afc96da2a",
    "t8a.cifar10.resnet-50.20": "fe9a8de327c518f8cb7b3d4f3c1f74a2562edd6659a87f7f56fc2bdb93627e5e",
}
"""By row, one for each kind of method, the digest of the pruning of seed 0; it contains the training before it."""


def recorded(row):
    return json.loads((RESULTS / f"{row}.json").read_text())["arms"]


@pytest.mark.parametrize(("row", "wanted"), PRUNINGS.items())
def test_prunings_have_the_digests_that_they_always_had(row, wanted):
    assert digest(job(tables.load().row(row), tiers.SMOKE).pruning(0)) == wanted
    assert recorded(row)["pruned"]["digests"][0] == wanted


def test_all_trunks_of_the_committed_records_have_the_digests_that_these_name():
    known = {row.id: row for table in "1234" for row in tables.load().of_table(table)}
    seen = 0
    for row in (row for name, row in known.items() if (RESULTS / f"{name}.json").exists()):
        work, arms = job(row, tiers.SMOKE), recorded(row.id)
        for arm, spec in (("dense", work.dense(0)), ("sparse", work.trunk(0)), ("pruned", work.pruning(0))):
            if arm in arms:
                assert arms[arm]["digests"][0] == digest(spec), (row.id, arm)
                seen += 1
    assert seen >= 12
