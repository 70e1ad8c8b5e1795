"""Stored outcomes, looked into and damaged as bad luck and careful hands do."""

import hashlib
import io
import json

from prunebench.store.outcome import read
from prunebench.store.packing import pack, parts


def content(place):
    return {name: read(place, name) for name, _, _ in parts(io.BytesIO(place.read_bytes()))}


def part(place, name):
    return json.loads(read(place, name))


def resign(place, name, new):
    """Put another part in and make all sums anew, as a careful hand would."""
    place.write_bytes(pack(content(place) | {name: new}))


def flip(place, name):
    """Flip a bit in the last byte of a part."""
    packed = bytearray(place.read_bytes())
    at = packed.index(content(place)[name]) + len(content(place)[name]) - 1
    packed[at] ^= 1
    place.write_bytes(packed)


def as_folder(place):
    """Make of an outcome the folder that earlier versions stored."""
    files = content(place)
    place.unlink()
    place.mkdir()
    for name, data in files.items():
        (place / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    (place / "SHA256SUMS").write_text(sums)
    return place
