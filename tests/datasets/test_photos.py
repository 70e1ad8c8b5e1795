"""Folders of photos: their batches, and the cache that they come from."""

import os
import resource
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from dataset_files import jpeg, ramp, write_photos
from PIL import Image
from torchvision import transforms
from torchvision.datasets import ImageFolder

from prunebench.common.errors import DatasetError
from prunebench.common.randomness import rng
from prunebench.datasets import available
from prunebench.datasets.catalogue import IMAGENETTE
from prunebench.datasets.images import batches, in_order
from prunebench.datasets.importing import add
from prunebench.datasets.photos import crops

SIZE = 56
SIZES = [(100, 100), (100, 150), (160, 80), (64, 64)]
WANTED = replace(IMAGENETTE, classes=2, train=8, test=8, size=SIZE)


@pytest.fixture
def source(tmp_path):
    return write_photos(tmp_path / "photos", SIZES)


PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


@pytest.fixture
def images(tmp_path, source):
    return load(WANTED, source, tmp_path / "data")


def load(wanted, source, data):
    made = replace(add(wanted, source, data), **PLAIN)  # colours as they are
    return available.load(made.spec(), data)


def test_tests_see_exactly_what_the_imagenet_example_sees(images, source):
    look = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(SIZE), transforms.ToTensor()])
    wanted = torch.stack([image for image, _ in ImageFolder(source / "val", look)])
    found = torch.cat([some for some, _ in in_order(images.test, images.test_labels, 3)])
    torch.testing.assert_close(found, wanted)


def test_a_crop_shows_its_rectangle_of_the_photo(images):
    """On a ramp, each output pixel's colour tells the place in the photo that it was taken from."""
    generator = rng(0, "augment", 0)
    first, extent = crops(images.train.sizes, generator)
    mirrored = torch.randint(2, (8,), generator=generator).bool()
    seen = images.train.varied(rng(0, "augment", 0))(torch.arange(8))
    steps = (torch.arange(SIZE) + 0.5) / SIZE
    for i in range(8):
        rows = first[i, 0] + extent[i, 0] * steps
        columns = first[i, 1] + extent[i, 1] * (steps.flip(0) if mirrored[i] else steps)
        assert (seen[i, 0] - rows[:, None]).abs().max() < 0.02
        assert (seen[i, 1] - columns[None]).abs().max() < 0.02


def test_calibration_sees_the_middle_of_training_photos(images, source):
    look = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(SIZE), transforms.ToTensor()])
    wanted = torch.stack([image for image, _ in ImageFolder(source / "train", look)])
    assert (images.train[torch.arange(8)] - wanted).abs().max() < 0.03


@pytest.mark.parametrize("size", [(300, 400), (100, 100), (200, 90)])
def test_crops_have_the_distribution_of_torchvisions(size):
    torch.manual_seed(0)
    photo = torch.zeros(1, 1, 1).expand(1, *size)
    get = partial(transforms.RandomResizedCrop.get_params, photo, [0.08, 1.0], [3 / 4, 4 / 3])
    wanted = torch.tensor([get() for _ in range(4000)]).double()  # top, left, height, width
    sizes = torch.tensor([size]).double().expand(4000, 2)
    found = torch.cat([share * sizes for share in crops(sizes, rng(0, "crops"))], 1)
    torch.testing.assert_close(found.round(), found, atol=1e-6, rtol=0)
    spread = wanted.std(0) + 1e-9
    assert ((found.mean(0) - wanted.mean(0)).abs() / spread).max() < 0.1
    assert (found.std(0) / spread - 1).abs()[wanted.std(0) > 0].max() < 0.1
    assert (found >= 0).all()
    assert (found[:, :2] + found[:, 2:] <= sizes).all()


@pytest.mark.parametrize("size", [(10, 700), (700, 10)])
def test_where_no_crop_fits_it_is_torchvisions_middle(size):
    wanted = transforms.RandomResizedCrop.get_params(torch.zeros(1, *size), [0.08, 1.0], [3 / 4, 4 / 3])
    sizes = torch.tensor([size]).double()
    found = torch.cat([share * sizes for share in crops(sizes, rng(0, "crops"))], 1)
    assert tuple(found[0].round().int().tolist()) == wanted


def test_each_photo_is_decoded_once(images, source, tmp_path):
    first = [some.clone() for some, _ in batches(images.train, images.train_labels, 4, 0, 0)]
    for file in source.rglob("train/*/*.png"):
        file.unlink()
    again = available.load(
        replace(available.describe("imagenette", tmp_path / "data"), **PLAIN).spec(), tmp_path / "data"
    )
    for (some, _), wanted in zip(batches(again.train, again.train_labels, 4, 0, 0), first, strict=True):
        assert torch.equal(some, wanted)


def test_the_first_epoch_says_how_far_it_is(images):
    said = []
    images.tell(said.append)
    list(batches(images.train, images.train_labels, 4, 0, 0))
    assert said[0] == "train-64: 0 of 8 photos decoded"
    said.clear()
    list(batches(images.train, images.train_labels, 4, 0, 1))
    assert said == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (jpeg(ramp(20, 20)), r"train/ant/2\.png is no longer what was imported; import its folder again"),
        (None, r"train/ant/2\.png does not decode \(.*No such file"),
    ],
)
def test_a_photo_that_is_not_what_was_imported_is_named(images, source, content, said):
    file = source / "train" / "ant" / "2.png"
    file.unlink()
    if content:
        file.write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        list(batches(images.train, images.train_labels, 8, 0, 0))


READ = """
import sys
from pathlib import Path
from prunebench.datasets import available
data = Path(sys.argv[1])
images = available.load(available.describe("imagenette", data).spec(), data)
for i in range(8):
    images.train[i : i + 1]
    print(i, flush=True)
"""


def test_a_full_disk_is_an_error_and_what_was_decoded_is_kept(images, source, tmp_path):
    """The limit on a file's size stands for a full disk."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (5 * 64 * 64 * 3 + 100,) * 2)
    command = [sys.executable, "-c", READ, str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert "DatasetError: cannot write decoded photos to" in done.stderr
    assert "free some space and run the same command again" in done.stderr


def test_a_grey_or_transparent_photo_has_three_channels(tmp_path):
    source = write_photos(tmp_path / "photos", [(64, 64)], ("ant",))
    grey = np.full((64, 64), 51, np.uint8)
    Image.fromarray(grey).save(source / "train" / "ant" / "grey.png")
    Image.fromarray(np.dstack([grey] * 4)).save(source / "train" / "ant" / "clear.png")
    images = load(replace(WANTED, classes=1, train=3, test=1), source, tmp_path / "data")
    assert os.path.basename(images.train.cache._photos[1][1]) == "clear.png"
    torch.testing.assert_close(images.train[1:3], torch.full((2, 3, SIZE, SIZE), 0.2))
