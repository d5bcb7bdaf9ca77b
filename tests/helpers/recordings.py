"""One small recording in every shape, and how tests read and refuse recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.opening import open_source
from neuro_mod.recordings.saved import spike_arrays
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.recordings.spikes import SpikeEvents

MS = Conventions(delta_t=1e-3)
DENSE = np.zeros((50, 4), bool)
DENSE[[0, 3, 3, 17, 49], [2, 0, 1, 2, 2]] = True
#: The same spikes, as written above.
STEPS, NEURONS = [0, 3, 3, 17, 49], [2, 0, 1, 2, 2]
EVENTS = SpikeEvents(np.array(STEPS, np.int32), np.array(NEURONS, np.int32), 50, 4, 1e-3)
TIMES = np.array(STEPS) * 1e-3
FULL = Conventions(delta_t=1e-3, duration=50e-3, n_neurons=4)
POPULATIONS = {"n_clusters": 1, "cluster_sizes": [2, 1], "background_sizes": [1, 0]}


def read_all(data, conventions=MS):
    return [session.read(conventions) for session in open_sessions(data).sessions]


def assert_same(spikes, expected=EVENTS):
    assert spikes.steps.tolist() == expected.steps.tolist()
    assert spikes.neurons.tolist() == expected.neurons.tolist()
    assert (spikes.shape, spikes.delta_t) == (expected.shape, expected.delta_t)
    assert spikes.steps.dtype == spikes.neurons.dtype == np.int32


def refused(data, pattern, conventions=MS):
    """One error, and one only: of the data, and naming the file."""
    with pytest.raises(DataError, match=pattern) as caught:
        read_all(data, conventions)
    if isinstance(data, Path):
        assert str(data) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def run_folder(path, **metadata):
    for name in ("data", "metadata"):
        (path / name).mkdir(parents=True)
    np.savez(path / "data/spikes.npz", **spike_arrays(EVENTS))
    np.save(path / "data/clusters.npy", [0, 0, 1, 2])
    (path / "metadata/run.json").write_text(json.dumps({"delta_t": 1e-3, "populations": POPULATIONS} | metadata))
    return path


def source_of(spikes, clusters=None):
    return open_source(spikes, clusters, None, "all", Conventions())
