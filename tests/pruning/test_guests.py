"""Methods are guests: how they end, what they leave behind and what they return reaches nothing but their plan."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from prunebench.common import child
from prunebench.pruning import registry
from prunebench.pruning.decision import decide
from prunebench.pruning.files import MethodError
from prunebench.pruning.guests import described
from prunebench.training import loop

METHODS = '''
import atexit, copy, os, random, signal, sys, time, warnings

import numpy as np
import torch
import torch_pruning as tp
from torch.nn.utils import prune

from prunebench.pruning import Plan, keep_uniform, prunable


def scores(network, context):
    return {g.name: g.producer.weight.flatten(1).abs().sum(1).detach() for g in prunable(network, context.example)}


def good(network, ratio, context):
    return keep_uniform(scores(network, context), ratio)


def leaves(act):
    """A method that does something beside its work."""
    def method(network, ratio, context):
        act(network)
        return good(network, ratio, context)
    return method


def zero(network):
    for m in network.modules():
        if isinstance(m, torch.nn.ReLU):
            m.register_forward_hook(lambda module, x, y: y * 0)


def patch(network):
    import prunebench.runner.evaluate as e, prunebench.training.loop as l
    e.evaluate = l.evaluate = lambda *a, **k: (0.0, 100.0)


def surroundings(network):
    os.chdir("/"); os.umask(0o777); os.environ["HOME"] = "/nowhere"; warnings.simplefilter("ignore")


def double(network):
    torch.set_default_dtype(torch.float64)


def seeds(network):  # HazyResearch/flash-fft-conv#26
    torch.manual_seed(23); np.random.seed(23); random.seed(23)


def gradients(network):
    for p in network.parameters():
        p.grad = torch.full_like(p, 1e30)


Exit = leaves(lambda n: sys.exit(0))
HardExit = leaves(lambda n: os._exit(0))
Crash = leaves(lambda n: os.kill(os.getpid(), signal.SIGSEGV))
Hang = leaves(lambda n: time.sleep(10**6))
Memory = leaves(lambda n: [torch.zeros(2**26) for _ in range(1000)])
AtExit = leaves(lambda n: atexit.register(os._exit, 0))  # facebookresearch/momentum#1312
Fork = leaves(lambda n: os.fork())
GradOff = leaves(lambda n: torch.set_grad_enabled(False))  # deepinv#166, choyingw/SynergyNet#22
DefaultDtype = leaves(double)
Frozen = leaves(lambda n: n.requires_grad_(False))
Mode = leaves(lambda n: n.train())  # ContinualAI/avalanche#772
Hooks = leaves(zero)
Surroundings = leaves(surroundings)
Seeds = leaves(seeds)
Threads = leaves(lambda n: torch.set_num_threads(7))
Gradients = leaves(gradients)
Patch = leaves(patch)
Edits = leaves(lambda n: [p.data.mul_(0) for p in n.parameters()])


def Inference(network, ratio, context):  # pytorch/pytorch#126268
    with torch.inference_mode():
        return keep_uniform({k: v + 0 for k, v in scores(network, context).items()}, ratio)


def Numpy(network, ratio, context):
    return keep_uniform({k: v.numpy().astype(np.float64) for k, v in scores(network, context).items()}, ratio)


def Lists(network, ratio, context):
    return keep_uniform({k: v.tolist() for k, v in scores(network, context).items()}, ratio)


def Mask01(network, ratio, context):
    found = keep_uniform(scores(network, context), ratio)
    keep = {k: torch.zeros(found.total[k]).index_fill(0, torch.tensor(v), 1).bool() for k, v in found.keep.items()}
    return Plan(keep, found.total)


def Nan(network, ratio, context):
    return keep_uniform({k: (v - v) / (v - v) for k, v in scores(network, context).items()}, ratio)


async def Async(network, ratio, context):
    return good(network, ratio, context)


def InPlacePruner(network, ratio, context):
    """Torch-Pruning's README as it is."""
    last = [m for m in network.modules() if isinstance(m, torch.nn.Linear)][-1]
    how = {"importance": tp.importance.MagnitudeImportance(), "pruning_ratio": ratio, "ignored_layers": [last]}
    tp.pruner.MagnitudePruner(network, context.example, **how).step()
    return network


def Wrapped(network, ratio, context):
    return torch.nn.DataParallel(InPlacePruner(network, ratio, context))


def pruned(network, ratio):
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            prune.ln_structured(module, "weight", amount=ratio, n=1, dim=0)
    return network


def Left(network, ratio, context):
    return pruned(network, ratio)


def Removed(network, ratio, context):
    for module in pruned(network, ratio).modules():
        if isinstance(module, torch.nn.Conv2d):
            prune.remove(module, "weight")
    return network


def Masks(network, ratio, context):  # VainF/Torch-Pruning#428, microsoft/nni#3984
    found = dict(pruned(network, ratio).named_modules())
    return {name: {"weight": m.weight_mask} for name, m in found.items() if hasattr(m, "weight_mask")}


def FlatMasks(network, ratio, context):
    return {n: m["weight"].numpy() for n, m in Masks(network, ratio, context).items()}


def Biases(network, ratio, context):
    prune.l1_unstructured([m for m in network.modules() if isinstance(m, torch.nn.Linear)][-1], "bias", amount=0.5)
    return network
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("methods") / "mine.py"
    path.write_text(METHODS)
    return path


@pytest.fixture
def decided(file, trained, context):
    """Decide as a run does; returns the plan, the network it makes, and the network that was given."""

    def decide_by(name, kind="vgg"):
        network = trained(kind).eval()
        method, _ = described(f"{file}:{name}")
        before, evaluate = state(), loop.evaluate
        found = decide(registry.resolve(method, Path(file)), network, 0.5, context, context.example)
        assert state() == before
        assert loop.evaluate is evaluate
        return found, network

    return decide_by


def state():
    return (
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        os.getcwd(),
        os.environ.get("HOME"),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    )


LEAVERS = [
    *("AtExit", "Fork", "GradOff", "DefaultDtype", "Frozen", "Mode", "Hooks", "Surroundings", "Seeds", "Threads"),
    *("Gradients", "Patch", "Inference", "Numpy", "Lists", "Mask01"),
]


@pytest.mark.parametrize("name", LEAVERS)
def test_what_a_method_leaves_behind_stays_in_its_process(decided, name):
    found, network = decided(name)
    conv = network.get_parameter("features.conv1.weight").detach()
    strongest = conv.flatten(1).abs().sum(1).argsort(descending=True)[: len(conv) // 2]
    assert found.plan.keep["features.norm1"] == tuple(sorted(strongest.tolist()))
    assert all(p.requires_grad and p.grad is None for p in network.parameters())
    assert not any(m._forward_hooks or m.training for m in network.modules())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Exit", r"the method Exit ends its process by sys\.exit\(0\); it must return instead"),
        ("HardExit", r"the method HardExit ended its process, with code 0, and has returned nothing"),
        ("Crash", r"the method Crash crashed its process \(SIGSEGV\)"),
        ("Hang", r"the method Hang has not ended within 3 s and was stopped; .* --pb-limit-time"),
        ("Memory", r"allocate memory.*it may have 2\.0 GiB; if it needs more, give --pb-limit-memory"),
        ("Edits", r"the method changes the network that it is given: .* work on copy\.deepcopy"),
        ("Nan", r"score of features\.norm1, channel 0, is not a number"),
        ("Async", r"the method is `async` and returns a coroutine, not a Plan; write it as a plain function"),
        ("Biases", r"the method masks classifier\.bias; a plan has masks of weights alone"),
    ],
)
def test_a_method_that_ends_badly_says_how(decided, name, said, monkeypatch):
    monkeypatch.setattr(child, "_limits", child.Limits(3.0 if name == "Hang" else 60.0, 2 * 2**30))
    with pytest.raises(MethodError, match=said):
        decided(name)


@pytest.mark.parametrize("name", ["InPlacePruner", "Wrapped"])
def test_torch_prunings_own_pruner_may_work_in_place(decided, name):
    found, network = decided(name)
    assert found.refitted
    assert sum(map(len, found.plan.keep.values())) < sum(found.plan.total.values())
    assert len(network.get_parameter("features.conv1.weight")) == found.plan.total["features.conv1"]


@pytest.mark.parametrize("name", ["Left", "Removed", "Masks", "FlatMasks"])
def test_masks_of_pytorchs_own_pruning_are_a_plan(decided, name):
    """pytorch/pytorch#20402; microsoft/nni#3658 has them where other tools look for a weight."""
    found, network = decided(name)
    weight = network.get_parameter("features.conv1.weight")
    weakest = weight.detach().flatten(1).abs().sum(1).argsort()[: len(weight) // 2]
    mask = found.plan.masks["features.conv1"].tensor()
    assert sorted((~mask).flatten(1).all(1).nonzero().flatten().tolist()) == sorted(weakest.tolist())
    assert torch.equal(found.network.get_parameter("features.conv1.weight") != 0, mask)
    assert not found.plan.keep


def test_a_file_that_ends_the_process_when_it_is_loaded_is_no_success(tmp_path):
    """NousResearch/hermes-agent#74358: a run of tests that ends with 0 because something in it did."""
    for line, said in (("import os; os._exit(0)", "ended its process, with code 0"), ("exit(0)", "fails when loaded")):
        (tmp_path / "mine.py").write_text(f"{line}\ndef prune(network, ratio, context): ...\n")
        with pytest.raises(MethodError, match=said):
            described(f"{tmp_path}/mine.py:prune")


def test_what_a_method_prints_is_shown(file, decided, capsys, tmp_path, trained, context):
    (tmp_path / "loud.py").write_text(METHODS + "\nLoud = leaves(lambda n: print('one two'))\n")
    method, _ = described(f"{tmp_path}/loud.py:Loud")
    decide(registry.resolve(method, tmp_path / "loud.py"), trained("vgg"), 0.5, context, context.example)
    assert "one two" in capsys.readouterr().out
