"""What is known of a dataset without loading it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prunebench.specs.experiment import Dataset, options

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Description:
    """What is known of a dataset before it is loaded.

    Attributes:
        name: its name in the registry.
        digest: sha256 of its content; empty where that is known only after its import.
        summary: one line for people, with its source.
        channels: colour channels.
        classes: number of classes.
        train: number of training images; 0 where any number will do.
        test: number of test images; 0 where any number will do.
        size: height and width at which networks see it, in pixels; 0 where the detector says.
        licence: under which its images may be used.
        how: the command or page that gets what `prunebench data add` reads.
        mean: of each channel, on the scale from 0 to 1, subtracted from the images.
        std: of each channel, by which they are divided then.
        augment: how training images are varied: `crop-flip` (protocols 1), `resized-crop` (protocols 7), empty for not.
        detection: whether its images have boxes around objects, for detectors.
        largest: share of the test images that are of the largest class, in percent; 0 where nobody counted.
    """

    name: str
    digest: str
    summary: str
    channels: int
    classes: int
    train: int
    test: int
    size: int
    licence: str = ""
    how: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    augment: str = ""
    detection: bool = False
    largest: float = 0.0

    @property
    def resolution(self) -> float:
        """Accuracy points that one test image is worth."""
        return 100.0 / self.test

    @property
    def chance(self) -> float:
        """Accuracy of always saying the largest class, in percent; that of equal classes where nobody counted."""
        return 0.0 if self.detection else self.largest or 100.0 / self.classes

    def spec(self) -> Dataset:
        """Return the dataset as a part of a spec; how its images are shown to a network is part of it."""
        look = {"mean": self.mean, "std": self.std, "augment": self.augment}
        return Dataset(self.name, self.digest, options(size=self.size, **{k: v for k, v in look.items() if v}))


def differences(found: Description, wanted: Description, facts: Iterable[str]) -> Iterator[str]:
    """Yield where a dataset is not what is wanted, as far as that is known before."""
    for fact in (*facts, "digest"):
        if getattr(wanted, fact) not in (0, "", getattr(found, fact)):
            yield f"{fact} is {getattr(found, fact)}, of {wanted.name} it is {getattr(wanted, fact)}"
