"""One network that runs for one page: commands in, messages and frames out."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment
from neuro_mod.core.perturbations import VectorialPerturbation
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.spiking_net.engine.stepper import Piece
from neuro_mod.errors import InputError, NeuroModError
from neuro_mod.explorer.commands import Limits, checked, merged
from neuro_mod.explorer.greeting import greeting, span_of
from neuro_mod.explorer.journal import CONFIGURED, Change, Journal, Setting
from neuro_mod.explorer.knobs import knobs_of
from neuro_mod.explorer.player import Player, drawn_neurons
from neuro_mod.explorer.saving import Snapshot, save
from neuro_mod.explorer.statistics import Statistics
from neuro_mod.explorer.theory import Theory
from neuro_mod.explorer.wire import Frame

#: Frames a second at most, and frames that a page may not have seen yet.
FRAMES_PER_SECOND, MAX_UNSEEN = 40, 2
#: Real seconds that a piece of simulation takes at most, so that commands do not wait.
_MAX_PIECE = 0.04
#: Real seconds behind which the clock is set anew instead of catching up.
_MAX_LAG = 0.25
#: Seconds between two messages of the status, of the statistics, and without a change before theory is asked.
_STATUS, _STATISTICS, _SETTLED = 0.25, 1.0, 0.2
#: Commands and messages that wait at most.
_MAX_WAITING = 500
#: Simulated seconds for which a page is told of a pulse that is over.
_SHOWN = 10.0
#: Changes that are kept for Save; moving sliders for hours makes no more.
MAX_CHANGES = 50_000
#: Width of bins of rates and window of statistics in seconds.
BIN, WINDOW = 0.01, 60.0
#: Bins over which the present rate of a cluster is averaged, to say whether it is active.
_PRESENT_BINS = 5


class Exploration:
    """A network that runs in a thread of its own until `close`.

    Args:
        experiment: The configuration.
        folder: Where `Save` makes folders.
    """

    def __init__(self, experiment: Experiment, *, folder: Path):
        self._first, self._folder = experiment, folder
        populations = experiment.populations
        self._n_populations, self._n_clusters = populations.total, populations.n_clusters
        self._drawn = drawn_neurons(populations.n_neurons)
        self._bin_steps = max(1, round(BIN / experiment.init_params.delta_t))
        self._knobs = {knob.key: knob for knob in knobs_of(experiment)}
        self._limits = Limits(self._knobs, populations.total, populations.n_clusters, populations.n_neurons)
        self.on_output: Callable[[], None] | None = None
        self._closed = False
        self._lock = threading.Condition()
        self._commands: list[dict[str, Any]] = []
        self._latest: dict[str, dict[str, Any]] = {}
        self._messages: list[dict[str, Any]] = []
        self._frame: Frame | None = None
        self._sent = self._seen = 0
        self._running, self._speed, self._building = True, 1.0, True
        self._statistics_due = False
        self._neuron, self._clusters, self._revision = 0, (0, min(1, self._n_clusters - 1)), 0
        self._held: dict[str, NDArray[np.float64]] = {}
        self._pulses: list[tuple[int, NDArray[np.float64]]] = []
        self._shown_pulses: list[dict[str, float]] = []
        self._statistics = Statistics(populations, self.bin, WINDOW)
        self._threshold: float | None = None
        self._present = np.zeros((0, self._n_clusters), np.float32)
        self._saving: threading.Thread | None = None
        self._theory: Theory | None = None
        self._theory_due = 0.0
        self._twin: Player | None = None
        self._player: Player | None = None
        self._journal = Journal(experiment, experiment.settings.random_seed)
        self._set_clock()
        self._thread = threading.Thread(target=self._run, name="explorer", daemon=True)
        self._thread.start()

    @property
    def bin(self) -> float:
        """Width of bins in seconds."""
        return self._bin_steps * self._first.init_params.delta_t

    @property
    def hello(self) -> dict[str, Any]:
        """What a page needs to know first."""
        return greeting(self._first, list(self._knobs.values()), self._drawn, self.bin, WINDOW)

    def command(self, message: Mapping[str, Any]) -> None:
        """Take a command of the page; it acts in the thread of the network, soon.

        Raises:
            InputError: It is not one, or a value is not valid, or too many wait.
        """
        command = checked(message, self._limits)
        with self._lock:
            if command["do"] == "seen":
                self._seen = max(self._seen, min(command["frame"], self._sent))
            elif len(self._commands) >= _MAX_WAITING:
                raise InputError("too many commands wait for the network")
            else:
                self._commands.append(command)
            self._lock.notify_all()

    def outgoing(self) -> list[dict[str, Any] | bytes]:
        """What waits to be sent, now."""
        with self._lock:
            messages: list[dict[str, Any] | bytes] = [*self._messages, *self._latest.values()]
            self._messages, self._latest = [], {}
            frame, self._frame = (self._frame, None) if self._sent - self._seen < MAX_UNSEEN else (None, self._frame)
            if frame is None:
                return messages
            self._sent += 1
            number, threshold, rates = self._sent, self._threshold, frame.part.rates[:, : self._n_clusters]
            earlier = self._present
            self._present = np.concatenate([earlier, rates])[1 - _PRESENT_BINS :]
        return [*messages, frame.to_bytes(number, self.bin, _active(earlier, rates, threshold))]

    def close(self) -> None:
        """End the network and the theory."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # the thread of the network

    def _run(self) -> None:
        try:
            self._theory = Theory(self._answered)
            starting = True
            while not self._closed:
                try:
                    if starting:
                        starting = False
                        self._begin(self._journal)
                    self._loop()
                except Exception as error:
                    self._running, self._twin = False, None
                    self._say({"type": "failed", "message": str(error) or repr(error)})
        finally:
            if self._theory is not None:
                self._theory.close()
            if self._saving is not None:
                self._saving.join()

    def _loop(self) -> None:
        next_tick = next_status = next_statistics = time.monotonic()
        self._set_clock()
        while True:
            with self._lock:
                if not self._commands and not self._closed:
                    self._lock.wait(max(next_tick - time.monotonic(), 0))
                commands, self._commands = self._commands, []
                if self._closed:
                    return
            for command in merged(commands):
                self._try(command)
            now = time.monotonic()
            if now >= next_tick:
                next_tick = max(next_tick + 1 / FRAMES_PER_SECOND, now)
                if self._running:
                    self._catch_up(now)
            if commands or now >= next_status:
                next_status = now + _STATUS
                self._say_latest(self._status())
            if now >= next_statistics or self._statistics_due:
                next_statistics = now + (_STATISTICS if self._threshold is not None else _STATUS)
                if self._running or self._statistics_due:
                    self._say_statistics()
            if self._theory_due and now >= self._theory_due:
                self._ask()

    def _say_statistics(self) -> None:
        self._statistics_due = False
        message, time_now = self._statistics.message(), self._player.time if self._player else 0.0
        self._threshold = message["threshold"]
        self._say_latest({**message, "since": max(0.0, time_now - message["seconds"])})

    def _try(self, command: dict[str, Any]) -> None:
        try:
            getattr(self, f"_do_{command['do']}")(**{key: each for key, each in command.items() if key != "do"})
            self._revision += 1
        except NeuroModError as error:
            about = command.get("key") or command.get("target") or command["do"]
            self._say({"type": "error", "message": _of_page(str(error)), "about": about})

    def _begin(self, journal: Journal) -> None:
        """Start anew."""
        self._building = True
        self._say_latest(self._status())
        try:
            player = Player(journal.start(), self._bin_steps, self._drawn)
            player.stepper.record(voltage=[self._neuron])
            if self._held:
                journal.change(0, perturbations=self._held).apply(player.stepper)
            player.stepper.advance(0)  # the loop is compiled, if it was not
        finally:
            self._building = False
        self._player, self._journal, self._pulses, self._shown_pulses = player, journal, [], []
        self._twin = self._new_twin() if self._twin else None
        with self._lock:
            self._frame, self._present = None, np.zeros((0, self._n_clusters), np.float32)
        self._statistics.clear()
        self._threshold = None
        self._changed()
        self._set_clock()

    def _catch_up(self, now: float) -> None:
        """Simulate what is due."""
        player, delta_t = self._at, self._first.init_params.delta_t
        wall, since = self._clock
        due = since + self._speed * (now - wall)
        if (due - player.time) / self._speed > _MAX_LAG:
            due = player.time + self._speed / FRAMES_PER_SECOND
            self._clock = now, due
        n_steps = min(math.floor((due - player.time) / delta_t + 1e-6), self._most_steps)
        if n_steps > 0:
            began = time.perf_counter()
            self._advance(n_steps)
            self._most_steps = max(1, int(n_steps * _MAX_PIECE / max(time.perf_counter() - began, 1e-6)))
        self._reached = [*self._reached[-FRAMES_PER_SECOND:], (now, player.time)]

    def _advance(self, n_steps: int) -> None:
        player = self._at
        end = player.step + n_steps
        while player.step < end:
            stop = min([end, *(until for until, _ in self._pulses)])
            t_from = player.time
            part, piece = player.advance(stop - player.step)
            self._statistics.add(part.rates)
            twin = self._twin.advance(piece.n_steps)[0] if self._twin else None
            times = (piece.begin + np.arange(len(piece.voltage))) * piece.delta_t
            voltage = np.column_stack([times, piece.voltage[:, 0] / self._thresholds(piece)]).astype(np.float64)
            frame = Frame(t_from, player.time, part, voltage, twin)
            with self._lock:
                self._frame = self._frame.then(frame) if self._frame else frame
            if any(until <= player.step for until, _ in self._pulses):
                self._pulses = [pulse for pulse in self._pulses if pulse[0] > player.step]
                self._set(perturbations={"rate": self._rate(self._pulses)})
        self._told()

    def _thresholds(self, piece: Piece) -> NDArray[np.float64]:
        """Of the chosen neuron, in the steps of a piece."""
        trial, done = self._at.stepper.trial, self._at.stepper.done
        steps = np.arange(done - piece.n_steps, done)
        return trial.parameters["threshold"].at(steps)[:, trial.network.population[self._neuron]]

    @property
    def _at(self) -> Player:
        if self._player is None:
            raise InputError("there is no network; see above why, and restart")
        return self._player

    @property
    def _experiment(self) -> Experiment:
        return self._player.stepper.experiment if self._player else self._journal.experiment

    def _set_clock(self) -> None:
        self._clock = time.monotonic(), self._player.time if self._player else 0.0
        self._reached: list[tuple[float, float]] = []
        self._most_steps = 1000

    def _status(self) -> dict[str, Any]:
        held_speed = None
        if self._running and len(self._reached) > 1:
            (t0, from_), (t1, to) = self._reached[0], self._reached[-1]
            held_speed = (to - from_) / (t1 - t0) if t1 > t0 else None
        player = self._player
        experiment = self._experiment
        knobs = {key: experiment.number(key) for key in self._knobs}
        perturbation = {target: vector.tolist() for target, vector in self._perturbation().items()}
        return {
            "type": "status",
            "running": self._running,
            "time": player.time if player else 0.0,
            "speed": self._speed,
            "held_speed": held_speed,
            "seed": experiment.settings.random_seed,
            "noise_seed": self._journal.noise_seed,
            "knobs": knobs,
            "perturbation": perturbation,
            "neuron": self._neuron,
            "ab": self._twin is not None,
            "clusters": list(self._clusters),
            "n_changes": len(self._journal.changes),
            "revision": self._revision,
            "building": self._building,
            "pulses": self._shown_pulses,
            "configured": dict.fromkeys(set(experiment.timed_perturbations) - set(self._held), True),
            "changed": {key: knob.default for key, knob in self._knobs.items() if knobs[key] != knob.default},
        }

    def _say(self, message: dict[str, Any]) -> None:
        with self._lock:
            self._messages = [*self._messages, message][-_MAX_WAITING:]
        self._told()

    def _say_latest(self, message: dict[str, Any]) -> None:
        """Replace the earlier message of its type, if that still waits."""
        with self._lock:
            self._latest[message["type"]] = message
        self._told()

    def _told(self) -> None:
        if self.on_output is not None:
            self.on_output()

    def _changed(self) -> None:
        self._theory_due = time.monotonic() + _SETTLED

    def _ask(self) -> None:
        self._theory_due = 0.0
        if self._theory is not None:
            experiment = self._at.stepper.experiment
            self._theory.ask(self._revision, experiment, dict(self._held), self._clusters)

    def _answered(self, message: dict[str, Any]) -> None:
        self._say_latest(message)

    def _set(self, *, overrides: Sequence[str] = (), perturbations: Mapping[str, Setting] | None = None) -> None:
        """Change the network from the next step on, its twin, and the journal: all of them or none."""
        player = self._at
        change = Change(player.step, tuple(overrides), perturbations or {})
        twin = self._twin.stepper.fork() if self._twin and overrides else None
        if twin is not None:
            twin.set(overrides=overrides)
        change.apply(player.stepper)
        self._journal.change(change.step, overrides=change.overrides, perturbations=change.perturbations)
        if self._twin and twin is not None:
            self._twin.stepper = twin

    def _rate(self, pulses: Sequence[tuple[int, NDArray[np.float64]]]) -> Setting:
        """The perturbation of the external rate under pulses, during which one of the configuration stands still."""
        if not pulses:
            return self._held.get("rate", CONFIGURED)
        vectors = [vector for _, vector in pulses]
        return np.sum([self._perturbation().get("rate", np.zeros(self._n_populations)), *vectors], axis=0)

    def _perturbation(self) -> dict[str, NDArray[np.float64]]:
        """The vectors that hold at present, without pulses, by target."""
        time_now = self._player.time if self._player else 0.0
        configured = self._experiment.timed_perturbations
        return {target: each.at(time_now) for target, each in configured.items()} | self._held

    def _new_twin(self) -> Player:
        stepper = self._at.stepper.fork()
        stepper.set(perturbations=dict.fromkeys(TARGETS))
        stepper.record()
        return self._at.twin(stepper)

    def _check_room(self) -> None:
        if len(self._journal.changes) >= MAX_CHANGES:
            raise InputError(f"{MAX_CHANGES} changes are kept for Save, and as many were made; restart to go on")

    # commands

    def _do_play(self) -> None:
        self._running = True
        self._set_clock()

    def _do_pause(self) -> None:
        self._running, self._statistics_due = False, True

    def _do_step(self, seconds: float) -> None:
        self._running, self._statistics_due = False, True
        self._advance(max(1, round(seconds / self._first.init_params.delta_t)))

    def _do_speed(self, value: float) -> None:
        self._speed = value
        self._set_clock()

    def _do_knob(self, key: str, value: float) -> None:
        override = f"{key}={value!r}"
        if value == self._experiment.number(key):
            return
        if self._knobs[key].at_once:
            self._check_room()
            self._set(overrides=[override])
            self._changed()
        else:
            self._begin(Journal(self._experiment.replace([override]), self._journal.noise_seed))

    def _do_perturb(self, target: str, values: NDArray[np.float64]) -> None:
        if target in self._held and np.array_equal(self._held[target], values):
            return
        self._check_room()
        before, self._held = self._held, {**self._held, target: values}
        try:
            self._set(perturbations={target: self._rate(self._pulses) if target == "rate" else values})
        except NeuroModError:
            self._held = before
            raise
        self._changed()

    def _do_pulse(self, cluster: int, seconds: float, strength: float) -> None:
        self._check_room()
        player, vector = self._at, np.zeros(self._n_populations)
        vector[cluster] = strength
        end = player.step + max(1, round(seconds / self._first.init_params.delta_t))
        pulses = [*self._pulses, (end, vector)]
        self._set(perturbations={"rate": self._rate(pulses)})
        self._pulses = pulses
        delta_t = self._first.init_params.delta_t
        shown = {"cluster": cluster, "from": player.time, "to": end * delta_t, "strength": strength}
        self._shown_pulses = [each for each in self._shown_pulses if each["to"] > player.time - _SHOWN] + [shown]

    def _do_restart(self, noise_seed: int | None) -> None:
        seed = self._journal.noise_seed if noise_seed is None else noise_seed
        self._begin(Journal(self._experiment, seed))

    def _do_network(self, seed: int) -> None:
        self._begin(Journal(self._experiment.with_seed(seed), seed))

    def _do_reset(self) -> None:
        held, twin = self._held, self._twin
        self._held, self._twin = {}, None
        try:
            self._begin(Journal(self._first, self._first.settings.random_seed))
        except NeuroModError:
            self._held, self._twin = held, twin
            raise

    def _do_neuron(self, index: int) -> None:
        self._at.stepper.record(voltage=[index])
        self._neuron = index
        with self._lock:
            self._frame = self._frame and replace(self._frame, voltage=self._frame.voltage[:0])

    def _do_landscape(self, clusters: tuple[int, int]) -> None:
        self._clusters = clusters
        self._changed()

    def _do_ab(self, on: bool) -> None:
        self._twin = self._new_twin() if on else None

    def _do_vector(self, target: str, seed: int, kind: str) -> None:
        """A random vector over the E clusters, with the largest entry at half of the slider."""
        vector = np.zeros(self._n_populations)
        drawn = VectorialPerturbation(n_vectors=1, length=self._n_clusters, norm="linf", seed=seed).basis[0]
        vector[: self._n_clusters] = 0.5 * span_of(self._first, target) * drawn
        name = f"{kind}, seed {seed}"
        self._say({"type": "vector", "name": name, "target": target, "values": vector.tolist()})

    def _do_save(self) -> None:
        if self._saving is not None and self._saving.is_alive():
            raise InputError("the network is still being saved")
        player, self._statistics_due = self._at, True
        journal = Journal(self._journal.experiment, self._journal.noise_seed, list(self._journal.changes))
        stepper, latest = player.stepper, player.latest()
        snapshot = Snapshot(journal, stepper.experiment, dict(self._held), stepper.state, *latest)

        def work() -> None:
            try:
                self._say({"type": "saved", **save(snapshot, self._folder)})
            except Exception as error:
                self._say({"type": "error", "message": str(error) or repr(error), "about": "save"})

        self._saving = threading.Thread(target=work, name="explorer-save", daemon=True)
        self._saving.start()


def _of_page(message: str) -> str:
    """An error without the option of the command line that would have been given."""
    return re.sub(r"^--set \S+: ", "", message, flags=re.MULTILINE)


def _active(earlier: NDArray[np.float32], rates: NDArray[np.float32], threshold: float | None) -> NDArray[np.uint8]:
    """Which clusters are active in bins, by their mean rate over the latest ones; 0xFF without a threshold.

    Args:
        earlier: Rates in the bins before, shape ``(at most _PRESENT_BINS - 1, n_clusters)``.
        rates: Rates, shape ``(n_bins, n_clusters)``.
        threshold: In Hz.
    """
    if threshold is None:
        return np.full(rates.shape, 0xFF, np.uint8)
    summed = np.cumsum(np.concatenate([np.zeros((1, rates.shape[1])), earlier, rates]), axis=0)
    ends = np.arange(len(earlier) + 1, len(summed))
    begins = np.maximum(ends - _PRESENT_BINS, 0)
    return ((summed[ends] - summed[begins]) / (ends - begins)[:, None] > threshold).astype(np.uint8)
