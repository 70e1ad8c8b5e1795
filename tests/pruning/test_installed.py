"""Methods of installed packages: what the entry points give, and what a broken one does."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from tiny import TINY

from prunebench.common.errors import UnknownNameError
from prunebench.judging.settings import resolve as resolve_settings
from prunebench.protocol import tables
from prunebench.protocol.assignment import candidate, job
from prunebench.pruning import Context
from prunebench.pruning.decision import decide
from prunebench.pruning.registry import (
    MethodError,
    found,
    inheritance,
    load_file,
    methods,
    named,
    resolve,
)
from prunebench.specs.experiment import Method, Regulariser

SOURCE = '''
"""Methods of a package."""

import torch

from prunebench.pruning import keep_uniform, prunable


class Last:
    """The last channels of every layer (nobody)."""

    def prune(self, network, ratio, context):
        groups = prunable(network, context.example)
        return keep_uniform({g.name: -torch.arange(g.channels) for g in groups}, ratio)

    def regulariser(self, network):
        pass
'''
ROW = tables.load().row("t4.cifar10.vgg-19.70")


@pytest.fixture
def install(tmp_path: Path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def install(module: str, source: str, **points: str) -> bytes:
        (tmp_path / f"{module}.py").write_text(dedent(source))
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[prunebench.methods]", *lines]))
        return (tmp_path / f"{module}.py").read_bytes()

    yield install
    for name in [n for n, m in sys.modules.items() if str(tmp_path) in str(getattr(m, "__file__", ""))]:
        del sys.modules[name]


def test_an_installed_method_prunes_like_one_of_the_registry(install, trained, context: Context) -> None:
    source = install("pb_last", SOURCE, last="Last")
    method = named("last")
    assert method == Method("last", source=hashlib.sha256(source).hexdigest())
    assert methods()["last"] == "The last channels of every layer (nobody)."
    plan = decide(resolve(method), trained("vgg"), 0.5, context, context.example).plan
    assert plan.keep["features.norm1"] == (0, 1)
    assert inheritance(method) is None


def test_its_row_is_trained_with_its_regulariser(install) -> None:
    install("pb_job", SOURCE, last="Last")
    work = job(replace(ROW, method="last"), TINY)
    assert work.method == named("last")
    assert work.regulariser == Regulariser("method", method=work.method)
    assert callable(found(work.regulariser.method).regulariser)


def test_a_method_may_ask_for_the_untrained_network(install, tmp_path: Path) -> None:
    early = SOURCE + "    at_initialisation = True\n"
    install("pb_early", early, last="Last")
    (tmp_path / "my.py").write_text(early)
    for work in (job(replace(ROW, method="last"), TINY), candidate(ROW, TINY, f"{tmp_path}/my.py:Last")):
        assert work.trunk(0).recipe == replace(work.dense(0).recipe, stop=0)


def test_a_broken_one_is_listed_with_its_error_and_breaks_no_other(install) -> None:
    install("pb_good", SOURCE, last="Last")
    install("pb_bad", "import no_such_thing", worst="Worst")
    install("pb_poor", "number = 3", poor="number", missing="nothing")
    install("pb_l1", SOURCE, l1="Last")
    lines = methods()
    assert lines["last"] == "The last channels of every layer (nobody)."
    assert lines["worst"] == (
        "cannot be used: worst of pb_bad (pb_bad:Worst) fails when loaded: "
        "ModuleNotFoundError: No module named 'no_such_thing'; update or remove pb_bad"
    )
    assert "pb_poor.py: poor is int and cannot be called; it must be a function" in lines["poor"]
    assert "missing of pb_poor (pb_poor:nothing) fails when loaded: AttributeError: " in lines["missing"]
    assert named("l1") == Method("l1")
    assert lines["l1"].startswith("Filters")
    with pytest.raises(MethodError, match="worst of pb_bad"):
        named("worst")
    with pytest.raises(UnknownNameError, match="did you mean last"):
        named("lasst")


def test_a_run_goes_on_with_the_source_that_it_was_planned_with_only(install) -> None:
    install("pb_changed", SOURCE, last="Last")
    with pytest.raises(
        MethodError, match=r"not given: pass path/to/file.py:last, or install the package .*sha256 00000"
    ):
        resolve(Method("last", source="0" * 64))
    with pytest.raises(MethodError, match=r"last is an installed method and needs its source"):
        resolve(Method("last"))


def test_it_runs_beside_a_users_file(install, trained, context: Context, tmp_path: Path) -> None:
    install("pb_beside", SOURCE, last="Last")
    assert type(found(named("last"), tmp_path / "other.py")).__name__ == "Last"
    install("pb_broken", "import no_such_thing", mine="mine")
    (tmp_path / "my.py").write_text("def mine(network, ratio, context):\n    return 1")
    mine, _ = load_file(f"{tmp_path}/my.py:mine")
    with pytest.raises(MethodError, match="the method returns int, not a Plan"):
        resolve(mine, tmp_path / "my.py")(trained("vgg"), 0.5, context)


def test_it_can_be_the_candidate_by_its_name_alone(install, tmp_path: Path) -> None:
    install("pb_candidate", SOURCE, last="Last")
    settings = resolve_settings(tmp_path, tier="tiny", method="last")
    work = candidate(replace(ROW, id="candidate.vgg-19.50"), TINY, settings.reference)
    assert (work.row.id, work.method) == ("candidate.last.vgg-19.50", named("last"))
    assert settings.method_file is None
    with pytest.raises(
        MethodError, match=r"'lasst' names no method; write path/to/file.py:NAME, or .* an installed one"
    ):
        candidate(ROW, TINY, "lasst")
