"""Importing: what comes out is what went in, and nothing is left of what went wrong."""

import resource
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from dataset_files import arrays, jpeg, write_cifar, write_idx, write_jpegs, write_npz
from PIL import Image

from prunebench.common.errors import DatasetError
from prunebench.datasets import available, manifest
from prunebench.datasets.arrays import save_arrays
from prunebench.datasets.catalogue import MNIST
from prunebench.datasets.importing import add, damages, described
from prunebench.datasets.readers import read_cifar, read_npz

SMALL_MNIST = replace(MNIST, digest="", train=20, test=10, size=8)


def stored(data, name):
    return {part: np.load(data / "datasets" / name / f"{part}.npy") for part in arrays()}


def left(data):
    return sorted(str(path.relative_to(data)) for path in data.rglob("*") if path.is_file())


def test_mnist_has_one_digest_whatever_files_it_comes_from(tmp_path):
    content = arrays()
    made = [
        add(SMALL_MNIST, source, tmp_path / str(i))
        for i, source in enumerate(
            [
                write_npz(tmp_path / "mnist.npz", content),
                write_idx(tmp_path / "official", content),
                write_idx(tmp_path / "torchvision" / "MNIST" / "raw", content).parents[1],
            ]
        )
    ]
    assert made[0] == made[1] == made[2]
    assert (made[0].channels, made[0].classes, made[0].train, made[0].test) == (1, 10, 20, 10)
    for i in range(3):
        found = stored(tmp_path / str(i), "mnist")
        assert all(np.array_equal(found[part].reshape(content[part].shape), content[part]) for part in content)


@pytest.mark.parametrize("fine", [False, True])
def test_cifar_is_read_as_torchvision_reads_it(tmp_path, fine):
    content = arrays(32, 3)
    kind = write_cifar(tmp_path, content, fine)
    for source in (tmp_path, tmp_path / kind.base_folder):
        found = read_cifar(source, kind)
        assert all(np.array_equal(found[part], content[part]) for part in content)


def test_jpeg_files_are_decoded_as_pillow_decodes_them(tmp_path):
    content = arrays(32, 3)
    found = read_npz(write_jpegs(tmp_path / "jpegs.npz", content))
    for split in ("train", "test"):
        for i, pixels in enumerate(content[f"{split}_images"]):
            (tmp_path / "one.jpg").write_bytes(jpeg(pixels))
            assert np.array_equal(found[f"{split}_images"][i], np.asarray(Image.open(tmp_path / "one.jpg")))


def test_a_set_of_ones_own_is_described_by_its_content(tmp_path):
    content = arrays(12, 3, classes=4)
    source = write_npz(tmp_path / "mine.npz", content)
    made = add(described("mine", "my photos", "CC0", augment=True), source, tmp_path / "data")
    assert (made.channels, made.classes, made.size, made.licence, made.augment) == (3, 4, 12, "CC0", "crop-flip")
    assert made.mean == pytest.approx(content["train_images"].mean((0, 1, 2)) / 255, abs=1e-4)
    assert available.describe("mine", tmp_path / "data") == made
    assert "mine" in available.names(tmp_path / "data")
    assert made.spec().digest == made.digest
    assert made.spec().options.as_dict()["augment"] == "crop-flip"


def test_importing_again_mends_what_is_damaged(tmp_path):
    source, data = write_npz(tmp_path / "mine.npz", arrays()), tmp_path / "data"
    made = add(described("mine"), source, data)
    file = data / "datasets" / "mine" / "train_images.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert damages("mine", data) == ["train_images.npy"]
    assert add(described("mine"), source, data) == made
    assert damages("mine", data) == []


def test_a_name_is_taken_once(tmp_path):
    data = tmp_path / "data"
    made = add(described("mine"), write_npz(tmp_path / "a.npz", arrays()), data)
    with pytest.raises(DatasetError, match="already holds something else than this dataset"):
        add(described("mine"), write_npz(tmp_path / "b.npz", arrays(seed=1)), data)
    assert available.require("mine", data) == made


def test_a_folder_that_is_no_dataset_is_not_overwritten(tmp_path):
    kept = write_idx(tmp_path / "data" / "datasets" / "mnist", arrays())
    with pytest.raises(DatasetError, match="move that folder away"):
        add(SMALL_MNIST, kept, tmp_path / "data")
    assert len(left(kept)) == 4


def changed(part, change):
    content = arrays()
    content[part] = change(content[part])
    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (changed("train_labels", lambda a: a - 1), r"train_labels has the label -1; a negative one is no class"),
        (changed("train_labels", lambda a: a + 255), r"a label of test_labels is 0, which no training image has"),
        (changed("test_labels", lambda a: a + 5), r"a label of test_labels is 10, which no training image has"),
        (changed("train_labels", lambda a: a * 0), r"all training images have the label 0; wanted are two classes"),
        (changed("train_labels", lambda a: np.stack([a, a], 1)), r"shape \(20, 2\): several labels per image"),
        (changed("train_labels", lambda a: a[:-1]), r"20 train images have 19 labels"),
        (changed("train_labels", lambda a: a / 2), r"train_labels has shape \(20,\) and type float64"),
        (changed("test_images", lambda a: a[:, 1:]), r"test_images has shape \(10, 7, 8\)"),
        (changed("test_images", lambda a: a[:, 1:, 1:]), r"training images are \(8, 8, 1\), test images \(7, 7, 1\)"),
        (changed("train_images", lambda a: a / 128 - 1), r"a pixel has the value -1, so the images are normalised"),
        (changed("train_images", lambda a: a * 300.0), r"a pixel has the value 76500; wanted are floats from 0 to 1"),
        (changed("train_images", lambda a: np.where(a > 9, np.inf, 0.0)), r"a pixel is not a finite number"),
        (changed("train_images", lambda a: a.astype(np.int32) << 9), r"the value 130560; wanted .* at most 16 bits"),
        (changed("train_images", lambda a: a.astype(np.int16) - 3), r"a pixel has the value -3"),
        (changed("train_images", lambda a: a[:0]), r"train_images has shape \(0, 8, 8\)"),
        ({"train_images": arrays()["train_images"]}, r"has no 'train_labels'; wanted are train_images"),
    ],
)
def test_arrays_that_are_no_images_and_labels_are_refused(tmp_path, content, said):
    source = write_npz(tmp_path / "mine.npz", content)
    with pytest.raises(DatasetError, match=said) as error:
        add(described("mine"), source, tmp_path / "data")
    assert "mine.npz" in str(error.value)
    assert left(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (replace(SMALL_MNIST, train=60_000), r"train is 20, of mnist it is 60000"),
        (replace(SMALL_MNIST, size=28), r"size is 8, of mnist it is 28"),
        (replace(SMALL_MNIST, digest="ab" * 32), r"digest is \w{64}, of mnist it is abab"),
    ],
)
def test_another_dataset_under_a_known_name_is_refused(tmp_path, wanted, said):
    with pytest.raises(DatasetError, match=said):
        add(wanted, write_npz(tmp_path / "other.npz", arrays()), tmp_path / "data")
    assert left(tmp_path / "data") == []


def test_a_truncated_npz_is_refused_by_its_name(tmp_path):
    source = write_npz(tmp_path / "mine.npz", arrays())
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(DatasetError, match=r"mine\.npz is missing, truncated or no \.npz file"):
        read_npz(source)
    source.write_bytes(b"something else")
    with pytest.raises(DatasetError, match=r"mine\.npz is missing, truncated or no \.npz file"):
        read_npz(source)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize("damage", [lambda b: b[:-3], lambda b: b[:5], lambda b: b"P5 8 8" + b, lambda b: b""])
def test_a_bad_idx_file_is_refused_by_its_name(tmp_path, name, damage):
    folder = write_idx(tmp_path / "raw", arrays())
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    with pytest.raises(DatasetError, match=name):
        add(SMALL_MNIST, folder, tmp_path / "data")
    assert left(tmp_path / "data") == []


def test_a_missing_idx_file_is_named(tmp_path):
    folder = write_idx(tmp_path / "raw", arrays())
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DatasetError, match=r"raw/t10k-labels-idx1-ubyte is missing, packed or not"):
        add(SMALL_MNIST, folder, tmp_path / "data")


def test_a_changed_cifar_file_is_refused_by_its_name(tmp_path):
    kind = write_cifar(tmp_path, arrays(32, 3))
    file = tmp_path / kind.base_folder / "batch_2"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"batch_2 has MD5 \w{32}, the official file has \w{32}: truncated"):
        read_cifar(tmp_path, kind)
    file.unlink()
    with pytest.raises(DatasetError, match=r"batch_2 is missing; .* should be what cifar-10-python\.tar\.gz unpacks"):
        read_cifar(tmp_path, kind)


def test_an_image_that_does_not_decode_is_named(tmp_path):
    source = write_jpegs(tmp_path / "jpegs.npz", arrays(32, 3))
    content = dict(np.load(source))
    start = content["test_offsets"][3]
    content["test_jpeg"][start : start + 4] = 0
    write_npz(source, content)
    with pytest.raises(DatasetError, match=r"image 3 of test of .*jpegs\.npz does not decode"):
        add(described("mine"), source, tmp_path / "data")
    assert left(tmp_path / "data") == []


def test_no_space_half_way_leaves_nothing_behind(tmp_path):
    """The limit on a file's size stands for a full disk: writing fails after some bytes."""
    content = {name: np.repeat(array, 50, axis=0) for name, array in arrays(32, 3).items()}
    source = write_npz(tmp_path / "mine.npz", content)
    command = [sys.executable, "-m", "prunebench", "data", "add", "mine", str(source), "--data", str(tmp_path / "data")]
    half = partial(limit, content["train_images"].nbytes // 2)
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=half)
    assert done.returncode == 2
    assert "cannot write to" in done.stderr
    assert "Nothing was imported; free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert left(tmp_path / "data") == []


def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("name", ["../mine", "My Set", ".mine", ""])
def test_a_name_that_is_no_name_is_refused(name):
    with pytest.raises(DatasetError, match="cannot be a dataset's name"):
        described(name)


def test_an_archive_is_to_be_unpacked(tmp_path):
    (tmp_path / "imagenette2.tgz").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"imagenette2\.tgz is neither a folder nor an \.npz file; unpack"):
        add(described("imagenette"), tmp_path / "imagenette2.tgz", tmp_path / "data")


def test_a_known_dataset_takes_no_facts():
    with pytest.raises(DatasetError, match="imagenette is known with all its facts; leave the options out"):
        described("imagenette", size=160)


def test_digits_need_no_import():
    with pytest.raises(DatasetError, match="come with scikit-learn"):
        described("digits")


def test_a_file_that_lost_bytes_is_found_when_the_dataset_is_asked_for(tmp_path):
    data = tmp_path / "data"
    add(described("mine"), write_npz(tmp_path / "mine.npz", arrays()), data)
    file = data / "datasets" / "mine" / "test_images.npy"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"is damaged \(test_images\.npy has 767 bytes, not 768\)"):
        available.require("mine", data)


def test_the_digest_is_of_the_content_alone(tmp_path):
    one, other = (save(tmp_path / name, arrays(seed=seed)) for name, seed in (("a", 0), ("b", 1)))
    assert save(tmp_path / "c", arrays()).sums == one.sums != other.sums
    assert manifest.digest_of(one.sums) == one.description.digest != other.description.digest


def save(folder, content):
    folder.mkdir()
    return save_arrays(content, described("mine"), folder, "here")
