"""Where the claims and the leaderboard lie: beside this package in a clone, inside it where a wheel was installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]

INSTALLED = (_PACKAGE / "claims").is_dir()
"""Whether this is no clone: the build put the claims and the leaderboard into the package."""

CLAIMS = (_PACKAGE if INSTALLED else _PACKAGE.parent) / "claims"

LEADERBOARD = "prunebench.leaderboard" if INSTALLED else "leaderboard"
"""What the leaderboard is imported as."""

RUN = "prunebench run" if INSTALLED else "pytest claims"
"""What people type to run claims; `prunebench run` works in a clone too."""

PAGES = "prunebench leaderboard" if INSTALLED else "python -m leaderboard"
"""What people type for the leaderboard; `prunebench leaderboard` works in a clone too."""

_CONFIGURATIONS = ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""Files that pytest reads options from, in its order."""


def claims_for(folder: Path) -> list[str]:
    """Return what tells pytest, started in a folder, to run the claims in `claims` there, else those of this package.

    The latter lie elsewhere; relative paths, the cache and the file of pytest's options are still those of the folder.
    """
    if (folder / "claims" / "conftest.py").is_file():
        return ["claims"]
    own = [f"--config-file={name}" for name in _CONFIGURATIONS if (folder / name).is_file()][:1]
    return [str(CLAIMS), f"--rootdir={folder}", "--import-mode=importlib", *own]
