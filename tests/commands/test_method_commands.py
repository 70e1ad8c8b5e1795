"""`prunebench new-method` and `prunebench check`, as a method author uses them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prunebench.commands.new_method import Form

DOCS = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("form", list(Form))
def test_every_form_is_written_and_passes_as_it_is(prunebench, form):
    code, out, _ = prunebench("new-method", "my_method", "--form", form)
    assert (code, out) == (0, "wrote my_method.py; next: prunebench check my_method.py:Prune\n")
    text = Path("my_method.py").read_text()
    assert text.startswith('"""my_method: one line that says')
    assert "--pb-method my_method.py:Prune" in text
    assert len(text.splitlines()) <= 33
    code, out, _ = prunebench("check", "my_method.py:Prune", "--json")
    assert code == 0, out
    done = json.loads(out)
    assert done["passed"]
    assert len({p["family"] for p in done["points"] if p["state"] == "ok"}) >= 4


def test_a_file_that_is_there_stays_as_it_is(prunebench):
    Path("mine.py").write_text("precious")
    code, _, err = prunebench("new-method", "mine")
    assert (code, Path("mine.py").read_text()) == (2, "precious")
    assert "mine.py is there already and stays as it is" in err


@pytest.mark.parametrize(
    "name", ["", "../up", "my-method", "1st", "a b", "class", "x.py", "ünï", "<script>", "n" * 300]
)
def test_a_bad_name_is_refused_and_nothing_is_written(prunebench, name):
    code, _, err = prunebench("new-method", "--", name)
    assert code == 2
    assert "is no name for a method" in err
    assert len(err) < 400
    assert list(Path().iterdir()) == []


def test_a_failed_check_says_what_was_expected_what_came_and_where(prunebench):
    Path("mine.py").write_text("def prune(network, ratio, context):\n    return 1 / 0\n")
    code, out, _ = prunebench("check", "mine.py:prune")
    assert code == 1
    assert re.search(
        r"FAIL runs, plain: VGG\. Expected: The method returns a plan .*\. Came: .*ZeroDivisionError.*\. "
        r"Look at: mine.py, line 2: return 1 / 0\.",
        out,
    )
    code, out, _ = prunebench("check", "mine.py:prune", "--markdown")
    assert code == 1
    assert out.startswith("**prune: 5 points fail; 0 of 5 families")
    assert "| runs | FAIL | FAIL | FAIL | FAIL | FAIL |" in out


@pytest.mark.parametrize(
    ("reference", "said"),
    [("nowhere.py:Prune", "cannot read nowhere.py"), ("l3", "unknown method 'l3'"), ("mine.py:", "names no method")],
)
def test_what_is_not_there_is_said(prunebench, reference, said):
    code, _, err = prunebench("check", reference)
    assert code == 2
    assert said in err


def blocks():
    return re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks())))
def test_the_forms_in_the_documentation_pass(prunebench, number):
    Path("mine.py").write_text(blocks()[number])
    code, out, err = prunebench("check", "mine.py:Prune")
    assert code == 0, out + err


def test_the_documentation_shows_every_form():
    assert len(blocks()) == len(Form) + 1, "every form, and masks of torch.nn.utils.prune"


def test_the_whole_command_stays_within_its_ten_seconds_of_one_core(tmp_path):
    script = (
        "import os, sys; from prunebench.commands.app import app; sys.argv[1:] = ['check', 'magnitude_l2']\n"
        "try: app()\nexcept SystemExit as e: print('code', e.code)\n"
        "t = os.times(); print('cpu', t.user + t.system)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "code 0" in done.stdout
    assert float(done.stdout.split()[-1]) < 10
