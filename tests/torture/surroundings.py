"""Runs in odd surroundings: the bits of a usual run, and nothing raw."""

import os
import random
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from houses import make_house
from kills import ROW, essence
from tally import Tally

ODD = "a b%41 #1? ü ' x"
SURROUNDINGS = {
    "locale C, ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    "locale POSIX": {"LC_ALL": "POSIX", "LANG": "", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "no HOME": {"HOME": None, "USER": None, "LOGNAME": None, "XDG_CACHE_HOME": None},
    "HOME is nowhere": {"HOME": "/nowhere"},
    "umask 077": {},
    "an odd path": {},
    "python -O": {"PYTHONOPTIMIZE": "1"},
    "a narrow, dumb terminal": {"COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1"},
    "a far time zone": {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"},
    "a clock that was set back": {},
    "few open files": {},
    "no input": {},
}
RAW = ("Traceback (most recent call last)", "INTERNALERROR", "UnicodeEncodeError", "UnicodeDecodeError")


def run(seed, tries):
    """Run in each of the surroundings, or in so many of them, one after the other, beginning with one of the seed's."""
    tally, names = Tally("surroundings"), list(SURROUNDINGS)
    random.Random(seed).shuffle(names)
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        code, said, wanted = _finished(Path(folder) / "calm", "usual")
        if code != 0:
            tally.add("raw", f"usual: {code}: {said[-300:]}")
        for name in (names * (tries // len(names) + 1))[:tries] if code == 0 else ():
            code, said, found = _finished(Path(folder) / name.replace("/", "") / str(len(tally.ends)), name)
            again = [part for part in RAW if part in said]
            note = f"{name}: {code}: {said[-300:]}"
            tally.add("raw" if code or again else "equal" if found == wanted else "unequal", note)
    yield tally


def _finished(folder, name):
    """Run there; a clock that was set back is one that outcomes, and a second run that needs them, lie ahead of."""
    house = make_house(folder / ODD if name == "an odd path" else folder)
    code, said = _run(house, name)
    if name == "a clock that was set back" and code == 0:
        for path in house.path.rglob("*"):
            os.utime(path, (time.time() + 10**8,) * 2, follow_symlinks=False)
        code, said = _run(house, name)
        if "nothing was trained" not in said:
            return 9, f"trained again: {said}", None
    return code, said, essence(house)


def _run(house, name):
    changes = SURROUNDINGS.get(name, {})
    environment = {**house.environment, "OMP_NUM_THREADS": "1", **changes}

    def settle():
        if name == "umask 077":
            os.umask(0o077)
        if name == "few open files":
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
        if name == "no input":
            os.close(0)

    done = subprocess.run(
        house.command(*ROW[:2], "-n", "0"),
        cwd=house.path,
        env={key: value for key, value in environment.items() if value is not None},
        stdin=None if name == "no input" else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=settle,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")
