"""Which datasets there are, and what stands for the paper's."""

from dataclasses import replace

import pytest
from dataset_files import arrays, write_npz

from prunebench.common.errors import DatasetError, PrunebenchError, UnknownNameError
from prunebench.datasets import available
from prunebench.datasets.catalogue import EMBEDDED
from prunebench.datasets.importing import add, described
from prunebench.specs.experiment import digest_of, to_json


@pytest.fixture
def data(tmp_path):
    add(described("mine"), write_npz(tmp_path / "mine.npz", arrays()), tmp_path / "data")
    return tmp_path / "data"


def test_the_specs_of_digits_are_what_they_always_were():
    """A change here orphans every stored outcome."""
    assert to_json(available.describe("digits").spec()) == {
        "name": "digits",
        "digest": "a19cb3d96bba7deace8ee5a513a6eb7bad0403d528f00bf4d351b6a7a55baa91",
        "options": {"size": 8},
    }


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("mnist", "ef3a58fa83e94b6a"), ("cifar10-jpeg75", "ecacd48199fb045c")],
)
def test_the_specs_of_known_datasets_stay_what_they_are(name, wanted):
    assert digest_of(to_json(available.describe(name).spec())).startswith(wanted)


def test_a_loaded_set_is_what_was_imported(data):
    spec = available.describe("mine", data).spec()
    images = available.load(spec, data)
    assert (len(images.train), len(images.test), images.classes) == (20, 10, 10)
    assert images.example.shape == (1, 1, 8, 8)
    assert images.train[:].mean() == pytest.approx(0, abs=1e-3)
    assert images.train[:].std() == pytest.approx(1, abs=1e-2)


def test_a_spec_of_another_content_is_refused(data):
    spec = replace(available.describe("mine", data).spec(), digest="cd" * 32)
    with pytest.raises(DatasetError, match=r"has digest \w{12}, this outcome is of cdcdcdcdcdcd: another dataset"):
        available.load(spec, data)


@pytest.mark.parametrize("name", [n for n in available.names() if n not in EMBEDDED])
def test_a_missing_dataset_says_what_gets_it(name, tmp_path):
    with pytest.raises(DatasetError, match=rf"{name} is not in .*; get it so:\n(.|\n)*prunebench data add {name}"):
        available.require(name, tmp_path)


def test_substitutes_stand_for_the_papers_datasets(data):
    found = available.substitutes(["cifar10=mine", "imagenet=digits", "voc07=digit-scenes"], data)
    assert {paper: ours.name for paper, ours in found.items()} == {
        "CIFAR-10": "mine",
        "ImageNet": "digits",
        "PASCAL VOC 07": "digit-scenes",
    }


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("cifar10", PrunebenchError, "--pb-dataset cifar10: write PAPER=OURS, such as cifar10=cifar10-jpeg75"),
        ("cifar11=mine", PrunebenchError, "PAPER is one of cifar10, cifar100, imagenet, voc07, OURS one of .*mine"),
        ("cifar10=mime", UnknownNameError, "unknown dataset 'mime': did you mean mine"),
        ("cifar10=mnist", DatasetError, "dataset mnist is not in"),
        ("voc07=bccd", DatasetError, "dataset bccd is not in"),
        (
            "voc07=mine",
            PrunebenchError,
            "one of the two is for detection.* valid for voc07 are bccd, digit-scenes, voc07$",
        ),
        ("cifar10=bccd", PrunebenchError, "for classification; valid for cifar10 are cifar10, .*mine, mnist$"),
    ],
)
def test_a_substitute_that_is_none_is_refused(text, kind, said, data):
    with pytest.raises(kind, match=said):
        available.substitutes([text], data)
