"""What a photo's file shows, as RGB bytes: also of 16 bits, of floats, with alpha, or turned by its EXIF data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from prunebench.datasets.conversion import on_black, scale_of, unit_of

ORIENTATION, UPRIGHT = 0x0112, 1
"""EXIF's tag, and its value for a photo that is stored as it is to be seen."""

SIDEWAYS = (5, 6, 7, 8)
"""EXIF's orientations in which height and width change places."""

PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
"""TIFF's tag for what a pixel's value means, and the value under which 0 is white."""

SAMPLES = 277
"""TIFF's tag for how many values a pixel has."""

WIDE, REAL, ALPHA = "grey of more than 8 bits", "floats", "alpha, laid on black"
TURNED, UPPER = "turned upright by EXIF", "16 bits per colour, of which the upper 8 are seen"
PLAIN = {"1": "black and white", "L": "grey", "P": "palette", "CMYK": "CMYK", "YCbCr": "YCbCr", "RGB": ""}
"""How a mode that Pillow converts to RGB by itself is called; RGB needs no word."""


@dataclass(frozen=True)
class Scale:
    """The values of white in a set of photos.

    Attributes:
        integer: of those with more than 8 bits.
        real: of those of floats.
    """

    integer: int = 65535
    real: float = 1.0

    def words(self, conversion: str) -> str:
        """Return what a conversion is called, with the scale that it has here."""
        white = {WIDE: f", 0 to {self.integer}", REAL: f", 0 to {self.real:g}"}
        return conversion + white.get(conversion, "")


FILE = "conversions.txt"


def write_scale(folder: Path, white: Scale) -> str:
    """Write a scale beside the lists of photos, and return the file's checksum."""
    text = f"upright, on black; white {white.integer} of integers, {white.real:g} of floats\n".encode()
    (folder / FILE).write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def read_scale(folder: Path) -> Scale:
    """Return the scale that `write_scale` wrote."""
    words = (folder / FILE).read_text().split()
    return Scale(int(words[4]), float(words[7]))


@dataclass(frozen=True)
class Kind:
    """What is to be converted in one photo, and the largest value in it where that gives the set's scale.

    Attributes:
        conversions: names; empty for RGB of 8 bits.
        largest: pixel, of photos with more than 8 bits or of floats.
    """

    conversions: tuple[str, ...] = ()
    largest: float = 0.0

    @property
    def differs(self) -> bool:
        """Whether Pillow's own conversion would show something else."""
        return not {WIDE, REAL, ALPHA, TURNED}.isdisjoint(self.conversions)


def kind_of(image: Image.Image) -> Kind:
    """Return what must be converted; the pixels are decoded only where they decide.

    Raises:
        ValueError: it is no picture of one, three or four colours.
    """
    frames: int = getattr(image, "n_frames", 1)
    tags: Mapping[int, int] = getattr(image, "tag_v2", {})
    if frames > 1 and image.format != "MPO":  # a phone's MPO has its photo first
        raise ValueError(f"it has {frames} pages or frames; wanted is one picture")
    if tags.get(SAMPLES, 1) > len(image.getbands()):
        raise ValueError(f"it has {tags[SAMPLES]} bands, of which {image.mode} would show fewer; save colours alone")
    turned = [TURNED] if image.getexif().get(ORIENTATION, UPRIGHT) not in (UPRIGHT, 0) else []
    if _alpha(image):
        return Kind((*([PLAIN["P"]] if image.mode.startswith("P") else []), ALPHA, *turned))
    if image.mode in PLAIN:
        named = [PLAIN[image.mode]] if PLAIN[image.mode] else []
        return Kind((*named, *([UPPER] if ";16" in _raw(image) else []), *turned))
    if image.mode not in ("F", "I") and not image.mode.startswith("I;16"):
        raise ValueError(
            f"its pixels are {image.mode} ({len(image.getbands())} bands), which has no colours known here"
        )
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        raise ValueError("0 is white in it and it has more than 8 bits; save it with 0 as black")
    pixels = np.asarray(image)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise ValueError(f"a pixel is {pixels.min():g}; wanted are values from 0 on")
    return Kind((REAL if image.mode == "F" else WIDE, *turned), float(pixels.max()))


def scale(kinds: Mapping[str, Kind]) -> Scale:
    """Return the scale of a set of photos by their names: one for all, so that a dark photo stays dark.

    Raises:
        ValueError: a value is too large; names the photo.
    """
    white = {WIDE: 65535.0, REAL: 1.0}
    for name, rule in ((WIDE, lambda v: float(scale_of(int(v)))), (REAL, unit_of)):
        found = {path: kind.largest for path, kind in kinds.items() if name in kind.conversions}
        if found:
            path = max(found, key=lambda p: found[p])
            try:
                white[name] = rule(found[path])
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
    return Scale(int(white[WIDE]), white[REAL])


def rgb(image: Image.Image, white: Scale) -> Image.Image:
    """Return what an opened photo shows, upright, in RGB of 8 bits.

    Raises:
        ValueError: as `kind_of`.
    """
    kind = kind_of(image)
    if TURNED in kind.conversions:
        image = ImageOps.exif_transpose(image)
    if ALPHA in kind.conversions:
        return Image.fromarray(on_black(np.asarray(image.convert("RGBA"))))
    if kind.largest or not {WIDE, REAL}.isdisjoint(kind.conversions):
        top = white.real if REAL in kind.conversions else white.integer
        grey = np.rint(np.asarray(image).astype(np.float64) * (255 / top)).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    return image.convert("RGB")


def _raw(image: Image.Image) -> str:
    """Return how the file has its pixels, in Pillow's words, before they are decoded."""
    tiles: Sequence[Any] = getattr(image, "tile", ())
    return str(tiles[0].args) if tiles else ""


def _alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
