"""Where modules stand: in a package per noun. What they may import, `lint-imports` says (pyproject.toml)."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

FLAT = 4


def test_hardly_a_module_stands_outside_the_packages():
    flat = sorted(file.name for file in (ROOT / "prunebench").glob("*.py"))
    assert len(flat) <= FLAT, f"{flat}: a module belongs into the package of its noun"


def test_every_package_says_what_lives_in_it():
    packages = [file for top in ("prunebench", "leaderboard") for file in (ROOT / top).rglob("__init__.py")]
    assert len(packages) > 20
    silent = [str(file.relative_to(ROOT)) for file in packages if not file.read_text().startswith('"""')]
    assert not silent


def test_every_folder_of_modules_is_a_package():
    folders = {file.parent for top in ("prunebench", "leaderboard") for file in (ROOT / top).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []
