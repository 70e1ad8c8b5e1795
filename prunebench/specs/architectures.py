"""The paper's networks by the names of its tables, as each of its sub-projects builds them. Nothing here imports torch.

The same name means different networks: the paper's code has three CIFAR VGGs (protocols Q7), and some of its names are
not what they seem (Q1, Q2, Q7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunebench.common.errors import UnknownNameError
from prunebench.specs.experiment import Network, options

FAMILIES: Mapping[str, str] = {
    "densenet": "three dense blocks (Huang et al. 2017; DenseNet-40 has growth 12 and 12 basic layers per block)",
    "mobilenet": "inverted residuals with depthwise convolutions (Sandler et al. 2018), for images of 32x32",
    "preresnet": "pre-activation bottlenecks, 9n+2 layers (He et al. 2016b; slimming's PreResNet-164 has n=18)",
    "resnet": "basic blocks, 6n+2 layers (He et al. 2016a; n=3 to 18 make ResNet-20, 32, 50, 56 and 110)",
    "torchvision": "any classifier of torchvision by name, untrained (ResNet: He et al. 2016a; VGG: Simonyan 2015)",
    "vgg": "plain 3x3 convolutions, mostly with batch normalisation (Simonyan & Zisserman 2015), in the paper's forms",
}
"""Names that `Network.family` may have, each with what it is and where it comes from."""

_LAYERS = {11: (1, 1, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg_widths(depth: int, pools: int = 4) -> tuple[int | str, ...]:
    """Return the widths of VGG-11, -16 or -19 as the family `vgg` takes them (Simonyan & Zisserman 2015).

    Args:
        depth: 11, 16 or 19.
        pools: max pools between and after its five stages: 4 on CIFAR, 5 on ImageNet.
    """
    widths: list[int | str] = []
    for stage, (width, layers) in enumerate(zip((64, 128, 256, 512, 512), _LAYERS[depth], strict=True)):
        widths += [width] * layers + ["M"] * (stage < pools)
    return tuple(widths)


def _vgg(depth: int, pools: int = 4, **chosen: Any) -> Network:
    return Network("vgg", options(widths=vgg_widths(depth, pools), **chosen))


def _resnet(depth: int, shortcut: str) -> Network:
    return Network("resnet", options(blocks=(depth - 2) // 6, shortcut=shortcut))


def _imagenet(name: str, **chosen: Any) -> Network:
    return Network("torchvision", options(name=name, **chosen))


def _level(family: str, **chosen: Any) -> Network:
    return Network(family, options(form="weight_level", **chosen))


_BC = _level("densenet", growth=12, layers=16, bottleneck=True, compression=0.5)

CIFAR: Mapping[str, Mapping[str, Network]] = {
    "l1": {
        "VGG-16": _vgg(16, hidden=(512,)),
        "ResNet-56": _resnet(56, "detached"),
        "ResNet-110": _resnet(110, "detached"),
    },
    "slimming": {
        "VGG-16": _vgg(16),
        "VGG-19": _vgg(19),
        "PreResNet-56": Network("preresnet", options(blocks=6)),
        "PreResNet-164": Network("preresnet", options(blocks=18)),
        "DenseNet-40": Network("densenet", options(growth=12, layers=12)),
    },
    "weight_level": {
        "VGG-16": _vgg(16, form="weight_level"),
        "VGG-19": _vgg(19, form="weight_level"),
        "PreResNet-110": _level("preresnet", blocks=18),  # its sizes in Fig. 5 are those of 164 layers
        "PreResNet-110 as released": _level("preresnet", blocks=12),
        "DenseNet-40": _level("densenet", growth=12, layers=12),
        "DenseNet-BC-100": _BC,
        "DenseNet-BC-100 as released": _level("densenet", growth=12, layers=32, compression=0.5),
        "ResNet-50": _resnet(50, "projection"),
    },
    "soft_filter": {f"ResNet-{depth}": _resnet(depth, "padded") for depth in (20, 32, 56, 110)},
}
"""By sub-project and the paper's name, for images of 32x32."""

IMAGENET: Mapping[str, Mapping[str, Network]] = {
    "l1": {"ResNet-34": _imagenet("resnet34")},
    "thinet": {
        "VGG-16": _imagenet("vgg16"),
        "VGG-16 with global pooling": _vgg(16, form="plain"),  # what VGG-GAP and VGG-Tiny are cut from
        "ResNet-50": _imagenet("resnet50", downsample_bias=True),
    },
    "regression": {
        "VGG-16": _imagenet("vgg16"),
        "ResNet-50": _imagenet("resnet50", downsample_bias=True, selection=True),
    },
    "slimming": {"VGG-11": _vgg(11, pools=5, hidden=(4096, 4096), form="imagenet_slimming", side=7)},
    "sss": {"ResNet-50": _imagenet("resnet50")},
    "weight_level": {"VGG-16": _imagenet("vgg16_bn"), "ResNet-50": _imagenet("resnet50")},
    "soft_filter": {"ResNet-34": _imagenet("resnet34"), "ResNet-50": _imagenet("resnet50")},
}
"""By sub-project and the paper's name, for images of 224x224."""


PROJECTS: Mapping[str, tuple[str, ...]] = {
    "slimming": ("slimming", "uniform", "guided", "transferred"),
    "l1": ("l1", "random"),
    "weight_level": ("magnitude", "lottery", "uniform_sparse", "guided_sparse", "transferred_sparse", "shuffled"),
    "soft_filter": ("soft_filter",),
    "thinet": ("thinet",),
    "regression": ("regression",),
    "sss": ("sss",),
}
"""By the paper's sub-projects, the methods that use their networks and recipes."""


def project_of(method: str) -> str:
    """Return the sub-project whose networks and recipes a method uses; its own name where that is none's."""
    return next((project for project, methods in PROJECTS.items() if method in methods), method)


def network_names() -> list[str]:
    """Return the names that the paper's tables and figures use, and the compact network of a follow-up claim."""
    projects = (*CIFAR.values(), *IMAGENET.values())
    return sorted({name for networks in projects for name in networks} | {"MobileNetV2"})


def paper_network(dataset: str, project: str, name: str) -> Network:
    """Return a network as one of the paper's sub-projects builds it.

    Args:
        dataset: as the paper calls it; ImageNet, or else CIFAR's networks are meant.
        project: `l1`, `slimming`, `weight_level` (also lottery tickets), `soft_filter`, `thinet`, `regression`, `sss`.
        name: as the paper calls it.

    Raises:
        UnknownNameError: that sub-project has no such network, or there is no such sub-project.
    """
    projects = IMAGENET if dataset == "ImageNet" else CIFAR
    if project not in projects:
        raise UnknownNameError("project", project, projects)
    if name not in projects[project]:
        raise UnknownNameError("network", name, projects[project])
    return projects[project][name]
