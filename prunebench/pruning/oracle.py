"""The oracle: a network without channels must say what it says with them silenced, and must train.

It is asked after every surgery, on a twin of the network with lively weights: those of a fresh or a dead network could
hide that the wrong channels went. Nothing in it knows how surgery found out what to remove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from prunebench.common.randomness import rng, seeded
from prunebench.common.userfile import said, where
from prunebench.pruning.cuts import Cuts
from prunebench.pruning.reshapes import reshaped, written_width
from prunebench.pruning.silence import silenced, unheard

TOLERANCES = ((torch.float32, 1e-4), (torch.float64, 1e-7))
"""By precision, the difference over the spread of the outputs that counts as none; the second is tried where the first
fails, as rounding may be all that differs in a network that is very deep."""

ITSELF = "the network itself does not run"
"""How the reason begins where it is not surgery's fault."""

UNDEFINED = "the network does not run with them silenced"
"""How the reason begins where there is nothing to compare with."""

DRAWS = 65_537
"""Normal numbers that lively weights take in turn. As it is a prime, no two channels of a layer are alike."""

Surgery = Callable[[nn.Module], nn.Module]
"""Makes the smaller network of one of a given structure, in place or not."""


def proven(network: nn.Module, cuts: Cuts, example: Tensor) -> str:
    """Return why cuts do not do what they should on a network, as `doubt`; they are mended where that helps.

    Torch-Pruning takes every flattened map for one with its channels first. Where another order comes in, the inputs
    to cut are those that are not heard.
    """
    reason = doubt(network, cuts.silent, cuts.made_in, example)
    if not reason or reason.startswith((ITSELF, UNDEFINED)) or example.is_meta:
        return reason
    if not cuts.follow(unheard(lively(network), cuts.silent, _images(example))):
        return reason
    return reason if doubt(network, cuts.silent, cuts.made_in, example) else ""


def doubt(network: nn.Module, channels: Mapping[str, Sequence[int]], surgery: Surgery, example: Tensor) -> str:
    """Return why surgery does not do what it should on a network, empty if it does.

    Args:
        network: any network; it is not changed. On the meta device, where nothing has a value, nothing is compared.
        channels: what is silenced in it, by the module that puts it out.
        surgery: removes these channels.
        example: images that tell shape, type and device, shape [N, C, H, W].
    """
    if example.is_meta:
        return _stumble(surgery(deepcopy(network)), example, network)
    twin = lively(network)
    images = _images(example)
    small = surgery(deepcopy(twin))
    if reason := _stumble(small, images, twin):
        return reason
    for precision, tolerance in TOLERANCES:
        given = images.to(precision)
        twin, small = twin.to(precision), small.to(precision)
        try:
            layer = _first_difference(twin, small, channels, given, tolerance)
        except Exception as error:
            return f"{UNDEFINED}: {said(error)}{where(error)}"
        if not layer:
            return _untrainable(twin, small, given)
    return f"the network without them says something else than with them silenced, from {layer} on"


def lively(network: nn.Module) -> nn.Module:
    """Return a copy of a network in evaluation mode whose weights and statistics all make a difference."""
    twin, draw, used = deepcopy(network).eval(), rng(0, "lively"), 0
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            parameter.copy_(_drawn(name, parameter, draw, used))
            used += parameter.numel()
        for name, buffer in twin.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.empty(buffer.shape, device="cpu").uniform_(-0.3, 0.3, generator=draw))
            elif name.endswith("running_var"):
                buffer.copy_(torch.empty(buffer.shape, device="cpu").uniform_(0.5, 2, generator=draw))
    return twin


def _images(example: Tensor) -> Tensor:
    return torch.randn(2, *example.shape[1:], generator=rng(0, "oracle"), device="cpu").to(example)


@lru_cache(1)
def _normal() -> Tensor:
    """Return `DRAWS` normal numbers, twice over."""
    return torch.randn(DRAWS, generator=rng(0, "normal"), device="cpu", dtype=torch.float32).repeat(2)


def _drawn(name: str, parameter: Tensor, draw: torch.Generator, used: int) -> Tensor:
    if parameter.dim() > 1:
        turns = _normal()[used % DRAWS :][:DRAWS].repeat(parameter.numel() // DRAWS + 1)
        scale: float = (2 / max(1, parameter[0].numel())) ** 0.5
        return turns[: parameter.numel()].reshape(parameter.shape) * scale
    fresh = torch.empty(parameter.shape, device="cpu")
    if name.endswith("bias"):
        return fresh.uniform_(-0.3, 0.3, generator=draw)
    return fresh.uniform_(0.5, 1.5, generator=draw)


def _said(network: nn.Module, images: Tensor) -> list[Tensor]:
    with torch.no_grad():
        return _tensors(network(images))


def _tensors(output: object) -> list[Tensor]:
    return [leaf.detach() for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]


def _agree(ours: Sequence[Tensor], theirs: Sequence[Tensor], tolerance: float) -> bool:
    return len(ours) == len(theirs) and all(_close(a, b, tolerance) for a, b in zip(ours, theirs, strict=True))


def _close(a: Tensor, b: Tensor, tolerance: float) -> bool:
    if a.shape != b.shape:
        return False
    if not a.numel():
        return True
    spread = a.double().std() if a.numel() > 1 else a.double().abs().sum()
    size = 1e-2 * a.double().abs().max()
    return bool((a.double() - b.double()).abs().max() <= tolerance * torch.maximum(spread, size))


def _stumble(small: nn.Module, images: Tensor, dense: nn.Module) -> str:
    """Return how the smaller network fails to run, empty if it runs."""
    small.eval()
    with torch.no_grad(), reshaped() as seen:
        try:
            small(images)
            return ""
        except Exception as error:
            failure = error
    with torch.no_grad(), reshaped() as wanted:
        try:
            dense.eval()(images)
        except Exception as error:
            return f"{ITSELF} on {len(images)} images: {said(error)}{where(error)}"
    return f"the network does not run without the removed channels: {failure}{written_width(wanted, seen, failure)}"


def _untrainable(dense: nn.Module, small: nn.Module, images: Tensor) -> str:
    """Return how the smaller network fails where the dense one trains, empty if it trains."""
    failure = _step(small, images)
    if failure is None or _step(dense, images) is not None:
        return ""
    return f"the network does not train without the removed channels: {said(failure)}"


def _step(network: nn.Module, images: Tensor) -> Exception | None:
    with seeded(0, network), torch.enable_grad():
        try:
            losses = [y.float().sum() for y in tree_leaves(network.train()(images)) if isinstance(y, Tensor)]
            sum(y for y in losses if y.requires_grad).backward()  # type: ignore[union-attr]
        except Exception as error:
            return error
    return None


def _first_difference(
    dense: nn.Module, small: nn.Module, channels: Mapping[str, Sequence[int]], images: Tensor, tolerance: float
) -> str:
    """Return the name of the first layer after which what is heard is not what the smaller network says, empty if none.

    Every layer is compared, as a dead one behind it could hide the difference from the outputs.
    """
    with silenced(dense, channels), _recorded(dense) as ours:
        heard = _tensors(dense(images))
    with _recorded(small) as theirs:
        said_by_small = _said(small, images)
    for (name, y), (also, z) in zip(ours, theirs, strict=False):
        kept = y[~y.isnan()]
        smaller = kept.numel() == y.numel() and z.numel() < y.numel()  # a gate, silent only in what it multiplies
        if name != also or not (smaller or _close(kept, z.flatten(), tolerance)):
            return name
    return "" if _agree(heard, said_by_small, tolerance) else "its output"


@contextmanager
def _recorded(network: nn.Module) -> Iterator[list[tuple[str, Tensor]]]:
    """Record what each layer without layers puts out."""
    record: list[tuple[str, Tensor]] = []
    handles = [
        module.register_forward_hook(lambda m, i, y, name=name: record.extend((name, t) for t in _tensors(y)))
        for name, module in network.named_modules()
        if name and not any(True for _ in module.children())
    ]
    try:
        yield record
    finally:
        for handle in handles:
            handle.remove()
