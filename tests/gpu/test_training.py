"""The training loop on a GPU: no wait inside an epoch, the graph as good as the step, the same bits when asked for."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from small import RECIPE, images, network, train

from prunebench import networks
from prunebench.common.randomness import rng
from prunebench.datasets.images import Images, batches
from prunebench.datasets.pixels import CropFlip
from prunebench.networks.resnet import ResNet
from prunebench.pruning.mask import Mask
from prunebench.pruning.masking import hold
from prunebench.pruning.methods.soft_filter import SoftFilter
from prunebench.specs.experiment import Recipe
from prunebench.training.checkpoint import Partial
from prunebench.training.engine import PRECISIONS, Engine
from prunebench.training.engine_graph import WARM_UP, GraphEngine, engine
from prunebench.training.gradients import bn_l1
from prunebench.training.memory import measured, needed


def colours(count=400, channels=3):
    pixels = torch.randint(256, (count, 32, 32, channels), generator=rng(0, "pixels"), dtype=torch.uint8)
    labels = pixels.float().mean((1, 2, 3)).gt(127.5).long()
    stored = CropFlip(pixels, [0.5] * channels, [0.25] * channels)
    return Images(stored, labels, stored, labels, classes=2).to("cuda")


def resnet(channels=3):
    net = ResNet(channels, 2, blocks=1)
    networks.initialise(net, rng(0, "init"))
    return net.to("cuda")


def course(kind, recipe, regulariser=None, epochs=4, channels=3):
    net, data, losses = resnet(channels), colours(channels=channels), []
    acting = regulariser and regulariser(net)
    between = getattr(acting, "after_epoch", lambda net, epochs: None)
    taking = kind(net, recipe, acting)
    for epoch in range(epochs):
        taking.begin(epoch)
        for some, wanted in batches(data.train, data.train_labels, recipe.batch_size, 0, epoch):
            between(net, epoch)
            taking.step(some, wanted)
        losses.append(taking.sums()[0] / len(data.train))
    return losses, net


def half_masked(net):
    kept = {
        name: torch.rand(p.shape, generator=rng(0, name)) > 0.5 for name, p in net.named_parameters() if p.dim() == 4
    }
    return hold(net, {name.removesuffix(".weight"): Mask.of(some) for name, some in kept.items()})


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize(
    "hook",
    [None, lambda net: bn_l1(net, 1e-3), half_masked, lambda net: SoftFilter(net, None, 0.5)],
    ids=["plain", "penalty", "masked", "soft"],
)
def test_the_graph_takes_the_same_steps(precision, channels, hook):
    recipe = Recipe(4, 0.05, (2,), batch_size=64, precision=precision)
    (stepped, eager), (replayed, graph) = (course(kind, recipe, hook, 4, channels) for kind in (Engine, GraphEngine))
    rough = {"float32": 1e-3, "tf32": 1e-2, "bf16": 3e-2}[precision]
    assert replayed == pytest.approx(stepped, rel=rough)
    for name, tensor in eager.state_dict().items():
        torch.testing.assert_close(graph.state_dict()[name], tensor, rtol=0.05, atol=10 * rough)


def test_a_gpu_gets_the_graph_unless_the_regulariser_cannot_be_recorded():
    assert type(engine(resnet(), RECIPE)) is GraphEngine
    assert type(engine(resnet(), RECIPE, recordable=False)) is Engine


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
@pytest.mark.parametrize("kind", [Engine, GraphEngine])
def test_no_step_waits_for_the_host(kind):
    data = colours()
    taking = kind(resnet(), Recipe(2, batch_size=32))
    for epoch in range(2):
        taking.begin(epoch)
        steps = batches(data.train, data.train_labels, 32, 0, epoch)
        for _ in range(WARM_UP + 2):  # libraries choose their kernels, the epoch's order and crops reach the device
            taking.step(*next(steps))
        try:
            torch.cuda.set_sync_debug_mode("error")
            for some, wanted in steps:
                taking.step(some, wanted)
        finally:
            torch.cuda.set_sync_debug_mode("default")


def test_a_gpu_learns_what_a_cpu_learns(tmp_path):
    ours = train(network().to("cuda"), images().to("cuda"), RECIPE, 0, Partial(tmp_path / "gpu"))
    theirs = train(network(), images(), RECIPE, 0, Partial(tmp_path / "cpu"))
    assert [e.train_loss for e in ours] == pytest.approx([e.train_loss for e in theirs], rel=0.02)


def test_memory_is_what_a_step_takes_whatever_ran_before():
    data, recipe, net = colours(), Recipe(1, batch_size=64), resnet()
    first = needed(net, data, recipe)
    kept = torch.zeros(10_000_000, device="cuda")
    course(GraphEngine, recipe, epochs=1)
    assert needed(net, data, recipe) == pytest.approx(first, rel=0.02)
    del kept
    held = 3 * sum(p.nbytes for p in net.parameters())
    assert held < measured(net, data.train[:32], data.train_labels[:32], recipe) < first


DETERMINISTIC = """
import hashlib, sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from prunebench.runner.environment import configure
configure("cuda:0", deterministic=True)
from test_training import Partial, Recipe, colours, resnet, train
class StopError(Exception): pass
def report(epoch):
    if epoch.epoch == {stop}:
        raise StopError
net, partial = resnet(), Path({partial!r})
try:
    train(net, colours(), Recipe(4, 0.05, (2,), batch_size=64), 0, Partial(partial, share=float("inf")), report=report)
except StopError:
    pass
print(hashlib.sha256(b"".join(t.cpu().numpy().tobytes() for t in net.state_dict().values())).hexdigest())
"""


def test_deterministic_trainings_end_with_the_same_bits_interrupted_or_not(tmp_path):
    def run(partial, stop=0):
        here = Path(__file__).parent
        body = f"import sys; sys.path.insert(0, {str(here.parent / 'support')!r})\n" + DETERMINISTIC
        code = body.format(folder=str(here), partial=str(tmp_path / partial), stop=stop)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    whole = run("whole")
    assert whole == run("again")
    assert run("halved", stop=2) != whole
    assert run("halved") == whole
