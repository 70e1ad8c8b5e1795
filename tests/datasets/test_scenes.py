"""The embedded detection set."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from prunebench.common.errors import DatasetError
from prunebench.datasets.available import describe
from prunebench.datasets.scenes import digest_of, load_scenes

SCENES = describe("digit-scenes")


@pytest.fixture(scope="module")
def scenes():
    return load_scenes(SCENES.spec())


def test_as_many_as_described_and_the_same_every_time(scenes):
    assert (len(scenes.train), len(scenes.test), len(scenes.classes)) == (SCENES.train, SCENES.test, SCENES.classes)
    assert digest_of([*scenes.train, *scenes.test]) == SCENES.digest
    assert not scenes.mirrored


def test_every_box_shows_a_scan_of_its_label_and_split(scenes):
    bunch = load_digits()
    pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    for held_out, split in ((False, scenes.train), (True, scenes.test)):
        known = {(pixels[i].tobytes(), int(bunch.target[i])) for i in range(len(pixels)) if (i % 3 == 2) == held_out}
        for image, target in split:
            for (x1, y1, x2, y2), label in zip(target["boxes"].int().tolist(), target["labels"].tolist(), strict=True):
                assert (image[0, y1:y2, x1:x2].numpy().tobytes(), label - 1) in known


def test_nothing_lies_outside_of_the_boxes_and_no_two_overlap(scenes):
    for image, target in scenes.train:
        drawn = torch.zeros_like(image[0], dtype=torch.int)
        for x1, y1, x2, y2 in target["boxes"].int().tolist():
            drawn[y1:y2, x1:x2] += 1
        assert drawn.max() == 1
        assert not image[0][drawn == 0].any()


def test_every_class_is_in_both_splits(scenes):
    for split in (scenes.train, scenes.test):
        assert torch.cat([target["labels"] for _, target in split]).unique().tolist() == list(range(1, 11))


def test_other_scenes_than_the_specs_are_refused():
    with pytest.raises(DatasetError, match=f"have sha256 {SCENES.digest}, wanted 00: install other versions"):
        load_scenes(replace(SCENES, digest="00").spec())
