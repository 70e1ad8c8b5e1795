"""Mean average precision against the definition of PASCAL VOC, written out here once more."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import box_iou

from prunebench.training.precision import mean_average_precision


def target(boxes, labels, scores=None, difficult=None):
    made = {"boxes": torch.tensor(boxes).reshape(-1, 4).float(), "labels": torch.tensor(labels).long()}
    if scores is not None:
        return made | {"scores": torch.tensor(scores)}
    return made | {"difficult": torch.tensor(difficult or [False] * len(labels), dtype=torch.bool)}


def voc(found, wanted, label):
    """Precision and recall after each detection of one class, best score first, as the development kit counts them."""
    objects = [w["boxes"][w["labels"] == label] for w in wanted]
    mine = [(i, f, k) for i, f in enumerate(found) for k in (f["labels"] == label).nonzero()[:, 0]]
    ranked = sorted(((f["scores"][k], i, f["boxes"][k]) for i, f, k in mine), key=lambda entry: -entry[0])
    taken, right = set(), []
    for _, i, box in ranked:
        overlaps = box_iou(box[None], objects[i])[0] if len(objects[i]) else torch.zeros(1)
        best = int(overlaps.argmax())
        right.append(bool(overlaps[best] >= 0.5) and (i, best) not in taken)
        taken |= {(i, best)} if right[-1] else set()
    hits = np.cumsum(right)
    return hits / np.arange(1, len(hits) + 1), hits / sum(map(len, objects))


def reference(found, wanted):
    areas, points = [], []
    for label in sorted({int(label) for w in wanted for label in w["labels"]}):
        precision, recall = voc(found, wanted, label)
        best = [max(precision[i:], default=0) for i in range(len(precision))]
        steps = np.diff([0, *recall])
        areas.append(sum(step * p for step, p in zip(steps, best, strict=True)))
        points.append(np.mean([max(precision[recall >= r], default=0) for r in np.arange(11) / 10]))
    return 100 * np.mean(areas), 100 * np.mean(points)


@st.composite
def scenes(draw):
    """Images of objects that are far apart, found with some shift, some missed, some twice, and some made up."""
    found, wanted = [], []
    for _ in range(draw(st.integers(1, 4))):
        cells = draw(st.lists(st.integers(0, 8), unique=True, min_size=1, max_size=5))
        boxes = [[40 * (c % 3), 40 * (c // 3), 40 * (c % 3) + 10, 40 * (c // 3) + 10] for c in cells]
        labels = draw(st.lists(st.integers(1, 2), min_size=len(cells), max_size=len(cells)))
        picks = draw(
            st.lists(st.tuples(st.integers(0, len(cells) - 1), st.integers(0, 8), st.integers(1, 3)), max_size=8)
        )
        shifted = [[boxes[i][0] + s, boxes[i][1], boxes[i][2] + s, boxes[i][3]] for i, s, _ in picks]
        wanted.append(target(boxes, labels))
        found.append(target(shifted, [label for *_, label in picks], [0.0] * len(picks)))
    scores = draw(st.permutations(range(sum(len(f["labels"]) for f in found))))
    for f in found:
        f["scores"] = torch.tensor([scores.pop() / 100 for _ in f["labels"]])
    return found, wanted


@settings(max_examples=30)
@given(scenes())
def test_it_is_what_the_definition_gives(case):
    found, wanted = case
    ours = mean_average_precision(found, wanted)
    assert (ours.all_points, ours.eleven_points) == pytest.approx(reference(found, wanted))


ONE = [0, 0, 10, 10]


@pytest.mark.parametrize(
    ("found", "all_points", "eleven_points"),
    [
        (target([ONE], [1], [0.9]), 100, 100),
        (target([ONE], [2], [0.9]), 0, 0),
        (target([[0, 0, 10, 5]], [1], [0.9]), 100, 100),
        (target([[0, 0, 10, 4]], [1], [0.9]), 0, 0),
        (target([ONE, ONE], [1, 1], [0.9, 0.8]), 100, 100),
        (target([[20, 20, 30, 30], ONE], [1, 1], [0.9, 0.8]), 50, 50),
        (target([], [], []), 0, 0),
    ],
)
def test_one_object(found, all_points, eleven_points):
    precision = mean_average_precision([found], [target([ONE], [1])])
    assert (precision.all_points, precision.eleven_points) == pytest.approx((all_points, eleven_points))


def test_half_of_the_objects_are_six_of_eleven_recalls():
    two = target([ONE, [20, 20, 30, 30]], [1, 1])
    precision = mean_average_precision([target([ONE], [1], [0.9])], [two])
    assert (precision.all_points, precision.eleven_points) == pytest.approx((50, 600 / 11))


def test_difficult_objects_are_neither_missed_nor_wrong():
    wanted = target([ONE, [20, 20, 30, 30]], [1, 1], difficult=[False, True])
    missed = target([ONE], [1], [0.8])
    hit = target([[20, 20, 30, 30], ONE], [1, 1], [0.9, 0.8])
    assert [mean_average_precision([f], [wanted]).all_points for f in (missed, hit)] == pytest.approx([100, 100])


def test_a_class_without_an_object_does_not_count():
    wanted = target([ONE, ONE], [1, 2], difficult=[False, True])
    assert mean_average_precision([target([ONE], [1], [0.8])], [wanted]).all_points == pytest.approx(100)
