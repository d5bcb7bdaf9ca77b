"""The compiled loop with all that it needs for a trial: what one call of it does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.engine import kernel, scoring
from neuro_mod.core.spiking_net.engine.arguments import Noise, new_scratch
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine.noise import active_sources, build_noise, check_counts
from neuro_mod.core.spiking_net.engine.parameters import ParameterTable
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.engine.wiring import build_wiring, split_blocks
from neuro_mod.core.spiking_net.network import Synapses
from neuro_mod.errors import InputError, NumericalError

_MIN_SPIKE_CAPACITY = 2**16


class Bins(NamedTuple):
    """Sums in bins of ``width`` steps over one call of the kernel, from bin ``first`` on; shape ``(..., n, P)``.

    With width 0 there are none.
    """

    width: int
    first: int
    sums: NDArray[Any]

    def after(self, earlier: Bins, step: int) -> Bins:
        """The same with the earlier part of the first bin, where a call ended within it, before this step."""
        if self.width and step % self.width and self.sums.size:
            self.sums[..., 0, :] += earlier.sums[..., self.first - earlier.first, :]
        return self

    def put(self, into: NDArray[Any]) -> None:
        """Write the sums to their place among all bins."""
        if self.width:
            into[..., self.first : self.first + self.sums.shape[-2], :] = self.sums


class Advanced(NamedTuple):
    """What one call of the kernel did, from step ``begin`` to ``end`` of the trial, in which spikes are counted, too.

    Voltage and current are those of the recorded steps among them; scores are sums in bins. The external counts up to
    step ``counted`` are known; ``finite`` says whether the state is.
    """

    begin: int
    end: int
    state: State
    steps: NDArray[np.int32]
    neurons: NDArray[np.int32]
    voltage: NDArray[np.floating]
    current: NDArray[np.floating]
    scores: Bins
    counted: int
    finite: bool


class _Drawn:
    """External input, and what is drawn of it; loops share it, one after the other.

    Args:
        noise: Its streams and tables.
        largest_mean: Bound on the mean count for which there is room.
    """

    def __init__(self, noise: Noise, largest_mean: float):
        self.noise, self.largest_mean = noise, largest_mean
        #: After which call, and under which parameters, the noise holds counts of further steps.
        self.latest: tuple[Advanced, kernel.Parameters] | None = None

    def counted_after(self, latest: Advanced, parameters: kernel.Parameters) -> int:
        """Step up to which counts are known under these parameters; they are not once the loop has begun."""
        known = self.latest and self.latest[0] is latest and self.latest[1] is parameters
        self.latest = None
        return latest.counted if known else latest.end


class Loop:
    """The compiled loop with all that it needs for a trial.

    Args:
        trial: The trial.
        earlier: A loop of another trial of the same network and noise, from which what is the same is taken.
        weights: Block weights by which the wiring is laid out, shape ``(P, P)``; by default those of ``earlier``, or
            the first ones.
    """

    def __init__(self, trial: Trial, earlier: Loop | None = None, weights: NDArray[np.float64] | None = None):
        self.trial, network, dtype = trial, trial.network, np.dtype(trial.dtype)
        parameters, sources = trial.parameters, active_sources(network)
        largest_mean, largest_slope = parameters.largest_counts()
        check_counts(network, largest_mean, largest_slope)
        self.weights = weights
        if weights is None:
            self.weights = earlier.weights if earlier else _first_weights(trial)
        self._blocks = split_blocks(network, parameters, self.weights)
        self._table = ParameterTable(trial, self._blocks, sources)
        self._drive = _drive(trial, parameters, dtype)
        if earlier and earlier._drawn.largest_mean >= largest_mean:
            self._drawn = earlier._drawn
        else:
            self._drawn = _Drawn(build_noise(network, trial.noise_seed, largest_mean), largest_mean)
        if earlier and all(map(np.array_equal, vars(earlier._blocks).values(), vars(self._blocks).values())):
            self._wiring, self._scratch = earlier._wiring, earlier._scratch
        else:
            self._wiring = build_wiring(network, self._blocks, dtype)
            self._scratch = new_scratch(self._wiring, len(self._blocks.typical))
        self._scores = scoring.new_scores(
            network, sources, trial.delta_t, self._drawn.largest_mean, trial.recording.scores
        )
        self._traces = _traces(trial.recording)
        capacity = max(_MIN_SPIKE_CAPACITY, 2 * network.n_neurons)
        self._buffer = earlier._buffer if earlier else (np.empty(capacity, np.int32), np.empty(capacity, np.int32))

    def nothing(self) -> Advanced:
        """Where the trial begins."""
        trial, state = self.trial, self.trial.state
        start = State(
            state.voltage.astype(trial.dtype),
            state.current.astype(trial.dtype),
            state.refractory.astype(np.int32),
            state.step,
            trial.delta_t if state.step else state.delta_t,
            trial.noise_seed,
        )
        return Advanced(
            0, 0, start, np.empty(0, np.int32), np.empty(0, np.int32), *self._samples(0, 0), _NO_BINS, 0, True
        )

    def advanced(self, latest: Advanced, n_steps: int) -> Advanced:
        """What up to this many further steps do.

        Raises:
            NumericalError: The state became infinite or NaN.
        """
        after = self._advanced(latest, n_steps)
        if not after.finite:
            raise NumericalError(self._where_not_finite(latest, after.end - latest.end))
        return after

    def _advanced(self, latest: Advanced, n_steps: int) -> Advanced:
        trial, state, begin = self.trial, latest.state, latest.end
        scores = scoring.bins(self._scores, begin, begin + n_steps) if self._scores.every else self._scores
        voltage, current, refractory = state.voltage.copy(), state.current.copy(), state.refractory.copy()
        voltages, currents = self._samples(begin, begin + n_steps)
        parameters = self._table.between(begin, begin + n_steps)
        counted = self._drawn.counted_after(latest, parameters)
        done, n_spikes, counted, finite = kernel.advance(
            begin,
            n_steps,
            trial.state.step,
            counted,
            voltage,
            current,
            refractory,
            parameters,
            self._drawn.noise,
            _from(self._drive, begin),
            self._wiring,
            self._scratch,
            self._traces._replace(first=-(-begin // self._traces.every), voltage=voltages, current=currents),
            scores,
            *self._buffer,
        )
        end = begin + done
        n_samples = self._n_samples(begin, end)
        advanced = Advanced(
            begin,
            end,
            State(voltage, current, refractory, state.step + done, trial.delta_t, state.seed, state.network),
            self._buffer[0][:n_spikes].copy(),
            self._buffer[1][:n_spikes].copy(),
            voltages[:n_samples],
            currents[:n_samples],
            self._bins(scores, end).after(latest.scores, begin),
            counted,
            finite,
        )
        self._drawn.latest = advanced, parameters
        return advanced

    def _bins(self, scores: kernel.Scores, end: int) -> Bins:
        if not scores.every:
            return _NO_BINS
        n_bins = -(-end // scores.every) - scores.first_bin
        return Bins(int(scores.every), int(scores.first_bin), np.stack([scores.rate, scores.arousal])[:, :n_bins])

    def _n_samples(self, begin: int, end: int) -> int:
        every = self._traces.every
        return -(-end // every) - -(-begin // every)

    def _samples(self, begin: int, end: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Empty arrays for voltages and currents in these steps."""
        n, dtype = self._n_samples(begin, end), self.trial.dtype
        n_voltages, n_currents = len(self._traces.voltage_neurons), len(self._traces.current_neurons)
        return np.empty((n, n_voltages), dtype), np.empty((n, n_currents), dtype)

    def _where_not_finite(self, latest: Advanced, n_steps: int) -> str:
        """Find the first step after which the state is not finite, within this many further ones."""
        good, bad = 0, n_steps
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if not self._advanced(latest, middle).finite else (middle, bad)
        state, network = self._advanced(latest, bad).state, self.trial.network
        neuron = int(np.flatnonzero(~(np.isfinite(state.voltage) & np.isfinite(state.current)))[0])
        return (
            f"the state of neuron {neuron} ({network.name_of(network.population[neuron])}) is no longer finite at "
            f"{(state.step - 1) * self.trial.delta_t:.10g} s (step {state.step - 1}); a smaller delta_t, or weaker "
            "weights and inputs, may help"
        )


_NO_BINS = Bins(0, 0, np.zeros((2, 0, 0)))


def _first_weights(trial: Trial) -> NDArray[np.float64] | None:
    """Block weights at the start, by which the wiring is laid out."""
    return trial.parameters["block_weights"].values[0] if isinstance(trial.network.synapses, Synapses) else None


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
    if not len(drive.steps):
        return drive
    first = np.searchsorted(drive.steps, step)
    return drive._replace(steps=drive.steps[first:], neurons=drive.neurons[first:], jumps=drive.jumps[first:])


def _traces(recording: Recording) -> kernel.Traces:
    """Which neurons are recorded; there is room for nothing yet."""
    chosen = [np.asarray(neurons, np.int64).reshape(-1) for neurons in (recording.voltage, recording.current)]
    return kernel.Traces(recording.every, 0, chosen[0], None, chosen[1], None)
