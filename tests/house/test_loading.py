"""What is loaded before anything is computed: neither torch nor mlflow, whose imports take seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SLOW = ("torch", "mlflow")

TOLD = f"import sys; print('loaded:', *(name for name in {SLOW} if name in sys.modules))"

LISTS = """
import sys
from prunebench.commands.app import app
from prunebench.commands.list import Noun
for noun in Noun:
    app(["list", noun], standalone_mode=False)
"""

USES = {
    "import prunebench": "import prunebench",
    "pytest --help": "import pytest; assert pytest.main(['--help']) == 0",
    "pytest claims --collect-only": "import pytest; assert pytest.main(['claims', '--collect-only', '-q']) == 0",
    "prunebench list": LISTS,
    "the parent of a run": "import prunebench.plugin.worker, prunebench.plugin.parent",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_nothing_slow_is_loaded(use):
    code = f"{use}\n{TOLD}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]
