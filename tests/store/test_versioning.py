"""Checkpoints travel by DVC: push, clone, pull, and nothing is trained again."""

import os
import subprocess
import sys

import boto3
import pytest
from dataset_files import arrays, write_npz
from houses import House
from moto.server import ThreadedMotoServer

from prunebench.datasets.available import describe
from prunebench.datasets.importing import damages
from prunebench.store.versioning import add

ROW = "t4.imagenet.vgg-11.50"


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(*arguments, cwd):
    identity = ["-c", "user.name=A. Tester", "-c", "user.email=tester@example.org"]
    return run("git", *identity, *arguments, cwd=cwd)


def dvc(*arguments, cwd):
    return run(sys.executable, "-m", "dvc", *arguments, cwd=cwd)


ROWS = "(t4.imagenet and not planted) or (equal and slimming)"


def test_a_run_comes_back_in_a_fresh_clone(house_apart, tmp_path):
    house = house_apart
    git("init", "-q", cwd=house.path)
    dvc("init", "-q", cwd=house.path)
    dvc("remote", "add", "-d", "folder", str(tmp_path / "remote"), cwd=house.path)
    code, out = house.pytest("-k", ROWS, "-n", "2")
    assert code == 0, out
    assert (house.path / "data.dvc").is_file()
    assert "up to date" in dvc("status", cwd=house.path)
    dvc("push", "-q", cwd=house.path)
    with open(house.path / ".gitignore", "a") as ignored:
        ignored.write("/.prunebench\n/mlflow.db*\n/mlartifacts\n__pycache__\n.pytest_cache\n")
    git("add", ".", cwd=house.path)
    git("commit", "-qm", "a run", cwd=house.path)
    assert "data.dvc" in git("ls-files", cwd=house.path)
    assert "data/" not in git("ls-files", cwd=house.path)

    run("git", "clone", "-q", str(house.path), str(tmp_path / "clone"), cwd=tmp_path)
    clone = House(tmp_path / "clone")
    dvc("pull", "-q", cwd=clone.path)
    assert clone.outcomes() == house.outcomes()
    code, out = clone.pytest("-k", ROWS)
    assert code == 0, out
    assert "nothing was trained: every outcome was in the store" in out
    assert "up to date" in dvc("status", cwd=clone.path)


@pytest.fixture
def bucket(monkeypatch):
    """A bucket on a real S3 server in this process; its address."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    running = ThreadedMotoServer(port=0)
    running.start()
    host, port = running.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
    client.create_bucket(Bucket="checkpoints")
    yield client, f"http://{host}:{port}"
    client.close()
    running.stop()


def test_datasets_and_checkpoints_travel_by_s3(tmp_path, bucket):
    client, url = bucket
    one = tmp_path / "one"
    (one / "data" / "checkpoints" / "ab").mkdir(parents=True)
    (one / "data" / "checkpoints" / "ab" / "outcome.json").write_text("{}")
    git("init", "-q", cwd=one)
    dvc("init", "-q", cwd=one)
    dvc("remote", "add", "-d", "s3", "s3://checkpoints/prunebench", cwd=one)
    dvc("remote", "modify", "s3", "endpointurl", url, cwd=one)
    source = write_npz(tmp_path / "mine.npz", arrays())
    run(sys.executable, "-m", "prunebench", "data", "add", "mine", str(source), cwd=one)
    assert "up to date" in dvc("status", cwd=one)
    dvc("push", "-q", cwd=one)
    assert client.list_objects_v2(Bucket="checkpoints")["KeyCount"] >= 6
    git("add", ".", cwd=one)
    git("commit", "-qm", "a dataset and a checkpoint", cwd=one)
    run("git", "clone", "-q", str(one), str(tmp_path / "other"), cwd=tmp_path)
    other = tmp_path / "other"
    dvc("pull", "-q", cwd=other)
    assert damages("mine", other / "data") == []
    assert describe("mine", other / "data") == describe("mine", one / "data")
    assert (other / "data" / "checkpoints" / "ab" / "outcome.json").read_text() == "{}"
    assert "up to date" in dvc("status", cwd=other)


def test_a_folder_with_less_than_its_file_named_is_told(tmp_path):
    git("init", "-q", cwd=tmp_path)
    dvc("init", "-q", cwd=tmp_path)
    files = [tmp_path / "data" / name for name in "abc"]
    files[0].parent.mkdir()
    for file in files:
        file.write_text(file.name)
    assert add(tmp_path / "data") == ""
    files[0].unlink()
    said = add(tmp_path / "data")
    assert said.startswith(
        "data.dvc named 3 files, now it names the 2 that are here. To keep those that it named: `git"
    )
    assert add(tmp_path / "data") == ""


def test_without_dvc_a_run_is_a_run(house):
    assert not any((folder / ".dvc").is_dir() for folder in house.path.parents), "the test needs a folder without DVC"
    code, out = house.pytest("-k", "planted and slimming and vgg", "--pb-seeds", "1")
    assert code in (0, 1), out
    assert not os.path.exists(house.path / "data.dvc")
