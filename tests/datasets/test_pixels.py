"""Batches: against torchvision's transforms of one image at a time, given the same choices."""

import numpy as np
import pytest
import torch
from torchvision.transforms import functional as reference

from prunebench.common.errors import DatasetError
from prunebench.common.randomness import rng
from prunebench.datasets.arrays import shrunk
from prunebench.datasets.available import describe
from prunebench.datasets.digits import load_digits
from prunebench.datasets.images import Images, batches, in_order
from prunebench.datasets.pixels import PADDING, CropFlip, Pixels

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
STORED = torch.randint(0, 256, (50, 12, 12, 3), generator=rng(0, "pixels")).byte()


def plain(image):
    return reference.normalize(reference.to_tensor(image.numpy()), MEAN, STD)


def test_images_are_normalised_as_torchvision_normalises_them():
    wanted = torch.stack([plain(image) for image in STORED])
    torch.testing.assert_close(Pixels(STORED, MEAN, STD)[:], wanted, rtol=1e-5, atol=1e-5)


def test_crops_and_flips_are_torchvisions_given_the_same_numbers():
    generator = rng(0, "augment", 3)
    found = CropFlip(STORED, MEAN, STD).varied(rng(0, "augment", 3))(torch.arange(50))
    down, right = torch.randint(2 * PADDING + 1, (2, 50), generator=generator)
    mirrored = torch.randint(2, (50,), generator=generator)
    for i, image in enumerate(STORED):
        padded = reference.pad(reference.to_pil_image(image.permute(2, 0, 1)), PADDING)
        seen = reference.crop(padded, int(down[i]), int(right[i]), 12, 12)
        seen = reference.hflip(seen) if mirrored[i] else seen
        torch.testing.assert_close(found[i], plain(torch.from_numpy(np.array(seen))), rtol=1e-5, atol=1e-5)


def test_every_shift_and_side_comes_up():
    ramp = torch.arange(1, 13).byte()[None, :, None, None] * torch.ones(4000, 1, 12, 1, dtype=torch.uint8)
    ramp = ramp + 20 * torch.arange(12).byte()[None, None, :, None]
    seen = CropFlip(ramp, (0.0,), (1 / 255,)).varied(rng(0, "augment", 0))(torch.arange(4000))
    assert len({tuple(image.flatten().int().tolist()) for image in seen}) == 9 * 9 * 2


def images(kind=CropFlip):
    labels = torch.arange(50) % 10
    return Images(kind(STORED, MEAN, STD), labels, Pixels(STORED, MEAN, STD), labels, 10)


def test_a_batch_has_channels_last_and_the_labels_of_its_images():
    data = images(Pixels)
    for some, labels in batches(data.train, data.train_labels, 16, 0, 0):
        assert some.shape == (len(labels), 3, 12, 12)
        assert some.is_contiguous(memory_format=torch.channels_last)
        for image, label in zip(some, labels, strict=True):
            same = (data.train[:] == image).flatten(1).all(1).nonzero().item()
            assert data.train_labels[same] == label


def test_variation_depends_on_seed_and_epoch_but_not_on_the_batch_size():
    def epoch(seed, epoch, size=50):
        data = images()
        return torch.cat([some for some, _ in batches(data.train, data.train_labels, size, seed, epoch)])

    assert torch.equal(epoch(0, 0), epoch(0, 0, size=10))
    assert not torch.equal(epoch(0, 0), epoch(1, 0))
    assert not torch.equal(epoch(0, 0).sum((1, 2, 3)).sort()[0], epoch(0, 1).sum((1, 2, 3)).sort()[0])


def test_tests_see_all_images_in_order_and_unvaried():
    data = images()
    seen = list(in_order(data.train, data.train_labels, 16))
    assert [len(labels) for _, labels in seen] == [16, 16, 16, 2]
    assert torch.equal(torch.cat([some for some, _ in seen]), data.test[:])


@pytest.mark.parametrize("size", [8, 16])
def test_batches_of_digits_are_rows_of_the_normalised_tensor(size):
    data = load_digits(describe("digits").spec())
    order = torch.randperm(1198, generator=rng(5, "order", 2)).split(size)
    for (some, labels), chosen in zip(batches(data.train, data.train_labels, size, 5, 2), order, strict=True):
        assert torch.equal(some, data.train[chosen])
        assert torch.equal(labels, data.train_labels[chosen])


def test_shrunk_images_are_torchs_means_over_blocks():
    images = torch.randint(256, (5, 12, 12, 3), generator=torch.Generator().manual_seed(0)).byte()
    wanted = torch.nn.functional.avg_pool2d(images.permute(0, 3, 1, 2).double(), 3).permute(0, 2, 3, 1)
    assert (shrunk(images, 4).double() - wanted).abs().max() <= 0.5
    assert shrunk(images, 12) is images
    with pytest.raises(DatasetError, match="12x12 cannot be shown at 5x5; valid are divisors of 12"):
        shrunk(images, 5)
