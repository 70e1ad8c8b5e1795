"""Which datasets there are: facts that can be had without loading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunebench.errors import UnknownNameError
from prunebench.experiment import Dataset, options

if TYPE_CHECKING:
    from prunebench.datasets.images import Images


@dataclass(frozen=True)
class Description:
    """What is known of a dataset before it is loaded.

    Attributes:
        name: its name in the registry.
        digest: sha256 over its pixels and labels.
        summary: one line for people, with its source.
        channels: colour channels.
        classes: number of classes.
        train: number of training images.
        test: number of test images.
        size: height and width at which networks see it, in pixels.
    """

    name: str
    digest: str
    summary: str
    channels: int
    classes: int
    train: int
    test: int
    size: int

    @property
    def resolution(self) -> float:
        """Accuracy points that one test image is worth."""
        return 100.0 / self.test

    def spec(self) -> Dataset:
        """Return the dataset as a part of a spec."""
        return Dataset(self.name, self.digest, options(size=self.size))


DIGITS = Description(
    name="digits",
    digest="a19cb3d96bba7deace8ee5a513a6eb7bad0403d528f00bf4d351b6a7a55baa91",
    summary="1,797 scans of handwritten digits, 8x8 grey (UCI optdigits, embedded in scikit-learn)",
    channels=1,
    classes=10,
    train=1198,
    test=599,
    size=8,
)

SCENES = Description(
    name="digit-scenes",
    digest="5683d0a6e19f5463822865b67d60ff5938ff77781da20228540c1d6e802c1e97",
    summary="256 canvases of 48x48 with up to nine of the digits and their boxes, for detection",
    channels=1,
    classes=10,
    train=192,
    test=64,
    size=48,
)

_ALL = {d.name: d for d in (DIGITS, SCENES)}


def names() -> list[str]:
    """Return the names of all datasets."""
    return sorted(_ALL)


def describe(name: str) -> Description:
    """Return the description of a dataset.

    Raises:
        UnknownNameError: there is none of this name.
    """
    if name not in _ALL:
        raise UnknownNameError("dataset", name, _ALL)
    return _ALL[name]


def load(dataset: Dataset) -> Images:
    """Load a dataset and check that its content is what the spec names.

    Raises:
        DatasetError: its content has another digest than the spec says.
    """
    from prunebench.datasets.digits import load_digits

    return {"digits": load_digits}[describe(dataset.name).name](dataset)
