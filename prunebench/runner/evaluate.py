"""What one spec means: the network it starts from, its training or pruning, and what is stored of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import torch
from torch import nn

from prunebench.common.randomness import rng
from prunebench.networks.flops import counted
from prunebench.pruning import registry, surgery
from prunebench.pruning.context import Context
from prunebench.pruning.decision import Decision, decide
from prunebench.pruning.patterns import kernel_shares, stage_shares, width_shares
from prunebench.pruning.speedup import at_flops
from prunebench.runner.facts import circumstances, files, of_training, size, weights
from prunebench.runner.trained import (
    detector_on,
    load_annotated,
    load_images,
    starting_detector,
    trained_network,
)
from prunebench.runner.trainings import denormals_flushed, evaluate_training, reporter
from prunebench.runner.workshop import Piece, Workshop
from prunebench.specs.experiment import Detection, Pruning, Trained, Training, classifier_of, digest
from prunebench.store.outcome import Outcome
from prunebench.store.store import Store
from prunebench.training.checkpoint import Partial
from prunebench.training.detection import evaluate_detector, train_detector
from prunebench.training.energy import Meter
from prunebench.training.loop import evaluate

CALIBRATION_IMAGES = 256


def compute(piece: Piece, workshop: Workshop) -> Outcome:
    """Compute a piece, whatever it is, and store the outcome."""
    if isinstance(piece.spec, Training):
        return evaluate_training(piece.spec, workshop, piece)
    if isinstance(piece.spec, Detection):
        return evaluate_detection(piece.spec, workshop, piece)
    return evaluate_pruning(piece.spec, workshop, piece)


def evaluate_detection(spec: Detection, workshop: Workshop, piece: Piece) -> Outcome:
    """Train a detector as `evaluate_training` trains a classifier; its accuracy is the mean average precision."""
    began = datetime.now(UTC)
    torch.set_num_threads(workshop.threads)
    scenes, state = load_annotated(spec.dataset, workshop.store.data), Partial(workshop.store.partial(digest(spec)))
    meter = Meter(workshop.device, resumed=state.path.exists())
    detector = starting_detector(spec, workshop.store).to(workshop.device)
    report = reporter(spec.recipe, workshop, piece)
    with denormals_flushed(), kernels_unsearched():
        history = train_detector(detector, scenes, spec.recipe, spec.seed, state, report)
        precision = evaluate_detector(detector, scenes.test)
    facts = {
        "accuracy": precision.all_points,
        "best_accuracy": max([precision.all_points, *(epoch.test_accuracy for epoch in history)]),
        "map07": precision.eleven_points,
        "parameters": sum(p.numel() for p in detector.parameters()),
        **meter.facts(),
        **of_training(history, len(scenes.train), began, workshop),
    }
    return workshop.store.put(spec, facts, files(history, detector))


@contextmanager
def kernels_unsearched() -> Iterator[None]:
    """Let cuDNN take its kernels without a search: scenes and regions change their sizes from batch to batch."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def evaluate_pruning(spec: Pruning, workshop: Workshop, piece: Piece) -> Outcome:
    """Let a method decide what to keep of a trained network, try the smaller network and store the plan."""
    began, clock = datetime.now(UTC), time.perf_counter()
    torch.set_num_threads(workshop.threads)
    workshop.progress.update(f"{piece.network} prune", piece.network, "prune", piece.seed, 0, 1, 0.0)
    images = load_images(classifier_of(spec.trained).dataset, workshop.store.data)
    network = trained_network(spec.trained, workshop.store)
    context = _context(spec.trained, workshop.store)
    found = _decided(spec, network, context, workshop)
    plan, small = found.plan, found.network
    fitted = {"weights.safetensors": weights(small)} if found.refitted else {}
    dense, left = counted(network, small, images.example, nonzero=bool(plan.masks))
    facts = {
        "accuracy": _accuracy(spec.trained, small, workshop),
        "dense": size(dense),
        "widths": width_shares(plan),
        "stages": stage_shares(plan, network, images.example),
        "kernels": kernel_shares(plan, network, images.example),
        **size(left),
        **circumstances(began, time.perf_counter() - clock, workshop),
    }
    return workshop.store.put(spec, facts, {"plan.json": json.dumps(plan.to_json(), indent=1).encode()} | fitted)


def _decided(spec: Pruning, network: nn.Module, context: Context, workshop: Workshop) -> Decision:
    """Return what a method decides, with the weights that it hands down itself where it does so."""
    pattern = {} if spec.source is None else {"pattern": _pattern(spec.source, workshop)}
    prune = partial(registry.resolve(spec.method, workshop.method_file), **pattern)
    found = (at_flops if spec.of == "flops" else decide)(prune, network, spec.ratio, context, context.example)
    inherit = registry.inheritance(spec.method, workshop.method_file)
    if inherit is None:
        return found
    small = surgery.apply(inherit(network, found.plan, context), found.plan, context.example)
    return replace(found, network=small, refitted=True)


def _accuracy(trained: Trained, small: nn.Module, workshop: Workshop) -> float:
    """Return the accuracy of a pruned network, or the mean average precision of the detector around it, in percent."""
    if isinstance(trained, Detection):
        detector = detector_on(small, trained, workshop.store, trained).to(workshop.device)
        return evaluate_detector(detector, load_annotated(trained.dataset, workshop.store.data).test).all_points
    images = load_images(trained.dataset, workshop.store.data, workshop.device)
    return evaluate(deepcopy(small).to(workshop.device), images.test, images.test_labels)[1]


def _context(trained: Trained, store: Store) -> Context:
    """Return what a method is given beside the network that was trained so."""
    images, seed = load_images(classifier_of(trained).dataset, store.data), trained.seed
    chosen = torch.randperm(len(images.train), generator=rng(seed, "calibration"))[:CALIBRATION_IMAGES]
    return Context(images.example, images.train[chosen], images.train_labels[chosen], rng(seed, "prune"))


def _pattern(source: Pruning, workshop: Workshop) -> Any:
    """Return the pattern that a method finds in another network."""
    found = registry.found(source.method).pattern
    return found(
        trained_network(source.trained, workshop.store), source.ratio, _context(source.trained, workshop.store)
    )
