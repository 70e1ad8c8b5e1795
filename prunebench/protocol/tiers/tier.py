"""What a tier is: what stands for the paper's datasets and networks, how long it is trained, how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from prunebench.common.errors import DatasetError, PrunebenchError, near
from prunebench.datasets.available import Description, describe, names
from prunebench.datasets.catalogue import DETECTION
from prunebench.datasets.catalogue import PAPER as PAPERS
from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tables import Row
from prunebench.specs.experiment import Network, Options

_WITH = "-with-"
"""Stands in a name between that of the tier and the datasets that were substituted."""


@dataclass(frozen=True)
class Detecting:
    """How classifiers become detectors in a tier (Table 12).

    Attributes:
        dataset: the detection dataset that stands for the paper's.
        detector: settings of Faster R-CNN.
        recipes: of detectors: `dense` on a classifier's layers, `finetune` after pruning a detector.
    """

    dataset: str
    detector: Options
    recipes: Recipes


@dataclass(frozen=True)
class Tier:
    """The size of a run.

    Attributes:
        name: what `--pb-tier` calls it, and what was substituted (`with_datasets`).
        summary: one line for people.
        seeds: how many unless the user says.
        margin: accuracy points of every "at least": half of what pruning and fine-tuning cost there on the mean, fixed
            beforehand (docs/tiers.md).
        dataset: the dataset that stands for every one of the paper, empty where each stands for itself.
        whole: whether its arms are trained for as many epochs as the paper's.
        size: pixels of height and width at which `dataset` is shown, None for its own; what stands for that is shown so
            where its size is a multiple.
        networks: by the paper's name, the network that stands for it; with a dataset, a method or both before the name
            it goes first.
        recipes: by the same names; `*` for the others.
        confidence: of each one-sided bound.
        threads: CPU threads of one training; None for the cores that each worker has.
        halves: the dataset that an architecture is found on and the one that it is tried on, where a claim asks for two
            that share no class (S01).
        substitutes: by the paper's name, a dataset that stands for it in place of `dataset` (`--pb-dataset`); by the
            name of `dataset`, one that stands for that.
        detecting: how Table 12 is run, None where it is not.
    """

    name: str
    summary: str
    seeds: int
    margin: float
    dataset: str
    networks: Mapping[str, Network]
    recipes: Mapping[str, Recipes]
    confidence: float = 0.95
    threads: int | None = None
    halves: tuple[str, ...] = ()
    substitutes: Mapping[str, Description] = field(default_factory=dict)
    detecting: Detecting | None = None
    size: int | None = None
    whole: bool = False

    def with_datasets(self, chosen: Mapping[str, Description]) -> Tier:
        """Return this tier with other datasets, by the paper's names or its own, and under a name that says so.

        Its records so stand beside those of the tier as it is.
        """
        known = {**PAPERS, self.dataset: self.dataset}
        pairs = [f"{own}={chosen[paper].name}" for own, paper in known.items() if paper in chosen]
        return replace(self, name=with_names(self, pairs), substitutes={**self.substitutes, **chosen})

    def alone(self, dataset: Description, networks: Mapping[str, Network], recipes: Recipes) -> Tier:
        """Return this tier with one dataset, which goes by its own name, and these networks alone, trained so."""
        return replace(
            self,
            name=f"{self.name}{_WITH}{dataset.name}",
            dataset="",
            size=None,
            substitutes={dataset.name: dataset},
            networks=networks,
            recipes={"*": recipes},
            halves=(),
            detecting=None,
        )

    def imagined(self) -> Tier:
        """Return this tier as if every dataset of the paper that it needs were here, as the catalogue has it."""
        absent = {} if self.dataset else {paper: describe(name) for name, paper in PAPERS.items()}
        return replace(self, substitutes={**absent, **self.substitutes})

    def description(self, dataset: str) -> Description:
        """Return what stands for a dataset of the paper.

        Raises:
            DatasetError: it stands for itself here and is not in the data folder; says how to get it.
        """
        if dataset in self.substitutes:
            return self.substitutes[dataset]
        if dataset == DETECTION and self.detecting is not None:
            return describe(self.detecting.dataset)
        if self.dataset:
            found = self.substitutes.get(self.dataset) or describe(self.dataset)
            fits = self.size is not None and found.size % self.size == 0
            return replace(found, size=self.size) if fits and self.size is not None else found
        own = next((name for name, paper in PAPERS.items() if paper == dataset), None)
        how = f"; get it so:\n{describe(own).how}" if own else ""
        raise DatasetError(f"tier {self.name!r} trains on {dataset} itself, which is not in the data folder{how}")

    def half(self, number: int) -> Description:
        """Return the dataset that an architecture is found on (0), or the one that it is tried on (1).

        Raises:
            PrunebenchError: this tier has none.
        """
        if not self.halves:
            raise PrunebenchError(f"tier {self.name!r} has no two datasets that share no class; tier smoke has")
        name = self.halves[number]
        return describe(name) if name in names() else self.description(name)

    def has(self, row: Row) -> bool:
        """Say whether this tier has a network and a dataset for a row."""
        if row.dataset == DETECTION:
            return self.detecting is not None
        return self.stand_in(row) in self.networks and bool(self.dataset or row.dataset in self.substitutes)

    def stand_in(self, row: Row) -> str:
        """Return the name under which a row's network is found; the same name means other networks at times (Q7)."""
        longer = f"{row.method} {row.network}"
        tried = (f"{row.dataset} {longer}", longer, f"{row.dataset} {row.network}", row.network)
        return next((name for name in tried if name in self.networks), row.network)

    def network(self, name: str) -> Network:
        """Return what stands for a network of the paper.

        Raises:
            PrunebenchError: this tier has none of this name.
        """
        if name not in self.networks:
            like = near(name, self.networks)
            raise PrunebenchError(
                f"tier {self.name!r} has nothing that stands for {name}; it has {like} and others. "
                "`prunebench show ROW --tier paper` shows what the paper trains"
            )
        return self.networks[name]

    def recipes_for(self, network: str) -> Recipes:
        """Return the recipes for a network of the paper."""
        return self.recipes.get(network, self.recipes["*"])


def with_names(tier: Tier, pairs: Sequence[str]) -> str:
    """Return the name of a tier in which datasets are substituted, each given as `PAPER=OURS`."""
    ours = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    said = "-".join(f"{own}-as-{ours[own]}" for own in (*PAPERS, tier.dataset) if own in ours)
    return f"{tier.name}{_WITH}{said}" if said else tier.name


def base(name: str) -> str:
    """Return the name that `--pb-tier` takes for a tier in which datasets may be substituted."""
    return name.partition(_WITH)[0]
