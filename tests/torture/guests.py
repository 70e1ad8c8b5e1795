"""Hostile methods: whatever they do, alone or together, ends in words, and reaches no outcome but their own."""

import hashlib
import io
import os
import random
import tempfile
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from flips import SPEC
from tally import Tally

from prunebench.common import child
from prunebench.networks import build
from prunebench.pruning import registry
from prunebench.pruning.context import Context
from prunebench.pruning.decision import decide
from prunebench.pruning.files import MethodError
from prunebench.pruning.guests import described
from prunebench.specs.experiment import Method, Network, options
from prunebench.store.store import Store
from prunebench.training import loop

ACTS = {
    "evaluates": "import prunebench.training.loop as l; l.evaluate = lambda *a, **k: (0.0, 100.0)",
    "builtins": "import builtins; builtins.len = lambda *a: 1",
    "torch": "torch.Tensor.sum = torch.Tensor.abs = lambda *a, **k: None",
    "exits": "sys.exit(0)",
    "ends": "os._exit(0)",
    "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
    "hangs": "time.sleep(10**6)",
    "forks": "os.fork()",
    "leaves": "subprocess.Popen(['sleep', '600'], start_new_session=False)",
    "surroundings": "os.chdir('/'); os.umask(0o777); os.environ.clear(); sys.path.clear()",
    "modes": "torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False); torch.set_num_threads(7)",
    "seeds": "torch.manual_seed(1); random.seed(1)",
    "weights": "[p.data.mul_(0) for p in network.parameters()]",
    "gradients": "[setattr(p, 'grad', torch.full_like(p, 1e30)) for p in network.parameters()]",
    "store": "[p.write_bytes(p.read_bytes()[:-1] + b'x') for p in pathlib.Path(STORE).glob('[0-9a-f]*')]",
    "deletes": "[p.unlink() for p in pathlib.Path(STORE).glob('[0-9a-f]*')]",
    "babbles": "[write(number, junk()) for number in range(3, 40)]",
    "answers": "[write(n, b'\\0\\0\\0\\2[]' + b'\\0\\0\\0\\1x') for n in range(3, 40)]; os._exit(0)",
    "lies": "[write(n, b'\\0\\0\\0\\014{\"plan\": {}} ' + b'\\0\\0\\0\\1x') for n in range(3, 40)]; os._exit(0)",
    "closes": "os.closerange(0, 100)",
    "server": "os.kill(os.getppid(), signal.SIGKILL)",
    "knocks": "s = socket.socket(socket.AF_UNIX); s.connect(os.environ['PRUNEBENCH_CHILDREN']); s.send(junk())",
    "prints": "print('x' * 100_000); sys.stderr.write('\\x00\\x1b[2J')",
    "raises": "raise KeyboardInterrupt",
    "odd": "raise type('\\ud800', (Exception,), {'__str__': lambda self: '\\ud800'})()",
    "deep": "(lambda f: f(f))(lambda f: f(f))",
}
RETURNS = ("plan", "plan", "plan", "None", "'plan'", "network", "{}", "Plan({}, {})", "torch.nn.Linear(1, 1)")

SOURCE = """
import os, pathlib, random, signal, socket, subprocess, sys, time
import torch
from prunebench.pruning import Plan, keep_uniform, prunable

STORE = {store!r}


def junk():
    return random.Random({seed}).randbytes(9)


def write(number, content):
    try:
        os.write(number, content)
    except OSError:
        pass


def Mine(network, ratio, context):
    scores = {{g.name: g.producer.weight.flatten(1).abs().sum(1).detach() for g in prunable(network, context.example)}}
    plan = keep_uniform(scores, ratio)
{acts}
    return {returned}
"""


def run(seed, tries):
    chance, tally = random.Random(seed), Tally("hostile methods")
    torch.manual_seed(0)
    network = build(Network("vgg", options(widths=[4, "M", 6])), 1, 10)
    limits = child._limits
    child.limit(seconds=2.0, memory=4 * 2**30)
    try:
        with tempfile.TemporaryDirectory(prefix="torture-") as name:
            wanted = _state(network, Path(name))
            for number in range(tries):
                _one(tally, chance, network, Path(name), number, wanted)
    finally:
        child.limit(limits.seconds, limits.memory)
    yield tally


def _one(tally, chance, network, folder, number, wanted):
    acts, returned = chance.sample(sorted(ACTS), chance.choice((1, 1, 2, 3))), chance.choice(RETURNS)
    file = folder / f"m{number}.py"
    lines = "\n".join(f"    {ACTS[act]}" for act in acts)
    store = str(folder / "data" / "checkpoints")
    file.write_text(SOURCE.format(store=store, seed=number, acts=lines, returned=returned))
    what, end = f"{', '.join(acts)}; returns {returned}", "plan"
    said = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(said), redirect_stderr(said):
        warnings.simplefilter("ignore")
        try:
            method, _ = described(f"{file}:Mine")
            _decided(registry.resolve(method, file), network)
        except MethodError:
            end = "refused"
        except Exception as error:
            return tally.add("raw", f"{what}: {error!r}"[:300])
        if _state(network, folder) != wanted:
            return tally.add("unequal", what)
    return tally.add(end)


def _decided(prune, network):
    example = torch.ones(4, 1, 8, 8)
    context = Context(example, example, torch.zeros(4, dtype=torch.long), torch.Generator().manual_seed(0))
    return decide(prune, network, 0.5, context, example).plan.to_json()


def _state(network, folder):
    """Return what must stay as it was: what a method of ours decides, the outcome that others share, this process."""
    store = Store(folder / "data", folder / "work")
    store.prepare()
    if store.get(SPEC) is None:  # a damaged one is noticed, and computed anew
        store.put(SPEC, {"accuracy": 98.5}, {"weights.safetensors": bytes(range(250))})
    found = store.get(SPEC)
    weights = hashlib.sha256(b"".join(t.numpy().tobytes() for t in network.state_dict().values())).hexdigest()
    here = os.getcwd(), sorted(os.environ.keys() - {child.ADDRESS}), torch.get_default_dtype(), torch.get_num_threads()
    ours = _decided(registry.resolve(Method("l1")), network)
    return found.facts, found.read("weights.safetensors"), weights, here, loop.evaluate, len(os.listdir("/")), ours
