"""`prunebench data list|add|pack|push|verify`: the datasets here, how to get others, and how outcomes are kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from prunebench.commands.options import Data, Json
from prunebench.common.errors import DatasetError
from prunebench.datasets import available, manifest
from prunebench.datasets.catalogue import EMBEDDED
from prunebench.store import versioning

SHOWN = 10
"""Damaged files that are named."""

app = typer.Typer(no_args_is_help=True, help="Datasets: what is here, how to get the others, whether they are whole.")


@app.command("list")
def list_(data: Data = Path("data"), as_json: Json = False) -> None:
    """List all datasets: which are here with digest, size and licence; for the others, what gets them."""
    entries = {name: _entry(name, data) for name in available.names(data)}
    if as_json:
        print(json.dumps(entries, indent=1))
        return
    for name, entry in entries.items():
        print(f"{name:16} {entry['summary']}")
        images = f"{entry['train']:,} + {entry['test']:,} images, " if entry["train"] else ""
        here = f"here, {entry['bytes'] / 1e6:.1f} MB, digest {entry['digest'][:12]}" if entry["here"] else "not here"
        print(f"{'':16} {here}; {images}licence: {entry['licence']}")
        for line in () if entry["here"] else entry["how"].splitlines():
            print(f"{'':16}   {line}")


def _entry(name: str, data: Path) -> dict[str, Any]:
    known, found = available.describe(name, data), manifest.read(data, name)
    facts = ("summary", "digest", "train", "test", "classes", "channels", "size", "licence", "how")
    size = sum(found.sizes.values()) if found else 0
    return {"here": bool(found) or name in EMBEDDED, "bytes": size} | {f: getattr(known, f) for f in facts}


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of a dataset that `list` shows, or a new one for yours.")],
    source: Annotated[Path, typer.Argument(help="Its official files; of yours an .npz file or a folder, as below.")],
    licence: Annotated[str, typer.Option(help="Of a dataset of yours.")] = "",
    summary: Annotated[str, typer.Option(help="A line on a dataset of yours.")] = "",
    augment: Annotated[bool, typer.Option(help="Shift and mirror the training images of an .npz file.")] = False,
    size: Annotated[int, typer.Option(help="Pixels on a side at which networks see photos (default: 224).")] = 0,
    data: Data = Path("data"),
) -> None:
    """Import a dataset, in full or not at all; yours need no more than a name. What was converted is said.

    An .npz file has the arrays train_images, train_labels, test_images and test_labels: square images [N, H, W] or
    [N, H, W, 3], and a label each; Keras's names, floats from 0 to 1, 16 bits, [N, C, H, W] and labels from 1 will do.
    A folder has photos at train/CLASS/ and val/CLASS/ or test/CLASS/, or at CLASS/, of which a fifth is held out; or
    the idx files of MNIST and its like, packed or not; or what torchvision downloads of CIFAR, SVHN and STL-10; or
    parquet files of Hugging Face with images. For detection, a folder or tar archive has the layout of PASCAL VOC:
    Annotations/*.xml, JPEGImages/*.jpg, and the names of the images at ImageSets/Main/trainval.txt and test.txt.
    """
    from prunebench.datasets.importing import add as import_
    from prunebench.datasets.importing import described

    made = import_(described(name, summary, licence, augment, size), source, data)
    imported = manifest.read(data, name)
    for note in imported.notes if imported else ():
        print(f"{name}: {note}")
    said = versioning.add(data) if versioning.is_versioned(data) else ""
    look = f"of {made.size}x{made.size}" if made.size else "with boxes"
    print(
        f"{name}: {made.train:,} + {made.test:,} images {look}, {made.classes} classes, "
        f"digest {made.digest[:12]}, in {manifest.place(data, name)}"
    )
    if said:
        print(f"prunebench: {said}", file=sys.stderr)


@app.command()
def push(
    remote: Annotated[str, typer.Argument(help="Name of a DVC remote; the default one if none is given.")] = "",
    data: Data = Path("data"),
) -> None:
    """Push all that the folder's .dvc file names to a remote; what is not here is fetched from the others first."""
    from prunebench.store import remotes

    print(f"{remotes.push(data, remote):,} files are in the remote")


@app.command()
def pack(data: Data = Path("data")) -> None:
    """Make files of the outcomes that earlier versions stored as folders; all of them are read as they are, too."""
    from prunebench.common.folders import work_folder
    from prunebench.common.terminal import track
    from prunebench.store.repack import folders, repack
    from prunebench.store.store import Store

    store = Store(data, work_folder(data))
    store.prepare()
    found = list(track(repack(store), "packing", len(folders(store))))
    for name, problem in found:
        if problem:
            print(f"{name[:12]} {problem}; it stays a folder")
    done = sum(not problem for _, problem in found)
    print(f"{done} outcomes packed, {len(found) - done} left as they were")


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Datasets; all that are here if none are given.")] = None,
    data: Data = Path("data"),
) -> None:
    """Compare every file of the datasets with the checksum of its import."""
    from prunebench.datasets.importing import damages

    chosen = names or manifest.names(data)
    if not chosen:
        print(f"nothing is imported in {data}; `prunebench data list` shows what can be")
    for name in chosen:
        available.require(name, data)
        wrong = damages(name, data)
        if wrong:
            more = f" and {len(wrong) - SHOWN:,} more" if len(wrong) > SHOWN else ""
            raise DatasetError(
                f"dataset {name}: {', '.join(wrong[:SHOWN])}{more} changed since the import; import it again"
            )
        print(f"{name}: as imported")
