"""`--pb-remote`: what one group has trained, no other trains again."""

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
