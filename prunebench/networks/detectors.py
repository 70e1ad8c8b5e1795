"""Faster R-CNN on a classifier's backbone (Ren et al. 2015), for the paper's Table 12."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torchvision
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign

from prunebench.common.errors import PrunebenchError
from prunebench.networks.resnet import ResNet

OWNERS = ("backbone.", "roi_heads.box_head.")
"""Where a detector keeps the classifier's layers: what follows is their name in the classifier."""


def faster_rcnn(
    classifier: nn.Module,
    classes: int,
    size: int = 600,
    largest: int = 1000,
    *,
    mean: Sequence[float] = (0.485, 0.456, 0.406),
    std: Sequence[float] = (0.229, 0.224, 0.225),
    anchors: Sequence[int] = (128, 256, 512),
    aspects: Sequence[float] = (0.5, 1.0, 2.0),
    candidates: tuple[int, int] = (12_000, 6_000),
    proposals: tuple[int, int] = (2_000, 300),
    regions: int = 128,
    pooled: int = 7,
    head: int = 1,
    frozen: bool = True,
    multiple: int = 32,
) -> FasterRCNN:
    """Return a detector whose features are the classifier's stages but the last ones, which become its head.

    This is the C4 form, as in the code whose defaults the paper took (p.17; jwyang/faster-rcnn.pytorch, `config.py` and
    `res101.yml`), with its anchors, proposals, image sizes, frozen batch normalisation, stem and first stage. A pruned
    classifier fits in as it is, where a feature pyramid would add layers that nobody pruned.

    Args:
        classifier: a ResNet, torchvision's or the family `resnet`, dense or pruned; its layers are taken over.
        classes: kinds of objects, without the background.
        size: shorter side of the images in the network, in pixels.
        largest: the longer side at most.
        mean: of the images' channels, as the classifier's images had it.
        std: of the same.
        anchors: sides of the anchors, in pixels of the network's images.
        aspects: height over width of the anchors.
        candidates: boxes that go into the suppression of overlaps, in training and in the test.
        proposals: boxes that come out of it at most.
        regions: proposals per image that the head is trained on.
        pooled: height and width of the features of a proposal.
        head: how many of the last stages are the head.
        frozen: whether batch normalisation keeps the classifier's statistics, scales and shifts.
        multiple: of which height and width of a batch are, in pixels.

    Raises:
        PrunebenchError: the classifier is no ResNet.
    """
    if frozen:
        _freeze_normalisation(classifier)
    first, features, last, width = _stages(classifier, head)
    for layer in first:
        layer.requires_grad_(False)
    vars(features)["out_channels"] = _inputs(last)  # FasterRCNN asks for it
    last.update({"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()})
    return FasterRCNN(
        features,
        min_size=size,
        max_size=largest,
        image_mean=list(mean),
        image_std=list(std),
        rpn_anchor_generator=AnchorGenerator((tuple(anchors),), (tuple(aspects),)),
        rpn_pre_nms_top_n_train=candidates[0],
        rpn_pre_nms_top_n_test=candidates[1],
        rpn_post_nms_top_n_train=proposals[0],
        rpn_post_nms_top_n_test=proposals[1],
        box_batch_size_per_image=regions,
        box_roi_pool=MultiScaleRoIAlign(["0"], output_size=pooled, sampling_ratio=2),
        box_head=nn.Sequential(last),
        box_predictor=FastRCNNPredictor(width, classes + 1),
        size_divisible=multiple,
    )


def hand_back(state: Mapping[str, Tensor], classifier: nn.Module) -> None:
    """Give a classifier the weights that its layers have in a detector; its own last layer keeps those it has."""
    owned = {name.removeprefix(owner): t for name, t in state.items() for owner in OWNERS if name.startswith(owner)}
    unknown = classifier.load_state_dict(owned, strict=False).unexpected_keys
    if unknown:
        raise PrunebenchError(f"the detector has layers that the classifier lacks: {', '.join(unknown[:3])}")


def _stages(classifier: nn.Module, head: int) -> tuple[list[nn.Module], nn.Module, OrderedDict[str, nn.Module], int]:
    """Return stem and first stage, features and head, whose layers keep their names, and the width of the last."""
    layers = dict(classifier.named_children())
    if isinstance(classifier, torchvision.models.ResNet):
        stages = ["layer1", "layer2", "layer3", "layer4"]
        last = OrderedDict((name, layers[name]) for name in stages[-head:])
        body = OrderedDict((n, m) for n, m in layers.items() if n not in (*stages[-head:], "avgpool", "fc"))
        first = [m for name, m in body.items() if name not in stages[1:]]
        return first, nn.Sequential(body), last, classifier.fc.in_features
    if not isinstance(classifier, ResNet):
        raise PrunebenchError(f"a detector is built on a ResNet, this classifier is {type(classifier).__name__}")
    starts = [i for i, block in enumerate(classifier.blocks) if not isinstance(block.shortcut, nn.Identity)]
    cut = starts[-head]
    body = OrderedDict(stem=classifier.stem, norm=classifier.norm, relu=classifier.relu, blocks=classifier.blocks[:cut])
    first = [classifier.stem, classifier.norm, classifier.blocks[: starts[0]]]
    return first, nn.Sequential(body), OrderedDict(blocks=classifier.blocks[cut:]), classifier.classifier.in_features


def _inputs(head: Mapping[str, nn.Module]) -> int:
    return next(m for part in head.values() for m in part.modules() if isinstance(m, nn.Conv2d)).in_channels


def _freeze_normalisation(network: nn.Module) -> None:
    for name, layer in list(network.named_modules()):
        if isinstance(layer, nn.BatchNorm2d):
            frozen = FrozenBatchNorm2d(layer.num_features, layer.eps)
            frozen.load_state_dict(layer.state_dict())
            network.set_submodule(name, frozen)
