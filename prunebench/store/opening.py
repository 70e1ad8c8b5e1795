"""DVC's remotes as places of shared outcomes: by the name that `dvc remote list` has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prunebench.common.errors import StoreError, near
from prunebench.store.shared import Shared


def open_shared(name: str, folder: Path) -> Shared:
    """Return the outcomes in a remote; it is not asked for anything yet.

    Args:
        name: of a DVC remote.
        folder: of datasets and checkpoints, in a repository of DVC.

    Raises:
        StoreError: there is no such remote, or what it needs is not installed.
    """
    with _streams_kept():
        from dvc.config import ConfigError as RepositoryError
        from dvc.fs import ConfigError, RemoteMissingDepsError, get_cloud_fs

    config = _config(name, folder)
    try:
        kind, settings, root = get_cloud_fs(config, name=name)
        files = kind(**settings)
    except RemoteMissingDepsError as error:
        lacking = " ".join(error.missing_deps)
        raise StoreError(
            f"--pb-remote {name}: {error.protocol} needs what is not here: pip install {lacking}"
        ) from error
    except ImportError as error:
        raise StoreError(f"--pb-remote {name}: {error}; pip install it") from error
    except (ConfigError, RepositoryError) as error:
        raise StoreError(f"--pb-remote {name}: {error}; correct it with `dvc remote modify {name}`") from error
    return Shared(name, files, root)


def _config(name: str, folder: Path) -> Any:
    """Return DVC's configuration, of which this is one remote."""
    from dvc.config import Config, ConfigError

    root = next((above for above in folder.resolve().parents if (above / ".dvc").is_dir()), None)
    if root is None:
        raise StoreError(
            f"--pb-remote {name}: {folder} is in no DVC repository; `dvc init` makes one (in a folder without git: "
            f"`dvc init --no-scm`), then `dvc remote add {name} URL`"
        )
    try:
        config = Config(str(root / ".dvc"))
    except ConfigError as error:
        raise StoreError(f"--pb-remote {name}: {error}; correct {root / '.dvc' / 'config'}") from error
    known = [str(remote) for remote in config.get("remote", {})]
    if name.lower() not in known:
        there = f"DVC knows {near(name, known)}" if known else "DVC knows none"
        raise StoreError(f"--pb-remote {name}: there is no such remote, {there}; `dvc remote add {name} URL` adds it")
    return config


@contextmanager
def _streams_kept() -> Iterator[None]:
    """Keep the standard streams: to load DVC puts others in their place, on top of pytest's."""
    kept = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
