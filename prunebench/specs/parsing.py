"""Specs from the JSON that they were stored as."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import Detection, Options, Pruning, Spec, Training, digest, digest_of, options


def parse(document: dict[str, Any]) -> Spec:
    """Return the spec of a `spec.json`.

    Raises:
        StoreError: it is no spec of this version of prunebench.
    """
    kinds: dict[str, Any] = {"training": Training, "detection": Detection, "pruning": Pruning}
    try:
        spec: Spec = _parse(kinds[document["kind"]], document["spec"])
    except (LookupError, TypeError, ValueError) as error:
        raise StoreError(f"no spec of this version of prunebench ({error})") from error
    if digest(spec) != digest_of(document):
        raise StoreError("a spec of another version of prunebench")
    return spec


def _parse(kind: Any, data: Any) -> Any:
    if kind is Options:
        return options(**data)
    if is_dataclass(kind) and isinstance(data, dict):
        hints = get_type_hints(kind)
        return kind(**{name: _parse(hints[name], value) for name, value in data.items()})  # type: ignore[operator]
    if isinstance(data, dict):  # one of several kinds, such as `Training | Pruning`
        fitting = [option for option in get_args(kind) if is_dataclass(option) and _fits(option, data)]
        if not fitting:
            raise TypeError(f"fields {', '.join(data)}")
        return _parse(fitting[0], data)
    return tuple(data) if isinstance(data, list) else data


def _fits(kind: Any, data: dict[str, Any]) -> bool:
    """Return whether data has all fields that a kind of spec needs, and no others than it has."""
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    return needed <= data.keys() <= {field.name for field in fields(kind)}
