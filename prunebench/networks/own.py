"""Networks of a user's file: in specs by the sha256 of its source, here once the file is loaded."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError
from prunebench.specs import experiment

_LOADED: dict[tuple[str, str], Callable[[int, int], nn.Module]] = {}


def load(reference: str) -> None:
    """Make a user's network known to this process.

    Args:
        reference: `path/to/file.py:build`; a function or class that is called with the channels of the images and the
            number of classes, and returns a network for images of any size that its dataset has.

    Raises:
        PrunebenchError: there is no such function.
    """
    source, build = userfile.load(reference)
    path, _, name = reference.rpartition(":")
    if not callable(build):
        raise PrunebenchError(f"{path}: {name} is {type(build).__name__}; it must be build(channels, classes)")
    _LOADED[name, source] = build


def built(network: experiment.Network, channels: int, classes: int) -> nn.Module:
    """Return a user's network; arguments are those of `networks.build`.

    Raises:
        PrunebenchError: its file is not loaded, or it fails or makes no network.
    """
    name = network.family
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
    return made
