"""Photos of all modes show what they show; what they cannot show is refused by the file's name."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, TiffImagePlugin
from sklearn.datasets import load_digits
from torchvision.transforms.functional import center_crop, resize

from prunebench.common.errors import DatasetError
from prunebench.datasets import available, manifest
from prunebench.datasets.catalogue import IMAGENETTE
from prunebench.datasets.importing import add, described

PICTURES = (load_digits().images[:24] * 15.9).astype(np.uint8)


def picture(number):
    """A digit of 24x40, so that a turned one has other sides."""
    return np.kron(PICTURES[number], np.ones((3, 5), np.uint8))


def folder(root, save, suffix):
    number = 0
    for split in ("train", "val"):
        for label in ("a b", "ü"):
            (root / split / label).mkdir(parents=True)
            for _ in range(6):
                save(picture(number), root / split / label / f"{number}{suffix}")
                number += 1
    return root


def shown(root, data):
    made = add(described("mine", size=16), root, data)
    images = available.load(made.spec(), data)
    notes = manifest.read(data, "mine").notes
    return torch.cat([images.test[:], images.train[:]]), " | ".join(notes)


def png8(a, path):
    Image.fromarray(a).convert("RGB").save(path)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    root = tmp_path_factory.mktemp("reference")
    return shown(folder(root / "in", png8, ".png"), root / "data")[0]


def png16(a, path):
    Image.fromarray(a.astype(np.uint16) * 257).save(path)


def png12(a, path):
    Image.fromarray(a.astype(np.uint16) * 16 + 15).save(path)


def tiff_float(a, path):
    Image.fromarray((a / 255).astype(np.float32)).save(path)


def tiff_float255(a, path):
    Image.fromarray(a.astype(np.float32)).save(path)


def rgba(a, path):
    hidden = np.where(a > 0, a, 77)
    Image.fromarray(np.dstack([hidden, hidden, hidden, np.where(a > 0, 255, 0).astype(np.uint8)])).save(path)


def grey_alpha(a, path):
    Image.merge("LA", [Image.fromarray(np.where(a > 0, a, 99)), Image.fromarray((a > 0).astype(np.uint8) * 255)]).save(
        path
    )


def palette(a, path):
    own = Image.frombytes("P", (a.shape[1], a.shape[0]), (255 - a).tobytes())
    own.putpalette([255 - i for i in range(256) for _ in range(3)])
    own.save(path)


def palette_alpha(a, path):
    own = Image.frombytes("P", (a.shape[1], a.shape[0]), a.tobytes())
    own.putpalette([max(i, 50 * (i == 0)) for i in range(256) for _ in range(3)])
    own.save(path, transparency=bytes([0] + [255] * 255))


def grey(a, path):
    Image.fromarray(a).save(path)


def turned(a, path):
    image = Image.fromarray(np.rot90(a)).convert("RGB")
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path, exif=exif)


@pytest.mark.parametrize(
    ("save", "suffix", "said", "far"),
    [
        (png16, ".png", "24 photos converted to RGB: grey of more than 8 bits, 0 to 65535", 0),  # Pillow#2574, #3011
        (png16, ".tiff", "grey of more than 8 bits, 0 to 65535", 0),  # python-pillow/Pillow#1108
        (png12, ".png", "grey of more than 8 bits, 0 to 4095", 1),  # python-pillow/Pillow#274
        (tiff_float, ".tif", "24 photos converted to RGB: floats, 0 to 1", 0),
        (tiff_float255, ".tif", "24 photos converted to RGB: floats, 0 to 255", 0),
        (rgba, ".png", "24 photos converted to RGB: alpha, laid on black", 0),  # huggingface/datasets#4160
        (grey_alpha, ".png", "24 photos converted to RGB: alpha, laid on black", 0),
        (palette, ".png", "24 photos converted to RGB: palette", 0),
        (palette_alpha, ".png", "24 photos converted to RGB: alpha, laid on black", 0),  # imageio/imageio#475
        (grey, ".png", "24 photos converted to RGB: grey", 0),
        (turned, ".png", "24 photos converted to RGB: turned upright by EXIF", 0),  # detectron2#262, datumaro#1756
    ],
)
def test_a_photo_shows_the_same_in_every_mode(tmp_path, reference, save, suffix, said, far):
    found, notes = shown(folder(tmp_path / "in", save, suffix), tmp_path / "data")
    steps = (found - reference).abs().amax() * 255 * 0.225
    assert steps <= far + 0.01
    assert said in notes


def test_a_cmyk_photo_is_no_negative(tmp_path, reference):
    """python-pillow/Pillow#6563: CMYK of Adobe is stored inverted; the mean tells a negative."""

    def cmyk(a, path):
        Image.fromarray(a).convert("RGB").convert("CMYK").save(path, quality=95)

    found, notes = shown(folder(tmp_path / "in", cmyk, ".jpg"), tmp_path / "data")
    assert torch.corrcoef(torch.stack([found.flatten(), reference.flatten()]))[0, 1] > 0.98
    assert "24 photos converted to RGB: CMYK" in notes


def test_one_dark_photo_of_many_stays_dark(tmp_path):
    """The scale is that of the set, not of a photo."""
    root = folder(tmp_path / "in", png16, ".png")
    Image.fromarray(np.full((24, 40), 200, np.uint16)).save(root / "val" / "a b" / "12.png")
    made = add(described("mine", size=16), root, tmp_path / "data")
    first = available.load(made.spec(), tmp_path / "data").test[:1]
    assert (first[0, 0] * 0.229 + 0.485).abs().max() * 255 == pytest.approx(1, abs=0.01)


def four_bands(path):
    """python-pillow/Pillow#2938: bands that are no colours are left out without a word."""
    Image.frombytes("RGBX", (40, 24), bytes(40 * 24 * 4)).save(path)


def two_pages(path):
    Image.fromarray(picture(0)).save(path, save_all=True, append_images=[Image.fromarray(picture(1))])


def negative(path):
    Image.fromarray(picture(0).astype(np.float32) - 9).save(path)


def too_large(path):
    Image.fromarray(picture(0).astype(np.float32) * 9).save(path)


def white_is_zero(path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    Image.fromarray(picture(0).astype(np.uint16)).save(path, tiffinfo=tags)


def more_than_sixteen(path):
    Image.fromarray(picture(0).astype(np.int32) << 10).save(path)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (four_bands, "it has 4 bands, of which RGB would show fewer"),
        (two_pages, "it has 2 pages or frames; wanted is one picture"),
        (negative, "a pixel is -9; wanted are values from 0 on"),
        (too_large, r"a pixel has the value \d+; wanted are floats from 0 to 1 or from 0 to 255"),
        (more_than_sixteen, r"a pixel has the value \d+; wanted are integers of at most 16 bits"),
        (white_is_zero, "0 is white in it"),
    ],
)
def test_what_no_picture_can_be_made_of_is_refused_by_name(tmp_path, write, said):
    root = folder(tmp_path / "in", png8, ".png")
    write(root / "train" / "ü" / "odd.tif")
    with pytest.raises(DatasetError, match=rf"train/ü/odd\.tif: {said}"):
        add(described("mine"), root, tmp_path / "data")


def test_an_import_of_an_earlier_version_is_not_shown_otherwise_now(tmp_path):
    """One of 16 bits that was imported when it was shown nearly white is refused, not shown in two ways."""
    root, data = folder(tmp_path / "in", png16, ".png"), tmp_path / "data"
    made = add(described("mine", size=16), root, data)
    place = data / "datasets" / "mine"
    told = json.loads((place / "manifest.json").read_text())
    del told["sums"]["conversions"], told["sha256"], told["files"], told["notes"]
    told["description"]["digest"] = manifest.digest_of(told["sums"])
    (place / "manifest.json").write_text(json.dumps(told))
    spec = available.describe("mine", data).spec()
    assert spec.digest != made.digest
    with pytest.raises(DatasetError, match="an earlier version imported it and showed it otherwise; import the folder"):
        available.load(spec, data).test[:1]


def test_photos_of_the_catalogue_are_shown_as_pytorchs_example_shows_them(tmp_path):
    """Without their EXIF data, as torchvision's ImageFolder: their digests and outcomes stay."""
    root, data = folder(tmp_path / "in", turned, ".png"), tmp_path / "data"
    made = add(replace(IMAGENETTE, classes=2, train=12, test=12, size=16), root, data)
    assert sorted(manifest.read(data, "imagenette").sums) == ["test_files", "train_files"]
    with Image.open(root / "val" / "a b" / "12.png") as image:
        plain = np.asarray(center_crop(resize(image.convert("RGB"), 18), [16, 16]))
    found = available.load(made.spec(), data).test[:1][0, 0] * 0.229 + 0.485
    assert np.allclose(found.numpy() * 255, plain[..., 0], atol=0.01)
