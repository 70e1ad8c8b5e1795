"""A pytest plugin with tiers that are done in seconds: `-p tiny --pb-tier tiny`."""

from dataclasses import replace

from prunebench import tiers
from prunebench.experiment import Network, Recipe, options
from prunebench.recipes import Recipes

TINY = tiers.Tier(
    name="tiny",
    summary="two epochs of networks with a handful of channels",
    seeds=2,
    margin=60.0,
    dataset="digits",
    networks={
        "VGG-19": Network("vgg", options(widths=[4, "M", 6])),
        "VGG-11": Network("vgg", options(widths=[4, "M", 6], hidden=[8])),
        "PreResNet-164": Network("preresnet", options(blocks=1, widths=[2, 3, 4])),
        "DenseNet-40": Network("densenet", options(layers=1, growth=3)),
    },
    recipes={"*": Recipes(Recipe(2, 0.1, (1,)), Recipe(1, 0.01), sparsity=0.02, cap=2.0)},
    threads=1,
)

tiers.register(TINY)
tiers.register(replace(TINY, name="slow", recipes={"*": Recipes(Recipe(30, 0.1, (15,)), Recipe(1), 0.02, 1.0)}))
tiers.register(replace(TINY, name="exploding", recipes={"*": Recipes(Recipe(2, 1e30), Recipe(1), 0.02)}))
