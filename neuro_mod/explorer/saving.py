"""``Save``: the present configuration, the journal, and the last seconds as a folder of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.errors import InputError, StorageError
from neuro_mod.execution.stagers.base import keep
from neuro_mod.execution.stagers.pictures import PICTURES
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation
from neuro_mod.explorer.journal import Journal
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.names import EXPLORED
from neuro_mod.storage.run_folder import RunFolder


class Snapshot(NamedTuple):
    """What is saved.

    Attributes:
        journal: From which all follows again.
        experiment: The present configuration.
        perturbations: Vectors that hold at present, by target, shape ``(P,)``.
        state: The present state.
        first: Step at which the spikes begin.
        steps: Of the latest spikes, counted from the start.
        neurons: Likewise.
    """

    journal: Journal
    experiment: Experiment
    perturbations: Mapping[str, NDArray[np.float64]]
    state: State
    first: int
    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]


def save(snapshot: Snapshot, folder: Path) -> dict[str, Any]:
    """Make a new folder for a snapshot.

    Args:
        snapshot: What is saved.
        folder: The folder in which it is made.

    Returns:
        ``folder`` and ``files``.

    Raises:
        InputError: Nothing has been simulated yet.
        StorageError: It cannot be written.
    """
    first, end = snapshot.first, snapshot.state.step
    if end <= first:
        raise InputError("nothing has been simulated yet")
    delta_t = snapshot.experiment.init_params.delta_t
    stager = StageSNNSimulation(_present(snapshot, end * delta_t))
    spikes = SpikeEvents(
        (snapshot.steps - first).astype(np.int32),
        snapshot.neurons,
        end - first,
        stager.circuit.populations.n_neurons,
        delta_t,
    )
    outputs = stager.outputs_of(spikes, end=snapshot.state)
    changes = [change.step for change in snapshot.journal.changes]
    about = outputs["metadata"]
    del about["wall_seconds"], about["real_time_factor"]  # it was simulated in pieces, at the speed of a clock
    about["config"] = stager.experiment.to_yaml()  # from time 0 on, with what acts later than these spikes
    about["explored"] = {
        "from_sec": first * delta_t,
        "to_sec": end * delta_t,
        "changes_before": sum(step < first for step in changes),
        "changes_within": sum(first <= step < end for step in changes),
    }
    journal = snapshot.journal.to_json() | {"from_step": first, "to_step": end}
    target = RunFolder(_new(folder, stager.experiment.settings.sim_name), {"what": "explored run", "journal": journal})
    target.save_json(EXPLORED, journal)
    keep(outputs, target, stager.experiment, save=True, figures=[PICTURES["spikes"], PICTURES["rates"]])
    return {"folder": str(target.path), "files": about["files"]}


def _present(snapshot: Snapshot, duration: float) -> Experiment:
    """The present configuration with the vectors that hold, over the time since the start."""
    data = snapshot.experiment.lasting(duration).model_dump(exclude_unset=True)
    blocks = dict(data.get("perturbation", {}))
    for target, vector in snapshot.perturbations.items():
        involved = np.flatnonzero(vector)
        blocks.pop(target, None)
        if len(involved):
            vectors, populations = [vector[involved].tolist()], [involved.tolist()]
            blocks[target] = {"vectors": vectors, "involved_clusters": populations, "params": [1.0]}
    data["perturbation"] = blocks
    data["settings"] = dict(data.get("settings", {})) | {"save": True, "plot": True}
    return load_experiment(data)


def _new(folder: Path, name: str) -> Path:
    """A folder that did not exist."""
    number = 1
    while True:
        path = folder / f"{name}-{number}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError:
            if not folder.is_dir():
                raise StorageError(f"cannot write to {folder}: it is not a folder") from None
            number += 1
        except OSError as error:
            raise StorageError(f"cannot write to {folder}: {error.strerror}") from error
        else:
            return path
