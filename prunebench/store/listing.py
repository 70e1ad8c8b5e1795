"""What a folder's `.dvc` file names, kept in git beside it: DVC cannot add to a folder whose list it has not.

`data.md5` has a line for each file that `data.dvc` names, as `md5sum -c` reads it. From the lines come the very bytes
of DVC's own list, which a fresh clone does not have, and their sum is the one that `data.dvc` has.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

from prunebench.common.folders import write_whole


def known(data: Path) -> dict[str, str] | None:
    """Return the sums of the files that the folder's `.dvc` file names, by their path in it.

    DVC's own list is put into its cache where that has it not.

    Returns:
        None where there is no list of what the file names now.
    """
    wanted = _sum(data)
    if not wanted:
        return None
    place = cache(data) / wanted[:2] / f"{wanted[2:]}.dir"
    if (listed := _read(place)) is not None and _sum_of(listed) == wanted:
        return listed
    if (listed := _lines(kept(data))) is not None and _sum_of(listed) == wanted:
        write_whole(place, _list(listed))
        return listed
    return None


def keep(data: Path) -> None:
    """Write down beside the `.dvc` file what it names now, if DVC's list of it is here."""
    listed = known(data)
    if listed is not None:
        text = "".join(f"{md5}  {path}\n" for path, md5 in sorted(listed.items()))
        if not kept(data).exists() or kept(data).read_text() != text:
            write_whole(kept(data), text)


def kept(data: Path) -> Path:
    """Return the file with the lines."""
    return data.with_name(f"{data.name}.md5")


def _sum(data: Path) -> str:
    """Return the md5 of the list of what the folder's `.dvc` file names; empty where there is none."""
    file = data.with_name(f"{data.name}.dvc")
    said = re.search(r"md5: ([0-9a-f]{32})\.dir", file.read_text()) if file.exists() else None
    return said[1] if said else ""


def cache(data: Path) -> Path:
    """Return where DVC's cache keeps files: `.dvc/cache` unless the user says otherwise."""
    root = next(folder for folder in data.resolve().parents if (folder / ".dvc").is_dir())
    usual = root / ".dvc" / "cache" / "files" / "md5"
    if usual.is_dir():
        return usual
    asked = [sys.executable, "-m", "dvc", "cache", "dir"]
    said = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
    return Path(said.stdout.strip()) / "files" / "md5" if said.returncode == 0 and said.stdout.strip() else usual


def _read(place: Path) -> dict[str, str] | None:
    """Return DVC's own list."""
    try:
        return {entry["relpath"]: entry["md5"] for entry in json.loads(place.read_text())}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lines(file: Path) -> dict[str, str] | None:
    """Return the list that is kept beside the `.dvc` file."""
    try:
        pairs = (line.split("  ", 1) for line in file.read_text().splitlines())
        return {path: md5 for md5, path in pairs}
    except (OSError, ValueError):
        return None


def _list(listed: dict[str, str]) -> bytes:
    """Return a list as DVC writes it (`dvc_data.hashfile.tree.Tree.as_bytes`)."""
    return json.dumps([{"md5": md5, "relpath": path} for path, md5 in sorted(listed.items())]).encode()


def _sum_of(listed: dict[str, str]) -> str:
    return hashlib.md5(_list(listed)).hexdigest()
