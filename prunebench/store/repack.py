"""Folders of earlier versions become the files that outcomes are now."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from prunebench.common.folders import settle, write_whole
from prunebench.store import unpacked
from prunebench.store.outcome import find_damage, read
from prunebench.store.packing import pack
from prunebench.store.store import Store, unwritable

ASIDE = ".folder"
"""End of the hidden name that a folder has while its file takes its place."""


def folders(store: Store) -> list[str]:
    """Return the digests of the outcomes that are folders."""
    return sorted(path.name for path in (store.data / "checkpoints").glob("[0-9a-f]*") if path.is_dir())


def repack(store: Store) -> Iterator[tuple[str, str]]:
    """Repack all folders; yield the digest of each with what kept it from that, empty where nothing did.

    A kill at any moment loses nothing: the next call goes on.

    Raises:
        StoreError: the store cannot be written.
    """
    restore(store)
    for name in folders(store):
        try:
            yield name, _repacked(store, name)
        except OSError as error:
            raise unwritable(store.data, error) from error


def _repacked(store: Store, name: str) -> str:
    place = store.place(name)
    beside, aside = (place.with_name(f".{name}{end}") for end in (".file", ASIDE))
    with store.claim_name(name) as mine:
        if not mine:
            return "another process is at it"
        if damage := find_damage(place):
            return f"is damaged: {damage}"
        write_whole(beside, pack({part: read(place, part) for part in unpacked.names(place)}), lasting=True)
        os.rename(place, aside)
        os.rename(beside, place)
        settle(place.parent)
        shutil.rmtree(aside)
    return ""


def restore(store: Store) -> None:
    """Undo what a killed call left: a folder comes back to its place, unless its file is there."""
    for left in (store.data / "checkpoints").glob(f".*{ASIDE}"):
        name = left.name[1 : -len(ASIDE)]
        with store.claim_name(name) as mine:
            if mine and store.place(name).exists():
                shutil.rmtree(left)
            elif mine:
                os.rename(left, store.place(name))
    for left in (store.data / "checkpoints").glob(".*.file"):
        with store.claim_name(left.name[1 : -len(".file")]) as mine:
            if mine:
                left.unlink(missing_ok=True)
