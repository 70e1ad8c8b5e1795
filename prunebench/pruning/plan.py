"""The plan: what a pruning method decided, as plain data. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from prunebench.common.errors import PrunebenchError, near
from prunebench.pruning.mask import Mask


class PlanError(PrunebenchError):
    """A plan that is wrong in itself, or that does not fit the network it is applied to."""


class UnsuitedError(PlanError):
    """A network that a method can do nothing with: it has none of what the method prunes."""


@dataclass(frozen=True)
class Plan:
    """The channels that each layer keeps, the blocks that are dropped whole, or the weights that each mask keeps.

    Attributes:
        keep: indices of the kept output channels, ascending, by module name; sequences of integers become tuples, and
            so do those of as many bools as there are channels, True where one is kept.
        total: output channels before pruning, by module name.
        notes: what the reader of a result should know, such as a layer that was saved from losing every channel.
        drop: names of residual blocks of which only the shortcut is left.
        masks: kept weights by module name, of a method that prunes single weights; they leave every shape as it is.

    Raises:
        PlanError: a layer keeps nothing, its indices are out of range, out of order or twice there, or it lies in a
            block that is dropped.
    """

    keep: dict[str, tuple[int, ...]]
    total: dict[str, int]
    notes: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    masks: dict[str, Mask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "keep", {name: _indices(name, kept, self.total.get(name, 0)) for name, kept in self.keep.items()}
        )
        object.__setattr__(self, "total", {name: int(total) for name, total in self.total.items()})
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "drop", tuple(self.drop))
        if self.keep.keys() != self.total.keys():
            odd = sorted(self.keep.keys() ^ self.total.keys())
            raise PlanError(f"keep and total name different layers: {', '.join(odd)} is in one of them only")
        for name, kept in self.keep.items():
            _check_layer(name, kept, self.total[name])
            if inside := [block for block in self.drop if name == block or name.startswith(f"{block}.")]:
                raise PlanError(f"{name} lies in {inside[0]}, which is dropped: a plan names one of them")

    def removed(self, name: str) -> list[int]:
        """Return the channels that a layer loses, ascending."""
        return sorted(set(range(self.total[name])) - set(self.keep[name]))

    def check(self, widths: Mapping[str, int]) -> None:
        """Compare with a network.

        Args:
            widths: output channels of the network's modules, by name.

        Raises:
            PlanError: the network lacks a layer of the plan, or has it with another width.
        """
        for name, total in self.total.items():
            if name not in widths:
                raise PlanError(
                    f"the network has no layer {name!r} with channels to remove; it has, for example, "
                    f"{near(name, widths)}"
                )
            if widths[name] != total:
                raise PlanError(
                    f"{name} has {widths[name]} channels in this network and {total} in the plan: "
                    "the plan was made for another network"
                )

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON data; `drop` and `masks` only where there are any."""
        data = {"keep": {k: list(v) for k, v in self.keep.items()}, "total": self.total, "notes": list(self.notes)}
        masks = {name: mask.to_json() for name, mask in self.masks.items()}
        return data | ({"drop": list(self.drop)} if self.drop else {}) | ({"masks": masks} if masks else {})

    @classmethod
    def from_json(cls, data: Any) -> Plan:
        """Return the plan that `to_json` wrote.

        Raises:
            PlanError: it is no such document, or the plan is wrong.
        """
        try:
            masks = {name: Mask.from_json(mask) for name, mask in data.get("masks", {}).items()}
            return cls(data["keep"], data["total"], data["notes"], data.get("drop", ()), masks)
        except PlanError:
            raise
        except Exception as error:
            raise PlanError(
                f"no plan: expected the keys keep, total and notes as `to_json` writes them ({error!r})"
            ) from error


def _indices(name: str, kept: Iterable[Any], total: int) -> tuple[int, ...]:
    found = [getattr(i, "item", lambda i=i: i)() for i in kept]
    if found and all(isinstance(i, bool) for i in found):
        if len(found) != total:
            raise PlanError(f"{name} has a mask of {len(found)} channels and {total} of them")
        return tuple(i for i, there in enumerate(found) if there)
    return tuple(int(i) for i in found)


def _check_layer(name: str, kept: tuple[int, ...], total: int) -> None:
    if not kept:
        raise PlanError(f"{name} keeps no channel of {total}: a network needs at least 1 in every layer")
    outside = [i for i in kept if not 0 <= i < total]
    if outside:
        raise PlanError(f"{name} keeps channel {outside[0]}; valid are 0 to {total - 1}")
    if any(a >= b for a, b in pairwise(kept)):
        raise PlanError(f"{name} keeps channels {kept}: indices must ascend, each once")
