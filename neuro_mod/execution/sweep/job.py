"""What the jobs of both kinds of sweep have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import neuro_mod
from neuro_mod.config.sweep import Sweep
from neuro_mod.execution.jobs import Job
from neuro_mod.execution.sweep.points import Runs


class SweepJob(Job):
    """A job with one item for each point and repeat of a sweep.

    Args:
        sweep: The sweep.
    """

    #: What kind of sweep it is, see `identity`.
    _what: ClassVar[str]
    #: Order of the items, see `Runs`.
    _repeats_outermost: ClassVar[bool] = False

    def __init__(self, sweep: Sweep):
        self._sweep = sweep

    @property
    def items(self) -> Runs:
        """One for each point and repeat."""
        return Runs(self._sweep, self._repeats_outermost)

    @property
    def identity(self) -> dict[str, Any]:
        """All that results depend on, except the points and the number of repeats."""
        return {
            "what": self._what,
            "version": neuro_mod.__version__,
            **self._determining(),
            "config": self._sweep.experiment.determining(),
        }

    @abstractmethod
    def _determining(self) -> dict[str, Any]:
        """What results depend on besides the configuration, plain data."""

    @property
    def config(self) -> str:
        """The configuration that is varied."""
        return self._sweep.experiment.to_yaml()
