"""Networks of a user's file: in specs by the sha256 of its source, here once the file is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError
from prunebench.networks.outputs import stubborn, uncompiled, with_one_output
from prunebench.specs import experiment

_OFFERED: dict[tuple[str, str], str] = {}
"""The file of each user's network, by its name and the sha256 of its source."""

_LOADED: dict[tuple[str, str], Callable[[int, int], nn.Module]] = {}


def offer(reference: str) -> None:
    """Make a user's network known to this process, which runs its file once the network is built here.

    Args:
        reference: `path/to/file.py:build`; a function or class that is called with the channels of the images and the
            number of classes, and returns a network for images of any size that its dataset has.

    Raises:
        PrunebenchError: there is no such file.
    """
    _, name, content = userfile.read(reference)
    _OFFERED[name, userfile.digest(content)] = reference


def offered() -> list[str]:
    """Return the files of all networks that this process knows, without those that have gone meanwhile."""
    return [reference for reference in _OFFERED.values() if Path(reference.rpartition(":")[0]).is_file()]


def load(reference: str) -> experiment.Network:
    """Run a user's file, make its network known to this process, and return what specs call it; argument as of `offer`.

    Raises:
        PrunebenchError: there is no such function.
    """
    source, build = userfile.load(reference)
    path, _, name = reference.rpartition(":")
    if not callable(build):
        raise PrunebenchError(f"{path}: {name} is {type(build).__name__}; it must be build(channels, classes)")
    _LOADED[name, source] = build
    return experiment.Network(name, source=source)


def tried(reference: str) -> tuple[dict[str, str], bytes]:
    """Run a user's file, in a child process, and answer that it defines a network.

    Raises:
        PrunebenchError: it does not.
    """
    load(reference)
    return {}, b""


def known(network: nn.Module) -> bool:
    """Return whether a network is of the families here or of torchvision, and none of a user's."""
    return type(network).__module__.startswith(("prunebench.", "torchvision."))


def quick(network: nn.Module, images: Tensor) -> Tensor:
    """Return images laid out as deep networks are half as fast again on, where the network is known to bear that."""
    return images.contiguous(memory_format=torch.channels_last) if known(network) else images


def built(network: experiment.Network, channels: int, classes: int) -> nn.Module:
    """Return a user's network; arguments are those of `networks.build`.

    Raises:
        PrunebenchError: its file is not loaded, or it fails or makes no network.
    """
    name = network.family
    if (name, network.source) not in _LOADED and (name, network.source) in _OFFERED:
        load(_OFFERED[name, network.source])
    if (name, network.source) not in _LOADED:
        raise PrunebenchError(
            f"{name} is a network of a user's file (sha256 {network.source[:12]}), which is not given or has changed; "
            f"pass --pb-network path/to/file.py:{name}"
        )
    try:
        made = _LOADED[name, network.source](channels, classes)
    except Exception as error:
        said, where = userfile.said(error), userfile.where(error)
        raise PrunebenchError(f"{name}(channels={channels}, classes={classes}) fails{where}: {said}") from error
    if not isinstance(made, nn.Module):
        raise PrunebenchError(f"{name}(channels, classes) returns {type(made).__name__}, not a torch.nn.Module")
    made = uncompiled(made)
    if reason := stubborn(made) or _other_precision(made):
        raise PrunebenchError(f"{name}(channels, classes): {reason}")
    return with_one_output(made)


def _other_precision(network: nn.Module) -> str:
    """Return which weight is in another precision than the images are, and what to do; empty if none is."""
    for name, parameter in network.named_parameters():
        if parameter.is_floating_point() and parameter.dtype != torch.float32:
            kind = str(parameter.dtype).removeprefix("torch.")
            return f"{name} is in {kind}, images and masters are in float32: return network.float()"
    return ""
