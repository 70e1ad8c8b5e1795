"""Another way to silence channels than the package's: noise shows who reads them, and those weights become zero."""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd


def disagreement(network: nn.Module, small: nn.Module, removed: Mapping[str, Sequence[int]], example: Tensor) -> float:
    """Return by how much a network that hears nothing of some channels differs from a smaller one, over its spread."""
    silent, images = copy.deepcopy(network).eval(), torch.randn(8, *example.shape[1:]).to(example)
    plain = _calls(silent, images, {}, None)
    heard = _calls(silent, images, removed, [y for _, _, y in plain])
    with torch.no_grad():
        for name in {name for name, _, _ in heard}:
            layer = silent.get_submodule(name)
            pairs = [(x, z) for (n, x, _), (_, z, _) in zip(heard, plain, strict=True) if n == name]
            moved = torch.stack([_channels(layer, x != z) for x, z in pairs]).any(0)
            weight = layer.weight.clone()
            weight.movedim(0 if getattr(layer, "transposed", False) else 1, 0)[moved] = 0
            layer.weight = nn.Parameter(weight) if not hasattr(layer, "parametrizations") else weight
        ours, theirs = silent(images), small.eval()(images)
    return float((ours - theirs).abs().max() / max(ours.std(), 1e-2 * ours.abs().max()))


def _calls(
    network: nn.Module, images: Tensor, removed: Mapping[str, Sequence[int]], frozen: list[Tensor] | None
) -> list[tuple[str, Tensor, Tensor]]:
    """Run with noise on some channels; return inputs and outputs of what reads, the latter `frozen`."""
    calls: list[tuple[str, Tensor, Tensor]] = []

    def read(name: str, x: Tensor, y: Tensor) -> Tensor:
        y = y if frozen is None else frozen[len(calls)].clone()
        calls.append((name, x.clone(), y.clone()))
        return y

    def disturbed(layer: nn.Module, channels: Sequence[int], y: Tensor) -> Tensor:
        y = y.clone()
        place = y.movedim(y.dim() - 1 if isinstance(layer, nn.Linear) else 1, 0)
        # Up and down, so that no activation hides it, and uneven, so that no normalisation does.
        up = 10 * (-1.0) ** torch.arange(y.shape[0])
        place[list(channels)] += up.reshape(-1, *[1] * (y.dim() - 2)) * (0.5 + torch.rand(place.shape[2:]))
        return y

    handles = []
    for name, layer in network.named_modules():
        if reads(layer):
            handles.append(layer.register_forward_hook(lambda m, i, y, name=name: read(name, i[0], y)))
        if name in removed:
            handles.append(layer.register_forward_hook(lambda m, i, y, c=removed[name]: disturbed(m, c, y)))
    with torch.no_grad():
        network(images)
    for handle in handles:
        handle.remove()
    return calls


def reads(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) or (isinstance(layer, _ConvNd) and layer.groups == 1)


def _channels(layer: nn.Module, moved: Tensor) -> Tensor:
    dimension = moved.dim() - 1 if isinstance(layer, nn.Linear) else 1
    return moved.movedim(dimension, 0).flatten(1).any(1)
