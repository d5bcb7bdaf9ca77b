"""How long visits last, also when the recording did not see them from start to end."""

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

#: Digits of a duration in seconds. Durations are differences of rounded times; whether one that was seen to end and one
#: that was not are equal must not depend on that.
_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Survival:
    """Estimated probability that a visit lasts longer than a time.

    Attributes:
        times: Observed durations in seconds, ascending, shape ``(n,)``.
        probability: Of lasting longer than each, shape ``(n,)``; it is 1 before the first time and constant between.
        low: Lower end of its 95 % confidence interval, shape ``(n,)``; NaN where the probability is 0 or 1.
        high: Upper end.
        n_seen: Visits whose end was seen.
        n_censored: Visits whose end was not seen.
    """

    times: NDArray[np.float64]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_seen: int
    n_censored: int

    @property
    def mean(self) -> float:
        """Area under the curve up to the longest duration, in seconds; NaN where no visit was seen to end.

        It is the mean of the durations cut at the longest one (restricted mean), too small if the curve ends above 0.
        """
        if not self.n_seen:
            return math.nan
        return float(np.diff(self.times, prepend=0.0) @ np.concatenate([[1.0], self.probability[:-1]]))


def lifespans(occurrences: pd.DataFrame, state: State | None = None, censored: bool = False) -> NDArray[np.float64]:
    """Durations of visits in seconds.

    Args:
        occurrences: One row per visit.
        state: Whose visits; ``None`` takes all.
        censored: Whether visits count of which start or end was not seen.
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
        state: Whose visits; ``None`` takes all.
        estimator: ``mean``, of the visits that were seen from start to end: too small, because a long visit is more
            likely to be cut off; or ``kaplan_meier``, see `survival`, which also learns from those visits that they
            lasted at least as long as they were seen, up to the longest observed duration.

    Returns:
        NaN where no visit counts.
    """
    check_choice("estimator", estimator, LifespanEstimator)
    if estimator == "kaplan_meier":
        return survival(occurrences, state).mean
    seen = lifespans(occurrences, state)
    return float(seen.mean()) if seen.size else math.nan


def survival(occurrences: pd.DataFrame, state: State | None = None) -> Survival:
    """Survival function of the durations of visits, from the visits whose start was seen.

    A visit whose end was not seen is right-censored. One whose start was not seen has an unknown age and is left out.

    Args:
        occurrences: One row per visit.
        state: Whose visits; ``None`` takes all.

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
