"""`prunebench check METHOD --network FILE.py:BUILD`: what can be pruned of a user's network, before anything trains."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from prunebench.commands.app import app

METHOD = """
from prunebench.pruning import keep_uniform, prunable

def Prune(network, ratio, context):
    groups = prunable(network, context.example)
    return keep_uniform({g.name: g.producer.weight.flatten(1).abs().sum(1) for g in groups}, ratio)
"""
NETWORK = """
import os
import torch
from torch import nn
from torch.nn import functional as F

class build(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, 8, 3), nn.Conv2d(8, 6, 3)
        self.aux, self.fc = nn.Linear(8, classes), nn.Linear(6 * 16, classes)

    def forward(self, x):
        a = F.relu(self.a(x))
        y = self.fc(F.relu(self.b(a)).view(x.size(0), -1))
        return (y, self.aux(a.mean((2, 3)))) if self.training else y

def lazy(channels, classes):
    return nn.Sequential(nn.LazyConv2d(6, 3), nn.Flatten(), nn.Linear(216, classes))

def wide(channels, classes):
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.Flatten(), nn.Linear(144, classes + 1))

def leaves(channels, classes):
    os._exit(0)

def compiled(channels, classes):
    return torch.compile(nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, classes)))
"""


def checked(folder: Path, name: str) -> tuple[int, dict[str, tuple[str, list[str]]], str]:
    (folder / "method.py").write_text(METHOD)
    (folder / "net.py").write_text(NETWORK)
    options = ["check", f"{folder}/method.py:Prune", "--network", f"{folder}/net.py:{name}", "--json"]
    done = CliRunner().invoke(app, options)
    if not done.stdout.startswith("{"):
        return done.exit_code, {}, str(done.exception)
    report = json.loads(done.stdout)
    return done.exit_code, {f["name"]: (f["state"], f["seen"]) for f in report["findings"]}, done.stdout


def test_what_can_be_pruned_what_not_and_why(tmp_path: Path) -> None:
    code, found, _ = checked(tmp_path, "build")
    assert code == 0
    assert found["builds and runs"][1][1].startswith("in training it returns tuple; what counts is the first")
    state, groups = found["groups"]
    assert (state, groups[0]) == ("note", "b: 6 channels")
    assert any(line.startswith("a stays whole: the network does not train without") for line in groups)
    assert found["oracle"][1] == [
        "0.25: keeps 4 of 6 channels",
        "0.5: keeps 3 of 6 channels",
        "0.75: keeps 1 of 6 channels",
    ]
    assert [line.split(":")[0] for line in found["trains"][1]] == ["dense", "finetune", "scratch"]
    assert {"FLOPs", "survives", "takes a gradient"} <= {name for name, (state, _) in found.items() if state != "fail"}


def test_a_compiled_network_is_taken_uncompiled(tmp_path: Path) -> None:
    code, found, _ = checked(tmp_path, "compiled")
    assert code == 0
    assert found["groups"][1][0] == "0: 4 channels"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("leaves", "ended its process, with code 0, and has returned nothing"),
        ("lazy", "0 is lazy and has no weights yet: call the network once"),
        ("wide", "it must be [16, 10]"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(name: str, sentence: str, tmp_path: Path) -> None:
    code, _, text = checked(tmp_path, name)
    assert code == 1
    assert sentence in text
