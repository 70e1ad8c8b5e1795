"""Small files in the formats of the official ones."""

import hashlib
import io
import pickle

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10, CIFAR100

SPLITS = {"train": 20, "test": 10}


def arrays(size=8, channels=1, classes=10, seed=0):
    random = np.random.default_rng(seed)
    shape = (size, size) if channels == 1 else (size, size, channels)
    found = {}
    for split, count in SPLITS.items():
        found[f"{split}_images"] = random.integers(0, 256, (count, *shape), dtype=np.uint8)
        found[f"{split}_labels"] = np.arange(count) % classes
    return found


def write_npz(path, content):
    np.savez(path, **content)
    return path


def write_idx(folder, content):
    """MNIST's format: 0, 0, 8 for bytes, the number of dimensions, each as 4 bytes, and the bytes (LeCun et al.)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in (("train", "train"), ("t10k", "test")):
        for what, kind in (("images", "idx3"), ("labels", "idx1")):
            array = content[f"{split}_{what}"].astype(np.uint8)
            head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
            (folder / f"{name}-{what}-{kind}-ubyte").write_bytes(head + array.tobytes())
    return folder


def write_cifar(folder, content, fine=False):
    """CIFAR's format: pickled batches of rows [3 * 32 * 32]; returns torchvision's class with these files' sums."""
    kind = CIFAR100 if fine else CIFAR10
    root = folder / kind.base_folder
    root.mkdir(parents=True)
    parts = {"train": 1 if fine else 2, "test": 1}
    key, lists, number = "fine_labels" if fine else "labels", {}, 0
    for split, count in parts.items():
        lists[split] = []
        images = np.array_split(content[f"{split}_images"], count)
        for pixels, labels in zip(images, np.array_split(content[f"{split}_labels"], count), strict=True):
            number += 1
            rows = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
            lists[split].append(_pickled(root / f"batch_{number}", {"data": rows, key: labels.tolist()}))
    name, md5 = _pickled(root / "meta", {kind.meta["key"]: [str(i) for i in range(10)]})
    meta = {**kind.meta, "filename": name, "md5": md5}
    return type("Small", (kind,), {"train_list": lists["train"], "test_list": lists["test"], "meta": meta})


def _pickled(path, content):
    path.write_bytes(pickle.dumps(content))
    return [path.name, hashlib.md5(path.read_bytes()).hexdigest()]


def jpeg(pixels, kind="JPEG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write_jpegs(path, content):
    """All JPEG files of a split end to end, as `cifar10-jpeg75.npz` has them."""
    packed = {}
    for split in SPLITS:
        files = [jpeg(pixels) for pixels in content[f"{split}_images"]]
        packed[f"{split}_jpeg"] = np.frombuffer(b"".join(files), dtype=np.uint8)
        packed[f"{split}_offsets"] = np.cumsum([0, *map(len, files)])
        packed[f"{split}_labels"] = content[f"{split}_labels"].astype(np.uint8)
    return write_npz(path, packed)


def write_photos(folder, sizes, classes=("ant", "bee"), tests="val"):
    """An ImageFolder whose photos are ramps: red rises along the rows, green along the columns, blue is the number."""
    number = 0
    for split in ("train", tests):
        for name in classes:
            (folder / split / name).mkdir(parents=True)
            for height, width in sizes:
                Image.fromarray(ramp(height, width, number)).save(folder / split / name / f"{number}.png")
                number += 1
    return folder


def ramp(height, width, number=0):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = (np.arange(height) + 0.5)[:, None] / height * 255
    pixels[..., 1] = (np.arange(width) + 0.5)[None, :] / width * 255
    pixels[..., 2] = 10 * number
    return pixels
