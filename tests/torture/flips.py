"""Flipped bits, cut ends and swapped files: noticed, harmless, or used without a word?"""

import hashlib
import random
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from outcome_files import as_folder
from tally import Tally
from torch import nn

from prunebench.common.errors import PrunebenchError
from prunebench.datasets import available
from prunebench.datasets.importing import add, described
from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest, options
from prunebench.store import listing
from prunebench.store.store import Store
from prunebench.training.checkpoint import Epoch, Partial

SPEC = Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), seed=0)
OTHER = Training(SPEC.dataset, SPEC.network, SPEC.recipe, seed=1)


def damaged(good, other, chance):
    """Return the content of a file after one piece of bad luck."""
    kind = chance.random()
    if kind < 0.8:
        at = chance.randrange(len(good))
        return good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1 :]
    if kind < 0.95:
        return good[: chance.randrange(len(good))]
    return other


def tried(tally, files, read, tries, chance, swaps=None):
    """Damage one of some files, again and again, and see what is read."""
    contents = {file: file.read_bytes() for file in files if file.stat().st_size}
    wanted = read()
    for _ in range(tries):
        file = chance.choice(list(contents))
        file.write_bytes(damaged(contents[file], (swaps or contents)[chance.choice(list(swaps or contents))], chance))
        bad = file.read_bytes()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                found = read()
                end = "harmless" if found == wanted else "noticed" if found is None and said else "silent"
            except PrunebenchError:
                end = "refused"
            except Exception as error:
                end = "raw"
                found = repr(error)[:200]
        tally.add(end, f"{file.name}, {len(bad)} bytes, {found if end == 'raw' else ''}")
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return tally


def outcomes(tries, chance, folder, form="file"):
    store = Store(folder / "data", folder / "work")
    store.prepare()
    for spec in (OTHER, SPEC):
        place = store.put(spec, {"accuracy": 98.5 + spec.seed}, {"weights.safetensors": bytes(range(250)) * 4}).place
    other = store.place(digest(OTHER)).read_bytes()
    files = [place] if form == "file" else sorted(as_folder(place).iterdir())

    def read():
        found = Store(store.data, store.work).get(SPEC)
        return found and (found.facts, found.read("weights.safetensors"))

    swaps = {0: other} if form == "file" else None
    return tried(Tally(f"outcome, {form}"), files, read, tries, chance, swaps)


def partials(tries, chance, folder):
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(2))
    made(torch.zeros(2, 1, 6, 6)).sum().backward()
    optimiser = torch.optim.SGD(made.parameters(), 0.1, momentum=0.9)
    optimiser.step()
    history = [Epoch(epoch, 0.1, 1.5, 50.0, 1.4, 60.0 + epoch, 0.1) for epoch in (1, 2)]
    for name in "ab":
        Partial(folder / name).save(made, optimiser, history)
        history = history[:1]

    def read():
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.zero_()
        again = torch.optim.SGD(made.parameters(), 0.1, momentum=0.9)
        found = Partial(folder / "a").restore(made, again)
        if not found:
            return None
        state = [*made.state_dict().values(), *(again.state[p]["momentum_buffer"] for p in made.parameters())]
        return found, hashlib.sha256(b"".join(t.numpy().tobytes() for t in state)).hexdigest()

    return tried(Tally("partial checkpoint"), [folder / "a"], read, tries, chance, {0: (folder / "b").read_bytes()})


def datasets(tries, chance, folder):
    numbers, data = np.random.default_rng(0), folder / "data"
    arrays = {"train_labels": np.arange(40) % 10, "test_labels": np.arange(20) % 10}
    arrays |= {f"{k}_images": numbers.integers(0, 256, (n, 8, 8), np.uint8) for k, n in (("train", 40), ("test", 20))}
    np.savez(folder / "mine.npz", **arrays)
    made = add(described("mine"), folder / "mine.npz", data)
    spec = Dataset("mine", made.digest, options(size=8, mean=made.mean, std=made.std))

    def read():
        found = available.load(spec, data)
        return [t.tobytes() for t in (found.train_labels.numpy(), found.test_labels.numpy())] + [
            part[slice(0, len(part))].numpy().tobytes() for part in (found.train, found.test)
        ]

    files = [file for file in sorted((data / "datasets" / "mine").iterdir()) if file.is_file()]
    return tried(Tally("imported data"), files, read, tries, chance)


def lists(tries, chance, folder):
    """The list of what `data.dvc` names: used only where its sum is that of `data.dvc`."""
    data = folder / "data"
    named = {f"checkpoints/{i:064x}": hashlib.md5(str(i).encode()).hexdigest() for i in range(5)}
    (folder / ".dvc").mkdir()
    data.mkdir()
    (folder / "data.dvc").write_text(f"outs:\n- md5: {listing._sum_of(named)}.dir\n  path: data\n")
    listing.kept(data).write_text("".join(f"{md5}  {path}\n" for path, md5 in named.items()))

    def read():
        shutil.rmtree(folder / ".dvc" / "cache", ignore_errors=True)
        (folder / ".dvc" / "cache" / "files" / "md5").mkdir(parents=True)
        found = listing.known(data)
        if found is None:
            warnings.warn("no list", stacklevel=1)
        return found

    return tried(Tally("list of data.dvc"), [listing.kept(data)], read, tries, chance)


def run(seed, tries):
    """Try every kind of file, `tries` times each."""
    for number, part in enumerate((outcomes, lambda *a: outcomes(*a, form="folder"), partials, datasets, lists)):
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            yield part(tries, random.Random(1000 * seed + number), Path(folder))
