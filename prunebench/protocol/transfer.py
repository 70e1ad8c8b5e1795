"""Table 12 as specs: classifiers that become detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from prunebench.common.errors import PrunebenchError
from prunebench.protocol.arms import DETECTION_ARMS
from prunebench.protocol.jobs import Job
from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tiers import Detecting
from prunebench.specs.experiment import Detection, Pruning, Recipe, Trained, Training, classifier_of


class Transfer(Job):
    """A row of Table 12: classifiers, trained as on ImageNet, become detectors (paper p.17)."""

    @property
    def classification(self) -> Job:
        """The job of the classifiers."""
        return Job(replace(self.row, dataset="ImageNet"), self.tier, self.method)

    @property
    def recipes(self) -> Recipes:
        """The recipes of the detectors."""
        return self._detecting.recipes

    @property
    def _detecting(self) -> Detecting:
        """How this tier trains detectors.

        Raises:
            PrunebenchError: it does not.
        """
        if self.tier.detecting is None:
            raise PrunebenchError(f"tier {self.tier.name!r} does not run Table 12 ({self.row.id}); tier smoke does")
        return self.tier.detecting

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms of Table 12."""
        return DETECTION_ARMS

    def classifier(self, seed: int) -> Training:
        """Return the training of the dense classifier."""
        return self.classification.classifier(seed)

    def dense(self, seed: int) -> Trained:
        """Return the training of the detector on the dense classifier."""
        return self._detector(seed, self.classifier(seed), self.recipes.dense)

    def trunk(self, seed: int) -> Trained:
        """Return the training of the detector that `prune_d` prunes."""
        return self.dense(seed)

    def arm(self, name: str, seed: int, facts: Mapping[str, Any]) -> Trained:
        """Return the training of an arm's detector: of the pruned one, or on the classifier that is this arm."""
        if name == "prune_d":
            return self._detector(seed, self.pruning(seed), self.recipes.finetune)
        classifier = classifier_of(self.classification.arm(name, seed, facts))
        return self._detector(seed, classifier, self.recipes.dense)

    def _detector(self, seed: int, start: Training | Pruning, recipe: Recipe) -> Detection:
        return Detection(self.dataset.spec(), recipe, seed, start, self._detecting.detector)

    def budget(self, name: str) -> str:
        """Return the name of the policy that gives the arm's classifier its epochs; all detectors get the same."""
        return self.classification.budget(name)
