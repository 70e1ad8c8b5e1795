"""Torch-Pruning's importances give the plans that Torch-Pruning's own pruner gives."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import torch_pruning as tp
from torch import Tensor, nn

from prunebench.networks import build
from prunebench.pruning import Context, Plan, fisher, from_importance, gradients
from prunebench.pruning.groups import survey
from prunebench.pruning.importance import obdc as obdc_of
from prunebench.pruning.registry import resolve
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Method, Network, options

THEIRS: dict[str, Callable[[], object]] = {
    "magnitude_l1": lambda: tp.importance.MagnitudeImportance(p=1),
    "magnitude_l2": lambda: tp.importance.MagnitudeImportance(p=2),
    "bn_scale": lambda: tp.importance.BNScaleImportance(),
    "lamp": lambda: tp.importance.LAMPImportance(),
    "fpgm": lambda: tp.importance.FPGMImportance(),
    "taylor": lambda: tp.importance.TaylorImportance(),
}


@pytest.mark.parametrize("allocation", ["uniform", "global"])
@pytest.mark.parametrize("name", THEIRS)
def test_torch_prunings_own_pruner_agrees(name: str, allocation: str, trained, context: Context) -> None:
    network, ratio = trained("vgg", 3), 0.4
    plan = resolve(Method(name, options(allocation=allocation)))(network, ratio, context)
    ours = apply(network, plan, context.example)
    F.cross_entropy(network.eval()(context.images), context.labels).backward()
    total = sum(plan.total.values())
    gone = total - sum(map(len, plan.keep.values()))
    tp.pruner.BasePruner(
        network,
        context.example,
        importance=THEIRS[name](),
        global_pruning=allocation == "global",
        pruning_ratio=(gone - 0.001) / total if allocation == "global" else ratio,
        ignored_layers=[network.classifier],
    ).step()
    theirs = network.state_dict()
    assert 0 < gone < total
    assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.state_dict().items())


def plain() -> nn.Module:
    """Return a network without biases in front of its classifier, where Torch-Pruning's own OBD-C runs."""
    torch.manual_seed(4)
    return build(Network("vgg", options(widths=(4, "M", 6, 5))), 1, 3).eval()


def four(context: Context) -> Context:
    images = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    return replace(context, images=images, labels=torch.tensor([0, 1, 2, 1]))


def test_fisher_is_the_mean_of_squared_gradients(context: Context) -> None:
    network, data = plain(), four(context)
    fisher(network, data)
    found = [p.grad.clone() for p in network.parameters()]
    wanted = [torch.zeros_like(p) for p in network.parameters()]
    for image, label in zip(data.images, data.labels, strict=True):
        network.zero_grad()
        F.cross_entropy(network(image[None]), label[None]).backward()
        for square, parameter in zip(wanted, network.parameters(), strict=True):
            square += parameter.grad**2 / 4
    torch.testing.assert_close(found, wanted)


def test_gradients_are_those_of_the_mean_loss(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prunebench.pruning.importance.BATCH", 3)
    network, data = plain(), four(context)
    gradients(network, data)
    wanted = torch.autograd.grad(F.cross_entropy(network(data.images), data.labels), list(network.parameters()))
    torch.testing.assert_close([p.grad for p in network.parameters()], list(wanted))


def test_obdc_is_torch_prunings_where_that_runs(context: Context) -> None:
    network, data = plain(), four(context)
    found = survey(network, context.example)
    fisher(found.copy, data)
    obdc = obdc_of(tp.importance.OBDCImportance())
    ours = {name: obdc(group) for name, group in found.coupled.items()}
    pruner = tp.pruner.BasePruner(
        network, context.example, tp.importance.OBDCImportance(num_classes=3), ignored_layers=[network.classifier]
    )
    theirs = pruner.importance
    theirs.modules = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]  # its own search fails
    for module in theirs.modules:
        module.register_forward_pre_hook(theirs._save_input)
        module.register_full_backward_hook(theirs._save_grad_output)
    F.cross_entropy(network(data.images.requires_grad_()), data.labels).backward()
    theirs.Fisher = {}
    theirs.modules.remove(network.classifier)  # it has a bias, where `step` and the score disagree about the shape
    theirs.step()
    theirs.Fisher[network.classifier] = torch.zeros(())
    names = {module: name.replace("conv", "norm") for name, module in network.named_modules()}
    groups = pruner.DG.get_all_groups(ignored_layers=[network.classifier])
    found = {names[group[0].dep.target.module]: theirs(group) for group in groups}
    torch.testing.assert_close({name: found[name] for name in ours}, ours, rtol=1e-3, atol=1e-4)


def test_the_hessian_weighs_every_squared_weight_of_a_group(context: Context) -> None:
    network, data = plain(), four(context)
    plan = resolve(Method("hessian"))(network, 0.5, data)
    fisher(network, data)
    conv, norm, reader = (network.get_parameter(f"features.{n}.weight") for n in ("conv1", "norm1", "conv2"))
    score = (conv**2 * conv.grad).sum((1, 2, 3)) + norm**2 * norm.grad + (reader**2 * reader.grad).sum((0, 2, 3))
    assert plan.keep["features.norm1"] == tuple(score.topk(2).indices.sort().values.tolist())


def test_any_function_of_a_group_will_do(trained, context: Context) -> None:
    def last(group) -> Tensor | None:
        width = len(group[0].idxs)
        return None if width == 6 else torch.arange(width)

    plan = from_importance(last, allocation="protected")(trained("vgg"), 0.5, context)
    assert isinstance(plan, Plan)
    assert plan.total == {"features.norm1": 4, "features.norm3": 5, "hidden.norm1": 7}
    assert plan.keep["features.norm1"] == (3,)
