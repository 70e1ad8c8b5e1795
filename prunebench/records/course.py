"""The course of a training over its epochs, and the digest that ties it to the history in the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from prunebench.records.part import Part


class Curve(Part):
    """The course of one training; lists have one entry per epoch, accuracies in percent.

    The accuracy while training is empty for detectors; what is tested is their mean average precision.

    Attributes:
        digest: of the four lists, as `course_digest` makes it of the history when a record is written. Whoever checks
            the record makes it of the lists, the audit of the stored history.
    """

    seed: int
    lr: list[float]
    train_loss: list[float]
    train_accuracy: list[float]
    test_accuracy: list[float]
    digest: str = ""


COURSES = ("lr", "train_loss", "train_accuracy", "test_accuracy")


def curve(seed: int, courses: Mapping[str, list[float]]) -> Curve:
    """Return the curve of a seed with its digest; `courses` has the lists that `COURSES` names."""
    made = Curve.model_validate({"seed": seed, **courses})
    return made.model_copy(update={"digest": course_digest(made)})


def course_digest(curve: Curve) -> str:
    """Return the sha256 of a curve's lists, as JSON without spaces."""
    lists = [getattr(curve, name) for name in COURSES]
    return hashlib.sha256(json.dumps(lists, separators=(",", ":")).encode()).hexdigest()
