"""The form of a stored outcome: one file of named parts, under the digest of its spec.

The file is a plain zip archive whose parts are not compressed, so any zip program opens it, and every part stands in it
as it is. Its comment is the sha256, in hexadecimal, of all bytes before the comment: no bit of the file is without a
sum. The parts come in the order of `PARTS`, so that what is asked for most stands first.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import digest_of

PARTS = ("spec.json", "outcome.json", "history.csv", "plan.json", "weights.safetensors")
"""What an outcome may have; the first two it always has."""

LIMIT = 2**31 - 1
"""Bytes up to which an archive is a plain one; a larger one needs fields that old programs do not read."""

SUM = 64
"""Bytes of the sum at the end."""

_HEAD = struct.Struct("<4s5H3I2H")  # PKWARE, .ZIP File Format Specification, 4.3.7: what stands before each part
_MARK = b"PK\x03\x04"


def pack(content: Mapping[str, bytes]) -> bytes:
    """Return the file of some parts: the same bytes for the same parts.

    Raises:
        StoreError: they are too much for one file.
    """
    if (size := sum(map(len, content.values()))) > LIMIT - 2**16:
        raise StoreError(f"an outcome of {size / 2**30:.1f} GiB is too large to be stored; the most is 2 GiB")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(content, key=lambda name: (PARTS.index(name) if name in PARTS else len(PARTS), name)):
            archive.writestr(zipfile.ZipInfo(name), content[name])  # the date is that of ZipInfo, 1980
        archive.comment = b"0" * SUM
    body = file.getvalue()[:-SUM]
    return body + hashlib.sha256(body).hexdigest().encode()


def parts(file: IO[bytes]) -> Iterator[tuple[str, int, int]]:
    """Yield name, size and CRC-32 of each part; at each, the file stands at its first byte.

    Raises:
        ValueError: the file is none that `pack` made.
    """
    while (head := file.read(_HEAD.size))[:4] == _MARK and len(head) == _HEAD.size:
        _, _, flags, method, _, _, crc, size, _, length, extra = _HEAD.unpack(head)
        if flags & ~0x800 or method:
            raise ValueError("a part is compressed or enciphered")
        name = file.read(length).decode()
        start = file.seek(extra, io.SEEK_CUR)
        yield name, size, crc
        file.seek(start + size)


def part(file: IO[bytes], wanted: str) -> bytes:
    """Return one part.

    Raises:
        ValueError: it is damaged, or not there.
    """
    for name, size, crc in parts(file):
        if name == wanted:
            content = file.read(size)
            if len(content) != size or zlib.crc32(content) != crc:
                raise ValueError(f"{name} has another checksum")
            return content
    raise ValueError(f"it has no {wanted}")


def check(packed: bytes, name: str) -> None:
    """Look at every bit of the content of a packed outcome.

    Raises:
        ValueError: it is not what `pack` made under this digest; says which part is damaged, as far as that is known.
    """
    if hashlib.sha256(packed[:-SUM]).hexdigest().encode() != packed[-SUM:]:
        for found, _, _ in list(parts(io.BytesIO(packed))):
            part(io.BytesIO(packed), found)
        raise ValueError("it has another checksum")
    if digest_of(json.loads(part(io.BytesIO(packed), "spec.json"))) != name:
        raise ValueError("spec.json belongs to another digest")
