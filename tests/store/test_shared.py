"""Outcomes in a remote: taken from it, sent to it, and whatever goes wrong there is one sentence."""

import time

import boto3
import pytest

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest
from prunebench.store import shared, taking
from prunebench.store.opening import open_shared
from prunebench.store.store import Store
from prunebench.store.taking import Taking

SPEC = Training(Dataset("digits", "0" * 64), Network("vgg"), Recipe(1), 0)
NAME = digest(SPEC)


def store_at(folder):
    store = Store(folder / "data", folder / "work")
    store.prepare()
    return store


def configure(folder, text):
    (folder / ".dvc").mkdir(parents=True, exist_ok=True)
    (folder / ".dvc" / "config").write_text(text)
    return folder


@pytest.fixture
def by_folder(tmp_path):
    """Two users who share a folder."""
    for user in "ab":
        configure(tmp_path / user, "['remote \"ours\"']\n    url = ../../common\n")
    return [(store_at(tmp_path / user), open_shared("ours", tmp_path / user / "data")) for user in "ab"]


def on_s3(folder, address, bucket="ours"):
    configure(folder, f"['remote \"ours\"']\n    url = s3://{bucket}/here\n    endpointurl = {address}\n")
    return store_at(folder), open_shared("ours", folder / "data")


@pytest.fixture
def by_s3(tmp_path, server):
    """Two users who share a bucket."""
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket="ours")
    client.close()
    return [on_s3(tmp_path / user, server) for user in "ab"]


@pytest.fixture(params=["by_folder", "by_s3"])
def users(request):
    return request.getfixturevalue(request.param)


def test_what_one_sends_another_takes_bit_for_bit(users):
    (here, mine), (there, theirs) = users
    assert not theirs.bring(NAME, there)
    here.put(SPEC, {"accuracy": 90.0}, {"weights.safetensors": b"w" * 3000})
    assert mine.send(NAME, here)
    assert theirs.bring(NAME, there, now=True)
    assert there.packed(NAME) == here.packed(NAME)
    assert there.get(SPEC).facts == {"accuracy": 90.0}
    assert mine.send_rest(here) == ""


def test_who_sends_second_leaves_what_is_there(users):
    (here, _), (there, theirs) = users
    for number, (store, remote) in enumerate(users):
        store.put(SPEC, {"accuracy": float(number)}, {})
        assert remote.send(NAME, store)
    there.place(NAME).unlink()
    assert theirs.bring(NAME, there)
    assert there.packed(NAME) == here.packed(NAME)


def test_what_is_damaged_there_is_refused_and_replaced(users):
    (here, mine), (there, theirs) = users
    here.put(SPEC, {"accuracy": 90.0}, {"weights.safetensors": b"w" * 3000})
    bad = bytearray(here.packed(NAME))
    bad[-1000] ^= 1
    assert mine.write(mine.place(NAME), bytes(bad))
    with pytest.warns(UserWarning, match=r"remote ours: outcome \w{12} is damaged there \(.*computed here, and that"):
        assert not theirs.bring(NAME, there)
    assert not there.place(NAME).exists()
    there.put(SPEC, {"accuracy": 80.0}, {})
    assert theirs.send(NAME, there)
    here.place(NAME).unlink()
    assert mine.bring(NAME, here)
    assert Store(here.data, here.work).get(SPEC).facts == {"accuracy": 80.0}


def test_an_outcome_under_a_foreign_name_is_refused(users):
    (here, mine), (there, theirs) = users
    here.put(SPEC, {"accuracy": 90.0}, {})
    other = "f" * 64
    assert mine.write(mine.place(other), here.packed(NAME))
    with pytest.warns(UserWarning, match=r"spec.json belongs to another digest"):
        assert not theirs.bring(other, there)


def test_a_folder_of_earlier_versions_is_sent_as_a_file(by_folder):
    from outcome_files import as_folder

    (here, mine), (there, theirs) = by_folder
    here.put(SPEC, {"accuracy": 90.0}, {})
    packed = here.packed(NAME)
    as_folder(here.place(NAME))
    assert mine.send(NAME, here)
    assert theirs.bring(NAME, there)
    assert there.packed(NAME) == packed


def test_what_is_not_there_is_not_asked_for_again_at_once(by_folder):
    (here, mine), (there, theirs) = by_folder
    assert not theirs.bring(NAME, there)
    here.put(SPEC, {}, {})
    mine.send(NAME, here)
    assert not theirs.bring(NAME, there)
    assert theirs.bring(NAME, there, now=True)


def test_without_a_bucket_the_outcome_waits_here_and_goes_later(tmp_path, server):
    store, remote = on_s3(tmp_path, server, "nowhere")
    store.put(SPEC, {}, {})
    assert not remote.bring(NAME, store)
    with pytest.warns(UserWarning, match=r"remote ours: .*bucket does not exist.*Make the bucket or folder"):
        assert not remote.send(NAME, store)
    assert not remote.send(NAME, store), "it is not tried at once again, and not said again"
    assert "1 outcome(s) are not in the remote ours yet: The specified bucket" in remote.send_rest(store)
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket="nowhere")
    client.close()
    later = open_shared("ours", store.data)
    assert later.send_rest(store) == ""
    store.place(NAME).unlink()
    assert later.bring(NAME, store)


def test_without_rights_a_sentence_says_whom_to_ask(by_s3, tell):
    store, remote = by_s3[0]
    store.put(SPEC, {}, {})
    tell("reset-auth", b"0")
    try:
        with pytest.warns(UserWarning, match=r"it does not let you.*nothing is taken.*Ask its owner for rights"):
            assert not remote.bring(NAME, store)
        with pytest.warns(UserWarning, match=r"stored here, and sent later\. Ask its owner"):
            assert not remote.send(NAME, store)
    finally:
        tell("reset-auth", b"inf")


def test_a_server_that_is_away_costs_one_try(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    store, remote = on_s3(tmp_path, "http://127.0.0.1:9")
    with pytest.warns(UserWarning, match=r"remote ours: Could not connect.*Look at its address and your network"):
        assert not remote.bring(NAME, store)
    began = time.monotonic()
    for digits in range(50):
        assert not remote.bring(f"{digits:064}", store)
    assert time.monotonic() - began < 0.5


def test_a_folder_that_is_a_file_is_said(by_folder, tmp_path):
    (here, mine), _ = by_folder
    (tmp_path / "common").write_text("no folder")
    here.put(SPEC, {}, {})
    assert not mine.bring(NAME, here)
    with pytest.warns(UserWarning, match=r"remote ours: (Not a directory|File exists)"):
        assert not mine.send(NAME, here)


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("ourz", "['remote \"ours\"']\n    url = ../x\n", r"there is no such remote, DVC knows ours; `dvc remote add"),
        ("ours", "", r"DVC knows none"),
        (
            "ours",
            "['remote \"ours\"']\n    url = webhdfs://host/x\n",
            r"requires 'dvc-webhdfs' to be inst.*; pip install it",
        ),
        ("ours", "rubbish", r"correct .*config"),
    ],
)
def test_a_remote_that_cannot_be_is_an_error_at_once(tmp_path, name, config, said):
    configure(tmp_path, config)
    with pytest.raises(StoreError, match=rf"--pb-remote {name}: .*{said}"):
        open_shared(name, tmp_path / "data")


def test_outside_of_dvc_it_says_how_to_begin(tmp_path):
    with pytest.raises(StoreError, match=r"is in no DVC repository; `dvc init` makes one"):
        open_shared("ours", tmp_path / "data")


def test_what_one_has_taken_another_leaves(users):
    mine, theirs = (Taking(remote) for _, remote in users)
    with mine.claim(NAME) as first, theirs.claim(NAME) as second:
        assert (first, second) == (True, False)
    with theirs.claim(NAME) as free:
        assert free


def test_what_the_dead_had_taken_is_free_again_and_what_the_slow_have_is_not(by_folder, monkeypatch):
    monkeypatch.setattr(taking, "BEAT", 0.02)
    monkeypatch.setattr(taking, "STALE", 0.3)
    (_, mine), (_, theirs) = by_folder
    dead, slow, who = "a" * 64, "b" * 64, Taking(theirs)
    mine.write(mine.place(dead, "taken"), b"someone 7\n")
    with Taking(mine).claim(slow) as is_mine:
        assert is_mine
        for _ in range(2):
            with who.claim(dead) as got_dead, who.claim(slow) as got_slow:
                assert not got_slow
            time.sleep(0.5)
        with who.claim(dead) as again, who.claim(slow) as got_slow:
            assert (got_dead, again, got_slow) == (True, True, False)


def test_a_remote_that_fails_keeps_nobody_from_work(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    _, remote = on_s3(tmp_path, "http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="Could not connect"), Taking(remote).claim(NAME) as free:
        assert free


def test_a_pause_grows_with_what_a_try_took(by_folder, monkeypatch):
    (store, remote), _ = by_folder
    monkeypatch.setattr(shared, "PAUSE", 0.0)
    monkeypatch.setattr(remote, "files", Slow())
    with pytest.warns(UserWarning, match="too long"):
        remote.bring(NAME, store)
    assert remote.incoming.shut - time.monotonic() > 1.5


class Slow:
    def join(self, *parts):
        return "/".join(parts)

    def cat_file(self, place):
        time.sleep(0.1)
        raise TimeoutError("too long")
