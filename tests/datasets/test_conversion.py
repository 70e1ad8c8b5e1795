"""Arrays as people have them come to the very dataset that plain bytes and labels come to, or are refused."""

import gzip
import io
import json
import shutil

import numpy as np
import pytest
from dataset_files import arrays, write_idx, write_npz
from PIL import Image
from torchvision.datasets import STL10, SVHN

from prunebench.common.errors import DatasetError
from prunebench.datasets import available, manifest, readers
from prunebench.datasets.importing import add, damages, described

PLAIN = arrays()


def imported(tmp_path, content, name="mine"):
    source = write_npz(tmp_path / "mine.npz", content)
    made = add(described(name), source, tmp_path / "data")
    return made, " | ".join(manifest.read(tmp_path / "data", name).notes)


def each(content, images=lambda a: a, labels=lambda a: a):
    return {name: (images if name.endswith("images") else labels)(array) for name, array in content.items()}


def keras(content):
    return {f"{'xy'[part.endswith('labels')]}_{part.partition('_')[0]}": array for part, array in content.items()}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (each(PLAIN, labels=lambda a: a[:, None]), "20 train labels came as [N, 1]"),  # MedMNIST/MedMNIST#53
        (
            each(PLAIN, labels=lambda a: a + 1),
            "30 labels, 10 classes called 1, 2, 3, ... 10, were numbered from 0 to 9",
        ),
        (each(PLAIN, labels=lambda a: np.where(a == 9, 200, a)), "10 classes called 0, 1, 2, ... 200, were numbered"),
        (each(PLAIN, labels=lambda a: a.astype(np.float32)), "10 test labels were floats"),
        (each(PLAIN, labels=lambda a: np.eye(10)[a]), "20 train labels came as one-hot rows"),
        (each(PLAIN, labels=lambda a: np.array(list("abcdefghij"))[a]), "10 classes called a, b, c, ... j"),
        (each(PLAIN, lambda a: a / 255), "30 images were floats up to 1, taken as 0 to 1 and scaled to bytes"),
        (each(PLAIN, lambda a: a.astype(np.float32)), "30 images were floats up to 255, taken as 0 to 255"),
        (each(PLAIN, lambda a: a.astype(np.uint16) * 257), "30 images were uint16 with values up to 65535"),
        (each(PLAIN, lambda a: a.astype(np.int64)), "30 images were int64 with values up to 255"),
        (each(PLAIN, lambda a: a[:, None]), "30 images came as [N, C, H, W]"),
        (keras(PLAIN), ""),
        ({**PLAIN, "val_images": PLAIN["test_images"], "val_labels": PLAIN["test_labels"]}, ""),
    ],
)
def test_what_means_the_same_comes_to_the_same(tmp_path, content, said):
    """Labels from 1: pytorch/pytorch#15666; with gaps: MIC-DKFZ/nnUNet#309."""
    wanted = add(described("mine"), write_npz(tmp_path / "plain.npz", PLAIN), tmp_path / "plain")
    made, notes = imported(tmp_path, content)
    assert made == wanted
    assert said in notes
    assert bool(notes) == bool(said)


def test_twelve_bits_are_not_taken_for_sixteen(tmp_path):
    """A scale that fits the set: python-pillow/Pillow#274 has 12 bits of a camera in 16."""
    _, notes = imported(tmp_path, each(PLAIN, lambda a: a.astype(np.uint16) * 16))
    found = np.load(tmp_path / "data" / "datasets" / "mine" / "train_images.npy")[..., 0]
    assert np.abs(found.astype(int) - PLAIN["train_images"]).max() <= 1
    assert "taken as 0 to 4095" in notes


def test_two_labels_may_be_bool_or_of_both_signs(tmp_path):
    for name, labels in (("bool", lambda a: a > 4), ("signs", lambda a: np.where(a > 4, 1, -1))):
        made, _ = imported(tmp_path, each(PLAIN, labels=labels), name)
        found = np.load(tmp_path / "data" / "datasets" / name / "train_labels.npy")
        assert found.tolist() == (PLAIN["train_labels"] > 4).astype(int).tolist()
        assert made.classes == 2


def test_alpha_is_laid_on_black(tmp_path):
    colours = arrays(8, 3)
    alpha = np.random.default_rng(1).choice([0, 255], (20, 8, 8, 1)).astype(np.uint8)
    content = each(colours, lambda a: np.concatenate([a, alpha[: len(a)]], 3))
    _, notes = imported(tmp_path, content)
    found = np.load(tmp_path / "data" / "datasets" / "mine" / "train_images.npy")
    assert np.array_equal(found, colours["train_images"] * (alpha > 0))
    assert "30 images had alpha and were laid on black" in notes


def test_a_label_that_was_never_trained_is_named(tmp_path):
    content = {**PLAIN, "test_labels": PLAIN["test_labels"] + 7}
    with pytest.raises(DatasetError, match=r"mine\.npz: a label of test_labels is 10, which no training image has"):
        imported(tmp_path, content)


def pack(folder, _):
    for file in list(folder.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    return folder


def dotted(folder, _):
    for file in list(folder.iterdir()):
        file.rename(file.with_name(file.name.replace("-idx", ".idx")))
    return folder


def as_kaggle(folder, _):
    for file in list(folder.iterdir()):
        content = file.read_bytes()
        file.unlink()
        file.mkdir()
        (file / file.name.replace("-idx", ".idx")).write_bytes(content)
    return folder


def as_torchvision(folder, root):
    raw = root / "downloads" / "FashionMNIST" / "raw"
    shutil.copytree(folder, raw)
    pack(folder, root)
    for file in folder.iterdir():
        shutil.copy(file, raw)
    return root / "downloads"


@pytest.mark.parametrize("lay", [pack, dotted, as_kaggle, as_torchvision])
def test_idx_files_are_found_as_people_have_them(tmp_path, lay):
    """sorki/python-mnist#19: 7-Zip names them with a dot; tolstikhin/adagan#1: packed files taken for plain ones."""
    wanted = add(described("mine"), write_npz(tmp_path / "plain.npz", PLAIN), tmp_path / "plain")
    source = lay(write_idx(tmp_path / "raw", PLAIN), tmp_path)
    assert add(described("mine"), source, tmp_path / "data") == wanted


def test_idx_files_of_two_sets_in_one_folder_are_refused(tmp_path):
    for name in ("MNIST", "KMNIST"):
        write_idx(tmp_path / "downloads" / name / "raw", PLAIN)
    with pytest.raises(DatasetError, match=r"holds several datasets: KMNIST/raw/.*, MNIST/raw/.*give a folder with"):
        add(described("mine"), tmp_path / "downloads", tmp_path / "data")


def test_a_page_in_place_of_a_packed_file_is_named(tmp_path):
    """carlini/nn_robust_attacks#51: the download was a web page."""
    folder = pack(write_idx(tmp_path / "raw", PLAIN), tmp_path)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(DatasetError, match=r"t10k-labels-idx1-ubyte\.gz is truncated or no idx file"):
        add(described("mine"), folder, tmp_path / "data")


@pytest.mark.parametrize("kind", [SVHN, STL10])
def test_what_torchvision_downloads_is_read_by_its_own_class(tmp_path, monkeypatch, kind):
    """Its class gives images as [N, C, H, W]."""
    content = arrays(32, 3)

    class Downloaded:
        def __init__(self, root, split):
            self.data = content[f"{split}_images"].transpose(0, 3, 1, 2)
            self.labels = content[f"{split}_labels"]

    (tmp_path / "in" / "stl10_binary").mkdir(parents=True)
    if kind is SVHN:
        (tmp_path / "in" / "train_32x32.mat").write_bytes(b"")
    monkeypatch.setattr(readers, kind.__name__, Downloaded)
    if kind is STL10:
        Downloaded.base_folder = "stl10_binary"
    wanted = add(described("mine"), write_npz(tmp_path / "plain.npz", content), tmp_path / "plain")
    assert add(described("mine"), tmp_path / "in", tmp_path / "data") == wanted


def write_parquet(folder, content, label="label", test="test"):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    (folder / "data").mkdir(parents=True)
    for split, name in (("train", "train"), ("test", test)):
        images = [{"bytes": encoded(a), "path": None} for a in content[f"{split}_images"]]
        table = pa.table({"image": images, label: [int(n) for n in content[f"{split}_labels"]]})
        pq.write_table(table, folder / "data" / f"{name}-00000-of-00001.parquet")
    return folder


def encoded(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("channels", "test"), [(1, "test"), (3, "validation")])
def test_small_images_of_hugging_face_are_arrays(tmp_path, channels, test):
    content = arrays(8, channels)
    wanted = add(described("mine"), write_npz(tmp_path / "plain.npz", content), tmp_path / "plain")
    assert add(described("mine"), write_parquet(tmp_path / "hub", content, test=test), tmp_path / "data") == wanted


def test_photos_of_hugging_face_are_kept_as_they_were_encoded(tmp_path):
    content = arrays(100, 3, classes=2)
    made = add(described("mine", size=14), write_parquet(tmp_path / "hub", content, "labels"), tmp_path / "data")
    assert (made.classes, made.train, made.test, made.channels) == (2, 20, 10, 3)
    (tmp_path / "data").rename(tmp_path / "moved")
    images = available.load(made.spec(), tmp_path / "moved")
    assert images.test_labels.tolist() == sorted(content["test_labels"].tolist())
    assert images.test[:].std() > 0
    assert damages("mine", tmp_path / "moved") == []


def test_parquet_files_without_images_are_refused(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    for split in ("train", "test"):
        pq.write_table(pa.table({"text": ["a"], "label": [0]}), tmp_path / f"{split}.parquet")
    with pytest.raises(
        DatasetError, match=r"train\.parquet has the columns text: string, label: int64; wanted are one"
    ):
        add(described("mine"), tmp_path, tmp_path / "data")
    for split in ("train", "test"):
        (tmp_path / f"{split}.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"train\.parquet cannot be read as a parquet file of images"):
        add(described("mine"), tmp_path, tmp_path / "data")


def test_what_was_converted_stays_in_the_manifest(tmp_path):
    _, notes = imported(tmp_path, each(PLAIN, lambda a: a / 255))
    told = json.loads((tmp_path / "data" / "datasets" / "mine" / "manifest.json").read_text())
    assert told["notes"] == [notes]
