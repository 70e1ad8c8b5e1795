"""`--pb-remote`: what one group has trained, no other trains again."""

import pytest
from houses import make_house

ROW = "t4.imagenet.vgg-11.50 and not control"


def joined(path, name="ours"):
    house = make_house(path, apart=False)
    (path / ".dvc").mkdir()
    (path / ".dvc" / "config").write_text(f"['remote \"{name}\"']\n    url = ../../common\n")
    return house


def test_a_second_group_trains_nothing(tmp_path):
    first, second = joined(tmp_path / "first"), joined(tmp_path / "second")
    (first.path / "data").mkdir()
    code, out = first.pytest("-k", ROW, "--pb-remote", "ours", "--pb-seeds", "1")
    assert code == 0, out
    shared = sorted(path.name for path in (tmp_path / "common" / "outcomes").glob("*/*"))
    assert shared == first.outcomes()
    assert not list((tmp_path / "common" / "taken").glob("*/*")), "nobody is at work any more"

    code, out = second.pytest("-k", ROW, "--pb-remote", "ours", "--pb-seeds", "1")
    assert code == 0, out
    assert "nothing was trained: every outcome was in the store" in out
    assert second.outcomes() == first.outcomes()


def test_an_unknown_remote_ends_the_run_before_it_starts(tmp_path):
    house = joined(tmp_path / "house")
    code, out = house.pytest("-k", ROW, "--pb-remote", "theirs")
    assert code == 4
    assert "--pb-remote theirs: there is no such remote, DVC knows ours; `dvc remote add theirs URL` adds it" in out


def test_nothing_is_sent_by_a_run_that_trains_nothing(tmp_path):
    code, out = joined(tmp_path / "house").pytest("-k", ROW, "--pb-remote", "ours", "--pb-stored")
    assert code == 4
    assert "--pb-remote and --pb-stored: give one" in out


def test_a_shard_trains_for_all_tests_and_judges_none(tmp_path):
    shard, judge = joined(tmp_path / "shard"), joined(tmp_path / "judge")
    code, out = shard.pytest("-k", ROW, "--pb-remote", "ours", "--pb-seeds", "1", "--pb-shard", "2/3")
    assert code == 0, out
    assert "--pb-shard 2/3: what was ready is trained; the same command without it judges" in out
    assert not list((shard.path / "data").glob("records/*/*.json"))
    code, out = judge.pytest("-k", ROW, "--pb-remote", "ours", "--pb-seeds", "1")
    assert code == 0, out
    assert "nothing was trained: every outcome was in the store" in out
    assert judge.outcomes() == shard.outcomes()
    assert list((judge.path / "data").glob("records/*/*.json"))


def test_what_a_shard_cannot_train_is_said_and_ends_it_as_broken(tmp_path):
    code, out = make_house(tmp_path / "house", apart=False).pytest(
        "-k", ROW, "--pb-shard", "1/2", "--pb-seeds", "1", tier="exploding"
    )
    assert code == 3, out
    assert "is not there: " in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pb-shard", "0/3"], "--pb-shard 0/3: give which of how many this one is, from 1/N to N/N"),
        (["--pb-shard", "4/3"], "--pb-shard 4/3: give which"),
        (["--pb-shard", "1/3", "-n", "2"], "--pb-shard and -n: give one"),
        (["--pb-executor", "ray", "-n", "2"], "--pb-executor and -n: give one"),
        (["--pb-shard", "1/3", "--pb-stored"], "--pb-shard and --pb-stored: give one"),
        (["--pb-shard", "1/3", "--pb-executor", "ray"], "--pb-shard and --pb-executor: give one"),
        (["--pb-executor", "dask"], "--pb-executor dask: give local, ray, ray://HOST:PORT or auto"),
        (["--pb-executor", "ray://host"], "--pb-executor ray://host: give local, ray, ray://HOST:PORT or auto"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_trained(house, options, said):
    code, out = house.pytest("-k", ROW, *options)
    assert code == 4
    assert said in out
