"""What the engine is asked to simulate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import Mechanism, Precision
from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.external.injected import InjectedSpikes
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.recordings.spikes import MAX_STEPS

#: Receives the steps and the neurons of further spikes, and the number of steps done so far.
SpikeSink = Callable[[NDArray[np.int32], NDArray[np.int32], int], None]


@dataclass(frozen=True, eq=False)
class Recording:
    """What is recorded besides the number of spikes of each neuron.

    Args:
        spikes: Whether the spikes are kept as events.
        on_spikes: Receives the spikes as the simulation goes along, in order, in the thread of the trial; no two trials
            of a batch share one. After Ctrl-C it may receive the latest again, if it had not returned.
        bin_steps: Count the spikes of each population in bins of so many steps; 0 for no bins.
        voltage: Neurons whose voltage is recorded.
        current: Neurons whose synaptic current is recorded.
        every: Record these after steps ``0, every, 2 every, ...`` of the run.
    """

    spikes: bool = True
    on_spikes: SpikeSink | None = None
    bin_steps: int = 0
    voltage: ArrayLike = ()
    current: ArrayLike = ()
    every: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One simulation: a network from a state on, under given input.

    ``dataclasses.replace`` makes a trial that differs from another in some respects.

    Args:
        network: The network.
        state: Where to start.
        n_steps: Number of steps.
        delta_t: Time step h in seconds.
        seed: Root seed of the external input; by default the one of the state.
        stimulus: Deterministic stimulus with a course of ``n_steps`` entries.
        injected: Spikes from outside.
        courses: Parameters that vary in time, by name (see `courses.VARIABLE`).
        mechanism: ``analytic`` (exact integration) or ``euler``.
        dtype: ``float32`` or ``float64``.
        recording: What to record.

    Raises:
        ValueError: An argument is out of bounds, or two do not fit together.
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

    def __post_init__(self) -> None:
        check_choice("mechanism", self.mechanism, Mechanism)
        check_choice("dtype", self.dtype, Precision)
        if not 0 <= self.n_steps <= MAX_STEPS:
            raise ValueError(f"n_steps is {self.n_steps}; valid: 0 to {MAX_STEPS}")
        if not self.delta_t > 0:
            raise ValueError(f"delta_t is {self.delta_t}; it must be positive")
        self._check_state()
        self._check_input()
        self._check_recording()
        _ = self.parameters, self.noise_seed

    @cached_property
    def parameters(self) -> ParametersInTime:
        """The parameters of the network in time."""
        return ParametersInTime(self.network, self.courses, self.delta_t)

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
        """What is left of this trial when a part of it has been simulated, courses and input included."""
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
            raise ValueError("neither the trial nor its state has a seed")
        return seed

    @property
    def duration(self) -> float:
        """Simulated seconds."""
        return self.n_steps * self.delta_t

    def _check_state(self) -> None:
        state, n = self.state, self.network.n_neurons
        for name in ("voltage", "current", "refractory"):
            if np.shape(getattr(state, name)) != (n,):
                raise ValueError(
                    f"the state's {name} has shape {np.shape(getattr(state, name))}, the network {n} neurons"
                )
        if not (np.isfinite(state.voltage).all() and np.isfinite(state.current).all()):
            raise ValueError("the state holds NaN or infinity")
        if state.step < 0 or state.delta_t not in (None, self.delta_t):
            raise ValueError(
                f"the state stands at step {state.step} of {state.delta_t} s; expected a step of {self.delta_t} s, "
                "not below 0"
            )

    def _check_input(self) -> None:
        n, stimulus, injected = self.network.n_neurons, self.stimulus, self.injected
        if stimulus is not None and (stimulus.gain.shape != (n,) or stimulus.course.shape != (self.n_steps,)):
            raise ValueError(
                f"the stimulus has {stimulus.gain.shape} neurons and {stimulus.course.shape} steps; "
                f"expected ({n},) and ({self.n_steps},)"
            )
        if stimulus is not None and not (np.isfinite(stimulus.gain).all() and np.isfinite(stimulus.course).all()):
            raise ValueError("the stimulus holds NaN or infinity")
        if injected is not None:
            shapes = {np.shape(values) for values in (injected.steps, injected.neurons, injected.weights)}
            if len(shapes) > 1 or len(shapes.pop()) != 1:
                raise ValueError("injected spikes need one step, one neuron and one weight each")
            if not np.isfinite(injected.weights).all():
                raise ValueError("the weights of injected spikes hold NaN or infinity")
            _check_indices("steps of injected spikes", injected.steps, self.n_steps)
            _check_indices("neurons of injected spikes", injected.neurons, n)

    def _check_recording(self) -> None:
        recording = self.recording
        if recording.every < 1 or recording.bin_steps < 0:
            raise ValueError(f"every is {recording.every}, bin_steps {recording.bin_steps}; valid: from 1, from 0")
        _check_indices("recorded neurons", recording.voltage, self.network.n_neurons)
        _check_indices("recorded neurons", recording.current, self.network.n_neurons)


def _check_indices(what: str, indices: ArrayLike, end: int) -> None:
    found = np.asarray(indices)
    if found.size and not (np.issubdtype(found.dtype, np.integer) and 0 <= found.min() <= found.max() < end):
        raise ValueError(f"{what} must be whole numbers in 0..{end - 1}, found {found.min()}..{found.max()}")
