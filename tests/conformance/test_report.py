"""The conformance report: what it finds in methods that break their contract, each in another way."""

import json

import pytest
import torch
import torch_pruning as tp

from prunebench.conformance.families import FAMILIES
from prunebench.conformance.report import check
from prunebench.conformance.show import as_markdown, as_text, headline
from prunebench.pruning import Plan, keep_counts, keep_uniform, plan_of, prunable
from prunebench.pruning.masking import maskable
from prunebench.pruning.registry import found, named
from prunebench.specs.experiment import Method

PLAIN = "plain: VGG"


def sound(network, ratio, context):
    return keep_uniform({g.name: torch.arange(g.channels) for g in prunable(network, context.example)}, ratio)


def report(own):
    return check(Method("mine"), own)


def failures(own):
    return {(p.name, p.family): p for p in report(own).failed}


def test_a_sound_method_passes_on_every_family_within_the_time():
    done = report(sound)
    assert done.passed
    assert [p.state for p in done.points if p.name == "runs"] == ["ok"] * len(FAMILIES)
    assert headline(done).startswith("mine: every point holds; 5 of 5 families")


@pytest.mark.parametrize("name", ["slimming", "magnitude", "thinet"])
def test_methods_of_the_registry_keep_to_it(name):
    assert check(named(name), found(named(name))).failed == []


def changes(network, ratio, context):
    next(network.parameters()).data.zero_()
    return sound(network, ratio, context)


def ignores_the_ratio(network, ratio, context):
    return sound(network, 0.5, context)


def removes_nothing(network, ratio, context):
    return Plan({}, {})


def removes_too_little(network, ratio, context):
    return sound(network, ratio / 4, context)


def draws_elsewhere(network, ratio, context):
    return keep_uniform({g.name: torch.rand(g.channels) for g in prunable(network, context.example)}, ratio)


def raises(network, ratio, context):
    raise RuntimeError("no idea")


def returns_nothing(network, ratio, context):
    return None


def not_a_number(network, ratio, context):
    return keep_uniform({g.name: torch.full((g.channels,), torch.nan) for g in prunable(network, context.example)}, 0.5)


@pytest.mark.parametrize(
    ("own", "point", "came"),
    [
        (changes, "network untouched", "features.conv1.weight is changed"),
        (ignores_the_ratio, "ratio met", "FLOPs are left at ratio 0.25 and"),
        (removes_nothing, "FLOPs lower", " of "),
        (removes_too_little, "ratio met", "12."),
        (draws_elsewhere, "deterministic", "another plan"),
        (raises, "runs", "RuntimeError: no idea"),
        (returns_nothing, "runs", "returns NoneType, not a Plan"),
        (not_a_number, "runs", "is not a number"),
    ],
)
def test_each_breach_is_found_where_it_is(own, point, came):
    failed = failures(own)
    assert (point, PLAIN) in failed
    assert came in failed[point, PLAIN].seen
    assert failed[point, PLAIN].expected
    assert failed[point, PLAIN].where


def test_an_error_is_shown_with_its_line():
    assert 'raise RuntimeError("no idea")' in failures(raises)["runs", PLAIN].where


def autograd_off(network, ratio, context):
    torch.set_grad_enabled(False)
    return sound(network, ratio, context)


def double(network, ratio, context):
    torch.set_default_dtype(torch.float64)
    return sound(network, ratio, context)


def in_place(network, ratio, context):
    """As Torch-Pruning's README has it: the pruner works on what it is given, which is a copy in every run."""
    last = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
    score = tp.importance.MagnitudeImportance()
    tp.pruner.MagnitudePruner(network, context.example, score, pruning_ratio=ratio, ignored_layers=[last]).step()
    return network


@pytest.mark.parametrize("own", [autograd_off, double, in_place])
def test_what_every_run_undoes_or_takes_is_no_breach(own):
    assert not any(family == PLAIN for _, family in failures(own))
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_a_penalty_that_is_not_finite_fails():
    class Prune:
        def __call__(self, network, ratio, context):
            return sound(network, ratio, context)

        def regulariser(self, network):
            next(network.parameters()).grad.fill_(torch.inf)

    assert failures(Prune())["regulariser", PLAIN].seen.startswith("those of features.conv1.weight are not")


def test_a_method_that_serves_for_no_family_does_not_pass():
    class Nothing:
        def __call__(self, network, ratio, context):
            return keep_counts({}, {})

    done = report(Nothing())
    assert not done.failed
    assert not done.passed
    assert "it can prune none of the families" in headline(done)
    assert f"not tried on {PLAIN}: no scores" in as_text(done)


def test_masks_that_do_not_fit_are_found():
    def prune(network, ratio, context):
        return plan_of({name: torch.ones(3) > 0 for name in maskable(network)})

    assert "the plan masks" in failures(prune)["runs", PLAIN].seen


def test_markdown_survives_what_a_method_says():
    def loud(network, ratio, context):
        raise RuntimeError("<script>|`*_\n# heading")

    text = as_markdown(report(loud))
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\n# heading" not in text
    assert all(line.count(" | ") == len(FAMILIES) for line in text.splitlines() if line.startswith("| "))


def test_json_has_every_point():
    data = json.loads(json.dumps(report(sound).to_json()))
    assert data["passed"]
    assert len(data["points"]) == 11 * len(FAMILIES)
