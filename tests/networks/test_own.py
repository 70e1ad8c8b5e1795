"""Networks of a user's file."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunebench.common.errors import PrunebenchError
from prunebench.common.userfile import UserFileError
from prunebench.common.userfile import digest as source_digest
from prunebench.networks import build
from prunebench.networks.own import load, offer, offered
from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest

SOURCE = b"from torch import nn\n\ndef flat(channels, classes):\n    return nn.Linear(channels, classes)\n"


def test_a_loaded_network_is_built_by_its_source(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_bytes(SOURCE)
    load(f"{tmp_path}/net.py:flat")
    made = build(Network("flat", source=source_digest(SOURCE)), channels=3, classes=5)
    assert made(torch.zeros(1, 3)).shape == (1, 5)


def test_a_file_that_has_gone_is_no_longer_offered(tmp_path: Path) -> None:
    """Else no other network could be trained by this process, whose children read all that are offered."""
    file = tmp_path / "net.py"
    file.write_bytes(SOURCE + b"# gone soon\n")
    offer(f"{file}:flat")
    assert f"{file}:flat" in offered()
    file.unlink()
    assert f"{file}:flat" not in offered()


def test_one_that_is_not_loaded_is_refused_with_the_option_that_gives_it() -> None:
    with pytest.raises(PrunebenchError, match=r"sha256 0{12}\), which is not given .* path/to/file.py:flat"):
        build(Network("flat", source="0" * 64), channels=3, classes=5)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("def four(channels, classes):\n    return 4\n")
    load(f"{tmp_path}/net.py:four")
    source = source_digest((tmp_path / "net.py").read_bytes())
    with pytest.raises(PrunebenchError, match=r"four\(channels, classes\) returns int, not a torch.nn.Module"):
        build(Network("four", source=source), channels=1, classes=2)
    with pytest.raises(UserFileError, match="has no 'fuor'; it defines four; did you mean four"):
        load(f"{tmp_path}/net.py:fuor")


def test_the_source_is_part_of_the_digest() -> None:
    spec = Training(Dataset("digits", "ab"), Network("flat", source="1"), Recipe(1), seed=0)
    other = replace(spec, network=Network("flat", source="2"))
    assert digest(spec) != digest(other)


@pytest.mark.parametrize(("kind", "name"), [("double", "float64"), ("half", "float16")])
def test_another_precision_is_refused_with_the_weight_that_has_it(tmp_path: Path, kind: str, name: str) -> None:
    source = SOURCE.replace(b"nn.Linear(channels, classes)", f"nn.Linear(channels, classes).{kind}()".encode())
    (tmp_path / "net.py").write_bytes(source)
    load(f"{tmp_path}/net.py:flat")
    with pytest.raises(PrunebenchError, match=rf"weight is in {name}, .*: return network.float\(\)"):
        build(Network("flat", source=source_digest(source)), channels=3, classes=5)
