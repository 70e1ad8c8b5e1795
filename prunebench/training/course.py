"""One training under way: what it has behind it, and what happens at the end of each of its epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from prunebench.common.errors import TrainingError
from prunebench.training.checkpoint import Epoch, Partial
from prunebench.training.engine import Engine
from prunebench.training.schedule import lr_at

EpochHook = Callable[[nn.Module, int], None]
"""Called with the number of finished epochs after each, before the test, and again when a training is taken up there;
may change the weights, the same way each time."""


@dataclass
class Course:
    """One training under way.

    Attributes:
        engine: takes its steps.
        seed: gives the order of the images.
        partial: where the state is kept after every epoch, and taken up again.
        report: is told of every finished epoch.
        after_epoch: acts on the weights after every epoch.
        every: steps between its acts meanwhile, the first before the first step; 0 for none.
        history: the epochs that are done.
        error: why it ended early, if it did.
    """

    engine: Engine
    seed: int
    partial: Partial
    report: Callable[[Epoch], None] = lambda epoch: None
    after_epoch: EpochHook | None = None
    every: int = 0
    history: list[Epoch] = field(default_factory=list)
    error: TrainingError | None = None

    @property
    def epoch(self) -> int:
        """The epoch that is next, 0-based."""
        return len(self.history)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.error is not None or self.epoch >= self.engine.recipe.trained

    def take_up(self) -> None:
        """Go on from the last partial checkpoint, if there is one."""
        self.history = self.partial.restore(self.engine.network, self.engine.optimiser)
        if self.after_epoch is not None and self.history:
            self.after_epoch(self.engine.network, self.epoch)

    def act(self, step: int) -> None:
        """Act on the weights before a step, counted over the whole training, where that is its turn."""
        if self.after_epoch is not None and self.every and step % self.every == 0:
            self.after_epoch(self.engine.network, self.epoch)

    def close(self, loss: float) -> None:
        """Look at the mean loss of an epoch's steps, and act on the weights.

        Raises:
            TrainingError: the loss is no longer finite.
        """
        recipe = self.engine.recipe
        if not math.isfinite(loss):
            self.error = TrainingError(
                f"the loss became {loss} in epoch {self.epoch + 1} of {recipe.epochs} at learning rate "
                f"{lr_at(recipe, self.epoch):g}; nothing is stored. A smaller rate or a weaker regulariser may help."
            )
            raise self.error
        if self.after_epoch is not None:
            self.after_epoch(self.engine.network, self.epoch + 1)

    def note(self, trained: tuple[float, float], tested: tuple[float, float], seconds: float) -> None:
        """Add an epoch, keep the state and tell of it.

        Args:
            trained: mean loss and accuracy (percent) while training.
            tested: the same over the test images.
            seconds: that the epoch took, test included.
        """
        lr = lr_at(self.engine.recipe, self.epoch)
        self.history.append(Epoch(self.epoch + 1, lr, *trained, *tested, seconds))
        self.partial.save(self.engine.network, self.engine.optimiser, self.history)
        self.report(self.history[-1])
