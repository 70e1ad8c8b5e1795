"""Where a network's code has a width written into it, instead of taking it from the tensor."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from linecache import getline
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from prunebench.common.userfile import where

_RESHAPING = (Tensor.view, Tensor.reshape, torch.reshape, Tensor.unflatten, Tensor.expand)


@dataclass
class Reshape:
    """One call that gives a tensor another shape.

    Attributes:
        given: shape before.
        line: of the user's code, with its file; empty if it is not in one.
        made: shape after, None if the call failed.
    """

    given: torch.Size
    line: str
    made: torch.Size | None = None


@contextmanager
def reshaped() -> Iterator[list[Reshape]]:
    """Record the reshapes of all that runs inside."""
    with _Recorder() as recorder:
        yield recorder.seen


def written_width(dense: Sequence[Reshape], small: Sequence[Reshape], error: BaseException) -> str:
    """Return the line of the user's code that does not go with fewer channels, and what to write there.

    Args:
        dense: reshapes of the network with all channels.
        small: those of the network without some, which failed.
        error: with which it failed.
    """
    for before, after in zip(dense, small, strict=False):
        if after.line and before.given[:1] == after.given[:1] and not _alike(before, after):
            return (
                f" ({after.line}): the number of channels is written into this line; write x.flatten(1), or take the "
                "number from the tensor, as x.shape[1]"
            )
    return where(error)


def _alike(before: Reshape, after: Reshape) -> bool:
    """Return whether both calls came to as many images."""
    return before.made is not None and after.made is not None and before.made[:1] == after.made[:1]


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Reshape] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in _RESHAPING:
            return func(*args, **(kwargs or {}))
        call = Reshape(args[0].shape, _line())
        self.seen.append(call)
        made = func(*args, **(kwargs or {}))
        call.made = made.shape
        return made


def _line() -> str:
    """Return the line of the user's code that is running."""
    others = str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"), "<"
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(others) and "site-packages" not in file:
            return f"{file}, line {frame.f_lineno}: {getline(file, frame.f_lineno).strip()}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
