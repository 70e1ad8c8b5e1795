"""Methods from their parts."""

import pytest
import torch
from torch import Tensor, nn

from prunebench.pruning import Context, PlanError, by_score, by_weight, maskable, prunable
from prunebench.pruning.registry import resolve
from prunebench.specs.experiment import Method, options


def ascending(network: nn.Module, context: Context) -> dict[str, Tensor]:
    return {group.name: torch.arange(group.channels).float() for group in prunable(network, context.example)}


def test_a_score_alone_is_a_method(trained, context: Context) -> None:
    network = trained("vgg")
    uniform = by_score(ascending)(network, 0.5, context)
    assert list(uniform.keep.values()) == [(2, 3), (3, 4, 5), (3, 4), (4, 5, 6)]
    whole = by_score(ascending, "global")(network, 0.5, context)
    assert list(whole.keep.values()) == [(3,), (3, 4, 5), (3, 4), (3, 4, 5, 6)]
    assert by_score(ascending)(network, 0.5, context, allocation="global") == whole


def test_given_counts_make_the_ratio_void(trained, context: Context) -> None:
    prune = resolve(Method("l1", options(allocation=[["features.norm1", 3], ["features.norm3", 1]])))
    plan = prune(trained("vgg"), 0.9, context)
    assert {name: len(kept) for name, kept in plan.keep.items()} == {"features.norm1": 3, "features.norm3": 1}


def test_rounds_score_what_the_last_one_has_left(trained, context: Context) -> None:
    widths = []

    def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
        scores = ascending(network, context)
        widths.append([len(score) for score in scores.values()])
        return scores if len(widths) == 1 else {name: -score for name, score in scores.items()}

    plan = by_score(score)(trained("vgg"), 0.5, context, rounds=2)
    assert widths == [[4, 6, 5, 7], [3, 4, 3, 5]]
    assert plan.keep["features.norm1"] == (1, 2)
    assert plan.keep["hidden.norm1"] == (2, 3, 4)


@pytest.mark.parametrize("name", ["l1", "taylor", "slimming", "random"])
@pytest.mark.parametrize("family", ["vgg", "preresnet"])
def test_rounds_end_at_the_ratio(name: str, family: str, trained, context: Context) -> None:
    network = trained(family)
    once, thrice = (resolve(Method(name, options(rounds=n)))(network, 0.5, context) for n in (1, 3))
    assert sum(map(len, once.keep.values())) == pytest.approx(sum(map(len, thrice.keep.values())), abs=3)
    assert once.total == thrice.total


def test_rounds_of_masks_score_what_is_left(trained, context: Context) -> None:
    seen = []

    def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
        weights = {name: weight.detach().abs() for name, weight in maskable(network).items()}
        seen.append(sum(int(weight.count_nonzero()) for weight in weights.values()))
        return weights

    network = trained("vgg")
    total = sum(weight.numel() for weight in maskable(network).values())
    plan = by_weight(score)(network, 0.75, context, rounds=2)
    assert seen == [total, total - int(total * 0.5) - 1]
    assert plan == by_weight(score)(network, 0.75, context)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"allocation": "globl"},
            "unknown allocation 'globl'; valid are uniform, global, protected, or pairs of",
        ),
        ({"allocation": (("x", 1),)}, "cannot keep 1 channels of x, which has no scores"),
        ({"rounds": 0}, "rounds is 0; it is a number of rounds, at least 1"),
    ],
)
def test_settings_that_say_nothing(settings, message: str, trained, context: Context) -> None:
    with pytest.raises(PlanError, match=message):
        by_score(ascending)(trained("vgg"), 0.5, context, **settings)
