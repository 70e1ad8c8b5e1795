"""Methods by name: the registry's own, and those in a user's file."""

from __future__ import annotations

import ast
import difflib
import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from prunebench.errors import PrunebenchError, UnknownNameError
from prunebench.experiment import Method
from prunebench.pruning.plan import Plan, PlanError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from prunebench.pruning.context import Context

Prune: TypeAlias = "Callable[[nn.Module, float, Context], Plan]"
Inherit: TypeAlias = "Callable[[nn.Module, Plan, Context], nn.Module]"


class MethodError(PrunebenchError):
    """A method that cannot be found, loaded or used; says where and what would do."""


def methods() -> dict[str, str]:
    """Return the registry's methods, each with one line that says what it does and where it comes from."""
    files = sorted((Path(__file__).parent / "methods").glob("[!_]*.py"))
    documents = {file.stem: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in files}
    return {name: (document or "").splitlines()[0] for name, document in documents.items()}


def resolve(method: Method, file: Path | None = None) -> Prune:
    """Return the function behind a method's name.

    Args:
        method: from the registry, or as `load_file` returned it.
        file: the user's file, for a method that has a source.

    Raises:
        UnknownNameError: the registry has no such method.
        MethodError: the user's file is not given, cannot be loaded or is no longer the same.
    """
    if file is not None:
        return _resolve_in(file, method)
    if method.source:
        raise MethodError(
            f"{method.name} is a method of a user's file, which is not given: pass path/to/file.py:{method.name}"
        )
    if method.name not in methods():
        raise UnknownNameError("method", method.name, methods())
    prune: Prune = import_module(f"prunebench.pruning.methods.{method.name}").prune
    return partial(prune, **method.options.as_dict())


def _resolve_in(file: Path, method: Method) -> Prune:
    loaded, found = load_file(f"{file}:{method.name}")
    if loaded.source != method.source:
        raise MethodError(
            f"{file} has changed since this run was planned (its sha256 was {method.source[:12]}): run again"
        )
    prune: Prune = _prune_of(found)
    return prune


def inheritance(method: Method, file: Path | None = None) -> Inherit | None:
    """Return the method's own rule for the weights that the pruned network inherits, None where it keeps what it had.

    Args:
        method: from the registry, or as `load_file` returned it.
        file: the user's file, for a method that has a source.

    Raises:
        UnknownNameError: as `resolve` does.
        MethodError: as `resolve` does.
    """
    resolve(method, file)
    if file is not None:
        found = load_file(f"{file}:{method.name}")[1]
    else:
        found = import_module(f"prunebench.pruning.methods.{method.name}")
    inherit: Inherit | None = getattr(found, "inherit", None)
    return inherit


def load_file(reference: str) -> tuple[Method, Any]:
    """Load a user's method.

    Args:
        reference: `path/to/file.py:NAME`. NAME is a function `prune(network, ratio, context) -> Plan`, or a class
            that is made without arguments and is callable like that or has such a method `prune`; it may also have a
            method `regulariser(network)`, called after each backward pass of training to add to the gradients,
            `after_epoch(network, epochs)`, called after each epoch, and `inherit(network, plan, context)`, which
            returns a copy of the network, of the same shapes, with the weights that the pruned network gets.

    Returns:
        The method, with the sha256 of the file as its source, and the function or a new instance. The
        digest covers this one file, so nothing can be imported from beside it.

    Raises:
        MethodError: says which of these does not hold.
    """
    path, _, name = reference.rpartition(":")
    if not path or not name:
        raise MethodError(f"{reference!r} names no method; write path/to/file.py:NAME")
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise MethodError(f"cannot read {path}: {error.strerror}; write path/to/file.py:NAME") from error
    digest = hashlib.sha256(source).hexdigest()
    found = _named(_execute(path, source, f"prunebench_method_{digest}"), name, path)
    return Method(name, source=digest), found


def _execute(path: str, source: bytes, name: str) -> ModuleType:
    """Run the very bytes whose digest names the method."""
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SyntaxError as error:
        raise MethodError(
            f"{path} does not parse, line {error.lineno}: {(error.text or '').strip()} ({error.msg})"
        ) from error
    except (Exception, SystemExit) as error:
        raise MethodError(f"{path} fails when loaded{_where(error, path)}: {_said(error)}") from error
    return module


def _named(module: ModuleType, name: str, path: str) -> Any:
    if not hasattr(module, name):
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__ and n[0] != "_"]
        near = "".join(f"; did you mean {match}?" for match in difflib.get_close_matches(name, own, n=1, cutoff=0.5))
        raise MethodError(f"{path} has no {name!r}; it defines {', '.join(own) or 'no function or class'}{near}")
    found = getattr(module, name)
    if inspect.isclass(found):
        try:
            found = found()
        except Exception as error:
            raise MethodError(
                f"{path}: {name}() without arguments fails{_where(error, path)}: {_said(error)}"
            ) from error
    if not callable(_prune_of(found)):
        raise MethodError(
            f"{path}: {name} is {type(found).__name__} and cannot be called; it must be a function "
            "prune(network, ratio, context) -> Plan, or a class that is callable like that or has a method prune"
        )
    return found


def _prune_of(found: Any) -> Any:
    return getattr(found, "prune", found)


def checked_plan(prune: Prune, network: nn.Module, ratio: float, context: Context, example: Tensor) -> Plan:
    """Run a method and make sure of its result.

    Args:
        prune: the method.
        network: trained network that it prunes.
        ratio: share to remove, in [0, 1).
        context: what the method is given.
        example: images to apply the plan with, shape [N, C, H, W].

    Raises:
        MethodError: the ratio is out of range or more than any layer can lose, or the method raises, returns no plan
            or one that does not fit, or changes the network.
    """
    from prunebench.pruning import surgery

    if not 0 <= ratio < 1:
        raise MethodError(f"ratio {ratio} is outside [0, 1); it is the share to remove")
    before = _bits(network)
    try:
        plan = prune(network, ratio, context)
    except Exception as error:
        raise MethodError(f"the method fails{_where(error)}: {_said(error)}") from error
    _check_unchanged(before, _bits(network))
    if not isinstance(plan, Plan):
        raise MethodError(
            f"the method returns {type(plan).__name__}, not a Plan; keep_uniform(scores, ratio) makes one"
        )
    _check_ratio(plan, ratio)
    try:
        surgery.apply(network, plan, example)
    except PlanError as error:
        raise MethodError(f"the method's plan does not fit the network: {error}") from error
    return plan


def _check_ratio(plan: Plan, ratio: float) -> None:
    widest = max(plan.total.values(), default=0)
    if widest and ratio > 1 - 1 / widest and all(len(kept) == 1 for kept in plan.keep.values()):
        raise MethodError(
            f"ratio {ratio} is more than any layer can lose: the widest has {widest} channels, and each keeps at least "
            f"1; valid are ratios up to {1 - 1 / widest:.3g}, or a wider network"
        )


def _check_unchanged(before: dict[str, str], after: dict[str, str]) -> None:
    changed = [name for name in before | after if before.get(name) != after.get(name)]
    if changed:
        raise MethodError(
            f"the method changes the network that it is given: {', '.join(changed[:3])}"
            f"{' and more' if len(changed) > 3 else ''}; it may only read it, so work on copy.deepcopy(network)"
        )


def _bits(network: nn.Module) -> dict[str, str]:
    """Return a digest of each tensor of the network."""
    return {name: _digest(tensor) for name, tensor in network.state_dict().items()}


def _digest(tensor: Tensor) -> str:
    import torch

    raw = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    digest = hashlib.sha256(f"{tensor.shape} {tensor.dtype}".encode())
    digest.update(raw.data)
    return digest.hexdigest()


def _where(error: BaseException, path: str = "") -> str:
    """Return the last line of the user's code that an error passed through, empty if it passed through none.

    Without a path the user's file is that of the first function outside of this package and of installed ones.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]
    ours = str(Path(__file__).parents[1])
    theirs = [f.filename for f in frames if not f.filename.startswith(ours) and "site-packages" not in f.filename]
    own = [frame for frame in frames if frame.filename == (path or next(iter(theirs), None))]
    return f" ({own[-1].filename}, line {own[-1].lineno}: {own[-1].line})" if own else ""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
