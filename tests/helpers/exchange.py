"""One small recording, and how tests of formats write and read it."""

from __future__ import annotations

from datetime import UTC, datetime

import h5py
import numpy as np
from scipy.io import savemat

from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.trains import events

STEPS, NEURONS = [0, 3, 3, 17, 48], [2, 0, 1, 2, 2]
EVENTS = SpikeEvents(np.array(STEPS, np.int32), np.array(NEURONS, np.int32), 50, 4, 1e-3)
LABELS = [7, 3, 3, -1]
FULL = Conventions(delta_t=1e-3, duration=50e-3, n_neurons=4)
MS = Conventions(delta_t=1e-3, time_unit="ms")
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def read(data, conventions=FULL):
    (session,) = open_sessions(data).sessions
    return session.read(conventions)


def assert_same(reading, expected=EVENTS, labels=None):
    spikes, found = reading
    assert spikes.steps.tolist() == expected.steps.tolist()
    assert spikes.neurons.tolist() == expected.neurons.tolist()
    assert (spikes.shape, spikes.delta_t) == (expected.shape, expected.delta_t)
    assert (found is None) if labels is None else (found.tolist() == labels)


def random_spikes(delta_t, n_steps=20_000, n_neurons=30):
    dense = np.random.default_rng(3).random((n_steps, n_neurons)) < 0.01
    dense[:, 5] = False
    return events(dense, delta_t)


ROWS = list(zip([0, 3, 3, 17, 48], NEURONS, strict=True))


def save_hdf5(file, variables):
    """What MATLAB leaves with ``-v7.3``: transposed arrays with the attribute ``MATLAB_class``, after 512 bytes."""
    with h5py.File(file, "w", userblock_size=512) as content:
        for name, array in variables.items():
            stored = np.atleast_2d(array)
            content[name] = stored.T
            content[name].attrs["MATLAB_class"] = {"f": b"double", "i": b"int64", "b": b"logical"}[stored.dtype.kind]
        content.create_group("#refs#")
    with file.open("rb+") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(512))


SAVERS = {
    "v4": lambda file, variables: savemat(file, variables, format="4"),
    "v5": savemat,
    "v7": lambda file, variables: savemat(file, variables, do_compression=True),
    "v7.3": save_hdf5,
}
PAIR = np.array([STEPS, np.array(NEURONS) + 1], float)


def stored_elsewhere(content, name):
    content.create_dataset(name, (5,), "f8", external=[("other.raw", 0, 40)])


def virtual(content, name):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", name, (5,))
    content.create_virtual_dataset(name, layout)
