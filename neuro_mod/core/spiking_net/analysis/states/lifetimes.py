"""Durations of visits, including those cut by the edges of the recording."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import LifespanEstimator
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.visits import of_state

#: Digits of a duration in seconds. They are differences of rounded times; ties of censored and uncensored ones must not
#: depend on that.
_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Survival:
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
        if not self.n_seen:
            return math.nan
        return float(np.diff(self.times, prepend=0.0) @ np.concatenate([[1.0], self.probability[:-1]]))


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
        return survival(occurrences, state).mean
    seen = lifespans(occurrences, state)
    return float(seen.mean()) if seen.size else math.nan


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
    from scipy.stats import CensoredData, ecdf  # noqa: PLC0415 -- it takes half a second to load

    visits = of_state(occurrences, state)
    visits = visits.loc[~visits["censored_start"].to_numpy(bool)]
    cut = visits["censored_end"].to_numpy(bool)
    if not len(visits):
        return Survival(*(np.zeros(0) for _ in range(4)), n_seen=0, n_censored=0)
    durations = visits["duration"].to_numpy(np.float64).round(_DIGITS)
    estimate = ecdf(CensoredData.right_censored(durations, cut)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where the probability is 0 or 1 the interval is undefined
        interval = estimate.confidence_interval(method="log-log")
    return Survival(
        estimate.quantiles,
        estimate.probabilities,
        interval.low.probabilities,
        interval.high.probabilities,
        n_seen=int(np.count_nonzero(~cut)),
        n_censored=int(np.count_nonzero(cut)),
    )
