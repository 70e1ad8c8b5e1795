"""Users' files: what loads, what is refused, and with which words."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from torch import nn

from prunebench.common.errors import UnknownNameError
from prunebench.pruning import Context, Plan, keep_uniform, prunable
from prunebench.pruning.decision import decide
from prunebench.pruning.registry import MethodError, inheritance, load_file, resolve
from prunebench.specs.experiment import Method, options

L2 = '''
"""Filters with the smallest L2 norm, the same share of every layer."""

from prunebench.pruning import Plan, keep_uniform, prunable


def l2(network, ratio, context) -> Plan:
    groups = [group for group in prunable(network, context.example) if group.producer]
    return keep_uniform({g.name: g.producer.weight.flatten(1).norm(dim=1) for g in groups}, ratio)


class Decayed:
    def prune(self, network, ratio, context):
        return l2(network, ratio, context)

    def regulariser(self, network):
        for weight in network.parameters():
            weight.grad += 0.1 * weight.detach()


class Callable:
    def __call__(self, network, ratio, context):
        return l2(network, ratio, context)


def _hidden():
    pass


CONSTANT = 3


class Needy:
    def __init__(self, strength):
        pass
'''
Trained = Callable[..., nn.Module]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        file = tmp_path / "mine.py"
        file.write_text(dedent(text))
        return str(file)

    return write


@pytest.mark.parametrize("name", ["l2", "Decayed", "Callable"])
def test_a_users_method_prunes(name: str, write, trained: Trained, context: Context) -> None:
    network, path = trained("vgg"), write(L2)
    method, _ = load_file(f"{path}:{name}")
    assert method == Method(name, source=hashlib.sha256(L2.encode()).hexdigest())
    plan = decide(resolve(method, Path(path)), network, 0.5, context, context.example).plan
    norms = network.get_parameter("features.conv1.weight").flatten(1).norm(dim=1)
    assert plan.keep["features.norm1"] == tuple(norms.topk(2).indices.sort().values.tolist())


def test_a_file_follows_its_own_future_imports(write) -> None:
    _, l2 = load_file(f"{write(L2)}:l2")
    assert l2.__annotations__ == {"return": Plan}


def test_a_users_regulariser_adds_to_the_gradients(write) -> None:
    _, mine = load_file(f"{write(L2)}:Decayed")
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.grad = torch.ones(2, 2)
    mine.regulariser(layer)
    torch.testing.assert_close(layer.weight.grad, 1 + 0.1 * layer.weight.detach())


def test_the_source_is_what_was_run(write) -> None:
    path = write(L2)
    method, _ = load_file(f"{path}:l2")
    write(L2 + "\n")
    with pytest.raises(MethodError, match=f"mine.py has changed since this run was planned .*{method.source[:12]}"):
        resolve(method, Path(path))


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (L2, "l3", "mine.py has no 'l3'; it defines l2, Decayed, Callable, Needy; did you mean l2?"),
        ("x = 1", "prune", "mine.py has no 'prune'; it defines no function or class"),
        (L2, "CONSTANT", "CONSTANT is int and cannot be called; it must be a function prune(network, ratio, context)"),
        (L2, "Needy", "Needy() without arguments fails: TypeError: "),
        ("\ndef prune(:\n    pass", "prune", "mine.py does not parse, line 2: def prune(: ("),
        ("a = 1\nb = a / 0\n", "prune", "mine.py, line 2: b = a / 0): ZeroDivisionError: division by zero"),
        ("import no_such_thing", "prune", "line 1: import no_such_thing): ModuleNotFoundError: No module named"),
        ("raise SystemExit(2)", "prune", "mine.py fails when loaded"),
    ],
)
def test_files_that_do_not_serve(text: str, name: str, message: str, write) -> None:
    with pytest.raises(MethodError) as error:
        load_file(f"{write(text)}:{name}")
    assert message in str(error.value)


@pytest.mark.parametrize("reference", ["mine.py", "mine.py:", ":l2", ""])
def test_a_reference_needs_file_and_name(reference: str) -> None:
    with pytest.raises(MethodError, match=r"names no method; write path/to/file.py:NAME"):
        load_file(reference)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MethodError, match=r"cannot read .*/none.py: No such file or directory"):
        load_file(f"{tmp_path}/none.py:l2")


def test_methods_that_cannot_be_resolved() -> None:
    with pytest.raises(UnknownNameError, match="unknown method 'sliming': did you mean slimming"):
        resolve(Method("sliming"))
    with pytest.raises(
        MethodError, match=r"l2 is a method of a user's file, which is not given: pass path/to/file.py:l2"
    ):
        resolve(Method("l2", source="0" * 64))


def broken(network: nn.Module, ratio: float, context: Context) -> Plan:
    return keep_uniform({"features.norm1": network.nothing}, ratio)


def trains(network: nn.Module, ratio: float, context: Context) -> Plan:
    network.train()(context.images)
    return keep_uniform({g.name: torch.rand(g.channels) for g in prunable(network, context.example)}, ratio)


def zeroes(network: nn.Module, ratio: float, context: Context) -> Plan:
    network.get_parameter("classifier.bias").data[0] = -0.0
    return Plan({}, {})


@pytest.mark.parametrize(
    ("prune", "message"),
    [
        (
            broken,
            r"the method fails \(.*test_registry.py, line \d+: return keep_uniform.*\): AttributeError: .*nothing",
        ),
        (lambda network: None, "the method fails: TypeError: .*takes 1 positional argument but 3 were given"),
        (
            lambda n, r, c: {"features.norm1": [0]},
            r"features.norm1 is no mask: .*; of scores per channel keep_uniform\(scores, ratio\) makes",
        ),
        (lambda n, r, c: Plan({"x": (0,)}, {"x": 2}), "the method's plan does not fit the network: .*has no layer 'x'"),
        (
            lambda n, r, c: Plan({"classifier": (0,)}, {"classifier": 3}),
            "does not fit the network: .*network's own outputs",
        ),
        (
            lambda n, r, c: Plan({"features.norm1": ()}, {"features.norm1": 4}),
            "PlanError: features.norm1 keeps no channel",
        ),
        (trains, "changes the network that it is given: features.norm1.running_mean, .* and more; .*copy.deepcopy"),
        (zeroes, "changes the network that it is given: classifier.bias; it may only read it"),
    ],
)
def test_methods_that_misbehave(prune, message: str, trained: Trained, context: Context) -> None:
    network = trained("vgg")
    network.get_parameter("classifier.bias").data[0] = 0.0
    with pytest.raises(MethodError, match=message):
        decide(prune, network, 0.5, context, context.example)


@pytest.mark.parametrize("ratio", [-0.1, 1.0, float("nan")])
def test_a_ratio_is_a_share(ratio: float, trained: Trained, context: Context) -> None:
    with pytest.raises(MethodError, match=r"is outside \[0, 1\); it is the share to remove"):
        decide(broken, trained("vgg"), ratio, context, context.example)


@pytest.mark.parametrize(("ratio", "fails"), [(0.857, False), (0.86, True), (0.99, True)])
def test_a_ratio_that_no_layer_can_meet(ratio: float, fails: bool, trained: Trained, context: Context) -> None:
    run = partial(decide, resolve(Method("l1")), trained("vgg"), ratio, context, context.example)
    if not fails:
        assert all(len(kept) == 1 for kept in run().plan.keep.values())
        return
    with pytest.raises(MethodError, match=r"more than any layer can lose: the widest has 7 channels, .* up to 0.857"):
        run()


def test_an_error_in_a_users_score_shows_the_users_line(write, trained: Trained, context: Context) -> None:
    path = write("""
        from prunebench.pruning import by_score

        def score(network, context):
            return {"features.norm1": 1 / 0}

        prune = by_score(score)
    """)
    method, _ = load_file(f"{path}:prune")
    with pytest.raises(MethodError, match=r"mine.py, line 5: return .* 1 / 0}\): ZeroDivisionError"):
        decide(resolve(method, Path(path)), trained("vgg"), 0.5, context, context.example)


def test_a_user_may_hand_over_weights(write, trained: Trained, context: Context) -> None:
    path = write(
        L2
        + """
class Halved(Callable):
    def inherit(self, network, plan, context):
        for weight in network.parameters():
            weight.data /= 2
        return network
"""
    )
    method, _ = load_file(f"{path}:Halved")
    inherit = inheritance(method, Path(path))
    assert inherit is not None
    network = trained("vgg")
    halved = inherit(network, Plan({}, {}), context)
    assert all(torch.equal(a / 2, b) for a, b in zip(network.parameters(), halved.parameters(), strict=True))
    assert inheritance(load_file(f"{path}:l2")[0], Path(path)) is None


def test_options_reach_the_method(trained: Trained, context: Context) -> None:
    prune = resolve(Method("random", options(strength=2)))
    with pytest.raises(MethodError, match="unexpected keyword argument 'strength'"):
        decide(prune, trained("vgg"), 0.5, context, context.example)


def test_plans_and_names_need_no_torch() -> None:
    code = (
        "import sys; from prunebench.pruning import Plan; from prunebench.pruning.registry import methods; "
        "print(len(methods()), 'torch' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["31", "False"]
