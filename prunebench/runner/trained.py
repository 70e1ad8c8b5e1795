"""The networks that specs mean: what a training starts with, and what a stored one ended with."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_weights
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN

from prunebench import networks
from prunebench.common.errors import StoreError
from prunebench.common.randomness import rng, seeded
from prunebench.datasets import available
from prunebench.datasets.annotated import Annotated
from prunebench.datasets.images import Images
from prunebench.networks.detectors import OWNERS, faster_rcnn, hand_back
from prunebench.pruning import surgery
from prunebench.pruning.masking import draw
from prunebench.pruning.plan import Plan
from prunebench.specs.experiment import Dataset, Detection, Pruning, Spec, Trained, Training, classifier_of, digest
from prunebench.store.outcome import Outcome
from prunebench.store.store import Store

WEIGHTS = "weights.safetensors"
"""The part of an outcome that holds the last weights."""


@lru_cache(maxsize=4)
def load_images(dataset: Dataset, data: Path, device: str = "cpu") -> Images:
    """Load a dataset from a folder to a device once per process."""
    return available.load(dataset, data) if device == "cpu" else load_images(dataset, data).to(device)


@lru_cache(maxsize=1)
def load_annotated(dataset: Dataset, data: Path) -> Annotated:
    """Load a detection dataset from a folder once per process."""
    return available.load_annotated(dataset, data)


def starting_network(spec: Training, store: Store) -> nn.Module:
    """Return the network that a training starts with.

    A fresh pruned network is a new dense one, cut by the same plans as the inherited one: same architecture, other
    weights. Where `networks.initialise` has a rule for every layer, these are drawn for the shapes after pruning.
    """
    images = load_images(spec.dataset, store.data)
    start = spec.start
    if start.pruning is None and start.rewound is not None:
        return trained_network(start.rewound, store)
    if start.pruning is None:
        return _dense(spec, images, "init")
    plan = plan_of(start.pruning, store)
    if start.weights != "inherited":
        network = _cut(_dense(spec, images, "scratch"), start.pruning, images, store)
        draw(network, plan.masks, rng(spec.seed, "scratch"), rescaled=start.weights == "fresh")
        return network
    network = surgery.apply(trained_network(start.rewound or start.pruning.trained, store), plan, images.example)
    fitted = stored(start.pruning, store)
    if start.rewound is None and WEIGHTS in fitted.names:
        network.load_state_dict(weights_in(fitted))
    return network


def _dense(spec: Training, images: Images, axis: str) -> nn.Module:
    def build() -> nn.Module:
        return networks.build(spec.network, images.example.shape[1], images.classes)

    return networks.fresh(build, rng(spec.seed, axis))


def _cut(dense: nn.Module, pruning: Pruning, images: Images, store: Store) -> nn.Module:
    """Apply a pruning's plan to a dense network, after those of the prunings that came before it."""
    before = classifier_of(pruning.trained).start.pruning
    network = dense if before is None else _cut(dense, before, images, store)
    return surgery.apply(network, plan_of(pruning, store), images.example)


def trained_network(spec: Trained, store: Store) -> nn.Module:
    """Return the network of a stored training with its last weights; of a detector, the classifier in it."""
    if isinstance(spec, Detection):
        network = first_classifier(spec, store)
        hand_back(_weights(spec, store), network)
    else:
        network = starting_network(spec, store)
        network.load_state_dict(_weights(spec, store))
    return network


def plan_of(pruning: Pruning, store: Store) -> Plan:
    """Return the plan of a stored pruning."""
    return Plan.from_json(stored(pruning, store).json("plan.json"))


def stored(spec: Spec, store: Store) -> Outcome:
    """Return an outcome that another one starts from.

    Raises:
        StoreError: it has been removed meanwhile.
    """
    outcome = store.get(spec)
    if outcome is None:
        raise StoreError(f"outcome {digest(spec)[:12]} was there and is gone; run the same command again")
    return outcome


def trained_detector(spec: Detection, store: Store) -> FasterRCNN:
    """Return the detector of a stored training with its last weights."""
    detector = starting_detector(spec, store)
    detector.load_state_dict(_weights(spec, store))
    return detector


def starting_detector(spec: Detection, store: Store) -> FasterRCNN:
    """Return the detector that a training starts with: on a classifier, or a pruned one with what it had learnt."""
    known = spec.start.trained if isinstance(spec.start, Pruning) else None
    return detector_on(first_classifier(spec, store), spec, store, known)


def detector_on(network: nn.Module, spec: Detection, store: Store, known: Trained | None) -> FasterRCNN:
    """Return a detector on a copy of a classifier's layers.

    Args:
        network: the classifier, dense or pruned.
        spec: gives its settings.
        store: where outcomes are.
        known: a stored detector, whose other layers it has; without one they are drawn by the spec's seed.
    """
    scenes = load_annotated(spec.dataset, store.data)
    with seeded(int(torch.randint(2**62, (), generator=rng(spec.seed, "detector")))):
        detector = faster_rcnn(
            deepcopy(network), len(scenes.classes), mean=scenes.mean, std=scenes.std, **spec.detector.as_dict()
        )
    if known is not None:
        weights = _weights(known, store).items()
        detector.load_state_dict({name: w for name, w in weights if not name.startswith(OWNERS)}, strict=False)
    return detector


def first_classifier(spec: Detection, store: Store) -> nn.Module:
    """Return the classifier whose layers a detector starts with."""
    if not isinstance(spec.start, Pruning):
        return trained_network(spec.start, store)
    example = load_images(classifier_of(spec).dataset, store.data).example
    return surgery.apply(trained_network(spec.start.trained, store), plan_of(spec.start, store), example)


def _weights(spec: Spec, store: Store) -> dict[str, Tensor]:
    return weights_in(stored(spec, store))


def weights_in(outcome: Outcome) -> dict[str, Tensor]:
    """Return the weights that an outcome holds.

    Raises:
        StoreError: they cannot be read.
    """
    try:
        weights: dict[str, Tensor] = load_weights(outcome.read(WEIGHTS))
    except SafetensorError as error:
        raise StoreError(f"outcome {outcome.digest[:12]}: {WEIGHTS} cannot be read ({error})") from error
    return weights
