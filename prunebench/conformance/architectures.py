"""The table of architectures in the documentation: `python -m prunebench.conformance.architectures > FILE`.

Each is built with fresh weights and tried as a user's network would be: where channels may be removed, and whether what
is left is exact when half of them go. It needs timm (`pip install timm`); nothing is downloaded.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from prunebench.common.errors import PrunebenchError
from prunebench.common.randomness import seeded
from prunebench.networks.outputs import with_one_output
from prunebench.pruning.groups import survey
from prunebench.pruning.plan import Plan
from prunebench.pruning.surgery import apply

CLASSES = 10

TORCHVISION = {
    64: (
        "alexnet vgg11 vgg11_bn vgg16_bn resnet18 resnet34 resnet50 resnext50_32x4d wide_resnet50_2 densenet121 "
        "squeezenet1_0 squeezenet1_1 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large mnasnet0_5 mnasnet1_0 "
        "shufflenet_v2_x0_5 shufflenet_v2_x1_0 efficientnet_b0 efficientnet_v2_s regnet_x_400mf regnet_y_400mf "
        "convnext_tiny googlenet swin_t swin_v2_t"
    ),
    96: "inception_v3",
    224: "vit_b_32",
}
TIMM = {
    64: (
        "resnet18 resnet10t resnet26d seresnet18 ecaresnet26t skresnet18 resnest14d res2net50_26w_4s gernet_s "
        "cspresnet50 cspdarknet53 darknet53 dla34 hrnet_w18_small densenet121 vgg11_bn repvgg_a0 dpn48b selecsls42b "
        "mobilenetv2_050 mobilenetv3_small_050 mobilenetv4_conv_small tf_efficientnet_b0 efficientnet_lite0 "
        "ghostnet_050 tinynet_e regnetx_002 regnety_002 fbnetc_100 lcnet_050 mobileone_s0 fastvit_t8 "
        "convnext_atto convnextv2_atto convmixer_768_32 nf_regnet_b0 inception_next_tiny edgenext_xx_small "
        "poolformer_s12 repghostnet_050 starnet_s1 xception41"
    ),
    224: "vit_tiny_patch16_224 deit_tiny_patch16_224 mixer_s32_224 resmlp_12_224 gmlp_ti16_224 levit_128s",
}
"""Names of torchvision and timm by the side of the images that they are tried on, the smallest that they take."""


@dataclass(frozen=True)
class Result:
    """What became of one architecture.

    Attributes:
        name: with its library.
        state: `exactly` where every layer that makes channels of its own can lose some, `partly`, or `refused`.
        prunable: layers that can lose channels.
        layers: convolutions and linear layers.
        reason: the commonest reason of those that cannot, or why it is refused.
    """

    name: str
    state: str
    prunable: int
    layers: int
    reason: str


def names() -> Iterator[tuple[str, str, int]]:
    """Yield library, name and image side of every architecture of the table."""
    for library, sides in (("torchvision", TORCHVISION), ("timm", TIMM)):
        for side, listed in sides.items():
            for name in listed.split():
                yield library, name, side


def tried(library: str, name: str, side: int) -> Result:
    """Build one architecture and try it."""
    with seeded(0), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = with_one_output(_built(library, name)).eval()
        layers = sum(isinstance(module, _ConvNd | nn.Linear) for module in network.modules())
        title, example = f"{library} {name}", torch.zeros(1, 3, side, side)
        try:
            found = survey(network, example)
            plan = Plan(
                {g.name: tuple(range(0, g.channels, 2)) for g in found.groups},
                {g.name: g.channels for g in found.groups},
            )
            apply(network, plan, example)
        except PrunebenchError as error:
            return Result(title, "refused", 0, layers, str(error).splitlines()[0])
    if not found.groups:
        return Result(title, "refused", 0, layers, _commonest(found.left_out))
    unavoidable = ("shared with", "own outputs", "depthwise")
    others = {name: why for name, why in found.left_out.items() if not any(word in why for word in unavoidable)}
    return Result(
        title, "partly" if others else "exactly", len(found.groups), layers, _commonest(others or found.left_out)
    )


def _built(library: str, name: str) -> nn.Module:
    if library == "timm":
        import timm

        made: nn.Module = timm.create_model(name, pretrained=False, num_classes=CLASSES)
        return made
    import torchvision

    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **options)  # type: ignore[no-any-return]


def _commonest(reasons: dict[str, str]) -> str:
    """Return the commonest reason without the names in it, with one layer that it holds for."""
    kinds = Counter(_kind(reason) for reason in reasons.values())
    if not kinds:
        return ""
    kind, times = kinds.most_common(1)[0]
    layer = next(name for name, reason in reasons.items() if _kind(reason) == kind)
    return f"{reasons[layer]} ({layer}{f' and {times - 1} more' if times > 1 else ''})"


def _kind(reason: str) -> str:
    return " ".join(word for word in reason.split() if "." not in word and not any(map(str.isdigit, word)))


def page(results: list[Result]) -> str:
    """Return the page of the documentation."""
    states = Counter(result.state for result in results)
    lines = [
        "# Which architectures can be pruned",
        "",
        f"Made by `python -m prunebench.conformance.architectures`: {len(results)} architectures of torchvision and "
        f"timm with fresh weights and {CLASSES} classes. {states['exactly']} are pruned exactly in every layer whose "
        f"channels are its own, {states['partly']} in some of them, {states['refused']} are refused. Channels that "
        "several layers share (a residual trunk) and a network's outputs are never offered. What is offered was "
        "removed by half, and what was left said what the whole network says with these channels silenced. "
        "`prunebench check METHOD --network FILE.py:BUILD` says the same of a network of yours.",
        "",
        "| architecture | pruned | layers that can lose channels | of | what the others are, or why it is refused |",
        "| --- | --- | --- | --- | --- |",
    ]
    for r in results:
        reason = " ".join(r.reason.replace("|", "\\|").split())
        short = reason if len(reason) < 200 else f"{reason[:200]}…"
        lines.append(f"| {r.name} | {r.state} | {r.prunable} | {r.layers} | {short} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page; say on the way what is done."""
    results = []
    for library, name, side in names():
        print(f"{library} {name}", file=sys.stderr, flush=True)
        results.append(tried(library, name, side))
    print(page(results), end="")


if __name__ == "__main__":
    main()
