"""Partial checkpoints: used whole or not at all."""

import json
import random
import shutil
import warnings
from functools import cache

import pytest
import torch
from safetensors.torch import save
from small import RECIPE, bits, images, network, train
from torch import nn

from prunebench.training.checkpoint import Epoch, Partial

HISTORY = [Epoch(epoch, 0.1, 1.5, 50.0, 1.4, 60.0 + epoch, 0.1) for epoch in (1, 2, 3)]


@cache
def trained():
    net = network()
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    nn.functional.cross_entropy(net(images().train[:8]), images().train_labels[:8]).backward()
    optimiser.step()
    return net, optimiser


@pytest.fixture
def saved(tmp_path):
    Partial(tmp_path / "p.safetensors").save(*trained(), HISTORY)
    return tmp_path / "p.safetensors"


def restored(path):
    """Return what is restored, and whether that is the state that was saved, the first one, or a third one."""
    net = network()
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    history = Partial(path).restore(net, optimiser)
    before, (wanted, wanted_optimiser) = bits(network()), trained()
    momenta = [optimiser.state[p].get("momentum_buffer") for p in net.parameters()]
    if history == HISTORY and same(bits(net), bits(wanted)):
        saved = [wanted_optimiser.state[p]["momentum_buffer"] for p in wanted.parameters()]
        assert all(torch.equal(a, b) for a, b in zip(momenta, saved, strict=True))
        return "saved"
    assert history == []
    assert same(bits(net), before)
    assert momenta == [None] * len(momenta)
    return "anew"


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_was_saved_comes_back_without_a_word(saved):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert restored(saved) == "saved"
        assert restored(saved.with_name("none")) == "anew"


def test_a_flipped_bit_or_a_missing_end_is_never_used(saved):
    good, chance = saved.read_bytes(), random.Random(0)
    head = 8 + int.from_bytes(good[:8], "little")
    places = [*range(8), *chance.sample(range(8, head), 40), *chance.sample(range(head, len(good)), 40)]
    damaged = [good[:i] + bytes([good[i] ^ 1 << chance.randrange(8)]) + good[i + 1 :] for i in places]
    damaged += [good[: chance.randrange(len(good))] for _ in range(10)] + [b"", b"no safetensors", good + b"x"]
    for content in damaged:
        saved.write_bytes(content)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = restored(saved)
        assert found == "saved" or "The training starts anew" in str(said[0].message)
        assert content == good or found == "anew" or json.loads(content[8:head]) == json.loads(good[8:head])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (save({"w.0.weight": torch.zeros(4, 1, 3, 3)}, {"history": "[]"}), "it has no digest, as those of earlier"),
        (save({"w.0.weight": torch.zeros(4, 1, 3, 3)}), "it has no digest"),
    ],
)
def test_one_without_a_digest_is_not_used(saved, content, said):
    saved.write_bytes(content)
    with pytest.warns(UserWarning, match=said):
        assert restored(saved) == "anew"


def test_that_of_another_training_or_another_network_is_not_used(saved):
    shutil.copy(saved, saved.with_name("q.safetensors"))
    with pytest.warns(UserWarning, match="of another training"):
        assert restored(saved.with_name("q.safetensors")) == "anew"
    wider = nn.Sequential(nn.Conv2d(1, 5, 3))
    with pytest.warns(UserWarning, match="it is of another network"):
        assert Partial(saved).restore(wider, torch.optim.SGD(wider.parameters())) == []


def test_a_training_with_a_damaged_one_ends_as_if_there_were_none(tmp_path):
    whole, anew = network(), network()
    wanted = train(whole, images(), RECIPE, 0, Partial(tmp_path / "p"))
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:-1])
    with pytest.warns(UserWarning, match="is not used"):
        found = train(anew, images(), RECIPE, 0, Partial(tmp_path / "p"))
    assert [e.test_loss for e in found] == [e.test_loss for e in wanted]
    assert same(bits(anew), bits(whole))


def test_one_that_cannot_be_written_only_warns(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="cannot write the partial checkpoint.*The training goes on"):
        assert len(train(network(), images(), RECIPE, 0, Partial(tmp_path / "file" / "p"))) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
