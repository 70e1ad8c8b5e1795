"""Faster R-CNN on a classifier's backbone (Ren et al. 2015), for the paper's Table 12."""

from __future__ import annotations

from torch import nn
from torchvision.models import ResNet
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign


def faster_rcnn(backbone: ResNet, classes: int, size: int = 600, largest: int = 1000) -> FasterRCNN:
    """Return a detector whose features are the classifier's first three stages and whose head is its fourth.

    This is the C4 form, as in the code whose defaults the paper took (p.17; jwyang/faster-rcnn.pytorch, `config.py` and
    `res101.yml`), with its anchors, proposals, image sizes, frozen batch normalisation, stem and first stage. A pruned
    classifier fits in as it is, where a feature pyramid would add layers that nobody pruned.

    Args:
        backbone: torchvision's ResNet, dense or pruned, trained or not; the detector takes its layers over.
        classes: kinds of objects, without the background.
        size: shorter side of the images in the network, in pixels.
        largest: the longer side at most.
    """
    _freeze_normalisation(backbone)
    stem = nn.Sequential(backbone.conv1, backbone.bn1, backbone.relu, backbone.maxpool, backbone.layer1)
    features = nn.Sequential(stem.requires_grad_(False), backbone.layer2, backbone.layer3)
    vars(features)["out_channels"] = backbone.layer4[0].conv1.in_channels  # FasterRCNN asks for it
    return FasterRCNN(
        features,
        min_size=size,
        max_size=largest,
        rpn_anchor_generator=AnchorGenerator(((128, 256, 512),), ((0.5, 1.0, 2.0),)),
        rpn_pre_nms_top_n_train=12_000,
        rpn_pre_nms_top_n_test=6_000,
        rpn_post_nms_top_n_train=2_000,
        rpn_post_nms_top_n_test=300,
        box_batch_size_per_image=128,
        box_roi_pool=MultiScaleRoIAlign(["0"], output_size=7, sampling_ratio=2),
        box_head=nn.Sequential(backbone.layer4, nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        box_predictor=FastRCNNPredictor(backbone.fc.in_features, classes + 1),
    )


def _freeze_normalisation(network: nn.Module) -> None:
    for name, layer in list(network.named_modules()):
        if isinstance(layer, nn.BatchNorm2d):
            frozen = FrozenBatchNorm2d(layer.num_features, layer.eps)
            frozen.load_state_dict(layer.state_dict())
            network.set_submodule(name, frozen)
