"""Importing detection datasets: what the splits name is copied, and nothing is left of what went wrong."""

import tarfile
from dataclasses import replace

import pytest
import torch
from voc_files import write_annotation, write_voc

from prunebench.common.errors import DatasetError
from prunebench.datasets import available
from prunebench.datasets.catalogue import BCCD, VOC07
from prunebench.datasets.importing import add, damages, described

SCENES = {
    "trainval": {"1": [("WBC", (1, 1, 40, 30)), ("RBC", (11, 6, 20, 15))], "2": [("Platelets", (3, 3, 9, 9))]},
    "test": {"3": [("RBC", (5, 5, 9, 9))]},
}
SMALL = replace(BCCD, train=2, test=1)
MINE = described("mine", "my cells", "CC0")


@pytest.fixture
def source(tmp_path):
    """A clone of the repository of BCCD, with a file that no split names."""
    root = write_voc(tmp_path / "BCCD_Dataset" / "BCCD", SCENES)
    (root / "JPEGImages" / "4.jpg").write_bytes(b"")
    return tmp_path / "BCCD_Dataset"


def packed(source, mode="w"):
    with tarfile.open(source.with_name("cells.tar"), mode) as archive:
        archive.add(source / "BCCD", "BCCD")
    return source.with_name("cells.tar")


def left(data):
    return sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file())


def test_what_the_splits_name_is_copied(source, tmp_path):
    made = add(SMALL, source, tmp_path / "data")
    folder = "datasets/bccd"
    images = [
        f"{folder}/{part}/{i}.{end}" for part, end in (("Annotations", "xml"), ("JPEGImages", "jpg")) for i in "123"
    ]
    splits = [f"{folder}/ImageSets/Main/{split}.txt" for split in ("test", "trainval")]
    assert left(tmp_path / "data") == sorted([*images, *splits, f"{folder}/files.txt", f"{folder}/manifest.json"])
    assert (made.classes, made.train, made.test, made.channels, made.licence) == (3, 2, 1, 3, "MIT")
    assert available.require("bccd", tmp_path / "data") == made


def test_what_is_loaded_is_what_was_imported(source, tmp_path):
    made = add(SMALL, source, tmp_path / "data")
    write_annotation(source / "BCCD", "3", [("WBC", (1, 1, 2, 2))])
    found = available.load_annotated(made.spec(), tmp_path / "data")
    assert found.classes == ("Platelets", "RBC", "WBC")
    assert found.train[0][1]["labels"].tolist() == [3, 2]
    assert found.test[0][1]["boxes"].tolist() == [[4, 4, 9, 9]]
    assert found.test[0][0].dtype == torch.uint8


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_archive_is_the_same_as_its_folder(source, tmp_path, mode):
    made = add(SMALL, source, tmp_path / "data")
    assert add(SMALL, packed(source, mode), tmp_path / "other") == made
    assert left(tmp_path / "other") == left(tmp_path / "data")


@pytest.mark.parametrize("pack", [lambda source: source, lambda source: source / "BCCD", packed])
def test_a_set_of_ones_own(source, tmp_path, pack):
    made = add(MINE, pack(source), tmp_path / "data")
    assert (made.summary, made.licence, made.classes, made.detection) == ("my cells", "CC0", 3, True)
    assert available.load_annotated(made.spec(), tmp_path / "data").classes == ("Platelets", "RBC", "WBC")


def test_the_digest_tells_the_splits_apart(source, tmp_path):
    made = add(MINE, source, tmp_path / "data")
    splits = source / "BCCD" / "ImageSets" / "Main"
    (splits / "trainval.txt").write_text("1\n")
    (splits / "test.txt").write_text("2\n3\n")
    write_annotation(source / "BCCD", "2", [("RBC", (3, 3, 9, 9))])
    with pytest.raises(DatasetError, match="already holds something else than this dataset"):
        add(MINE, source, tmp_path / "data")
    assert available.require("mine", tmp_path / "data") == made


def test_another_content_than_the_specs_is_refused(source, tmp_path):
    spec = replace(add(SMALL, source, tmp_path / "data").spec(), digest="cd" * 32)
    with pytest.raises(DatasetError, match=r"has digest \w{12}, this outcome is of cdcdcdcdcdcd: another dataset"):
        available.load_annotated(spec, tmp_path / "data")


def test_a_file_that_changed_is_named(source, tmp_path):
    data = tmp_path / "data"
    add(SMALL, source, data)
    assert damages("bccd", data) == []
    image = data / "datasets" / "bccd" / "JPEGImages" / "2.jpg"
    content = bytearray(image.read_bytes())
    content[-3] ^= 1
    image.write_bytes(content)
    assert damages("bccd", data) == ["JPEGImages/2.jpg"]
    add(SMALL, source, data)
    assert damages("bccd", data) == []
    image.unlink()
    with pytest.raises(DatasetError, match=r"dataset bccd in .* is damaged .*2\.jpg"):
        available.require("bccd", data)


def broken(source):
    image = source / "BCCD" / "JPEGImages" / "3.jpg"
    image.write_bytes(image.read_bytes()[:100])
    return source


def outside(source):
    write_annotation(source / "BCCD", "3", [("RBC", (5, 5, 9, 31))])
    return source


def foreign(source):
    write_annotation(source / "BCCD", "3", [("cat", (5, 5, 9, 9))])
    return source


def truncated(source):
    archive = packed(source)
    archive.write_bytes(archive.read_bytes()[:3000])
    return archive


def truncated_gzip(source):
    archive = packed(source, "w:gz")
    archive.write_bytes(archive.read_bytes()[:-100])
    return archive


def climbing(source):
    with tarfile.open(source.with_name("cells.tar"), "w") as archive:
        archive.add(source / "BCCD" / "JPEGImages" / "1.jpg", "../../1.jpg")
    return source.with_name("cells.tar")


def emptied(source):
    (source / "BCCD" / "JPEGImages").rename(source / "images")
    return source


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (broken, r"3\.jpg does not decode as an image"),
        (outside, r"3\.xml: RBC has the box 5, 5, 9, 31; valid ones lie"),
        (foreign, r"3\.xml has the label 'cat'; valid are Platelets, RBC, WBC"),
        (lambda source: packed(outside(source)), r"cells\.tar/BCCD/Annotations/3\.xml: RBC has the box"),
        (truncated, r"cells\.tar does not unpack \(.*\); get the file anew"),
        (truncated_gzip, r"cells\.tar does not unpack \(.*\); get the file anew"),
        (climbing, r"cells\.tar does not unpack \(.*outside"),
        (emptied, "is no dataset in VOC layout; give the one folder with Annotations"),
        (lambda source: source / "BCCD" / "JPEGImages" / "1.jpg", "is neither a folder nor an .npz file; unpack"),
    ],
)
@pytest.mark.parametrize("wanted", [SMALL, MINE])
def test_what_is_wrong_is_said_and_nothing_is_left(source, tmp_path, spoil, said, wanted):
    with pytest.raises(DatasetError, match=said):
        add(wanted, spoil(source), tmp_path / "data")
    assert left(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (BCCD, "train is 2, of bccd it is 292"),
        (VOC07, "has the label '(WBC|RBC|Platelets)'; valid are aeroplane"),
        (described("mine", size=64), "size and augmentation are of images to classify"),
    ],
)
def test_another_dataset_under_a_known_name_is_refused(source, tmp_path, wanted, said):
    with pytest.raises(DatasetError, match=said):
        add(wanted, source, tmp_path / "data")
    assert left(tmp_path / "data") == []
