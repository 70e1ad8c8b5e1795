"""Detection datasets in the layout of PASCAL VOC, as torchvision and this project read them."""

import pytest
import torch
from torchvision.datasets import VOCDetection
from torchvision.transforms.functional import pil_to_tensor
from voc_files import write_annotation, write_voc

from prunebench.common.errors import DatasetError
from prunebench.datasets.voc import BCCD, VOC07, check_voc, load_voc, root_of

SCENES = {
    "trainval": {"000005": [("chair", (1, 1, 40, 30)), ("cat", (11, 6, 20, 15), "hard")], "000007": []},
    "test": {"000001": [("cat", (5, 5, 5, 5))]},
}


@pytest.fixture
def folder(tmp_path):
    return write_voc(tmp_path / "VOCdevkit" / "VOC2007", SCENES)


def test_boxes_go_from_edge_to_edge(folder):
    found = load_voc(folder, VOC07)
    image, target = found.train[0]
    assert image.shape == (3, 30, 40)
    assert image.dtype == torch.uint8
    assert target["boxes"].tolist() == [[0, 0, 40, 30], [10, 5, 20, 15]]
    assert [VOC07[label - 1] for label in target["labels"]] == ["chair", "cat"]
    assert target["difficult"].tolist() == [False, True]
    assert found.train[1][1]["boxes"].shape == (0, 4)
    assert found.test[0][1]["boxes"].tolist() == [[4, 4, 5, 5]]
    assert (len(found.train), len(found.test), found.mirrored) == (2, 1, True)


def test_the_same_as_torchvision_reads(folder, tmp_path):
    theirs = VOCDetection(str(tmp_path), year="2007", image_set="trainval")
    ours = load_voc(folder).train
    assert len(theirs) == len(ours)
    for i, (image, document) in enumerate(theirs):
        assert (ours[i][0].float().mean() - pil_to_tensor(image).float().mean()).abs() < 0.5
        boxes = [o["bndbox"] for o in document["annotation"].get("object", [])]
        corners = [[int(b["xmin"]) - 1, int(b["ymin"]) - 1, int(b["xmax"]), int(b["ymax"])] for b in boxes]
        assert ours[i][1]["boxes"].tolist() == corners


def test_classes_are_those_of_the_training_images_unless_given(folder):
    assert load_voc(folder).classes == ("cat", "chair")
    assert load_voc(folder, VOC07).classes == VOC07


def test_a_dataset_is_found_below_the_given_folder(folder, tmp_path):
    assert root_of(tmp_path) == root_of(folder) == folder


def test_the_list_is_of_images_annotations_and_splits(folder, tmp_path):
    before = check_voc(folder)
    assert before == check_voc(write_voc(tmp_path / "again", SCENES))
    write_annotation(folder, "000001", [("cat", (5, 5, 6, 5))])
    assert check_voc(folder) != before
    write_voc(tmp_path / "again", {"trainval": {"000005": SCENES["trainval"]["000005"]}, "test": SCENES["test"]})
    assert "000007" in before
    assert "000007" not in check_voc(tmp_path / "again")


def broken_image(folder):
    path = folder / "JPEGImages" / "000005.jpg"
    path.write_bytes(path.read_bytes()[:100])


def other_image(folder):
    (folder / "JPEGImages" / "000005.jpg").write_bytes((folder / "JPEGImages" / "000001.jpg").read_bytes())
    write_annotation(folder, "000005", [("chair", (1, 1, 20, 20)), ("cat", (1, 1, 20, 20))], (20, 20))


DAMAGES = {
    "no image": (lambda f: (f / "JPEGImages" / "000007.jpg").unlink(), "000007.jpg is missing"),
    "no annotation": (lambda f: (f / "Annotations" / "000007.xml").unlink(), "000007.xml is missing"),
    "no split": (lambda f: (f / "ImageSets" / "Main" / "test.txt").unlink(), "test.txt is missing"),
    "empty split": (lambda f: (f / "ImageSets" / "Main" / "test.txt").write_text("\n"), "split test names no images"),
    "foreign split": (
        lambda f: (f / "ImageSets" / "Main" / "test.txt").write_text("../Annotations/000001\n"),
        "test names '../Annotations/000001'; valid are names of files in JPEGImages",
    ),
    "no objects": (lambda f: write_annotation(f, "000005", []), "no image of the split trainval has an object"),
    "no layout": (lambda f: (f / "JPEGImages").rename(f / "images"), "is no dataset in VOC layout"),
    "broken image": (broken_image, "000005.jpg does not decode as an image"),
    "other image": (other_image, r"000005.jpg has the size \(40, 30\), its annotation says \(20, 20\)"),
    "label": (
        lambda f: write_annotation(f, "000001", [("dragon", (1, 1, 2, 2))]),
        "000001.xml has the label 'dragon'; valid are cat, chair",
    ),
    "box outside": (
        lambda f: write_annotation(f, "000005", [("cat", (3, 4, 41, 20))]),
        "000005.xml: cat has the box 3, 4, 41, 20; valid ones lie from pixel 1, 1 to 40, 30",
    ),
    "box from 0": (lambda f: write_annotation(f, "000005", [("cat", (0, 4, 10, 20))]), "box 0, 4, 10, 20"),
    "empty box": (lambda f: write_annotation(f, "000005", [("cat", (9, 4, 8, 20))]), "box 9, 4, 8, 20"),
    "no xml": (lambda f: (f / "Annotations" / "000005.xml").write_text("{}"), "000005.xml is no annotation"),
    "no box": (
        lambda f: (f / "Annotations" / "000005.xml").write_text(
            "<annotation><size><width>4</width><height>4</height></size><object><name>cat</name></object></annotation>"
        ),
        "<object> has no bndbox/xmin",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_refused_by_name(damage, folder):
    act, message = DAMAGES[damage]
    act(folder)
    with pytest.raises(DatasetError, match=message):
        check_voc(folder)


def test_two_datasets_in_one_folder_are_refused(folder, tmp_path):
    write_voc(tmp_path / "other", SCENES)
    with pytest.raises(DatasetError, match="has 2 datasets in VOC layout; give the one folder"):
        load_voc(tmp_path)


def test_the_cells_of_bccd(tmp_path):
    cells = {split: {split: [("RBC", (1, 1, 9, 9)), ("WBC", (2, 2, 30, 30))]} for split in ("trainval", "test")}
    found = load_voc(write_voc(tmp_path, cells), BCCD)
    assert found.test[0][1]["labels"].tolist() == [2, 3]
    assert found.mean == (0.485, 0.456, 0.406)
