"""Folders of photos: importing them."""

import shutil
from dataclasses import replace

import pytest
import torch
from dataset_files import jpeg, ramp, write_photos
from PIL import Image
from torchvision.datasets import ImageFolder

from prunebench.common.errors import DatasetError
from prunebench.datasets import available, manifest
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
    (source / "val" / "bee").rename(source / "val" / "cow")


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
        (emptied, r"photos/train/bee has no photos; each class needs some in train/ and val/"),
        (unknown, r"photos/train/cow has no photos; each class needs some in train/ and val/"),
        (without_classes, r"photos/train has no folders of classes; wanted are photos at train/CLASS/ and val/CLASS/"),
        (fewer, r"photos: train is 5, of imagenette it is 6; nothing was imported"),
    ],
)
def test_a_folder_that_is_none_is_refused(tmp_path, source, spoil, said):
    spoil(source)
    with pytest.raises(DatasetError, match=said):
        add(WANTED, source, tmp_path / "data")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def notes_of(tmp_path, name="mine"):
    return " | ".join(manifest.read(tmp_path / "data", name).notes)


def jupyter(source):
    """pytorch/vision#2831, open-mmlab/mmpretrain#507: a class of checkpoints, and a picture twice."""
    for split in ("train", "val"):
        (source / split / ".ipynb_checkpoints").mkdir()
        shutil.copy(source / "train" / "ant" / "0.png", source / split / ".ipynb_checkpoints" / "0-checkpoint.png")
    (source / "train" / "ant" / ".ipynb_checkpoints").mkdir()
    shutil.copy(source / "train" / "ant" / "0.png", source / "train" / "ant" / ".ipynb_checkpoints" / "0.png")


def finder(source):
    """pytorch/vision#109, BiaPyX/BiaPy#125: what macOS writes into folders and archives."""
    (source / "__MACOSX" / "train" / "ant").mkdir(parents=True)
    (source / "train" / "__MACOSX").mkdir()
    for name in (".DS_Store", "train/.DS_Store", "train/ant/._0.png", "__MACOSX/train/ant/._0.png"):
        (source / name).write_bytes(b"\x00\x05\x16\x07")


def emptied_on_both_sides(source):
    """pytorch/vision#4925: an empty folder is no class."""
    for split in ("train", "val"):
        (source / split / "zzz").mkdir()


@pytest.mark.parametrize(
    ("leave", "said"), [(jupyter, ""), (finder, ""), (emptied_on_both_sides, "train/zzz has no photos and is no class")]
)
def test_what_systems_leave_behind_is_no_photo(tmp_path, source, leave, said):
    plain = add(described("mine"), source, tmp_path / "plain")
    leave(source)
    assert add(described("mine"), source, tmp_path / "data") == plain
    assert said in notes_of(tmp_path)
    assert bool(notes_of(tmp_path)) == bool(said)


def test_files_that_are_no_photos_are_counted(tmp_path, source):
    (source / "train" / "ant" / "notes.txt").write_text("")
    (source / "train" / "bee" / "one.gif").write_bytes(b"GIF")
    (source / "train" / "bee" / "two.GIF").write_bytes(b"GIF")
    add(described("mine"), source, tmp_path / "data")
    assert "train: 1 file .txt left out" in notes_of(tmp_path)
    assert "train: 2 files .gif left out" in notes_of(tmp_path)


def test_an_archive_in_a_folder_of_its_own_is_found(tmp_path, source):
    plain = add(described("mine"), source, tmp_path / "plain")
    (tmp_path / "outer").mkdir()
    shutil.move(source, tmp_path / "outer" / "photos-v2")
    made = add(described("mine"), tmp_path / "outer", tmp_path / "data")
    assert (made.classes, made.train, made.test) == (plain.classes, plain.train, plain.test)


def test_photos_without_a_split_are_split_by_their_content(tmp_path, source):
    one = tmp_path / "one"
    for name in ("ant", "bee"):
        shutil.copytree(source / "train" / name, one / name)
        for photo in (source / "val" / name).iterdir():
            shutil.copy(photo, one / name)
        shutil.copy(next((one / name).iterdir()), one / name / "again.png")
    made = add(described("mine", size=14), one, tmp_path / "data")
    assert (made.classes, made.train + made.test) == (2, 14)
    assert "there is no split: " in notes_of(tmp_path)
    lists = [
        (tmp_path / "data" / "datasets" / "mine" / f"{split}_files.txt").read_text() for split in ("train", "test")
    ]
    sums = [{line.split()[0] for line in text.splitlines()} for text in lists]
    assert not sums[0] & sums[1]
    for name in ("ant", "bee"):
        for photo in sorted((one / name).iterdir()):
            photo.rename(photo.with_name(f"renamed-{photo.name}"))
    assert add(described("other", size=14), one, tmp_path / "data").test == made.test
    assert available.load(made.spec(), tmp_path / "data").test_labels.unique().tolist() == [0, 1]


def test_training_photos_alone_are_told_what_to_do(tmp_path, source):
    shutil.rmtree(source / "val")
    with pytest.raises(DatasetError, match=r"photos has train/, but neither val/ nor test/; .*give .*train itself"):
        add(described("mine"), source, tmp_path / "data")
    assert add(described("mine"), source / "train", tmp_path / "data").train == 4


def test_a_third_split_is_left_out_and_said(tmp_path, source):
    shutil.copytree(source / "val", source / "test")
    add(described("mine"), source, tmp_path / "data")
    assert "test/ is left out: val/ is what is tested on" in notes_of(tmp_path)


def test_grey_photos_among_others_are_shown_in_grey(tmp_path, source):
    """A grey file in an RGB set has three equal colours."""
    with Image.open(source / "val" / "ant" / "6.png") as image:
        image.convert("L").save(source / "val" / "ant" / "6.png")
    made = add(described("mine", size=14), source, tmp_path / "data")
    first = available.load(made.spec(), tmp_path / "data").test[:1][0] * torch.tensor(made.std)[:, None, None]
    bytes_ = (first + torch.tensor(made.mean)[:, None, None]) * 255
    assert torch.allclose(bytes_[0], bytes_[1], atol=0.01)
    assert "1 photo converted to RGB: grey" in notes_of(tmp_path)
