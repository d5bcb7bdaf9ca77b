"""Run a spiking network in the compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.engine import kernel
from neuro_mod.core.spiking_net.engine.loop import Advanced, Bins
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.stepper import Stepper
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.errors import Interrupted
from neuro_mod.recordings.spikes import SpikeEvents

#: Neuron updates between two checks for progress, Ctrl-C and space in the spike buffer: some milliseconds.
_UPDATES_PER_CALL = 4_000_000


def simulate(trial: Trial, progress: Callable[[float], None] | None = None) -> Simulation:
    """Simulate a network, event by event and step by step in the compiled loop.

    The Poisson input is drawn inside the loop: memory holds the network and what is recorded.

    Args:
        trial: What to simulate.
        progress: Called with 0 when the kernel is compiled, then regularly with the simulated seconds done.

    Returns:
        What was recorded, and the state after the last step.

    Raises:
        InputError: External rates are too high.
        NumericalError: The state became infinite or NaN; the message gives neuron and time.
        Interrupted: On Ctrl-C, with the finished part.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, simulate
        >>> run = simulate(StageSNNSimulation("small").trial(duration_sec=0.1))
        >>> run.n_steps, run.spike_counts.shape
        (200, (600,))
        >>> run.state.step  # to continue from
        200
    """
    stepper = Stepper(trial)
    run = _Gathered(stepper)
    report = progress or (lambda _: None)
    try:
        stepper.advance_up_to(0)
        report(0)
        while stepper.done < trial.n_steps:
            stepper.advance_up_to(_steps_per_call(stepper))
            run.gather()
            report(stepper.done * trial.delta_t)
    except KeyboardInterrupt:
        run.gather()
        finished = run.result()
        raise Interrupted(f"interrupted after {finished.duration:g} simulated seconds", finished) from None
    return run.result()


def _steps_per_call(stepper: Stepper) -> int:
    """Steps up to the end of a block of words, which then are drawn once."""
    about = _UPDATES_PER_CALL // max(stepper.trial.network.n_neurons, 1) + 1
    return about + -(stepper.latest.state.step + about) % kernel.WORDS


class _Kept(NamedTuple):
    """The spikes of one call of the kernel, and those before."""

    steps: NDArray[np.int32]
    neurons: NDArray[np.int32]
    earlier: _Kept | None


class _Sums(NamedTuple):
    """What has been summed and kept up to step ``end``; ``latest`` are the bins of the latest call."""

    end: int
    spike_counts: NDArray[np.int64]
    latest: Bins
    kept: _Kept | None


class _Gathered:
    """What is recorded of a trial while a stepper advances it."""

    def __init__(self, stepper: Stepper):
        self._stepper, self._trial = stepper, stepper.trial
        trial, network, recording = self._trial, self._trial.network, self._trial.recording
        n_bins = [_n_bins(trial.n_steps, width) for width in (recording.bin_steps, recording.scores)]
        self._binned = np.zeros((n_bins[0], network.n_populations), np.int32)
        self._scores = np.zeros((2, n_bins[1], network.n_populations))
        samples = -(-trial.n_steps // recording.every)
        traces = stepper.latest.voltage, stepper.latest.current
        self._voltage, self._current = (np.empty((samples, each.shape[1]), trial.dtype) for each in traces)
        nothing = np.zeros(network.n_neurons, np.int64)
        self._sums = _Sums(0, nothing, Bins(0, 0, self._binned[:0]), None)
        self._handed_over = 0

    def gather(self) -> None:
        """Add what the latest call did, and pass on its spikes, once; repeating it after an interruption is safe."""
        latest, recording = self._stepper.latest, self._trial.recording
        if latest.end > self._sums.end:
            self._sums = self._with(latest)
        if latest.end > self._handed_over:
            self._sums.latest.put(self._binned)
            latest.scores.put(self._scores)
            first = -(-latest.begin // recording.every)
            self._voltage[first : first + len(latest.voltage)] = latest.voltage
            self._current[first : first + len(latest.current)] = latest.current
            if recording.on_spikes:
                recording.on_spikes(latest.steps, latest.neurons, latest.end)
            self._handed_over = latest.end

    def result(self) -> Simulation:
        """The result so far."""
        done, spike_counts, _, kept = self._sums
        trial, recording = self._trial, self._trial.recording
        steps, neurons = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        while kept is not None:
            steps.append(kept.steps)
            neurons.append(kept.neurons)
            kept = kept.earlier
        events = None
        if recording.spikes:
            n = trial.network.n_neurons
            events = SpikeEvents(np.concatenate(steps[::-1]), np.concatenate(neurons[::-1]), done, n, trial.delta_t)
        samples = -(-done // recording.every)
        return Simulation(
            done,
            trial.delta_t,
            self._stepper.latest.state,
            trial.network,
            spike_counts,
            self._binned[: _n_bins(done, recording.bin_steps)],
            self._voltage[:samples],
            self._current[:samples],
            events,
            *self._scores[:, : _n_bins(done, recording.scores)],
        )

    def _with(self, latest: Advanced) -> _Sums:
        before = self._sums
        counts = before.spike_counts + np.bincount(latest.neurons, minlength=len(before.spike_counts))
        kept = _Kept(latest.steps, latest.neurons, before.kept) if self._trial.recording.spikes else None
        return _Sums(latest.end, counts, self._in_bins(latest).after(before.latest, latest.begin), kept)

    def _in_bins(self, latest: Advanced) -> Bins:
        """The spikes in the bin that the latest call began in and the following ones."""
        width, p = self._trial.recording.bin_steps, self._trial.network.n_populations
        if not width:
            return Bins(0, 0, self._binned[:0])
        first = latest.begin // width
        n_bins = _n_bins(latest.end, width) - first
        cells = (latest.steps // width - first).astype(np.int64) * p + self._trial.network.population[latest.neurons]
        return Bins(width, first, np.bincount(cells, minlength=n_bins * p).reshape(n_bins, p).astype(np.int32))


def _n_bins(n_steps: int, bin_steps: int) -> int:
    return -(-n_steps // bin_steps) if bin_steps else 0
