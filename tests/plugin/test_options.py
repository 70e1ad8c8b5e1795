"""Where the paths of the command line start, and how a run's command is written down."""

import shlex

import pytest
from houses import forget_claims

from prunebench.judging.settings import resolve
from prunebench.plugin.options import settings_of


class Seen:
    """A plugin that takes the settings of a run."""

    def pytest_collection_finish(self, session):
        self.settings = settings_of(session.config)


def settings(folder, monkeypatch, *options):
    seen = Seen()
    monkeypatch.chdir(folder)
    claims = "claims" if (folder / "claims").is_dir() else "../claims"
    assert pytest.main([claims, "--collect-only", "-q", "-p", "tiny", "--pb-tier=tiny", *options], plugins=[seen]) == 0
    forget_claims()
    return seen.settings


def test_paths_of_the_command_line_start_where_the_user_stands(house, monkeypatch):
    below = house.path / "sub"
    below.mkdir()
    found = settings(below, monkeypatch, "--pb-data=mine", "--pb-method=m.py:Prune", "--pb-seeds=1")
    assert found.root == house.path
    assert (found.data, found.method_file) == (below / "mine", below / "m.py")
    assert found.method == "sub/m.py:Prune"
    assert settings(below, monkeypatch, "--pb-method=thinet").method == "thinet"
    elsewhere = settings(below, monkeypatch, f"--pb-method={house.path / 'a' / 'm.py'}:Prune")
    assert elsewhere.method_file == house.path / "a" / "m.py"


def test_paths_of_the_ini_file_and_the_default_start_at_the_root(house, monkeypatch):
    below = house.path / "sub"
    below.mkdir()
    assert settings(below, monkeypatch).data == house.path / "data"
    ini = house.path / "pytest.ini"
    ini.write_text(f"{ini.read_text()}\npb_data = store\npb_method = m.py:Prune\n")
    found = settings(below, monkeypatch)
    assert (found.data, found.method_file) == (house.path / "store", house.path / "m.py")


def test_a_limit_that_is_no_duration_is_named_by_its_option(house, monkeypatch, capsys):
    monkeypatch.chdir(house.path)
    assert pytest.main(["claims", "--collect-only", "-q", "-p", "tiny", "--pb-tier=tiny", "--pb-limit-time=500"]) == 4
    forget_claims()
    assert "--pb-limit-time '500' is no duration; write hours, minutes, seconds" in capsys.readouterr().err


def test_at_the_root_a_path_is_written_as_it_was_given(house, monkeypatch):
    assert settings(house.path, monkeypatch, "--pb-method=./m.py:Prune").method == "./m.py:Prune"


def test_the_command_of_a_record_is_quoted_for_the_shell(tmp_path):
    made = resolve(tmp_path, tier="smoke", method="my methods/it's one.py:Prune").command("test_a and b")
    words = ["pytest", "claims", "-k", "test_a and b", "--pb-tier", "smoke", "--pb-seeds", "3"]
    assert shlex.split(made) == [*words, "--pb-method", "my methods/it's one.py:Prune"]
