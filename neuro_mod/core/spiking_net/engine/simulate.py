"""Run a spiking network in the compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.engine import kernel, scoring
from neuro_mod.core.spiking_net.engine.arguments import new_scratch
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine.noise import active_sources, build_noise, check_counts
from neuro_mod.core.spiking_net.engine.parameters import ParameterTable
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.engine.wiring import build_wiring, split_blocks
from neuro_mod.errors import InputError, Interrupted, NumericalError
from neuro_mod.recordings.spikes import SpikeEvents

#: Neuron updates between two checks for progress, Ctrl-C and space in the spike buffer: some milliseconds.
_UPDATES_PER_CALL = 4_000_000
_MIN_SPIKE_CAPACITY = 2**16


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
    """
    run = _Run(trial)
    report = progress or (lambda _: None)
    try:
        run.advance(0)
        report(0)
        while run.done < trial.n_steps:
            run.advance(run.steps_per_call())
            run.hand_over()
            report(run.done * trial.delta_t)
    except KeyboardInterrupt:
        run.hand_over()
        finished = run.result()
        raise Interrupted(f"interrupted after {finished.duration:g} simulated seconds", finished) from None
    return run.result()


class _Bins(NamedTuple):
    """Sums in bins of ``width`` steps over one call of the kernel, from bin ``first`` on; shape ``(..., n, P)``."""

    width: int
    first: int
    sums: NDArray[Any]

    def after(self, earlier: _Bins, step: int) -> _Bins:
        """The same with the earlier part of the first bin, where a call ended within it, before this step."""
        if self.width and step % self.width and self.sums.size:
            self.sums[..., 0, :] += earlier.sums[..., self.first - earlier.first, :]
        return self

    def put(self, into: NDArray[Any]) -> None:
        """Write the sums to their place among all bins."""
        into[..., self.first : self.first + self.sums.shape[-2], :] = self.sums


class _Chunk(NamedTuple):
    """Spikes of one call of the kernel, up to step ``end``; how many of each population, and scores, in bins."""

    end: int
    steps: NDArray[np.int32]
    neurons: NDArray[np.int32]
    binned: _Bins
    scores: _Bins


class _Kept(NamedTuple):
    """Spikes that are kept, and those before."""

    chunk: _Chunk
    earlier: _Kept | None


class _Progress(NamedTuple):
    state: State
    spike_counts: NDArray[np.int64]
    latest: _Chunk
    kept: _Kept | None


class _Run:
    """A running simulation."""

    def __init__(self, trial: Trial):
        self._trial, network, dtype = trial, trial.network, np.dtype(trial.dtype)
        parameters = trial.parameters
        blocks = split_blocks(network, parameters)
        self._table = ParameterTable(trial, blocks, active_sources(network))
        largest_mean, largest_slope = parameters.largest_counts()
        check_counts(network, largest_mean, largest_slope)
        self._noise = build_noise(network, trial.noise_seed, largest_mean)
        self._drive = _drive(trial, parameters, dtype)
        self._wiring = build_wiring(network, blocks, dtype)
        self._scratch = new_scratch(self._wiring, len(blocks.typical))
        self._traces = _traces(trial.recording, network.n_neurons, trial.n_steps, dtype)
        self._scores = scoring.new_scores(
            network, active_sources(network), trial.delta_t, largest_mean, trial.recording.scores
        )
        capacity = max(_MIN_SPIKE_CAPACITY, 2 * network.n_neurons)
        self._buffer = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        state = trial.state
        start = State(
            state.voltage.astype(dtype),
            state.current.astype(dtype),
            state.refractory.astype(np.int32),
            state.step,
            trial.delta_t if state.step else state.delta_t,
            trial.noise_seed,
        )
        n_bins = [_n_bins(trial.n_steps, width) for width in (trial.recording.bin_steps, trial.recording.scores)]
        self._binned = np.zeros((n_bins[0], network.n_populations), np.int32)
        self._score_bins = np.zeros((2, n_bins[1], network.n_populations))
        no_bins = _Bins(0, 0, self._binned[:0]), _Bins(0, 0, self._score_bins[:, :0])
        nothing = _Chunk(0, np.empty(0, np.int32), np.empty(0, np.int32), *no_bins)
        self._progress = _Progress(start, np.zeros(network.n_neurons, np.int64), nothing, None)
        self._handed_over = 0

    @property
    def done(self) -> int:
        """Steps done so far."""
        return self._progress.state.step - self._trial.state.step

    def steps_per_call(self) -> int:
        """Steps up to the end of a block of words, which then are drawn once."""
        about = _UPDATES_PER_CALL // max(self._trial.network.n_neurons, 1) + 1
        return about + -(self._progress.state.step + about) % kernel.WORDS

    def advance(self, n_steps: int) -> None:
        """Simulate up to this many steps.

        The loop works on copies, and its results replace the previous ones in one assignment at the end: after Ctrl-C
        at any moment, state and spikes are consistent.
        """
        before = self._progress
        state, steps, neurons, scores = self._advanced(min(n_steps, self._trial.n_steps - self.done))
        if not _is_finite(state):
            raise NumericalError(self._where_not_finite(state.step - before.state.step))
        spike_counts = before.spike_counts + np.bincount(neurons, minlength=len(before.spike_counts))
        end = state.step - self._trial.state.step
        binned = self._in_bins(end, steps, neurons).after(before.latest.binned, self.done)
        chunk = _Chunk(end, steps, neurons, binned, scores.after(before.latest.scores, self.done))
        kept = _Kept(chunk, before.kept) if self._trial.recording.spikes else None
        self._progress = _Progress(state, spike_counts, chunk, kept)

    def hand_over(self) -> None:
        """Pass on the spikes of the latest call, once; repeating it after an interruption is safe."""
        chunk = self._progress.latest
        if chunk.end > self._handed_over:
            chunk.binned.put(self._binned)
            chunk.scores.put(self._score_bins)
            if self._trial.recording.on_spikes:
                self._trial.recording.on_spikes(chunk.steps, chunk.neurons, chunk.end)
            self._handed_over = chunk.end

    def result(self) -> Simulation:
        """The result so far."""
        state, spike_counts, _, kept = self._progress
        trial, done = self._trial, self.done
        steps, neurons = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        while kept is not None:
            steps.append(kept.chunk.steps)
            neurons.append(kept.chunk.neurons)
            kept = kept.earlier
        events = None
        if trial.recording.spikes:
            events = SpikeEvents(
                np.concatenate(steps[::-1]), np.concatenate(neurons[::-1]), done, trial.network.n_neurons, trial.delta_t
            )
        samples = -(-done // self._traces.every)
        return Simulation(
            done,
            trial.delta_t,
            state,
            trial.network,
            spike_counts,
            self._binned[: _n_bins(done, trial.recording.bin_steps)],
            self._traces.voltage[:samples],
            self._traces.current[:samples],
            events,
            *self._score_bins[:, : _n_bins(done, trial.recording.scores)],
        )

    def _advanced(self, n_steps: int) -> tuple[State, NDArray[np.int32], NDArray[np.int32], _Bins]:
        """State, spikes and scores after up to this many further steps."""
        state, begin = self._progress.state, self.done
        scores = scoring.bins(self._scores, begin, begin + n_steps)
        voltage, current, refractory = state.voltage.copy(), state.current.copy(), state.refractory.copy()
        done, n_spikes = kernel.advance(
            begin,
            n_steps,
            self._trial.state.step,
            voltage,
            current,
            refractory,
            self._table.between(begin, begin + n_steps),
            self._noise,
            _from(self._drive, begin),
            self._wiring,
            self._scratch,
            self._traces,
            scores,
            *self._buffer,
        )
        steps, neurons = (buffer[:n_spikes].copy() for buffer in self._buffer)
        changed = {"voltage": voltage, "current": current, "refractory": refractory, "step": state.step + done}
        n_bins = _n_bins(begin + done, scores.every) - scores.first_bin
        in_bins = _Bins(int(scores.every), int(scores.first_bin), np.stack([scores.rate, scores.arousal])[:, :n_bins])
        return replace(state, delta_t=self._trial.delta_t, **changed), steps, neurons, in_bins

    def _in_bins(self, end: int, steps: NDArray[np.int32], neurons: NDArray[np.int32]) -> _Bins:
        """The spikes in the bin that the latest call ended in and the following ones, up to step ``end``."""
        width, p = self._trial.recording.bin_steps, self._trial.network.n_populations
        if not width:
            return _Bins(0, 0, self._binned[:0])
        first = self.done // width
        n_bins = _n_bins(end, width) - first
        cells = (steps // width - first).astype(np.int64) * p + self._trial.network.population[neurons]
        return _Bins(width, first, np.bincount(cells, minlength=n_bins * p).reshape(n_bins, p).astype(np.int32))

    def _where_not_finite(self, n_steps: int) -> str:
        """Find the first step after which the state is not finite, within this many further ones."""
        good, bad = 0, n_steps
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if not _is_finite(self._advanced(middle)[0]) else (middle, bad)
        state, network = self._advanced(bad)[0], self._trial.network
        neuron = int(np.flatnonzero(~(np.isfinite(state.voltage) & np.isfinite(state.current)))[0])
        return (
            f"the state of neuron {neuron} ({network.name_of(network.population[neuron])}) is no longer finite at "
            f"{(state.step - 1) * self._trial.delta_t:.10g} s (step {state.step - 1}); a smaller delta_t, or weaker "
            "weights and inputs, may help"
        )


def _is_finite(state: State) -> bool:
    return bool(np.isfinite(state.voltage).all() and np.isfinite(state.current).all())


def _n_bins(n_steps: int, bin_steps: int) -> int:
    return -(-n_steps // bin_steps) if bin_steps else 0


def _drive(trial: Trial, parameters: ParametersInTime, dtype: np.dtype) -> kernel.Drive:
    stimulus, injected, network = trial.stimulus, trial.injected, trial.network
    gain, course = np.zeros(0, dtype), np.zeros(1, dtype)
    if stimulus is not None and trial.n_steps:
        with np.errstate(over="ignore"):
            gain, course = stimulus.gain.astype(dtype), stimulus.course.astype(dtype)
        if not (np.isfinite(gain).all() and np.isfinite(course).all()):
            raise InputError(f"stimulus: values beyond the range of {dtype} found; expected smaller ones")
    if injected is None:
        return kernel.Drive(gain, course, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, dtype))
    order = np.argsort(injected.steps, kind="stable")
    steps, neurons = (np.asarray(values, np.int64)[order] for values in (injected.steps, injected.neurons))
    tau_synaptic = parameters["tau_synaptic"]
    tau = tau_synaptic.values[tau_synaptic.piece(steps), network.population[neurons]]
    return kernel.Drive(gain, course, steps, neurons, (injected.weights[order] / tau).astype(dtype))


def _from(drive: kernel.Drive, step: int) -> kernel.Drive:
    """The injected spikes that remain."""
    first = np.searchsorted(drive.steps, step)
    return drive._replace(steps=drive.steps[first:], neurons=drive.neurons[first:], jumps=drive.jumps[first:])


def _traces(recording: Recording, n_neurons: int, n_steps: int, dtype: np.dtype) -> kernel.Traces:
    samples = -(-n_steps // recording.every)
    chosen = [np.asarray(neurons, np.int64).reshape(-1) for neurons in (recording.voltage, recording.current)]
    voltage, current = (np.empty((samples, len(neurons)), dtype) for neurons in chosen)
    return kernel.Traces(recording.every, chosen[0], voltage, chosen[1], current)
