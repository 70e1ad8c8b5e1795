"""Mean average precision of a detector at an overlap of 0.5, as PASCAL VOC has it, counted by pycocotools."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor

from prunebench.datasets.annotated import Target

OVERLAP = 0.5
"""Intersection over union from which a detection is right (VOC07, and so Table 12)."""


@dataclass(frozen=True)
class Precision:
    """Mean average precisions over the classes that have objects, percent.

    Attributes:
        all_points: area under the interpolated curve of precision against recall (VOC from 2010 on).
        eleven_points: mean of the interpolated precision at recalls 0, 0.1, .., 1 (VOC07, the metric of Table 12).
    """

    all_points: float
    eleven_points: float


def mean_average_precision(found: Sequence[Target], wanted: Sequence[Target]) -> Precision:
    """Compare detections with the objects of the same images.

    Args:
        found: per image `boxes` [n, 4], `labels` [n] and `scores` [n], as torchvision's detectors return them.
        wanted: per image its objects; difficult ones count neither as missed nor, when found, as wrong.
    """
    counted = _counted(found, wanted)
    eleven = _interpolated(counted, np.arange(11) / 10)
    objects = [sum(int((~w["difficult"] & (w["labels"] == k)).sum()) for w in wanted) for k in counted.params.catIds]
    present = [i for i, n in enumerate(objects) if n]
    # A curve of n objects steps at the recalls 1/n, 2/n, .., so that the mean over these is the area under it.
    areas = [_interpolated(counted, np.arange(1, objects[i] + 1) / objects[i])[:, i].mean() for i in present]
    return Precision(100 * float(np.mean(areas or [0])), 100 * float(eleven[:, present].mean() if present else 0))


def _counted(found: Sequence[Target], wanted: Sequence[Target]) -> COCOeval:
    """Return the matches of all detections, for every class that has an object."""
    labels = sorted({int(label) for target in wanted for label in target["labels"]})
    images = [{"id": i} for i in range(len(wanted))]
    objects = [o for i, target in enumerate(wanted) for o in _entries(i, target)]
    truth, detections = COCO(), COCO()
    with redirect_stdout(io.StringIO()):
        truth.dataset = {"images": images, "categories": [{"id": k} for k in labels], "annotations": objects}
        detections.dataset = truth.dataset | {"annotations": [d for i, t in enumerate(found) for d in _entries(i, t)]}
        for side in (truth, detections):
            for number, entry in enumerate(side.dataset["annotations"], 1):
                entry["id"] = number
            side.createIndex()
        counted = COCOeval(truth, detections, "bbox")
        counted.params.iouThrs = np.array([OVERLAP])
        counted.params.areaRng, counted.params.areaRngLbl = [[0, 1e10]], ["all"]
        counted.params.maxDets = [max((len(t["boxes"]) for t in found), default=0) + 1]
        counted.evaluate()
    return counted


def _entries(image: int, target: Target) -> Iterator[dict[str, Any]]:
    boxes = target["boxes"].double()
    corners, sides = boxes[:, :2].tolist(), (boxes[:, 2:] - boxes[:, :2]).tolist()
    scores, difficult = _column(target, "scores"), _column(target, "difficult")
    for corner, side, label, score, hard in zip(
        corners, sides, target["labels"].tolist(), scores, difficult, strict=True
    ):
        yield {
            "image_id": image,
            "category_id": label,
            "bbox": [*corner, *side],
            "area": side[0] * side[1],
            "score": score,
            "iscrowd": int(hard),
        }


def _column(target: Target, name: str) -> list[float]:
    values: Tensor = target.get(name, target["labels"] * 0)
    return [float(v) for v in values.tolist()]


def _interpolated(counted: COCOeval, recalls: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the interpolated precision at some recalls, shape [recalls, classes]."""
    counted.params.recThrs = recalls
    with redirect_stdout(io.StringIO()):
        counted.accumulate()
    return np.asarray(counted.eval["precision"][0, :, :, 0, 0])
