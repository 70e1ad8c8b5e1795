"""All that a folder's `.dvc` file names, in one remote: `dvc push` alone is content with what happens to be here."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from prunebench.common.errors import StoreError
from prunebench.store.listing import cache, known
from prunebench.store.versioning import dvc


def push(data: Path, remote: str = "") -> int:
    """Push every file that the folder's `.dvc` file names, fetched from the other remotes where it is not here.

    Args:
        data: the folder.
        remote: name of a DVC remote; empty for the default one.

    Returns:
        how many files the file names.

    Raises:
        StoreError: DVC fails, or some files are neither here nor in any remote; the others are pushed then.
    """
    named, others = known(data), remotes(data.parent)
    if named is None:
        raise StoreError(f"there is no list of what {data.name}.dvc names; get {data.name}.md5 of its commit from git")
    if not others:
        raise StoreError("DVC knows no remote; `dvc remote add -d NAME URL` adds one, a bucket or a folder")
    said = [dvc("fetch", "--remote", other, data.name, folder=data.parent) for other in others]
    absent = sorted(path for path, md5 in named.items() if not (cache(data) / md5[:2] / md5[2:]).exists())
    chosen = ["--remote", remote] if remote else []
    if failed := dvc("push", *chosen, f"{data.name}.dvc", folder=data.parent):
        raise StoreError(f"dvc push failed: {failed}")
    if absent:
        raise StoreError(
            f"{len(absent):,} of the {len(named):,} files that {data.name}.dvc names are neither here nor in any "
            f"remote, such as {absent[0]}; the others are pushed. A clone cannot pull them: run what made them again, "
            f"or name only what is here with `dvc add {shlex.quote(data.name)}`.\n" + "\n".join(filter(None, said))
        )
    return len(named)


def remotes(folder: Path) -> list[str]:
    """Return the names of the DVC remotes that a folder's repository knows."""
    command = [sys.executable, "-m", "dvc", "remote", "list"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
