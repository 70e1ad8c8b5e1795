"""Section 5: network pruning as architecture search. All networks of its figures are trained from scratch."""

import pytest

from prunebench.judging.observed import curve, paper_curves
from prunebench.protocol.tables import load
from prunebench.statistics import consistent, curve_at_least, curve_efficiency, curve_greater
from prunebench.statistics import even as even_over_stages
from prunebench.statistics import uneven as uneven_over_stages

ARM = ("scratch_e",)

ALIKE = 0.05
"""Deviation over seeds of the share that a layer keeps; Table 7 shows 0.02 on the mean over layers, 0.07 at most."""

EVEN = 0.25
"""Spread of the kept share over stages; Tables 18 and 21: up to 0.19 for PreResNet-164, 0.5 and more for VGG-16."""


MUCH = 0.3
"""Points that C16 means by "much" and C18 by "significantly": half of the smallest mean lead of pruned over uniform
VGGs in Figs. 3 and 6, 0.63 (Fig. 3 right, at equal shares)."""

CLEARLY = {"f6.left": 1.0, "f6.right": 0.5}
"""Points that C21 means by "clearly": half of the mean leads of Fig. 6 at equal shares, 1.93 and 0.99."""


@pytest.fixture
def drawn(observe):
    """Return the curves of a figure, by method, and the margin of the tier."""

    def draw(figure):
        rows = [observe(row, arms=ARM) for row in load().of_table(figure)]
        methods = dict.fromkeys(row.row.method for row in rows)
        lines = {name: [row for row in rows if row.row.method == name] for name in methods}
        return {name: curve(line, "scratch_e") for name, line in lines.items()}, rows[0].margin

    return draw


def told(figure, first, second):
    """Return what the paper's figure says of two methods."""
    return paper_curves(load().of_table(figure), first, second)


@pytest.mark.claim("C15", table="f3.left")
def test_slimming_needs_5_times_fewer_parameters(drawn, judge):
    """VGG-16 as slimming shapes it reaches the accuracy of uniformly pruned VGG-16 with 5 times fewer parameters."""
    curves, margin = drawn("f3.left")
    names = ("slimming", "uniform")
    verdict = curve_efficiency(curves["slimming"], curves["uniform"], 5, margin, names=names)
    above = curve_greater(curves["slimming"], curves["uniform"], names=names)
    judge(verdict, aside=[above], curves=curves, paper="93.69 at 2.4 M parameters against 93.47 at 11.9 M (Fig. 3)")


@pytest.mark.claim("C16", table="f3.right")
def test_magnitude_masks_use_parameters_better(drawn, judge):
    """Masks of magnitude pruning on VGG-16 do much better than uniformly random ones with as many parameters."""
    curves, _ = drawn("f3.right")
    names = ("magnitude", "uniform_sparse")
    verdict = curve_greater(curves["magnitude"], curves["uniform_sparse"], names=names, least=MUCH)
    judge(verdict, curves=curves, paper=told("f3.right", *names))


@pytest.mark.claim("C17", table=("f3.left", "f3.right"))
@pytest.mark.parametrize("name", ["f3.left.slimming.60", "f3.right.magnitude.80"])
def test_patterns_alike_from_run_to_run(name, observe, judge):
    """What automatic pruning keeps of VGG-16 is very much alike from run to run (Table 7, Fig. 4)."""
    row = observe(load().row(name), arms=ARM)
    judge(consistent(row.patterns, ALIKE, name=f"{row.row.method}'s kept share"), paper="Table 7: 0.02 on the mean")


FLAT = {"f5.left": ("slimming", "uniform"), "f5.middle": ("magnitude", "uniform_sparse")}
FLAT["f5.right"] = FLAT["f5.middle"]


@pytest.mark.claim("C18", table=tuple(FLAT))
@pytest.mark.parametrize("figure", FLAT)
def test_pruned_no_better_than_uniform(figure, drawn, judge):
    """For PreResNets and DenseNet-40, pruned architectures are not significantly better than uniform ones (Fig. 5)."""
    curves, _ = drawn(figure)
    pruned, uniform = FLAT[figure]
    verdict = curve_at_least(curves[uniform], curves[pruned], MUCH, names=(uniform, pruned))
    judge(verdict, curves=curves, paper=told(figure, uniform, pruned))


STAGES = {
    "f5.left.slimming.50": "Table 18, 50 %: 0.42, 0.54 and 0.51 of the channels",
    "f5.middle.magnitude.50": "Table 19, 50 %: 0.55, 0.51 and 0.44 of the weights, each a mean over the kernel",
    "f5.right.magnitude.50": "Table 20, 50 %: 0.50, 0.47 and 0.46 of the weights, each a mean over the kernel",
}


@pytest.mark.claim("C18", table="f5.left")
@pytest.mark.parametrize("name", STAGES)
def test_sparsity_even_over_stages(name, observe, judge):
    """In PreResNets and DenseNet-40 the share that is kept is nearly the same in every stage (Tables 18 to 20)."""
    row = observe(load().row(name), arms=ARM)
    judge(even_over_stages(row.stages, EVEN), paper=STAGES[name])


STEEP = {
    "f3.left": ("slimming", "uniform"),
    "f3.right": ("magnitude", "uniform_sparse"),
    "f6.left": ("slimming", "uniform"),
    "f6.right": ("magnitude", "uniform_sparse"),
}


@pytest.mark.claim("C19", table=tuple(STEEP))
@pytest.mark.parametrize("figure", STEEP)
def test_pruned_vgg_better_than_uniform(figure, drawn, judge):
    """For VGG, pruned architectures beat uniform ones with as many parameters (Figs. 3 and 6)."""
    curves, _ = drawn(figure)
    pruned, uniform = STEEP[figure]
    verdict = curve_greater(curves[pruned], curves[uniform], names=(pruned, uniform))
    judge(verdict, curves=curves, paper=told(figure, pruned, uniform))


@pytest.mark.claim("C19", table="f3.left")
def test_sparsity_uneven_over_stages_of_vgg(observe, judge):
    """In VGG the share that is kept is far from even over the stages (Table 21)."""
    row = observe(load().row("f3.left.slimming.50"), arms=ARM)
    judge(uneven_over_stages(row.stages, EVEN), paper="Table 21, 50 %: from 0.31 to 1.0 of the channels")


GUIDED = {"f6.left": ("guided", "slimming"), "f6.right": ("guided_sparse", "magnitude")}


@pytest.mark.claim("C20", table=tuple(GUIDED))
@pytest.mark.parametrize("figure", GUIDED)
def test_guided_on_par_with_pruned(figure, drawn, judge):
    """Architectures designed after the stage averages of pruned ones do as well as these (Fig. 6)."""
    curves, margin = drawn(figure)
    guided, pruned = GUIDED[figure]
    verdict = curve_at_least(curves[guided], curves[pruned], margin, names=(guided, pruned))
    judge(verdict, curves=curves, paper=told(figure, guided, pruned))


MOVED = {
    "f6.left": ("transferred", "uniform", "slimming"),
    "f6.right": ("transferred_sparse", "uniform_sparse", "magnitude"),
}


@pytest.mark.claim("C21", table=tuple(MOVED))
@pytest.mark.parametrize("figure", MOVED)
def test_transferred_better_than_uniform(figure, drawn, judge):
    """Averages of VGG-16 on CIFAR-10 used for VGG-19 on CIFAR-100 are clearly better than uniform pruning (Fig. 6)."""
    curves, _ = drawn(figure)
    moved, uniform, _ = MOVED[figure]
    verdict = curve_greater(curves[moved], curves[uniform], names=(moved, uniform), least=CLEARLY[figure])
    judge(verdict, curves=curves, paper=told(figure, moved, uniform))


@pytest.mark.claim("C21", table=tuple(MOVED))
@pytest.mark.parametrize("figure", MOVED)
def test_transferred_little_worse_than_pruned(figure, drawn, judge):
    """Averages of VGG-16 on CIFAR-10 used for VGG-19 on CIFAR-100 are at most slightly worse than pruning itself."""
    curves, margin = drawn(figure)
    moved, _, pruned = MOVED[figure]
    verdict = curve_at_least(curves[moved], curves[pruned], margin, names=(moved, pruned))
    judge(verdict, curves=curves, paper=told(figure, moved, pruned))
