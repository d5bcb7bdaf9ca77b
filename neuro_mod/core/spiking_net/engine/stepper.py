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
from neuro_mod.core.spiking_net.engine.courses import VARIABLE
from neuro_mod.core.spiking_net.engine.loop import Advanced, Loop
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.summaries import Shown, Summary, counted


class Piece(Shown):
    """What happened while a simulation advanced.

    Attributes:
        begin: First step of the piece, counted from the beginning of the noise, as the step of a `State`.
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


class _Position(NamedTuple):
    """Where a stepper is, and under which parameters it goes on."""

    loop: Loop
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
        vars(self).update(state, _position=_Position(Loop(trial, weights=weights), latest))

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
        self._position = _Position(Loop(trial, loop if latest.end else None), latest)

    def _at_start(self, trial: Trial) -> _Position:
        loop = Loop(trial)
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

    Examples:
        >>> from neuro_mod import StageSNNSimulation, Stepper
        >>> stepper = Stepper(StageSNNSimulation("small").trial(duration_sec=0.2))
        >>> pieces = [stepper.advance(seconds=0.05) for _ in range(4)]
        >>> [piece.n_steps for piece in pieces], stepper.time
        ([100, 100, 100, 100], 0.2)
    """

    def set(self, **quantities: ArrayLike) -> None:
        """Change parameters from the next step on; they have the names of the courses of a `Trial`.

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
