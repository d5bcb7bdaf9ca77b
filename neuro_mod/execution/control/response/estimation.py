"""From observables on the grid of the trials to their responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.blocks import block_edges
from neuro_mod.core.control.estimates import estimates
from neuro_mod.core.control.known import known_of_values
from neuro_mod.core.control.moments import Moments, moments_of
from neuro_mod.core.control.pooling import RELATIONS, pooled, relations
from neuro_mod.core.control.switching import switching_observables
from neuro_mod.core.control.transforms import Transform, identity
from neuro_mod.core.cores import one_thread
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.control.response.observed import ObservedResponses, from_estimates
from neuro_mod.populations import Populations

#: What else is known about observables before each bin of a trial, given its number.
More = Callable[[int], Sequence[NDArray[np.floating]]]


@dataclass(frozen=True)
class Kind:
    """What is asked for.

    Args:
        names: Names of the observables.
        unit: Unit of their values.
        transform: Of their means.
        pooling: Whether the observables of the clusters are pooled.
        key: Under which the sums are kept for the next time; empty for none.
        acausal: Whether scores after the observation take the place of those before.
    """

    names: Sequence[str]
    unit: str = ""
    transform: Transform = identity
    pooling: bool = False
    key: str = ""
    acausal: bool = False


@dataclass(frozen=True, eq=False)
class Estimation:
    """Estimates responses of observables.

    Args:
        scores: Of each trial in 1/Hz, shape ``(T, P)``.
        active: Whether each cluster is active in each trial, shape ``(T, C)``.
        populations: The layout of cluster space.
        bin_width: In seconds.
        windows: Default windows in seconds.
        settle: Seconds at the beginning of a trial in which nothing is observed.
        reach: Bins after an observation whose spikes it depends on; None if all may matter.
    """

    scores: Sequence[NDArray[np.float64]]
    active: Sequence[NDArray[np.bool_]]
    populations: Populations
    bin_width: float
    windows: Sequence[float]
    settle: float
    reach: int | None
    _kept: dict[Any, Moments] = field(default_factory=dict, init=False)

    @property
    def first(self) -> int:
        """Bin from which on is observed, with the default windows."""
        return self._first(self.bins(None))

    @cached_property
    def seconds(self) -> float:
        """Observed seconds of all trials."""
        return sum(len(each) - self.first for each in self.active) * self.bin_width

    @property
    def n_blocks(self) -> int:
        """How many blocks standard errors are from, with the default windows."""
        return sum(len(each) - 1 for each in self._edges(self.bins(None)))

    def bins(self, windows: Sequence[float] | None) -> list[int]:
        """Windows in bins.

        Raises:
            InputError: One does not fit into the trials.
        """
        chosen = self.windows if windows is None else windows
        bins = [max(1, round(window / self.bin_width)) for window in chosen]
        shortest = min(map(len, self.active))
        if not bins or max(bins) >= shortest:
            found = max(chosen, default=0.0)
            raise invalid("window", found, f"seconds, less than {shortest * self.bin_width:g}, the shortest trial")
        return bins

    def responses(
        self,
        kind: Kind,
        observed: Sequence[NDArray[np.float64]],
        windows: Sequence[float] | None,
        *,
        known: bool = True,
        more: More | None = None,
    ) -> ObservedResponses:
        """Responses of observables.

        Args:
            kind: What is asked for.
            observed: Observables of each trial, shape ``(T, m)``.
            windows: In seconds; None for the default.
            known: Whether their past may predict them, see `baselines`: not if they look far into the future.
            more: What else predicts them.
        """
        bins = self.bins(windows)
        if kind.acausal:
            return self._acausal(kind, observed, bins)
        place = kind.key, tuple(bins)
        moments = self._kept.get(place)
        if moments is None:
            past = self._known(observed, more) if known and self.reach is not None else None
            moments = self._moments(observed, bins, bins, known=past)
        if kind.key:
            self._kept[place] = moments
        return self._collected(kind, bins, [moments], lambda _: kind.transform)

    def of_switching(
        self, kind: Kind, transform: Callable[[float], Transform], windows: Sequence[float] | None
    ) -> ObservedResponses:
        """Responses of functions of the probabilities of `switching_observables`.

        Args:
            kind: What is asked for; its transform does not matter.
            transform: The transform, given the window in seconds, which also is the lag of switching.
            windows: In seconds; None for the default.
        """
        bins = self.bins(windows)
        moments = []
        for lag in bins:
            place = "switching", lag, max(bins)
            if place not in self._kept:
                observed = [switching_observables(each, lag) for each in self.active]
                self._kept[place] = self._moments(observed, [lag], bins)
            moments.append(self._kept[place])
        return self._collected(kind, bins, moments, transform)

    def _acausal(self, kind: Kind, observed: Sequence[NDArray[np.float64]], bins: Sequence[int]) -> ObservedResponses:
        if self.reach is None:
            raise InputError("acausal: observations depend on all spikes after them; there is no acausal check")
        moments = [self._moments(observed, [window], bins, lead=window + self.reach) for window in bins]
        return self._collected(kind, bins, moments, lambda _: kind.transform)

    def _moments(
        self, observed: Sequence[NDArray[np.float64]], bins: Sequence[int], asked: Sequence[int], **options: Any
    ) -> Moments:
        """Sums for some of the windows that are asked for together, which have the same observations and blocks."""
        with one_thread():
            return moments_of(
                observed, self.scores, bins, first=self._first(asked), edges=self._edges(asked), **options
            )

    def _edges(self, bins: Sequence[int]) -> list[NDArray[np.int64]]:
        return block_edges([len(each) for each in self.active], max(bins))

    def _first(self, bins: Sequence[int]) -> int:
        return max(round(self.settle / self.bin_width), *bins)

    def _known(self, observed: Sequence[NDArray[np.float64]], more: More | None) -> Iterator[NDArray[np.float64]]:
        reach = self.reach
        assert reach is not None
        for i, (values, active) in enumerate(zip(observed, self.active, strict=True)):
            yield known_of_values(values, active, reach, [] if more is None else more(i))

    def _collected(
        self, kind: Kind, bins: Sequence[int], moments: Sequence[Moments], transform: Callable[[float], Transform]
    ) -> ObservedResponses:
        """Responses to shifts of populations that have neurons."""
        populations = self.populations
        shifted, labels = np.flatnonzero(populations.sizes), populations.names
        if kind.pooling:
            shifted, labels = np.unique(relations(populations)[:, shifted]), RELATIONS
        found = []
        for lag, each in zip(bins, moments, strict=False):
            chosen = transform(lag * self.bin_width)
            found.append(estimates(each, pooled(populations, chosen) if kind.pooling else chosen).shifting(shifted))
        windows = [each * self.bin_width for each in bins]
        return from_estimates(kind.names, kind.unit, windows, [labels[a] for a in shifted], found)
