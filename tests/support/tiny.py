"""A pytest plugin with tiers that are done in seconds: `-p tiny --pb-tier tiny`."""

from dataclasses import replace

from prunebench.protocol import tiers
from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tiers.smoke import DIGIT_SCENES
from prunebench.specs.experiment import Network, Recipe, options

VGG = Network("vgg", options(widths=[4, "M", 6]))
RESNET = Network("resnet", options(blocks=1, widths=[2, 3, 4]))
PRERESNET = Network("preresnet", options(blocks=1, widths=[2, 3, 4]))
UNSELECTED = Network("preresnet", options(blocks=1, widths=[2, 3, 4], form="weight_level"))
DENSENET = Network("densenet", options(layers=1, growth=3))
MOBILENET = Network("mobilenet", options(stages=[(1, 4, 1, 1), (2, 6, 1, 2)], stem=4, last=8))

NETWORKS = {
    "VGG-19": VGG,
    "VGG-11": Network("vgg", options(widths=[4, "M", 6], hidden=[8])),
    "PreResNet-164": PRERESNET,
    "DenseNet-40": DENSENET,
    "VGG-16": VGG,
    **dict.fromkeys(["ResNet-20", "ResNet-32", "ResNet-34", "ResNet-50", "ResNet-56", "ResNet-110"], RESNET),
    **dict.fromkeys(["PreResNet-56", "regression ResNet-50"], PRERESNET),
    **dict.fromkeys(["PreResNet-110", "ImageNet ResNet-50"], UNSELECTED),
    "DenseNet-BC-100": DENSENET,
    "MobileNetV2": MOBILENET,
}

TINY = tiers.Tier(
    name="tiny",
    summary="two epochs of networks with a handful of channels",
    seeds=2,
    margin=60.0,
    dataset="digits",
    networks=NETWORKS,
    recipes={"*": Recipes(Recipe(2, 0.1, (1,)), Recipe(1, 0.01), sparsity=0.02, cap=2.0)},
    threads=1,
    detecting=DIGIT_SCENES,
)

tiers.register(TINY)
tiers.register(replace(TINY, name="slow", recipes={"*": Recipes(Recipe(30, 0.1, (15,)), Recipe(1), 0.02, 1.0)}))
tiers.register(replace(TINY, name="exploding", recipes={"*": Recipes(Recipe(2, 1e30), Recipe(1), 0.02)}))
tiers.register(
    replace(TINY, name="learning", recipes={"*": Recipes(Recipe(10, 0.1, (8,)), Recipe(3, 0.03), 0.02, 1.0)})
)
