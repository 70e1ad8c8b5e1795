"""`prunebench data`, and what stands for the paper's datasets in a run."""

import json
import subprocess
import sys

import pytest
from dataset_files import arrays, write_npz
from outcome_files import part
from typer.testing import CliRunner
from voc_files import write_voc

from prunebench.commands.data import app
from prunebench.common.errors import DatasetError, PrunebenchError
from prunebench.datasets.catalogue import EMBEDDED
from prunebench.judging.settings import resolve
from prunebench.store.outcome import read

ROW = "t4.imagenet.vgg-11.50"


def data(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    if isinstance(done.exception, DatasetError):
        raise done.exception
    return done.stdout


@pytest.fixture
def mine(tmp_path):
    source = write_npz(tmp_path / "mine.npz", arrays())
    out = data("add", "mine", source, "--licence", "CC0", "--data", tmp_path / "data")
    assert "mine: 20 + 10 images of 8x8, 10 classes, digest" in out
    return tmp_path / "data"


def test_the_list_says_what_is_here_and_what_gets_the_rest(mine):
    found = json.loads(data("list", "--json", "--data", mine))
    assert {name for name, entry in found.items() if entry["here"]} == {"mine", *EMBEDDED}
    assert (found["mine"]["licence"], found["mine"]["bytes"]) == ("CC0", 20 * 64 + 10 * 64 + 30 + 4 * 128)
    assert found["mnist"]["digest"].startswith("1feeb58ee2d5")
    out = data("list", "--data", mine)
    assert f"here, 0.0 MB, digest {found['mine']['digest'][:12]}; 20 + 10 images, licence: CC0" in out
    assert "prunebench data add cifar100 downloads" in out


@pytest.mark.parametrize("at", [0, -1])
def test_verify_names_the_file_that_changed(mine, at):
    assert data("verify", "--data", mine) == "mine: as imported\n"
    file = mine / "datasets" / "mine" / "test_labels.npy"
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=r"dataset mine: test_labels\.npy changed since the import; import it again"):
        data("verify", "mine", "--data", mine)


def test_verifying_what_is_not_here_says_how_to_get_it(tmp_path):
    with pytest.raises(DatasetError, match="prunebench data add cifar10 downloads"):
        data("verify", "cifar10", "--data", tmp_path)


def test_images_with_boxes_are_added_listed_and_verified(tmp_path):
    boxes = {"trainval": {"1": [("bee", (1, 1, 40, 30))]}, "test": {"2": [("bee", (5, 5, 9, 9))]}}
    source, here = write_voc(tmp_path / "insects", boxes), tmp_path / "data"
    out = data("add", "bees", source, "--licence", "CC0", "--data", here)
    assert "bees: 1 + 1 images with boxes, 1 classes, digest" in out
    listed = data("list", "--data", here)
    assert "1 + 1 images, licence: CC0" in listed
    assert "364 microscope images" in listed
    assert "V('downloads', '2007', 'test', download=True)" in listed
    assert data("verify", "--data", here) == "bees: as imported\n"


def test_detectors_are_not_built_on_classifiers_of_other_channels(house, tmp_path):
    boxes = {"trainval": {"1": [("bee", (1, 1, 40, 30))]}, "test": {"2": [("bee", (5, 5, 9, 9))]}}
    data("add", "bees", write_voc(tmp_path / "insects", boxes), "--data", house.path / "data")
    code, out = house.pytest("--pb-dataset", "voc07=bees")
    assert code == 4
    assert "built on classifiers of digits, whose images have 1 channel(s), those of bees have 3" in out


def test_the_command_line_has_it():
    done = subprocess.run(
        [sys.executable, "-m", "prunebench", "data", "add", "mnist", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "prunebench: nowhere does not exist\n")


def test_a_run_on_a_substitute_names_it_everywhere(house, mine):
    mine.rename(house.path / "data")
    code, out = house.pytest(
        "-k", f"{ROW} and not control", "--pb-seeds", "1", "--pb-dataset", "imagenet=mine", parent=True
    )
    assert code in (0, 1), out
    assert "mine in place of ImageNet, digits in place of every other dataset of the paper" in out
    assert "on mine 8x8" in out
    place = house.path / "data" / "records" / "tiny-with-imagenet-as-mine"  # beside the records of the tier as it is
    record = json.loads((place / f"{ROW}.json").read_text())
    assert record["tier"] == place.name
    assert record["dataset"]["used"] == "mine 8x8"
    assert (
        record["dataset"]["digest"]
        == json.loads(data("list", "--json", "--data", house.path / "data"))["mine"]["digest"]
    )
    assert "--pb-tier tiny --pb-seeds 1 --pb-dataset imagenet=mine" in record["command"]
    spec = part(house.place(house.outcomes()[0]), "spec.json")["spec"]
    trained = spec if "dataset" in spec else spec["trained"]
    assert trained["dataset"]["name"] == "mine"


def test_the_ini_file_can_substitute_and_another_row_keeps_the_tiers_dataset(house, mine):
    mine.rename(house.path / "data")
    with open(house.path / "pytest.ini", "a") as file:
        file.write("pb_dataset =\n    cifar10=mine\n    cifar100=mine\n")
    _, out = house.pytest("-k", f"planted and {ROW}", "--pb-seeds", "1")
    assert "mine in place of CIFAR-10, mine in place of CIFAR-100" in out, out
    specs = [read(house.place(name), "spec.json").decode() for name in house.outcomes()]
    assert specs
    assert not any('"mine"' in spec for spec in specs)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("cifar10:mnist", "write PAPER=OURS"),
        ("cifar10=mnits", "unknown dataset 'mnits': did you mean mnist"),
        ("cifar10=mnist", "prunebench data add mnist downloads"),
        ("cifar10=bccd", "one of the two is for detection, the other for classification"),
        ("voc07=bccd", "git clone https://github.com/Shenggan/BCCD_Dataset"),
    ],
)
def test_a_substitute_that_cannot_be_ends_the_run_before_anything_is_trained(house, pair, said):
    code, out = house.pytest("--pb-dataset", pair)
    assert code == 4
    assert said in out


@pytest.mark.parametrize("pair", ["mnist=mine", "digits=mine", "cifar10=mine"])
@pytest.mark.parametrize("tier", ["laptop", "smoke"])
def test_a_run_asks_for_no_dataset_that_another_stands_for(mine, tier, pair):
    """The laptop's MNIST is not here, and is needed by none of its rows, or by those of other datasets alone."""
    settings = resolve(mine.parent, tier=tier, dataset=[pair])
    assert settings.tier.description("CIFAR-10").name == "mine"
    others = settings.tier.description("ImageNet").name
    assert others == ("mine" if pair != "cifar10=mine" else settings.tier.dataset)


def test_a_tier_of_the_papers_own_datasets_has_none_that_stands_for_all(mine):
    with pytest.raises(PrunebenchError, match=r"--pb-dataset mnist=mine: write PAPER=OURS.*PAPER is one of cifar10, "):
        resolve(mine.parent, tier="quick", dataset=["mnist=mine"])


def test_what_was_converted_is_said(tmp_path):
    content = {name: array + 1 if name.endswith("labels") else array / 255 for name, array in arrays().items()}
    out = data("add", "mine", write_npz(tmp_path / "odd.npz", content), "--data", tmp_path / "data")
    assert "mine: 30 images were floats up to 1, taken as 0 to 1 and scaled to bytes" in out
    assert "mine: 30 labels, 10 classes called 1, 2, 3, ... 10, were numbered from 0 to 9" in out
