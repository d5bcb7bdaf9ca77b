"""Durations of visits, including those cut by the edges of the recording."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from neuro_mod.checks import check_choice
from neuro_mod.choices import LifespanEstimator
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.visits import of_state
from neuro_mod.summaries import ShownFields

#: Digits of a duration in seconds. They are differences of rounded times; ties of censored and uncensored ones must not
#: depend on that.
DIGITS = 9
#: Half width of a 95 % confidence interval, in standard deviations.
_HALF_WIDTH = float(ndtri(1 / 2 + 0.95 / 2))


@dataclass(frozen=True, eq=False, repr=False)
class Survival(ShownFields):
    """Estimated probability that a visit lasts longer than a time.

    Attributes:
        times: Observed durations in seconds, ascending, shape ``(n,)``.
        probability: Of lasting longer than each, shape ``(n,)``; it is 1 before the first time and constant between.
        low: Lower end of its 95 % confidence interval, shape ``(n,)``; NaN where the probability is 0 or 1.
        high: Upper end.
        n_seen: Number of visits with an observed end.
        n_censored: Number of visits without.
    """

    times: NDArray[np.float64]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_seen: int
    n_censored: int

    @property
    def mean(self) -> float:
        """Area under the curve up to the longest duration, in seconds; NaN without an observed end.

        It is the mean restricted to the longest duration, an underestimate if the curve ends above 0.
        """
        return float(area(self.times, self.probability)) if self.n_seen else math.nan


class _ProductLimit(NamedTuple):
    """Estimated probability of lasting longer than each observed duration, shapes ``(n,)``.

    Args:
        times: Observed durations in seconds, ascending.
        probability: Of lasting longer.
        at_risk: Visits that last at least so long.
        ends: Visits whose end was observed then.
    """

    times: NDArray[np.float64]
    probability: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    ends: NDArray[np.int64]


def lifespans(occurrences: pd.DataFrame, state: State | None = None, censored: bool = False) -> NDArray[np.float64]:
    """Durations of visits in seconds.

    Args:
        occurrences: One row per visit.
        state: The state; None for all.
        censored: Whether to include censored visits.
    """
    visits = of_state(occurrences, state)
    kept = np.ones(len(visits), bool) if censored else ~visits["censored"].to_numpy(bool)
    return visits["duration"].to_numpy(np.float64)[kept]


def mean_lifespan(
    occurrences: pd.DataFrame, state: State | None = None, estimator: LifespanEstimator = "mean"
) -> float:
    """Mean duration of visits in seconds.

    Args:
        occurrences: One row per visit.
        state: The state; None for all.
        estimator: ``mean``, of uncensored visits: an underestimate, because long visits are more likely to be cut; or
            ``kaplan_meier``, see `survival`, which also uses censored visits, up to the longest observed duration.

    Returns:
        NaN without visits.
    """
    check_choice("estimator", estimator, LifespanEstimator)
    if estimator == "kaplan_meier":
        visits = of_state(occurrences, state)
        return restricted_mean(*(visits[name].to_numpy() for name in ("duration", "censored_start", "censored_end")))
    return mean_duration(lifespans(occurrences, state))


def mean_duration(durations: NDArray[np.float64]) -> float:
    """Mean of durations; NaN without any."""
    return float(durations.mean()) if durations.size else math.nan


def restricted_mean(
    durations: NDArray[np.float64], censored_start: NDArray[np.bool_], censored_end: NDArray[np.bool_]
) -> float:
    """Kaplan-Meier mean of visits up to the longest observed duration, as of `Survival`.

    Args:
        durations: In seconds, shape ``(n_visits,)``.
        censored_start: Whether the start was not observed; such visits are left out.
        censored_end: Whether the end was not observed.
    """
    known = ~censored_start
    cut = censored_end[known]
    if cut.all():
        return math.nan
    estimate = _product_limit(durations[known], cut)
    return float(area(estimate.times, estimate.probability))


def survival(occurrences: pd.DataFrame, state: State | None = None) -> Survival:
    """Survival function of the durations of visits with an observed start.

    A visit without an observed end is right-censored. One without an observed start has an unknown age and is left out.

    Args:
        occurrences: One row per visit.
        state: The state; None for all.

    References:
        Kaplan & Meier 1958, "Nonparametric estimation from incomplete observations".
        Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data, 2nd ed., section 1.4 (the interval,
        from the log of minus the log of the probability).
    """
    visits = of_state(occurrences, state)
    visits = visits.loc[~visits["censored_start"].to_numpy(bool)]
    cut = visits["censored_end"].to_numpy(bool)
    estimate = _product_limit(visits["duration"].to_numpy(np.float64), cut)
    low, high = _interval(estimate)
    n_censored = int(np.count_nonzero(cut))
    return Survival(estimate.times, estimate.probability, low, high, len(cut) - n_censored, n_censored)


def _product_limit(durations: NDArray[np.float64], cut: NDArray[np.bool_]) -> _ProductLimit:
    """The estimate of Kaplan & Meier, given durations in seconds and whether each is a lower bound."""
    durations = durations.round(DIGITS)
    order = durations.argsort()
    durations, n = durations[order], len(durations)
    last = np.ones(n, bool)  # of several of the same duration
    np.greater(durations[1:], durations[:-1], out=last[:-1])
    last = last.nonzero()[0]
    times, left = durations[last], n - 1 - last
    at_risk = np.empty(len(last), np.int64)
    at_risk[:1], at_risk[1:] = n, left[:-1]
    if not cut.any():
        return _ProductLimit(times, 1 - (n - left) / n, at_risk, at_risk - left)
    ends = (~cut[order]).cumsum()[last]
    ends[1:] -= ends[:-1].copy()
    return _ProductLimit(times, ((at_risk - ends) / at_risk).cumprod(), at_risk, ends)


def _interval(estimate: _ProductLimit) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the 95 % confidence interval of each probability, shape ``(n,)``; NaN where it is 0 or 1."""
    _, probability, at_risk, ends = estimate
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log = np.log(probability)
        deviation = np.sqrt(1 / log**2 * np.cumsum(ends / (at_risk * (at_risk - ends))))
        middle, reach = np.log(-log), _HALF_WIDTH * deviation
        low, high = np.exp(-np.exp(middle + reach)), np.exp(-np.exp(middle - reach))
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def area(times: NDArray[np.float64], probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under curves that are 1 before the first time and constant between, up to the last, in seconds.

    Args:
        times: In seconds, ascending, shape ``(n,)``.
        probability: Of each curve from each time on, shape ``(..., n)``.

    Returns:
        Shape ``(...)``.
    """
    steps, heights = times.copy(), np.ones(probability.shape)
    steps[1:] -= times[:-1]
    heights[..., 1:] = probability[..., :-1]
    return heights @ steps
