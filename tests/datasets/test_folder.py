"""Folders of photos: importing them."""

from dataclasses import replace

import pytest
from dataset_files import jpeg, ramp, write_photos
from torchvision.datasets import ImageFolder

from prunebench.common.errors import DatasetError
from prunebench.datasets import available
from prunebench.datasets.catalogue import IMAGENETTE
from prunebench.datasets.importing import add, damages, described

WANTED = replace(IMAGENETTE, classes=2, train=6, test=6, size=14)
SIZES = [(20, 20), (20, 30), (40, 20)]


@pytest.fixture
def source(tmp_path):
    return write_photos(tmp_path / "photos", SIZES)


@pytest.mark.parametrize("tests", ["val", "test"])
def test_photos_and_labels_are_those_of_torchvision(tmp_path, tests):
    source = write_photos(tmp_path / "photos", SIZES, ("bee", "ant", "cow"), tests)
    made = add(replace(WANTED, classes=3, train=9, test=9), source, tmp_path / "data")
    images = available.load(made.spec(), tmp_path / "data")
    for name, part, labels in (
        ("train", images.train, images.train_labels),
        (tests, images.test, images.test_labels),
    ):
        wanted = ImageFolder(source / name)
        assert labels.tolist() == wanted.targets
        blue = part[:][:, 2].amax((1, 2)) * IMAGENETTE.std[2] + IMAGENETTE.mean[2]
        assert [round(25.5 * b) for b in blue.tolist()] == [wanted[i][0].getpixel((0, 0))[2] // 10 for i in range(9)]


def test_an_import_decodes_nothing_and_the_digest_is_of_the_files(tmp_path, source):
    made = add(WANTED, source, tmp_path / "data")
    assert not (tmp_path / ".prunebench").exists()
    copied = write_photos(tmp_path / "copy", SIZES)
    assert add(WANTED, copied, tmp_path / "other") == made
    (copied / "val" / "bee" / "9.png").write_bytes(jpeg(ramp(20, 20)))
    with pytest.raises(DatasetError, match="already holds something else than this dataset"):
        add(WANTED, copied, tmp_path / "other")


def test_a_folder_of_ones_own(tmp_path, source):
    made = add(described("mine", "insects", "CC0", size=14), source, tmp_path / "data")
    assert (made.classes, made.train, made.test, made.size, made.augment) == (2, 6, 6, 14, "resized-crop")
    assert available.load(made.spec(), tmp_path / "data").example.shape == (1, 3, 14, 14)


def test_a_photo_that_changed_is_named(tmp_path, source):
    add(WANTED, source, tmp_path / "data")
    assert damages("imagenette", tmp_path / "data") == []
    (source / "train" / "bee" / "4.png").write_bytes(jpeg(ramp(20, 30)))
    (source / "val" / "ant" / "6.png").unlink()
    assert damages("imagenette", tmp_path / "data") == ["train/bee/4.png", "val/ant/6.png"]


def broken(change):
    def spoil(source):
        change(source)
        return source

    return spoil


def truncated(source):
    content = jpeg(ramp(200, 200))
    (source / "train" / "ant" / "0.jpg").write_bytes(content[: len(content) // 2])


def foreign(source):
    (source / "val" / "bee" / "0.jpg").write_text("<html>not found</html>")


def short_png(source):
    file = source / "val" / "bee" / "10.png"
    file.write_bytes(file.read_bytes()[:-30])


def emptied(source):
    for file in (source / "train" / "bee").iterdir():
        file.unlink()


def unknown(source):
    (source / "val" / "cow").mkdir()


def without_classes(source):
    for split in ("train", "val"):
        for name in ("ant", "bee"):
            (source / split / name).rename(source / f"{split}-{name}")


def fewer(source):
    (source / "train" / "ant" / "0.png").unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, r"train/ant/0\.jpg does not decode \(.*\); nothing was imported"),
        (foreign, r"val/bee/0\.jpg does not decode"),
        (short_png, r"val/bee/10\.png does not decode"),
        (emptied, r"photos/train: Found no valid file for the classes bee"),
        (unknown, r"photos/val has classes that train lacks: cow"),
        (without_classes, r"photos/train has no folders of classes; wanted are photos at train/CLASS/ and val/CLASS/"),
        (fewer, r"photos: train is 5, of imagenette it is 6; nothing was imported"),
    ],
)
def test_a_folder_that_is_none_is_refused(tmp_path, source, spoil, said):
    spoil(source)
    with pytest.raises(DatasetError, match=said):
        add(WANTED, source, tmp_path / "data")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
