"""Imported data is looked at when it is loaded: a bit that flipped is harmless, or an error that names the file."""

import json
import os
import random

import numpy as np
import pytest
from dataset_files import arrays, write_npz, write_photos
from voc_files import write_voc

from prunebench.common.errors import DatasetError
from prunebench.datasets import available, integrity
from prunebench.datasets.importing import add, damages, described

FLIPS = int(os.environ.get("PRUNEBENCH_FLIPS", "12"))
"""Per file; a long run sets the environment variable to hundreds."""


SCENES = {
    "trainval": {"1": [("WBC", (1, 1, 40, 30))], "2": [("RBC", (3, 3, 9, 9))]},
    "test": {"3": [("RBC", (5, 5, 9, 9))]},
}


def of_arrays(tmp_path):
    return write_npz(tmp_path / "mine.npz", arrays())


def of_photos(tmp_path):
    return write_photos(tmp_path / "photos", [(20, 20), (20, 30)])


def of_scenes(tmp_path):
    return write_voc(tmp_path / "voc", SCENES)


def loaded(spec, data, detection):
    """All that a training would see, as bytes."""
    integrity._SAME.clear()
    if detection:
        found = available.load_annotated(spec, data)
        scenes = [part[i] for part in (found.train, found.test) for i in range(len(part))]
        return [image.numpy().tobytes() for image, _ in scenes] + [str(target) for _, target in scenes]
    images = available.load(spec, data)
    parts = [images.train_labels, images.test_labels, images.test[:], images.train[:]]
    sizes = getattr(images.train, "sizes", images.train_labels)
    return [part.numpy().tobytes() for part in (*parts, sizes)]


@pytest.mark.parametrize("source", [of_arrays, of_photos, of_scenes])
def test_a_flipped_bit_is_harmless_or_named(tmp_path, source):
    data = tmp_path / "data"
    made = add(described("mine", size=14 if source is of_photos else 0), source(tmp_path), data)
    spec, first = made.spec(), loaded(made.spec(), data, made.detection)
    chance = random.Random(5)
    for file in sorted(path for path in (data / "datasets" / "mine").rglob("*") if path.is_file()):
        good = file.read_bytes()
        for _ in range(FLIPS):
            place = chance.randrange(len(good) * 8)
            flipped = bytearray(good)
            flipped[place // 8] ^= 1 << place % 8
            file.write_bytes(flipped)
            _same_or_refused(spec, data, made.detection, first, file.name)
        file.write_bytes(good)
    assert loaded(spec, data, made.detection) == first


def _same_or_refused(spec, data, detection, first, name):
    try:
        damaged = damages("mine", data)
    except DatasetError as error:
        damaged = [str(error)]
    try:
        found, refusal = loaded(spec, data, detection), ""
    except DatasetError as error:
        found, refusal = first, str(error)
    assert found == first, f"silently used: {name}"
    assert not refusal or damaged or "another dataset of the same name" in refusal or "is damaged" in refusal


def test_a_decoded_photo_that_changed_is_decoded_anew(tmp_path):
    data = tmp_path / "data"
    made = add(described("mine", size=14), of_photos(tmp_path), data)
    first = loaded(made.spec(), data, False)
    for file in (tmp_path / ".prunebench" / "data" / "cache").rglob("*.bytes"):
        content = bytearray(file.read_bytes())
        content[100] ^= 4
        file.write_bytes(content)
    assert loaded(made.spec(), data, False) == first


def test_a_file_is_summed_once_per_process_and_again_once_it_was_written(tmp_path):
    path, asked = tmp_path / "file", []
    path.write_bytes(b"one")
    wanted = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

    def content():
        asked.append(path)
        return path.read_bytes()

    assert all(integrity.same(path, wanted, content) for _ in range(3))
    assert len(asked) == 1
    path.write_bytes(b"two")
    assert not integrity.same(path, wanted, content)
    assert len(asked) == 2


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", b"\x80\x04K\x01.", None])
def test_a_file_that_is_no_array_is_said_not_traced(tmp_path, content):
    data = tmp_path / "data"
    made = add(described("mine"), of_arrays(tmp_path), data)
    file = data / "datasets" / "mine" / "test_labels.npy"
    size = file.stat().st_size
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content.ljust(size, b"\0"))
        assert damages("mine", data) == ["test_labels.npy"]
    with pytest.raises(DatasetError, match=r"mine.* is damaged .*; remove that folder and import it again"):
        available.load(made.spec(), data)


def test_labels_of_an_import_without_sums_must_follow_from_the_paths(tmp_path):
    """Manifests of earlier versions have no checksum of the lists of labels."""
    data = tmp_path / "data"
    made = add(described("mine", size=14), of_photos(tmp_path), data)
    place = data / "datasets" / "mine"
    told = json.loads((place / "manifest.json").read_text())
    del told["files"], told["sha256"], told["notes"]
    (place / "manifest.json").write_text(json.dumps(told))
    assert available.load(made.spec(), data).test_labels.tolist() == [0, 0, 1, 1]
    labels = np.load(place / "test_labels.npy")
    np.save(place / "test_labels.npy", labels[::-1].copy())
    with pytest.raises(DatasetError, match=r"test_labels\.npy has another content than was imported"):
        available.load(made.spec(), data)
