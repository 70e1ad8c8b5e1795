"""The step of training: precision, gradients of another layout, and which engine takes it."""

import pytest
import torch
from small import RECIPE, bits, images, network
from torch import nn

from prunebench.common.errors import PrunebenchError
from prunebench.runner.environment import configure
from prunebench.specs.experiment import Recipe
from prunebench.training.engine import Engine
from prunebench.training.engine_graph import GraphEngine, engine


def stepped(recipe, regulariser=None, steps=3):
    net, data = network(), images()
    taking = Engine(net, recipe, regulariser)
    taking.begin(0)
    for _ in range(steps):
        taking.step(data.train[:16], data.train_labels[:16])
    return net, taking


def test_the_sums_are_those_of_the_batches():
    net, data = network(), images()
    wanted = nn.functional.cross_entropy(net(data.train[:16]), data.train_labels[:16]).item() * 16
    _, taking = stepped(RECIPE, steps=1)
    loss, correct = taking.sums()
    assert loss == pytest.approx(wanted)
    assert 0 <= correct <= 16
    taking.begin(1)
    assert taking.sums() == (0.0, 0)


def test_a_regulariser_may_bring_gradients_of_another_layout():
    def replace(net):
        for parameter in net.parameters():
            if parameter.dim() == 4:
                parameter.grad = parameter.grad.clone(memory_format=torch.channels_last)

    plain, replaced = stepped(RECIPE)[0], stepped(RECIPE, replace)[0]
    assert replaced[3].weight.grad.stride() == replaced[3].weight.stride() == (36, 9, 3, 1)
    assert all(torch.equal(bits(plain)[name], tensor) for name, tensor in bits(replaced).items())


def test_bf16_computes_in_bf16_and_keeps_weights_in_float32():
    seen = []
    net, data = network(), images()
    net[3].register_forward_hook(lambda layer, inputs, output: seen.append(output.dtype))
    taking = Engine(net, Recipe(1, precision="bf16"))
    taking.begin(0)
    taking.step(data.train[:16], data.train_labels[:16])
    assert seen == [torch.bfloat16]
    assert {p.dtype for p in net.parameters()} == {p.grad.dtype for p in net.parameters()} == {torch.float32}
    torch.testing.assert_close(
        bits(net)["3.weight"], bits(stepped(Recipe(1), steps=1)[0])["3.weight"], atol=1e-2, rtol=0.1
    )


def test_an_unknown_precision_names_the_valid_ones():
    with pytest.raises(PrunebenchError, match="unknown precision 'fp8'; valid are float32, tf32, bf16"):
        Engine(network(), Recipe(1, precision="fp8"))


def test_without_a_gpu_steps_run_operation_by_operation():
    assert type(engine(network(), RECIPE)) is Engine
    assert issubclass(GraphEngine, Engine)


def test_tf32_holds_for_a_step_forward_and_backward_and_no_longer():
    places, seen = (torch.backends.cuda.matmul, torch.backends.cudnn.conv), []

    def note(*_):
        seen.append([place.fp32_precision for place in places])

    configure("cpu")
    net, data = network(), images()
    net[3].register_forward_hook(note)
    net[3].register_full_backward_hook(note)
    taking = Engine(net, Recipe(1, precision="tf32"))
    taking.begin(0)
    taking.step(data.train[:16], data.train_labels[:16])
    assert seen == [["tf32", "tf32"]] * 2
    assert [place.fp32_precision for place in places] == ["ieee", "ieee"]


def test_a_cpu_computes_in_float32_what_a_gpu_does_in_tf32():
    plain, rounded = stepped(Recipe(1))[0], stepped(Recipe(1, precision="tf32"))[0]
    assert all(torch.equal(bits(plain)[name], tensor) for name, tensor in bits(rounded).items())
