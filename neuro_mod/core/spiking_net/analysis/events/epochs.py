"""Epochs: the pieces of sessions around events, and what is averaged over them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.choices import OnEdge, UnitKind
from neuro_mod.core.spiking_net.analysis.events import decoding, psth, signals, variability
from neuro_mod.core.spiking_net.analysis.events.decoding import N_FOLDS, REGULARIZATION, Decoding
from neuro_mod.core.spiking_net.analysis.events.epoch_spikes import (
    EpochSpikes,
    chosen_epochs,
    counts_in,
    read_epochs,
    windows_in,
)
from neuro_mod.core.spiking_net.analysis.events.mean_matching import BIN_SPIKES, N_DRAWS
from neuro_mod.core.spiking_net.analysis.events.signals import ClusterSignal, Part
from neuro_mod.core.spiking_net.analysis.events.variability import Quenching
from neuro_mod.core.spiking_net.analysis.findings.sessions import Progress, silent
from neuro_mod.core.spiking_net.analysis.rates.units import Units, units_of, units_of_neurons
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.event_tables import CONDITION, SESSION, event_table
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.opening import SpikeSource

_LOG = logging.getLogger(__name__)

#: Neurons by their indices, or None for those of all clusters that define states.
Neurons = ArrayLike | None


@dataclass(frozen=True, eq=False)
class Epochs:
    """The spikes around events, each of which is one trial.

    Clusters are those that define states, and neurons theirs. Times count from the event.

    Attributes:
        events: One row per epoch: ``session``, ``time`` of the event in seconds, ``condition`` (None without).
        before: Seconds from the start of an epoch to its event.
        after: Seconds from the event to the end of the epoch.
        layout: The clusters.
        spikes: The spikes.
        own_networks: Whether it is known that each session has a network of its own, whose neurons cannot be compared
            over sessions.
        targeted: Labels of the clusters that the stimulus of the run reaches; None where that is not known.
        noise: What says which sessions are simulations with the same noise, such as its seed, one for each session;
            None if it is not known of any.
    """

    events: pd.DataFrame
    before: float
    after: float
    layout: ClusterLayout
    spikes: EpochSpikes
    own_networks: bool = False
    targeted: tuple[int, ...] | None = None
    noise: tuple[Any, ...] | None = None

    def __repr__(self) -> str:
        parts = f"{-self.before:g} s to {self.after:g} s"
        return f"Epochs({len(self)} in {self.n_sessions} sessions, {parts}, conditions {self.conditions})"

    def __len__(self) -> int:
        return len(self.events)

    @property
    def n_sessions(self) -> int:
        """Number of sessions with an epoch."""
        return len(set(self.events[SESSION].tolist()))

    @property
    def conditions(self) -> tuple[Any, ...]:
        """The conditions in the order of their appearance; empty without conditions."""
        return tuple(each for each in dict.fromkeys(self.events[CONDITION]) if each is not None)

    def select(self, condition: Any) -> Epochs:
        """The epochs of one condition, or of several in a list.

        Raises:
            InputError: There is no such condition.
        """
        wanted = list(condition) if isinstance(condition, list | tuple) else [condition]
        for each in wanted:
            if each not in self.conditions:
                raise invalid(
                    "condition", each, f"one of {', '.join(map(str, self.conditions)) or 'none: no conditions'}"
                )
        rows = np.flatnonzero([each in wanted for each in self.events[CONDITION].tolist()])
        events = self.events.take(rows).reset_index(drop=True)
        return replace(self, events=events, spikes=chosen_epochs(self.spikes, rows))

    def counts(
        self, units: UnitKind = "clusters", bin_ms: float = 10.0, neurons: Neurons = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Times of the middles of bins in seconds, and spike counts ``(n_epochs, n_bins, n_units)``."""
        counted = self._units(units, neurons)
        bins = windows_in(self.spikes, bin_ms, bin_ms, "bin_ms")
        return bins.times(self.spikes), counts_in(self.spikes, bins, counted.of_neuron, len(counted.labels))

    def psth(self, units: UnitKind = "clusters", bin_ms: float = 10.0, neurons: Neurons = None) -> pd.DataFrame:
        """Mean rate around the event.

        Args:
            units: ``clusters`` or ``neurons``.
            bin_ms: Bins in ms, from the start of the epochs on.
            neurons: Indices of neurons, with ``units="neurons"``; by default all of the clusters that define states.

        Returns:
            Columns ``time`` (middle of the bin), ``unit`` (label or index), ``rate_hz`` (per neuron),
            ``standard_error`` (over epochs; NaN with a single one).
        """
        return psth.psth(self.spikes, self._units(units, neurons), bin_ms)

    def fano(
        self,
        window_ms: float = 100.0,
        step_ms: float = 20.0,
        *,
        mean_matched: bool = False,
        neurons: Neurons = None,
        seed: int = 0,
        n_draws: int = N_DRAWS,
        bin_spikes: float = BIN_SPIKES,
    ) -> pd.DataFrame:
        """Fano factors of spike counts over epochs, in sliding windows.

        The variance of a neuron is taken over the epochs of one condition (denominator: their number minus one), then
        mean and variance are averaged over conditions. Mean matching (Churchland et al. 2010) gives all windows the
        same distribution of mean counts; its points are the neurons in each condition.

        Args:
            window_ms: Length of the windows in ms.
            step_ms: From the start of a window to that of the next, in ms.
            mean_matched: Whether to compute mean-matched Fano factors, too.
            neurons: Indices of neurons; by default all of the clusters that define states.
            seed: Root seed of the draws of mean matching.
            n_draws: Number of draws.
            bin_spikes: Bins in which mean counts are matched, in spikes.

        Returns:
            Columns ``time`` (middle of the window), ``fano`` (mean over neurons with a spike), ``standard_error`` (over
            these neurons), ``n_neurons``; with mean matching ``mean_matched``, ``mean_matched_error`` (of the
            regression), ``n_matched`` (neurons and conditions that are left).

        Raises:
            InputError: No condition has two epochs, or a length is not valid.
        """
        units = self._units("neurons", neurons)
        return variability.fano_in_time(
            self.spikes,
            self._condition_numbers,
            units.of_neuron,
            len(units.labels),
            window_ms=window_ms,
            step_ms=step_ms,
            mean_matched=mean_matched,
            seed=seed,
            n_draws=n_draws,
            bin_spikes=bin_spikes,
        )

    def quenching(
        self,
        window_ms: float = 100.0,
        *,
        spontaneous: Part = (None, 0.0),
        evoked: Part = (0.0, None),
        neurons: Neurons = None,
    ) -> Quenching:
        """Drop of the Fano factor from before the event to after it.

        In each part, Fano factors in windows that do not overlap are averaged over neurons with a spike and windows.
        The standard error is that of the delete-one jackknife over epochs, within conditions, as neurons of one epoch
        are not independent.

        Args:
            window_ms: Length of the windows in ms.
            spontaneous: Begin and end of the part before, in seconds from the event; by default up to the event.
            evoked: Of the part after; by default from the event on.
            neurons: As for `fano`.
        """
        units = self._units("neurons", neurons)
        return variability.quenching(
            self.spikes,
            self._condition_numbers,
            units.of_neuron,
            len(units.labels),
            window_ms=window_ms,
            spontaneous=spontaneous,
            evoked=evoked,
        )

    def d_prime(
        self,
        units: UnitKind = "clusters",
        window: Part = (0.0, 0.2),
        *,
        baseline: Part | None = None,
        conditions: Sequence[Any] | None = None,
        neurons: Neurons = None,
    ) -> pd.DataFrame:
        """How far responses are from the baseline, or those of two conditions from each other, in standard deviations.

        d' is the difference of mean rates over the root of the mean of both variances, over epochs.

        Args:
            units: ``clusters`` or ``neurons``.
            window: Begin and end of the response in seconds from the event.
            baseline: Those of the baseline; by default as long, and ending at the event.
            conditions: Two conditions: the response under the second is compared with that under the first; then there
                is no baseline.
            neurons: As for `psth`.

        Returns:
            Columns ``unit`` and ``d_prime`` (NaN where nothing varies).
        """
        counted = self._units(units, neurons)
        if conditions is None:
            low = signals.rates_in(self.spikes, counted, self._baseline(window, baseline), "baseline")
            high = signals.rates_in(self.spikes, counted, window, "window")
        else:
            if baseline is not None or len(conditions) != 2:
                raise invalid("conditions", list(conditions), "two conditions, without a baseline")
            low, high = (signals.rates_in(self.select(c).spikes, counted, window, "window") for c in conditions)
        return pd.DataFrame({"unit": counted.labels, "d_prime": signals.d_prime(high, low)})

    def signal(
        self,
        targeted: Iterable[int] | Mapping[Any, Iterable[int]] | None = None,
        window: Part = (0.0, 0.1),
        *,
        baseline: Part | None = None,
        threshold_hz: float = 0.0,
    ) -> ClusterSignal:
        """Signal and reliability of the clusters that a stimulus targets, and of the others.

        The response of a cluster in an epoch is its mean rate in the window minus its mean baseline rate over all
        epochs. Its signal is the mean response over epochs, and its reliability the share of epochs in which the
        response exceeds the threshold.

        Args:
            targeted: Labels of targeted clusters, or a mapping from conditions to them; by default those that the
                stimulus of the run reaches.
            window: Begin and end of the response in seconds from the event.
            baseline: Those of the baseline; by default as long, and ending at the event.
            threshold_hz: A cluster responds in an epoch if its response exceeds this, in Hz.

        Raises:
            InputError: It is not known which clusters are targeted, or one is unknown.

        References:
            The gain of targeted and other clusters, and the share of trials in which they are active, of Papadopoulos
            et al. 2024, arXiv 2404.03902.
        """
        clusters = self._units("clusters", None)
        base = signals.rates_in(self.spikes, clusters, self._baseline(window, baseline), "baseline").mean(axis=0)
        response = signals.rates_in(self.spikes, clusters, window, "window") - base
        return signals.cluster_signal(response, self._targets(targeted), clusters.labels, threshold_hz)

    def decode(
        self,
        n_neurons: int | None = None,
        window_ms: float = 100.0,
        step_ms: float = 50.0,
        *,
        n_ensembles: int = 1,
        folds: int = N_FOLDS,
        seed: int = 0,
        regularization: float = REGULARIZATION,
        neurons: Neurons = None,
        groups: Sequence[Any] | None = None,
        report: Progress = silent,
    ) -> Decoding:
        """Decode the condition of single epochs from the spike counts of ensembles of neurons.

        In each window a linear support vector machine (`sklearn.svm.LinearSVC`, on counts that are standardised by
        those of its training epochs) is tested in stratified folds. Epochs of simulations with the same noise under
        different conditions are alike and must not be divided between training and testing: give their `groups`.

        Args:
            n_neurons: Neurons of an ensemble, drawn without replacement; by default all.
            window_ms: Length of the windows in ms.
            step_ms: From the start of a window to that of the next, in ms.
            n_ensembles: Number of ensembles.
            folds: Number of folds.
            seed: Root seed of ensembles and folds.
            regularization: ``C`` of the classifier.
            neurons: Indices of the neurons to draw from; by default all of the clusters that define states.
            groups: Group of each epoch, such as the seed of its noise; those of a group are in the same fold. By
                default, sessions of the same noise are groups where that is known, as of the runs of a sweep.
            report: Called with the number of ensembles done and their total.

        Raises:
            InputError: There are fewer than two conditions, fewer epochs of one than folds, fewer neurons, or too few
                groups to train each condition in all folds.
            ImportError: scikit-learn is missing.
        """
        candidates = self._units("neurons", neurons).labels
        return decoding.decode(
            self.spikes,
            self.events[CONDITION].tolist(),
            candidates,
            self.layout.n_neurons,
            n_neurons=n_neurons,
            window_ms=window_ms,
            step_ms=step_ms,
            n_ensembles=n_ensembles,
            folds=folds,
            seed=seed,
            regularization=regularization,
            groups=self._of_noise() if groups is None else groups,
            report=report,
        )

    @property
    def _condition_numbers(self) -> NDArray[np.int64]:
        values = self.events[CONDITION].tolist()
        numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
        return np.array([numbers[value] for value in values], np.int64)

    def _units(self, kind: UnitKind, neurons: Neurons) -> Units:
        if kind == "neurons":
            self._warn_of_networks()
        if neurons is None:
            return units_of(self.layout, kind)
        if kind != "neurons":
            raise invalid("units", kind, "neurons, as indices of neurons are given")
        return units_of_neurons(neurons, self.layout.n_neurons)

    def _of_noise(self) -> Sequence[Any] | None:
        """The noise of each epoch; None if no two sessions are known to have the same."""
        if self.noise is None or len(set(self.noise)) == len(self.noise):
            return None
        return [self.noise[session] for session in self.events[SESSION].tolist()]

    def _warn_of_networks(self) -> None:
        if self.own_networks and self.n_sessions > 1:
            _LOG.warning(
                "%d sessions with networks of their own found; expected sessions of one network, as of repeat "
                "--fix-network; neurons of different networks share nothing but their numbers",
                self.n_sessions,
            )

    def _baseline(self, window: Part, baseline: Part | None) -> Part:
        if baseline is not None:
            return baseline
        begin, end = (edge if time is None else time for edge, time in zip((0.0, self.after), window, strict=True))
        if begin >= end:
            raise invalid("window", [begin, end], "a window that ends after it begins")
        return (begin - end, 0.0)

    def _targets(self, targeted: Any) -> NDArray[np.bool_]:
        """Whether each cluster is targeted in each epoch."""
        if targeted is None and self.targeted is None:
            raise InputError(
                "targeted: nothing found; expected labels of clusters, as the runs do not tell which clusters their "
                "stimulus reaches"
            )
        given = self.targeted if targeted is None else targeted
        labels = self.layout.state_labels
        if not isinstance(given, Mapping):
            return np.tile(_members(labels, given or (), targeted is None), (len(self), 1))
        missing = set(self.conditions) - set(given)
        if missing or not self.conditions:
            raise invalid("targeted", sorted(map(str, given)), f"clusters of each condition of {self.conditions}")
        return np.array([_members(labels, given[condition], False) for condition in self.events[CONDITION]])


def _members(labels: NDArray[np.int64], chosen: Iterable[int], of_run: bool) -> NDArray[np.bool_]:
    """Which clusters are chosen; those that a run tells may be others than those that define states."""
    wanted = list(chosen)
    unknown = [each for each in wanted if each not in labels]
    if unknown and not of_run:
        raise invalid("targeted", unknown, f"labels of clusters that define states, {', '.join(map(str, labels))}")
    return np.isin(labels, wanted)


def epochs_of(
    source: SpikeSource,
    events: Any,
    before: float,
    after: float,
    conditions: Any = None,
    on_edge: OnEdge = "error",
    report: Progress = silent,
) -> Epochs:
    """Epochs around events of the sessions of a source; see `Analyzer.epochs`."""
    table = event_table(events, source.sessions, source.conventions.start, conditions)
    spikes, kept = read_epochs(source, table, before, after, on_edge, report)
    stimuli = {None if each.stimulus is None else each.stimulus.clusters for each in source.sessions}
    targeted = stimuli.pop() if len(stimuli) == 1 else None
    return Epochs(kept, before, after, source.layout, spikes, source.own_networks, targeted)
