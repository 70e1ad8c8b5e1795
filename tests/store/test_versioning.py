"""Checkpoints travel by DVC: push, clone, pull, and nothing is trained again."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import boto3
import pytest
from dataset_files import arrays, write_npz
from houses import House

from prunebench.common.errors import StoreError
from prunebench.datasets.available import describe
from prunebench.datasets.importing import damages
from prunebench.store.remotes import push
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


ROWS = f"{ROW} and (C02 or equal)"


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
def bucket(server):
    """A client of a real S3 server in this process, which has a bucket, and the server's address."""
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket="checkpoints")
    yield client, server
    client.close()


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


def remote(place, name, default=False):
    with open(place / ".dvc" / "config", "a") as config:
        config.write(f"['remote \"{name}\"']\n    url = ../../{name}\n" + f"[core]\n    remote = {name}\n" * default)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A repository whose data of three files is in a remote beside it; to be copied or cloned, not changed."""
    place = tmp_path_factory.mktemp("versioned") / "origin"
    (place / "data" / "checkpoints").mkdir(parents=True)
    git("init", "-q", cwd=place)
    (place / ".dvc").mkdir()
    (place / ".dvc" / ".gitignore").write_text("/tmp\n/cache\n")
    remote(place, "first", default=True)
    for name in "abc":
        (place / "data" / "checkpoints" / name).write_text(name)
    assert add(place / "data") == ""
    dvc("push", "-q", cwd=place)
    git("add", ".", cwd=place)
    git("commit", "-qm", "three files", cwd=place)
    return place


@pytest.fixture
def clone(origin, tmp_path):
    shutil.copytree(origin.parent / "first", tmp_path / "first")
    run("git", "clone", "-q", str(origin), str(tmp_path / "clone"), cwd=tmp_path)
    (tmp_path / "clone" / "data" / "checkpoints").mkdir(parents=True)
    return tmp_path / "clone"


def named(clone):
    lines = [line.split("  ") for line in (clone / "data.md5").read_text().splitlines()]
    assert f"nfiles: {len(lines)}" in (clone / "data.dvc").read_text()
    return {path: md5 for md5, path in lines}


def test_what_is_new_is_added_by_name_and_what_is_absent_stays_named(clone, tmp_path):
    shutil.rmtree(tmp_path / "first")
    before = named(clone)
    (clone / "data" / "checkpoints" / "d").write_text("d")
    (clone / "data" / "checkpoints" / ".d.unfinished").write_text("half of it")
    assert add(clone / "data") == ""
    after = named(clone)
    assert list(after) == [f"checkpoints/{name}" for name in "abcd"]
    assert after.items() > before.items()
    assert after["checkpoints/d"] == hashlib.md5(b"d").hexdigest()
    (clone / "data" / "checkpoints" / "d").write_text("changed")
    (clone / "data" / "checkpoints" / "a").write_text("a")
    assert add(clone / "data") == ""
    assert named(clone) == after | {"checkpoints/d": hashlib.md5(b"changed").hexdigest()}


def test_a_list_that_nobody_has_is_said_with_dvcs_reason_and_nothing_is_lost(clone, tmp_path):
    shutil.rmtree(tmp_path / "first")
    before = (clone / "data.dvc").read_text()
    (clone / "data.md5").write_text("not the list\n")
    (clone / "data" / "checkpoints" / "d").write_text("d")
    said = add(clone / "data")
    assert re.match(r"(?s)dvc add failed: (ERROR|WARNING): .*[0-9a-f]{30}", said)
    assert "data.dvc names what it named before" in said
    assert (clone / "data.dvc").read_text() == before


def test_who_adds_a_remote_pushes_all_of_it(clone, tmp_path):
    (clone / "data" / "checkpoints" / "d").write_text("d")
    assert add(clone / "data") == ""
    remote(clone, "second")
    assert push(clone / "data", "second") == 4
    shutil.rmtree(tmp_path / "first")
    (tmp_path / "first").symlink_to(tmp_path / "second")
    git("add", ".", cwd=clone)
    git("commit", "-qm", "a remote", cwd=clone)
    run("git", "clone", "-q", str(clone), str(tmp_path / "third"), cwd=tmp_path)
    dvc("pull", "-q", cwd=tmp_path / "third")
    assert sorted(path.name for path in (tmp_path / "third" / "data" / "checkpoints").iterdir()) == list("abcd")


def test_a_push_of_what_is_nowhere_is_an_error(clone, tmp_path):
    shutil.rmtree(tmp_path / "first" / "files" / "md5" / hashlib.md5(b"b").hexdigest()[:2])
    remote(clone, "second")
    with pytest.raises(StoreError, match=r"1 of the 3 files that .*checkpoints/b; the others are pushed"):
        push(clone / "data", "second")
    assert len(list((tmp_path / "second").glob("files/md5/*/*"))) >= 2


def test_without_dvc_a_run_is_a_run(house):
    assert not any((folder / ".dvc").is_dir() for folder in house.path.parents), "the test needs a folder without DVC"
    code, out = house.pytest("-k", "planted and slimming and vgg", "--pb-seeds", "1")
    assert code in (0, 1), out
    assert not os.path.exists(house.path / "data.dvc")
