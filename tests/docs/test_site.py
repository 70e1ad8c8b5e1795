"""The pages of docs/: they build without a broken link, their Python runs, and their commands are there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
import typer

from prunebench.commands.app import app
from prunebench.plugin.options import OPTIONS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def blocks(page, language=""):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def mkdocs(folder, *options):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *options]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)


def test_the_site_builds_without_a_warning_and_has_a_page_for_every_file(tmp_path):
    done = mkdocs(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()
    names = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {name for name in names if (tmp_path / name / "index.html").is_file()} == names
    assert not re.search(r'(?:src|href)="https?://(?:fonts|unpkg|cdn)', (tmp_path / "api" / "index.html").read_text())


def test_a_broken_link_is_an_error(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[gone](gone.md)\n")
    (tmp_path / "mkdocs.yml").write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\nnav:\n  - index.md\n")
    done = mkdocs(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
    assert done.returncode != 0
    assert "gone.md" in done.stderr


def test_the_files_that_the_readme_and_contributing_link_are_there():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (ROOT / target).exists(), f"{page.name} links {target}"


def test_the_first_page_names_every_command():
    text = (ROOT / "docs" / "index.md").read_text().partition("## Commands")[2]
    names = typer.main.get_command(app).commands
    assert {name for name in names if not re.search(rf"`prunebench {name}\b", text)} == set()
    for name in re.findall(r"`(\w+)`", text.rpartition("Each has")[2].partition(" print JSON")[0]):
        assert "--json" in [option for parameter in names[name].params for option in parameter.opts]


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_picture_of_the_house_has_every_room(page):
    rooms = {file.parent.name for file in (ROOT / "prunebench").glob("*/__init__.py")}
    text = (ROOT / page).read_text()
    assert len(rooms) > 15
    assert {room for room in rooms if not re.search(rf"\b{room}/", text)} == set()


def test_the_blocks_of_the_page_on_the_api_run_in_their_order(tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(ROOT / "docs" / "api.md", "python")))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, script.name]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1] == "Table 4: VGG-19 on CIFAR-10, slimming 70 %"
    assert "'scratch_b'" in done.stdout
    assert re.search(r"^(SUPPORTED|REFUTED|INCONCLUSIVE) (better|worse|equal|open) \S", done.stdout, re.M)
    assert "2 records, 20 accuracies" in lines


def test_the_ten_lines_of_the_readme_run_on_few_images_and_epochs(tmp_path, monkeypatch, capsys):
    (text,) = blocks(ROOT / "README.md", "python")
    assert len(text.splitlines()) <= 10
    small = text.replace("epochs=60, lr=0.05, milestones=(30, 45)", "epochs=1, lr=0.01").replace("seeds=3", "seeds=2")
    assert small.count("epochs=1") == small.count("seeds=2") == 1
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (48, 8, 8, 3), dtype=np.uint8), np.arange(48) % 3
    monkeypatch.chdir(tmp_path)
    exec(small, {"images": images[:32], "labels": labels[:32], "test_images": images[32:], "test_labels": labels[32:]})
    assert capsys.readouterr().out.split()[0] in ("SUPPORTED", "REFUTED", "INCONCLUSIVE")


def commands():
    for page in PAGES:
        for block in blocks(page):
            for line in block.splitlines():
                if re.match(r"(prunebench|pytest claims|python -m leaderboard|make)\b", line):
                    yield pytest.param(line, id=f"{page.name}: {line.partition('#')[0].strip()}")


@pytest.mark.parametrize("line", list(commands()))
def test_a_command_of_the_pages_takes_these_words(line):
    program, *words = shlex.split(line, comments=True)
    if program == "prunebench":
        accepted(typer.main.get_command(app), words)
    elif program == "pytest":
        known = {f"--pb-{name}" for name in OPTIONS}
        assert {word for word in words if word.startswith("--pb-")} <= known
    elif program == "make":
        assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    else:
        from leaderboard.__main__ import app as pages

        accepted(typer.main.get_command(pages), words[2:])


def accepted(command, words):
    """Let click read the words of a command, of a group first the name of its part, without running anything."""
    context = click.Context(command, info_name="prunebench")
    if isinstance(command, click.Group) or hasattr(command, "commands"):
        assert words[0] in command.commands, f"there is no {words[0]}"
        accepted(command.commands[words[0]], words[1:])
    else:
        command.parse_args(context, list(words))
