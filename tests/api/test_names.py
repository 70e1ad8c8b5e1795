"""Names, networks by name, and datasets from arrays."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import prunebench as pb
from prunebench.common.errors import DatasetError

RANDOM = np.random.default_rng(0)


def split(count, *shape):
    return RANDOM.integers(0, 256, (count, *shape), dtype=np.uint8), np.arange(count) % 3


def test_every_name_that_is_offered_is_there_and_others_are_refused_with_the_valid_ones():
    assert all(getattr(pb, name).__module__.startswith("prunebench.") for name in pb.__all__)
    assert set(pb.__all__) <= set(dir(pb))
    with pytest.raises(AttributeError, match=r"no attribute 'prun'; it offers .*prune, read_records"):
        _ = pb.prun


def test_names_alone_load_neither_torch_nor_mlflow():
    code = "import sys, prunebench as pb; pb.list_rows(); pb.list_methods(); pb.list_datasets(); pb.list_networks()"
    code += "; pb.Recipe(1); pb.read_records; print(*{'torch', 'mlflow'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_lists_say_what_there_is():
    assert pb.list_rows()["t4.cifar10.vgg-19.70"] == "Table 4: VGG-19 on CIFAR-10, slimming 70 %"
    assert {"l1", "slimming", "taylor"} <= pb.list_methods().keys()
    assert list(pb.list_tiers())[:4] == ["smoke", "laptop", "quick", "paper"]
    assert "C08" in pb.list_claims()
    assert "resnet" in pb.list_networks()


def test_networks_are_built_by_the_name_of_a_family_or_of_torchvision():
    assert pb.build_network("resnet", 1, 5, blocks=1, widths=[4, 4, 8])(torch.zeros(2, 1, 8, 8)).shape == (2, 5)
    assert pb.build_network("resnet18", 3, 7)(torch.zeros(2, 3, 32, 32)).shape == (2, 7)
    with pytest.raises(pb.PrunebenchError, match="no classifier 'resnet19'; did you mean resnet18"):
        pb.build_network("resnet19")


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (3, 8, 8)])
def test_arrays_and_tensors_become_a_dataset(tmp_path, shape):
    train, test = split(9, *shape), split(6, *shape)
    made = pb.add_dataset("mine", train=map(torch.from_numpy, train), test=test, folder=tmp_path)
    channels = 1 if len(shape) == 2 else 3
    assert (made.train, made.test, made.channels, made.classes, made.size) == (9, 6, channels, 3, 8)
    assert "mine" in pb.list_datasets(tmp_path)
    stored = np.load(tmp_path / "datasets" / "mine" / "train_images.npy")
    wanted = train[0].transpose(0, 2, 3, 1) if shape == (3, 8, 8) else train[0].reshape(9, 8, 8, channels)
    assert (stored == wanted).all()


def test_a_dataset_is_refused_without_both_splits_or_under_a_name_that_is_taken(tmp_path):
    with pytest.raises(DatasetError, match="give either a source, a file or folder, or both train="):
        pb.add_dataset("mine", train=split(9, 8, 8), folder=tmp_path)
    pb.add_dataset("mine", train=split(9, 8, 8), test=split(6, 8, 8), folder=tmp_path)
    with pytest.raises(DatasetError, match="already holds something else"):
        pb.add_dataset("mine", train=split(9, 8, 8), test=split(6, 8, 8), folder=tmp_path)
