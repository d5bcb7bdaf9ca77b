"""What was changed while a network ran, from which the same spikes follow again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro_mod
from neuro_mod.checks import whole_number
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.engine.stepper import Piece
from neuro_mod.errors import ConfigError, DataError, StorageError
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation
from neuro_mod.execution.stagers.stepper import Held, NetworkStepper
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.names import EXPLORED
from neuro_mod.storage.writing import write_whole

#: The perturbation of a target that the configuration has, if it has one, with its course in time.
CONFIGURED: Literal["configured"] = "configured"

#: A vector ``(n_pops,)`` or a number that holds, none, or `CONFIGURED`.
Setting = NDArray[np.float64] | None | Literal["configured"]


class Change(NamedTuple):
    """What was set before a step.

    Attributes:
        step: The step, counted from the start.
        overrides: Values of the configuration.
        perturbations: By target.
    """

    step: int
    overrides: tuple[str, ...] = ()
    perturbations: Mapping[str, Setting] = {}

    def apply(self, stepper: NetworkStepper) -> None:
        """Set it.

        Raises:
            InputError: It is refused; nothing is changed then.
        """
        configured = stepper.experiment.timed_perturbations
        perturbations: dict[str, Held] = {
            target: configured.get(target) if isinstance(given, str) else given
            for target, given in self.perturbations.items()
        }
        stepper.set(overrides=self.overrides, perturbations=perturbations)


@dataclass
class Journal:
    """A configuration, and what was changed of it in a run that began with it.

    Args:
        experiment: The configuration at the start.
        noise_seed: Root seed of the noise.
        changes: In order.

    Examples:
        >>> from neuro_mod import Journal, load_experiment
        >>> journal = Journal(load_experiment("small"), noise_seed=3)
        >>> change = journal.change(100, overrides=["arousal.level=0.8"], perturbations={"rate": 2.0})
        >>> journal.spikes(200).n_steps  # the run with the change before step 100
        200
    """

    experiment: Experiment
    noise_seed: int
    changes: list[Change] = field(default_factory=list)

    def change(
        self, step: int, *, overrides: Sequence[str] = (), perturbations: Mapping[str, ArrayLike | None] | None = None
    ) -> Change:
        """Keep a change.

        Args:
            step: The step before which it is made, counted from the start; not before that of earlier changes.
            overrides: Values of the configuration.
            perturbations: By target: a number, an array ``(n_pops,)``, None for none, or
                ``configured`` for that of the configuration.

        Raises:
            InputError: It is earlier than another one; nothing is kept.
        """
        whole_number("step", step, self.changes[-1].step if self.changes else 0)
        vectors: dict[str, Setting] = {target: _given(given) for target, given in (perturbations or {}).items()}
        self.changes.append(change := Change(step, tuple(overrides), vectors))
        return change

    def start(self) -> NetworkStepper:
        """The network at the start."""
        return StageSNNSimulation(self.experiment).stepper(noise_seed=self.noise_seed)

    def pieces(self, n_steps: int) -> Iterator[Piece]:
        """What happened in the first steps, from change to change."""
        stepper = self.start()
        for change in self.changes:
            if change.step > n_steps:
                break
            if change.step > stepper.done:
                yield stepper.advance(change.step - stepper.done)
            change.apply(stepper)
        yield stepper.advance(n_steps - stepper.done)

    def spikes(self, n_steps: int) -> SpikeEvents:
        """All spikes in the first steps."""
        pieces = list(self.pieces(n_steps))
        steps = np.concatenate([piece.spikes.steps + np.int32(piece.begin) for piece in pieces])
        neurons = np.concatenate([piece.spikes.neurons for piece in pieces])
        return replace(pieces[0].spikes, steps=steps, neurons=neurons, n_steps=n_steps)

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        changes = [
            {"step": step}
            | ({"overrides": list(overrides)} if overrides else {})
            | (
                {"perturbations": {t: v.tolist() if isinstance(v, np.ndarray) else v for t, v in given.items()}}
                if given
                else {}
            )
            for step, overrides, given in self.changes
        ]
        config = self.experiment.to_yaml()
        return {
            "version": neuro_mod.__version__,
            "config": config,
            "noise_seed": self.noise_seed,
            "changes": changes,
        }

    def save(self, folder: str | Path) -> Path:
        """Write it into a folder, from which `load_journal` reads it.

        Args:
            folder: The folder; made if it does not exist.

        Returns:
            The path of the file.

        Raises:
            StorageError: It cannot be written.
        """
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        path = Path(folder) / EXPLORED
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write to {folder}: {error.strerror}") from error
        return write_whole(path, lambda file: file.write(text.encode()))

    @classmethod
    def from_json(cls, data: Any, source: str) -> Journal:
        """The journal that `to_json` made.

        Args:
            data: Parsed JSON.
            source: Where it is from, for messages.

        Raises:
            DataError: It is something else.
            ConfigError: Its configuration is not valid.
        """
        try:
            seed, config = whole_number("noise_seed", data["noise_seed"], 0), str(data["config"])
            journal = cls(load_experiment(config), seed)
            for each in data["changes"]:
                overrides, perturbations = each.get("overrides", ()), dict(each.get("perturbations", {}))
                journal.change(each["step"], overrides=list(map(str, overrides)), perturbations=perturbations)
        except ConfigError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{source}: not a journal of the explorer: {error!r}") from None
        return journal


def _given(given: Any) -> Setting:
    if given is None:
        return None
    if isinstance(given, str) and given == CONFIGURED:
        return CONFIGURED
    return np.asarray(given, np.float64)


def load_journal(folder: str | Path) -> Journal:
    """Read the journal of a folder that was saved, on the page or by `Journal.save`.

    Args:
        folder: The folder.

    Raises:
        DataError: It has none, or it cannot be read.

    Examples:
        >>> import json
        >>> from pathlib import Path
        >>> from neuro_mod import Journal, load_experiment, load_journal
        >>> journal = Journal(load_experiment("small"), noise_seed=3)
        >>> Path("explored/metadata").mkdir(parents=True)  # as Save on the page of the explorer does
        >>> _ = Path("explored/metadata/explored.json").write_text(json.dumps(journal.to_json()))
        >>> load_journal("explored").noise_seed
        3
    """
    file = Path(folder) / EXPLORED
    try:
        return Journal.from_json(json.loads(file.read_text(encoding="utf-8")), str(file))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{file}: {error}") from None
