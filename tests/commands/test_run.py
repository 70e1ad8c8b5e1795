"""`prunebench run` and `prunebench leaderboard` in a clone; for those of a wheel see tests/house/test_wheel.py."""

import pytest
from houses import House

from prunebench.common.places import CLAIMS, claims_for


def test_run_takes_pytests_options_and_finds_the_claims_from_any_folder(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\npb_seeds = 7\n")
    done = House(tmp_path).prunebench("run", "--collect-only", "-k", "test_thinet", "--pb-tier=smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"rootdir: {tmp_path}\n" in done.stdout
    assert "tier smoke (as asked), 7 seeds" in done.stdout
    assert f"store:   {tmp_path}/data" in done.stdout
    assert "test_thinet[t2." in done.stdout


def test_claims_of_the_folder_come_first(tmp_path):
    assert claims_for(tmp_path)[0] == str(CLAIMS)
    (tmp_path / "claims").mkdir()
    assert claims_for(tmp_path)[0] == str(CLAIMS), "any folder may have that name"
    (tmp_path / "claims" / "conftest.py").touch()
    assert claims_for(tmp_path) == ["claims"]


@pytest.mark.parametrize("name", ["pytest.ini", "pyproject.toml"])
def test_a_file_of_the_folder_has_pytests_options(tmp_path, name):
    (tmp_path / name).touch()
    assert claims_for(tmp_path)[-1] == f"--config-file={name}"


def test_run_helps_before_it_asks_pytest(prunebench):
    code, out, _ = prunebench("run", "--help")
    assert code == 0
    assert "[OPTIONS OF PYTEST]" in out


def test_leaderboard_is_the_one_of_python_m(prunebench, tmp_path):
    code, out, err = prunebench("leaderboard", "build", "--records", "mine", folder=tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("error: no records in mine")
    code, out, _ = prunebench("leaderboard", "--help")
    assert code == 0
    assert "Usage: prunebench leaderboard [OPTIONS] COMMAND" in out
