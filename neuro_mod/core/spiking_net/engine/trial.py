"""A trial: one simulation that is given to the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.choices import Mechanism, Precision
from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime, parameters_in_time
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.external.injected import InjectedSpikes
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.spikes import MAX_STEPS, VALID_STEP, is_step
from neuro_mod.summaries import ShownFields

#: Receives the steps and the neurons of further spikes, and the number of steps done so far.
SpikeSink = Callable[[NDArray[np.int32], NDArray[np.int32], int], None]


@dataclass(frozen=True, eq=False, repr=False)
class Recording(ShownFields):
    """What is recorded in addition to the number of spikes of each neuron.

    Args:
        spikes: Whether the spikes are kept as events.
        on_spikes: Receives the spikes during the simulation, in order, in the thread of the trial; each trial of a
            batch needs its own. After Ctrl-C it may receive the latest spikes again, if it had not returned.
        bin_steps: Width in steps of the bins in which the spikes of each population are counted; 0 for no bins.
        voltage: Neurons whose voltage is recorded.
        current: Neurons whose synaptic current is recorded.
        every: Record these after steps ``0, every, 2 every, ...`` of the run.
        scores: Width in steps of the bins in which the scores of the external input are summed; 0 for none. The score
            of population a, ``sum_i (n_i - C nu_i h) / nu_i`` over its neurons and the sources that send to them, is
            the derivative of the log-likelihood of a step's counts n with respect to a shift of its external rate nu in
            Hz. It has mean 0, variance ``sum_i C h / nu_i``, and its covariance with anything later in the run is the
            derivative of that one's mean.

    Examples:
        >>> from dataclasses import replace
        >>> from neuro_mod import Recording, StageSNNSimulation, simulate
        >>> trial = StageSNNSimulation("small").trial(duration_sec=0.1)
        >>> run = simulate(replace(trial, recording=Recording(voltage=[0, 480], every=2, bin_steps=20)))
        >>> run.voltage.shape, run.binned_counts.shape  # 200 steps; 10 bins of 14 populations
        ((100, 2), (10, 14))
    """

    spikes: bool = True
    on_spikes: SpikeSink | None = None
    bin_steps: int = 0
    voltage: ArrayLike = ()
    current: ArrayLike = ()
    every: int = 1
    scores: int = 0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Trial(ShownFields):
    """One simulation: a network that starts from a state, under given input.

    ``dataclasses.replace`` makes a trial that differs from another in some fields.

    Args:
        network: The network.
        state: Where to start.
        n_steps: Number of steps.
        delta_t: Time step h in seconds.
        seed: Root seed of the external input; by default the one of the state.
        stimulus: Deterministic stimulus with a course of ``n_steps`` entries.
        injected: Spikes from outside.
        courses: Parameters that vary in time, by name: those of `NeuronParameters`, ``external_weight``,
            ``external_rate``, ``arousal_rate`` and ``block_weights``.
        mechanism: ``analytic`` (exact integration) or ``euler``.
        dtype: ``float32`` or ``float64``.
        recording: What to record.
        allow_other_network: Whether the state may belong to a network with other connections.

    Raises:
        InputError: An argument is out of bounds, or two do not match.

    Examples:
        >>> from dataclasses import replace
        >>> from neuro_mod import StageSNNSimulation, simulate
        >>> trial = StageSNNSimulation("small").trial(duration_sec=0.1)
        >>> other = replace(trial, seed=5)  # the same network under other noise
        >>> len(simulate(trial).spikes) == len(simulate(other).spikes)
        False
    """

    network: SpikingNetwork
    state: State
    n_steps: int
    delta_t: float
    seed: int | None = None
    stimulus: Stimulus | None = None
    injected: InjectedSpikes | None = None
    courses: Mapping[str, Course] = field(default_factory=dict)
    mechanism: Mechanism = "analytic"
    dtype: Precision = "float32"
    recording: Recording = Recording()
    allow_other_network: bool = False

    def __post_init__(self) -> None:
        check_choice("mechanism", self.mechanism, Mechanism)
        check_choice("dtype", self.dtype, Precision)
        whole_number("n_steps", self.n_steps, 0, MAX_STEPS)
        if not is_step(self.delta_t):
            raise invalid("delta_t", float(self.delta_t), VALID_STEP)
        self._check_state()
        self._check_input()
        self._check_recording()
        self.parameters.check_resolved(self.mechanism, self.dtype)
        if self.recording.scores:
            self.parameters.check_scored(self.network.sizes)
        _ = self.noise_seed

    @cached_property
    def parameters(self) -> ParametersInTime:
        """The parameters of the network in time."""
        return parameters_in_time(self.network, self.courses, self.delta_t)

    def until(self, n_steps: int) -> Trial:
        """The beginning of this trial, its input included."""
        stimulus, injected = self.stimulus, self.injected
        return replace(
            self,
            n_steps=n_steps,
            stimulus=None if stimulus is None else Stimulus(stimulus.gain, stimulus.course[:n_steps]),
            injected=None if injected is None else injected.between(0, n_steps),
        )

    def after(self, simulation: Simulation) -> Trial:
        """The rest of this trial after a part of it has been simulated, courses and input included."""
        done, stimulus, injected = simulation.n_steps, self.stimulus, self.injected
        return replace(
            self,
            state=simulation.state,
            n_steps=self.n_steps - done,
            seed=self.noise_seed,
            stimulus=None if stimulus is None else Stimulus(stimulus.gain, stimulus.course[done:]),
            injected=None if injected is None else injected.between(done, self.n_steps),
            courses={name: course.after(done) for name, course in self.courses.items()},
        )

    @property
    def noise_seed(self) -> int:
        """Root seed of the external input."""
        seed = self.state.seed if self.seed is None else self.seed
        if seed is None:
            raise InputError("seed: missing in the trial and in its state; expected a whole number")
        return seed

    @property
    def duration(self) -> float:
        """Simulated seconds."""
        return self.n_steps * self.delta_t

    def _check_state(self) -> None:
        state, n = self.state, self.network.n_neurons
        for name in ("voltage", "current", "refractory"):
            shape = np.shape(getattr(state, name))
            if shape != (n,):
                raise InputError(f"{name} of the state: shape {shape} found; expected ({n},), as the network")
        if not (np.isfinite(state.voltage).all() and np.isfinite(state.current).all()):
            raise InputError("state: NaN or infinity found; expected finite voltages and currents")
        if state.step < 0 or state.delta_t not in (None, self.delta_t):
            raise InputError(
                f"state: step {state.step} of {state.delta_t} s found; expected steps of {self.delta_t} s, from 0 on"
            )

        if state.network is None or self.allow_other_network:  # the fingerprint of a large network takes a while
            return
        if state.network != self.network.fingerprint:
            hint = "start from a state of this network (the same seed and connectivity), or set allow_other_network"
            raise invalid("network of the state", state.network[:8], self.network.fingerprint[:8], hint)

    def _check_input(self) -> None:
        n, stimulus, injected = self.network.n_neurons, self.stimulus, self.injected
        if stimulus is not None and (stimulus.gain.shape != (n,) or stimulus.course.shape != (self.n_steps,)):
            raise InputError(
                f"stimulus: {stimulus.gain.shape} neurons and {stimulus.course.shape} steps found; "
                f"expected ({n},) and ({self.n_steps},)"
            )
        if stimulus is not None and not (np.isfinite(stimulus.gain).all() and np.isfinite(stimulus.course).all()):
            raise InputError("stimulus: NaN or infinity found; expected finite values")
        if injected is not None:
            shapes = {np.shape(values) for values in (injected.steps, injected.neurons, injected.weights)}
            if len(shapes) > 1 or len(next(iter(shapes))) != 1:
                raise InputError(f"injected: shapes {shapes} found; expected one step, neuron and weight per spike")
            if not np.isfinite(injected.weights).all():
                raise InputError("weights of injected spikes: NaN or infinity found; expected finite values")
            _check_indices("steps of injected spikes", injected.steps, self.n_steps)
            _check_indices("neurons of injected spikes", injected.neurons, n)

    def _check_recording(self) -> None:
        recording = self.recording
        whole_number("every", recording.every, 1)
        whole_number("bin_steps", recording.bin_steps, 0)
        whole_number("scores", recording.scores, 0)
        _check_indices("recorded neurons", recording.voltage, self.network.n_neurons)
        _check_indices("recorded neurons", recording.current, self.network.n_neurons)


def _check_indices(what: str, indices: ArrayLike, end: int) -> None:
    found = np.asarray(indices)
    if found.size and not (np.issubdtype(found.dtype, np.integer) and 0 <= found.min() <= found.max() < end):
        raise InputError(f"{what}: {found.min()} to {found.max()} found; expected whole numbers from 0 to {end - 1}")
