"""A simulation that is advanced piece by piece, and whose parameters may change between two pieces."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.engine import kernel, scoring
from neuro_mod.core.spiking_net.engine.arguments import Noise, new_scratch
from neuro_mod.core.spiking_net.engine.courses import VARIABLE, ParametersInTime
from neuro_mod.core.spiking_net.engine.noise import active_sources, build_noise, check_counts
from neuro_mod.core.spiking_net.engine.parameters import ParameterTable
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.engine.wiring import build_wiring, split_blocks
from neuro_mod.core.spiking_net.network import Synapses
from neuro_mod.errors import InputError, NumericalError, invalid
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.summaries import Shown, Summary, counted

_MIN_SPIKE_CAPACITY = 2**16


class Piece(Shown):
    """What happened while a simulation advanced.

    Attributes:
        begin: First step of the piece, counted from the beginning of the noise, as `State.step`.
        n_steps: Its length in steps.
        delta_t: Time step in seconds.
        network: The network.
    """

    def __init__(self, trial: Trial, before: Advanced, found: list[Advanced]):
        self.begin, self.n_steps = before.state.step, found[-1].end - before.end
        self.delta_t, self.network = trial.delta_t, trial.network
        self._before, self._found = before.end, found

    def _summary(self) -> Summary:
        rows = {"begins": f"at {self.time:g} s, step {self.begin}", **self.spikes._summary().rows}
        return Summary(f"Piece of {counted(self.n_steps, 'step')}, {counted(len(self.spikes), 'spike')}", rows)

    @cached_property
    def spikes(self) -> SpikeEvents:
        """Its spikes, in steps counted from its beginning."""
        steps = self._joined("steps") - np.int32(self._before)
        return SpikeEvents(steps, self._joined("neurons"), self.n_steps, self.network.n_neurons, self.delta_t)

    @property
    def voltage(self) -> NDArray[np.floating]:
        """V after the recorded steps, shape ``(n_recorded_steps, n_recorded_neurons)``."""
        return self._joined("voltage")

    @property
    def current(self) -> NDArray[np.floating]:
        """I after the recorded steps, likewise."""
        return self._joined("current")

    @property
    def time(self) -> float:
        """Beginning in seconds."""
        return self.begin * self.delta_t

    @property
    def rates(self) -> NDArray[np.float64]:
        """Mean rate of each population in Hz, NaN without neurons or steps, shape ``(P,)``."""
        sizes = self.network.sizes
        n = np.bincount(self.network.population[self.spikes.neurons], minlength=len(sizes))
        with np.errstate(invalid="ignore", divide="ignore"):
            return n / (sizes * self.spikes.duration)

    def _joined(self, name: str) -> NDArray[Any]:
        found = [getattr(each, name) for each in self._found]
        return found[0] if len(found) == 1 else np.concatenate(found)


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


class _Position(NamedTuple):
    """Where a stepper is, and under which parameters it goes on."""

    loop: _Loop
    latest: Advanced


class Pieces(Shown):
    """A simulation in pieces: all of `Stepper` but how parameters are changed.

    Args:
        trial: What to simulate.

    Raises:
        InputError: External rates are too high.
    """

    def __init__(self, trial: Trial):
        self._first = trial
        self._position = self._at_start(trial)

    def _summary(self) -> Summary:
        network, latest = self.trial.network, self.latest.state
        rows = {"at": f"{self.time:g} s, step {latest.step}", "seed of the noise": str(self.seed)}
        return Summary(f"{type(self).__name__} of {counted(network.n_neurons, 'neuron')}", rows)

    @property
    def trial(self) -> Trial:
        """What is simulated, under the present parameters, as if they had held from the start."""
        return self._position.loop.trial

    @property
    def done(self) -> int:
        """Steps done so far."""
        return self._position.latest.end

    @property
    def state(self) -> State:
        """The present state, to continue from."""
        return replace(self._position.latest.state, network=self.trial.network.fingerprint)

    @property
    def seed(self) -> int:
        """Root seed of the noise."""
        return self.trial.noise_seed

    @property
    def time(self) -> float:
        """Simulated seconds since the beginning of the noise."""
        return self._position.latest.state.step * self.trial.delta_t

    @property
    def latest(self) -> Advanced:
        """What the latest call of the kernel did."""
        return self._position.latest

    def advance(self, n_steps: int | None = None, *, seconds: float | None = None) -> Piece:
        """Simulate a piece.

        After an error or Ctrl-C, the stepper is where it was before.

        Args:
            n_steps: Its length in steps.
            seconds: Its length in seconds instead, rounded to steps.

        Raises:
            InputError: Both or neither is given, or the trial ends earlier.
            NumericalError: The state became infinite or NaN; the message gives neuron and time.
        """
        n_steps = self._n_steps(n_steps, seconds)
        start = self._position
        found: list[Advanced] = []
        try:
            self._check_end(self.done + n_steps)
            while (left := start.latest.end + n_steps - self.done) > 0 or not found:
                self._prepare()
                found.append(self.advance_up_to(left))
        except BaseException:
            self._position = start
            raise
        return Piece(self.trial, start.latest, found)

    def advance_up_to(self, n_steps: int) -> Advanced:
        """Simulate up to this many steps, in one call of the kernel; `simulate` is made of these.

        The loop works on copies, and its results replace the previous ones in one assignment at the end: after Ctrl-C
        at any moment, state and spikes are consistent.

        Raises:
            NumericalError: As for `advance`.
        """
        loop, latest = self._position
        advanced = loop.advanced(latest, min(n_steps, loop.trial.n_steps - latest.end))
        self._position = _Position(loop, advanced)
        return advanced

    def record(self, voltage: ArrayLike = (), current: ArrayLike = (), every: int = 1) -> None:
        """Record other neurons from the next step on; arguments and errors as for `Recording`."""
        recording = replace(self.trial.recording, voltage=voltage, current=current, every=every)
        self._use(replace(self.trial, recording=recording))

    def fork(self) -> Self:
        """Another one in the same position, under the same parameters; each goes its own way."""
        return copy(self)

    def __getstate__(self) -> dict[str, Any]:
        """What copies are made from: not the arrays that the compiled loop changes."""
        loop, latest = self._position
        return {**vars(self), "_position": (loop.trial, loop.weights, latest)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        trial, weights, latest = state["_position"]
        vars(self).update(state, _position=_Position(_Loop(trial, weights=weights), latest))

    def reset(self, seed: int | None = None) -> None:
        """Go back to the start and to the parameters that held there.

        Args:
            seed: Root seed of other noise; by default the noise is the same again.
        """
        if seed is not None:
            whole_number("seed", seed, 0)
        first = self._first if seed is None else replace(self._first, seed=seed)
        self._position = self._at_start(first)

    def _use(self, trial: Trial) -> None:
        """Go on from the present state under the parameters and the input of another trial of this network."""
        loop, latest = self._position
        self._position = _Position(_Loop(trial, loop if latest.end else None), latest)

    def _at_start(self, trial: Trial) -> _Position:
        loop = _Loop(trial)
        return _Position(loop, loop.nothing())

    def _prepare(self) -> None:
        """Prepare further steps, where the trial is not the whole simulation and ends here."""

    def _check_end(self, end: int) -> None:
        """Refuse to go further than the simulation goes."""
        if end > self.trial.n_steps:
            raise invalid("n_steps", end - self.done, f"at most {self.trial.n_steps - self.done}, as the trial ends")

    def _n_steps(self, n_steps: int | None, seconds: float | None) -> int:
        if (n_steps is None) == (seconds is None):
            found = "neither" if n_steps is None else "both"
            raise InputError(f"n_steps, seconds: {found} found; expected one of them")
        if n_steps is not None:
            return whole_number("n_steps", n_steps, 0)
        if not (isinstance(seconds, (int, float)) and 0 <= seconds < np.inf):
            raise invalid("seconds", seconds, "a number of seconds, 0 or more")
        return round(seconds / self.trial.delta_t)


class Stepper(Pieces):
    """A simulation that is advanced piece by piece; pieces of any length give the bytes of one run.

    What a run prepares is prepared once, so that short pieces cost little more than the loop itself.

    Args:
        trial: What to simulate.

    Raises:
        InputError: External rates are too high.
    """

    def set(self, **quantities: ArrayLike) -> None:
        """Change parameters from the next step on; see `VARIABLE` for their names.

        Args:
            **quantities: Their values in the unit and, unless it is one number, in the shape that the network has them
                in. Each holds until it is set again, whatever its course in the trial.

        Raises:
            InputError: A name is unknown, a shape does not fit, a parameter becomes invalid, or external rates are too
                high; nothing is changed then.
        """
        trial, courses = self.trial, {}
        for name, value in quantities.items():
            if name not in VARIABLE:
                raise invalid("parameter", name, f"one of {', '.join(VARIABLE)}")
            shape = trial.parameters[name].values.shape[1:] if np.ndim(value) == 0 else np.shape(value)
            courses[name] = Course([0], np.broadcast_to(np.asarray(value, np.float64), shape)[None])
        self._use(replace(trial, courses={**trial.courses, **courses}))


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


class _Loop:
    """The compiled loop with all that it needs for a trial.

    Args:
        trial: The trial.
        earlier: A loop of another trial of the same network and noise, from which what is the same is taken.
        weights: Block weights by which the wiring is laid out, shape ``(P, P)``; by default those of ``earlier``, or
            the first ones.
    """

    def __init__(self, trial: Trial, earlier: _Loop | None = None, weights: NDArray[np.float64] | None = None):
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
