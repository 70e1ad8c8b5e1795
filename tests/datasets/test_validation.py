"""The part of the digits that recipes are chosen by."""

from prunebench.datasets import available
from prunebench.datasets.images import Images


def loaded(name: str) -> Images:
    return available.load(available.describe(name).spec())


def scans(images: Images, split: str) -> set[bytes]:
    return {image.numpy().tobytes() for image in getattr(images, split)}


def test_recipes_are_chosen_by_training_scans_alone() -> None:
    digits, held = loaded("digits"), loaded("digits-validation")
    assert (len(held.train), len(held.test)) == (959, 239)
    assert not scans(held, "test") & scans(digits, "test")
    assert not scans(held, "train") & (scans(digits, "test") | scans(held, "test"))
    assert scans(held, "train") | scans(held, "test") == scans(digits, "train")


def test_every_digit_is_held_back_about_as_often() -> None:
    counts = loaded("digits-validation").test_labels.bincount(minlength=10)
    assert counts.min() > 15
    assert 100 * counts.max().item() / 239 == available.describe("digits-validation").largest
