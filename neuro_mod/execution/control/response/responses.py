"""`Responses`: what shifts of the external rates would do, estimated from runs without any."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.choices import Precision
from neuro_mod.core.control.known import causal_mean, lagged
from neuro_mod.core.control.state_sets import SeenState, distances, in_states, seen_states
from neuro_mod.core.control.switching import chain
from neuro_mod.core.control.transforms import Transform, identity, log_odds, logarithm, ratio
from neuro_mod.core.spiking_net.analysis.states.names import clusters_of_state, state_name
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.control.response.estimation import Estimation, Kind
from neuro_mod.execution.control.response.observed import ObservedResponses, joined
from neuro_mod.execution.control.response.observing import Observing
from neuro_mod.execution.control.response.pictures import StepResponses, drawings_of_responses
from neuro_mod.execution.control.response.saved import SavedTrial, open_saved
from neuro_mod.execution.control.response.sessions import (
    ObservedSession,
    detect_in_all,
    reach_of,
    smoothed_rates_of,
)
from neuro_mod.execution.control.response.simulate import ScoredTrial, SimulateTrial, trial_items
from neuro_mod.execution.figures import Drawings, WithFigures
from neuro_mod.execution.jobs import compute_in_memory
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.populations import Populations
from neuro_mod.summaries import Shown, Summary, counted

#: Number of trials by default.
N_TRIALS = 20
#: States of which responses are estimated, if none are named: those seen most.
N_STATES = 12
#: Time constants in seconds over which the past rate of a cluster helps to predict its activity.
_MEMORIES = (0.02, 0.1)
#: Windows of the step response.
_N_STEPS = 24
#: How many of the states that were seen most a message names.
_NAMED = 5


class Responses(Shown, WithFigures):
    """Responses of a network to small shifts of its external rates, from trials without any shift.

    The derivative of the mean of an observable with respect to a shift of the external rate of a population, which
    began a window before the observation, is the covariance of the observable with the score of that population summed
    over the window. One set of trials has the responses of every observable to every population. Short windows have
    small errors; long ones hold more of the response. Standard errors are by the jackknife over trials (or blocks of
    few trials).

    Clusters are active by the method of `neuro_mod.Analyzer`, with one threshold for all trials, and before short
    visits are removed. The threshold of most methods is found in the trials; it counts as given. A window ends with
    the bin of the observation. Rates that are smoothed by a symmetric kernel also depend on spikes after it, up to
    `reach`, whose scores are not counted: in the default network these would add .01 +- .01 to the .6 of 0.2 s.

    Args:
        folder: A folder of ``neuro-mod control response``.
        **changes: What differs from how the folder was made: ``windows``, ``settle``, ``target``, ``method``,
            ``parameters``, ``kernel``, ``kernel_width_ms``; see `Observing`.

    Raises:
        DataError: There are no such results, or they are damaged.
        InputError: A change is not valid.

    Examples:
        >>> from neuro_mod import Responses, StageSNNSimulation
        >>> stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=2"])
        >>> responses = Responses.simulated(stager, 4, windows=[0.5], settle=0.5)
        >>> table = responses.table(window=0.5)
        >>> table.columns.tolist()[:3]
        ['observable', 'population', 'window_sec']
        >>> response, error = responses.gradient("occupancy 0", window=0.5)
        >>> response.shape  # to a shift of the external rate of each population, per Hz
        (14,)
    """

    def __init__(self, folder: str | os.PathLike[str], **changes: Any):
        trials, populations, observing = open_saved(folder, changes)
        self._begin(trials, populations, observing)

    @classmethod
    def of_trials(
        cls, trials: Sequence[ScoredTrial | SavedTrial], populations: Populations, observing: Observing | None = None
    ) -> Self:
        """Responses from trials in memory.

        Args:
            trials: The trials.
            populations: The layout of cluster space.
            observing: What is estimated.

        Raises:
            InputError: There are no trials, or they are shorter than a window.
        """
        responses = cls.__new__(cls)
        responses._begin(trials, populations, observing or Observing())
        return responses

    @classmethod
    def simulated(
        cls,
        stager: StageSNNSimulation,
        n_trials: int = N_TRIALS,
        *,
        dtype: Precision = "float32",
        n_threads: int | None = None,
        progress: bool = False,
        **changes: Any,
    ) -> Self:
        """Simulate trials in memory; those of ``neuro-mod control response`` with the same configuration.

        Args:
            stager: The configuration. Its perturbations act in all trials, so that responses are those of the
                perturbed network.
            n_trials: Number of trials. Adding one changes no other.
            dtype: ``float32`` or ``float64``.
            n_threads: How many run at once; one for each core by default.
            progress: Show the progress on stderr.
            **changes: What differs from the defaults of `Observing`, as for `Responses`.

        Raises:
            InputError: The network has no clusters, or a window does not fit into a trial.
            Interrupted: On Ctrl-C, with the responses from the finished trials, None without any.
            Exception: What a trial raised, with a note of its index and seed; the other trials are stopped.
        """
        observing = Observing.of(changes)
        task = SimulateTrial(stager, dtype)
        observing.check_duration(task.duration)
        items = trial_items(task, n_trials)

        def gather(trials: Mapping[int, ScoredTrial]) -> Self | None:
            chosen = [trials[index] for index in sorted(trials)]
            return cls.of_trials(chosen, stager.circuit.populations, observing) if chosen else None

        _ = stager.network  # drawn once, before the threads begin
        found = compute_in_memory(items, task, gather, noun="trials", n_threads=n_threads, progress=progress)
        assert found is not None
        return found

    def _begin(
        self, trials: Sequence[ScoredTrial | SavedTrial], populations: Populations, observing: Observing
    ) -> None:
        if not trials:
            raise InputError("trials: none found; expected at least one finished trial")
        self._trials = trials
        #: The layout of cluster space.
        self.populations: Populations = populations
        #: What is estimated.
        self.observing: Observing = observing
        #: Of the grid of observations, in seconds.
        self.bin_width: float = trials[0].bin_width
        observing.check_duration(min(len(trial.counts) for trial in trials) * self.bin_width)
        settings = observing.settings
        smoothed = [smoothed_rates_of(trial.counts, populations, self.bin_width, settings) for trial in trials]
        self._detected = detect_in_all([each[:, : populations.n_clusters] for each in smoothed], settings)
        scores = [trial.scores if observing.target == "rate" else trial.arousal_scores for trial in trials]
        #: What functions of the user are called with.
        self.sessions: list[ObservedSession] = [
            ObservedSession(
                trial.counts, score, self.bin_width, populations, rates, active, lambda trial=trial: trial.spikes
            )
            for trial, score, rates, active in zip(trials, scores, smoothed, self._detected.active, strict=True)
        ]
        self._estimation = Estimation(
            scores,
            self._detected.active,
            populations,
            self.bin_width,
            observing.windows,
            observing.settle,
            reach_of(settings, self.bin_width),
        )

    def _summary(self) -> Summary:
        rows = {
            "observed": f"{self.duration:g} s",
            "target": self.observing.target,
            "windows": f"{', '.join(f'{window:g}' for window in self.observing.windows)} s after the begin of a shift",
            "estimates": "occupancy(), log_odds(), switching(), chain(), states(), rates(), of(...)",
            "plot(...)": "occupancy_responses, state_responses, step_response",
        }
        return Summary(
            f"Responses of {counted(self.populations.n_clusters, 'cluster')} in {counted(self.n_trials, 'trial')}", rows
        )

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.sessions)

    @property
    def duration(self) -> float:
        """Seconds in which something is observed, of all trials."""
        return self._estimation.seconds

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Rate in Hz above which each cluster is active, shape ``(C,)``."""
        return self._detected.thresholds

    @property
    def two_states_found(self) -> bool:
        """Whether the thresholds separate two states that were found in the rates."""
        return self._detected.fitted

    @property
    def n_blocks(self) -> int:
        """How many blocks of trials standard errors are from."""
        return self._estimation.n_blocks

    @property
    def reach(self) -> float | None:
        """Seconds after an observation whose spikes it depends on; None where all may matter."""
        bins = self._estimation.reach
        return None if bins is None else bins * self.bin_width

    @cached_property
    def seen_states(self) -> list[SeenState]:
        """All states that were seen, those in which the network was longest first."""
        return seen_states(self._detected.active, self._estimation.first)

    # observables

    def occupancy(
        self, windows: Sequence[float] | None = None, *, pooled: bool = False, acausal: bool = False
    ) -> ObservedResponses:
        """Occupancy of each cluster: the probability that it is active.

        Args:
            windows: In seconds; those of `observing` by default.
            pooled: Mean over clusters, with the responses to their own shift and to that of another.
            acausal: Covariances with scores after the observation instead, which must vanish within their errors.
        """
        return self._of_clusters("occupancy", identity, windows, pooled, acausal)

    def log_odds(self, windows: Sequence[float] | None = None, *, pooled: bool = False) -> ObservedResponses:
        """Logarithm of the odds of the occupancy of each cluster; arguments as for `occupancy`."""
        return self._of_clusters("log odds", log_odds, windows, pooled)

    def switching(self, windows: Sequence[float] | None = None, *, pooled: bool = False) -> ObservedResponses:
        """Probabilities of switching on and of staying active within a window, from its beginning, with the shift.

        ``switch on``: active at the end, given that the cluster was inactive at the beginning; ``stay on``: active at
        the end, given that it was active at the beginning. Arguments as for `occupancy`.
        """
        kind = Kind(self._names(("switch on", "stay on"), pooled), pooling=pooled)
        return self._estimation.of_switching(kind, lambda _: ratio, windows).without_constants((0.0, 1.0))

    def chain(self, windows: Sequence[float] | None = None, *, pooled: bool = False) -> list[ObservedResponses]:
        """Occupancy and mean times of the two-state chain with the probabilities of `switching`; arguments likewise.

        The errors are small, as only the time of the window after the beginning of the shift counts. The chain has no
        memory but whether the cluster is active: compare windows, and `occupancy`.

        Returns:
            Occupancies; mean seconds on and off.
        """
        kind = Kind(self._names(("chain occupancy", "mean time on", "mean time off"), pooled), pooling=pooled)
        both = self._estimation.of_switching(kind, chain, windows)
        k = len(both.names) // 3
        return [
            both.part(slice(0, k), "").without_constants((0.0, 1.0)),
            both.part(slice(k, None), "s").without_constants(()),
        ]

    def states(self, states: Sequence[str] | None = None, windows: Sequence[float] | None = None) -> ObservedResponses:
        """Logarithm of the probability of states, that exactly these clusters are active: G[S, a].

        The values are logarithms of probabilities, the responses relative changes of these.

        Args:
            states: Names such as ``0+1+2`` or ``none``; by default the `N_STATES` that were seen most.
            windows: In seconds; those of `observing` by default.

        Raises:
            InputError: A state was never seen; the message names those that were seen most.
        """
        chosen = self._chosen_states(states)
        names = [f"state {state_name(state)}" for state in chosen]
        active = self._detected.active
        observed = [in_states(each, chosen) for each in active]

        def nearby(i: int) -> list[NDArray[np.float64]]:
            away = lagged(distances(active[i], chosen).astype(np.float64), (self._estimation.reach or 0) + 1)
            return [(away == n).astype(np.float64) for n in (1, 2)]

        return self._estimation.responses(Kind(names, "", logarithm), observed, windows, more=nearby)

    def rates(self, windows: Sequence[float] | None = None) -> ObservedResponses:
        """Mean rate per neuron of each population in Hz; arguments as for `occupancy`."""
        kept = np.flatnonzero(self.populations.sizes)
        names = [f"rate {self.populations.names[a]}" for a in kept]
        observed = [np.asarray(session.rates[:, kept], np.float64) for session in self.sessions]
        return self._estimation.responses(Kind(names, "Hz"), observed, windows)

    def of(
        self,
        function: Callable[[ObservedSession], NDArray[Any]],
        windows: Sequence[float] | None = None,
        *,
        name: str = "",
        unit: str = "",
    ) -> ObservedResponses:
        """Any function of the activity on the grid of bins.

        Args:
            function: Given an `ObservedSession` of T bins, returns numbers of shape ``(T,)`` or ``(T, m)``.
            windows: In seconds; those of `observing` by default.
            name: Name of the observable; that of the function by default. Of several, a number is added.
            unit: Unit of its values.

        Raises:
            InputError: It returns something else.
        """
        name = name or getattr(function, "__name__", "observable")
        observed = [_checked(function(session), len(session.counts), name) for session in self.sessions]
        m = observed[0].shape[1]
        if any(each.shape[1] != m for each in observed):
            raise InputError(f"observable {name}: another number of columns in each trial found; expected the same")
        names = [name] if m == 1 else [f"{name} {k}" for k in range(m)]
        return self._estimation.responses(Kind(names, unit), observed, windows, known=False)

    def step_responses(self) -> StepResponses:
        """Pooled occupancies for windows up to the longest; the same with later scores, None without `reach`."""
        longest, width = max(self.observing.windows), self.bin_width
        bins = np.unique(np.round(np.linspace(longest / _N_STEPS, longest, _N_STEPS) / width).clip(1))
        windows = (bins * width).tolist()
        acausal = None if self.reach is None else self.occupancy(windows, pooled=True, acausal=True)
        return self.occupancy(windows, pooled=True), acausal

    def drawings(self) -> Drawings:
        """Responses of occupancies and of the states that were seen most, and the step response."""
        return drawings_of_responses(self.populations, self.occupancy, self.states, self.step_responses)

    # tables

    def all(
        self,
        windows: Sequence[float] | None = None,
        *,
        states: Sequence[str] | None = None,
        pooled: bool = False,
    ) -> list[ObservedResponses]:
        """All observables of clusters, states and populations; arguments as for `occupancy` and `states`."""
        return [
            self.occupancy(windows, pooled=pooled),
            self.log_odds(windows, pooled=pooled),
            self.switching(windows, pooled=pooled),
            *self.chain(windows, pooled=pooled),
            *([] if pooled else [self.states(states, windows), self.rates(windows)]),
        ]

    def table(
        self, window: float | None = None, *, states: Sequence[str] | None = None, pooled: bool = False
    ) -> pd.DataFrame:
        """One row for each observable, population and window.

        Args:
            window: In seconds; all of `observing` by default.
            states: As for `states`.
            pooled: As for `occupancy`.

        Returns:
            The columns ``observable``, ``population`` (that is shifted), ``window_sec``, ``value``,
            ``value_standard_error``, ``response`` (per Hz), ``standard_error``, ``unit`` (of the response) and
            ``resolved``, whether the response is larger than its error.
        """
        return joined(self.all(None if window is None else [window], states=states, pooled=pooled))

    def gradient(self, name: str, window: float | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Responses of one observable of `table` to the shifts of all populations, and their errors, shape ``(P,)``.

        Raises:
            InputError: There is no such observable.
        """
        kind, _, label = name.rpartition(" ")
        at = None if window is None else [window]
        makers: dict[str, Callable[[], ObservedResponses]] = {
            "occupancy": lambda: self.occupancy(at),
            "log odds": lambda: self.log_odds(at),
            "switch on": lambda: self.switching(at),
            "stay on": lambda: self.switching(at),
            "chain occupancy": lambda: self.chain(at)[0],
            "mean time on": lambda: self.chain(at)[1],
            "mean time off": lambda: self.chain(at)[1],
            "state": lambda: self.states([label], at),
            "rate": lambda: self.rates(at),
        }
        if kind not in makers:
            raise invalid("observable", name, f"one of {', '.join(makers)}, and a cluster, state or population")
        return makers[kind]().gradient(name, window)

    def _names(self, kinds: Sequence[str], pooled: bool) -> list[str]:
        return list(kinds) if pooled else [f"{kind} {c}" for kind in kinds for c in range(self.populations.n_clusters)]

    def _of_clusters(
        self, name: str, transform: Transform, windows: Sequence[float] | None, pooled: bool, acausal: bool = False
    ) -> ObservedResponses:
        n = self.populations.n_clusters
        observed = [each.astype(np.float64) for each in self._detected.active]

        def past_rates(i: int) -> list[NDArray[np.float64]]:
            rates = np.nan_to_num(self.sessions[i].rates[:, :n])
            return [causal_mean(rates, memory / self.bin_width) for memory in _MEMORIES]

        kind = Kind(self._names([name], pooled), "", transform, pooled, "clusters", acausal)
        constants = (0.0, 1.0) if transform is identity else ()
        return self._estimation.responses(kind, observed, windows, more=past_rates).without_constants(constants)

    def _chosen_states(self, states: Sequence[str] | None) -> list[tuple[int, ...]]:
        seen = {state.members: state for state in self.seen_states}
        if states is None:
            return [state.members for state in self.seen_states[:N_STATES]]
        chosen = [clusters_of_state(name, self.populations.n_clusters) for name in states]
        for members in chosen:
            if members not in seen:
                most = ", ".join(
                    f"{state_name(state.members)} ({100 * state.share:.3g} %)" for state in self.seen_states[:_NAMED]
                )
                raise InputError(
                    f"state {state_name(members)}: never seen in {self.duration:g} s of {self.n_trials} trials; "
                    f"expected a state that was; those seen most are {most}; simulate more trials, or choose another"
                )
        return chosen


def _checked(returned: Any, n_bins: int, name: str) -> NDArray[np.float64]:
    """What a function of the user returned, shape ``(T, m)``."""
    try:
        values = np.asarray(returned, np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim not in (1, 2) or len(values) != n_bins or not values.size or not np.isfinite(values).all():
        shown = f"an array of shape {values.shape}" if values.size else f"{returned!r:.60}"
        raise InputError(
            f"observable {name}: {shown} returned; expected finite numbers of shape ({n_bins},) or ({n_bins}, m), "
            "one for each bin of the session"
        )
    return values.reshape(n_bins, -1)
