"""The command line."""

import json

import pytest

from prunebench.cli import main


@pytest.fixture
def prunebench(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["prunebench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.mark.parametrize(
    ("noun", "name", "said"),
    [
        ("claims", "C08", "Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows"),
        ("rows", "t4.imagenet.vgg-11.50", "VGG-11 on ImageNet, slimming 50 %"),
        ("methods", "slimming", "Liu et al. 2017"),
        ("networks", "preresnet", "9n+2 layers"),
        ("datasets", "digits", "1,797 scans"),
        ("tiers", "smoke", "digits"),
    ],
)
def test_list_has_a_line_for_everything(prunebench, noun, name, said):
    code, out, _ = prunebench("list", noun)
    assert code == 0
    assert any(line.startswith(name) and said in line for line in out.splitlines())
    assert said in json.loads(prunebench("list", noun, "--json")[1])[name]


def test_show_says_what_a_row_would_train(prunebench, tmp_path):
    code, out, _ = prunebench("show", "t4.cifar10.densenet-40.40", "--data", tmp_path, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["params_dense"] > 1000
    assert found["flops_dense"] > 100_000
    assert (found["params_pruned"], found["verdict"]) == (None, None)
    assert found["arms"]["scratch_e"] == {"epochs": 12, "seeds": [0, 1, 2], "accuracy": []}
    assert found["arms"]["scratch_b"]["epochs"] is None


def test_show_has_the_outcome_after_a_run(prunebench, used_house):
    import tiny

    assert tiny.TINY.name == "tiny"
    data = used_house.path / "data"
    _, out, _ = prunebench("show", "t4.imagenet.vgg-11.50", "--tier", "tiny", "--data", data, "--json")
    found = json.loads(out)
    assert found["verdict"] == "SUPPORTED"
    assert len(found["arms"]["finetune"]["accuracy"]) == 2
    assert found["flops_pruned"][0] < found["flops_dense"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "t4.cifar10.vgg-19.7"], "unknown row 't4.cifar10.vgg-19.7': did you mean t4.cifar10.vgg-19.70"),
        (["show", "t4.cifar10.vgg-19.70", "--tier", "papre"], "unknown tier 'papre'"),
        (["sync", "--data", "nowhere"], "no records in nowhere/records"),
    ],
)
def test_bad_input_is_told_what_is_valid(prunebench, arguments, said):
    code, _, err = prunebench(*arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
