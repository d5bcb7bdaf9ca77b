"""Spikes that wait on the disk, and arrays written piece by piece."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from neuro_mod.errors import StorageError
from neuro_mod.execution.stagers.spike_stream import SpikeStream
from neuro_mod.storage import writing
from neuro_mod.storage.run_folder import RunFolder


def chunk(*values):
    return np.array(values, np.int32)


def test_spikes_come_back_in_order_and_once(tmp_path):
    with SpikeStream(tmp_path) as stream:
        stream(chunk(0, 3), chunk(7, 1), 5)
        stream(chunk(0, 3), chunk(7, 1), 5)  # again, as after Ctrl-C
        stream(chunk(), chunk(), 8)
        stream(chunk(9), chunk(4), 10)
        spikes = stream.events(10, 8, 1e-3)
    assert spikes.steps.tolist() == [0, 3, 9] and spikes.neurons.tolist() == [7, 1, 4]
    assert list(tmp_path.iterdir()) == []  # nameless


def test_half_a_chunk_is_written_over(tmp_path, monkeypatch):
    with SpikeStream(tmp_path) as stream:
        stream(chunk(0), chunk(7), 5)
        write = stream._files[1].write

        def interrupted(content):
            write(content[:4])
            raise KeyboardInterrupt

        monkeypatch.setattr(stream._files[1], "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stream(chunk(6, 7), chunk(1, 2), 8)
        monkeypatch.undo()
        stream(chunk(6, 7), chunk(1, 2), 8)
        assert stream.events(8, 8, 1e-3).neurons.tolist() == [7, 1, 2]


def test_no_spikes_are_fine(tmp_path):
    with SpikeStream(tmp_path) as stream:
        assert len(stream.events(10, 8, 1e-3)) == 0


def test_a_full_disk_is_reported(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(StorageError, match=r"cannot keep the spikes in .*: No space left"),
        SpikeStream(tmp_path) as stream,
    ):
        monkeypatch.setattr(stream._files[0], "write", full)
        monkeypatch.setattr(stream._files[0], "close", full)
        stream(chunk(0), chunk(7), 5)
    monkeypatch.undo()
    stream._files[0].close()


def test_a_folder_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(StorageError, match="cannot keep spikes in"):
        SpikeStream(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4, order="F"),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(12)[::-2],
        np.array(3.5),
        np.zeros((0, 4), np.int32),
        np.arange(25, dtype=">f8"),
        np.array("seed"),
        True,
    ],
)
def test_arrays_come_back_as_numpy_reads_them(tmp_path, monkeypatch, array):
    monkeypatch.setattr(writing, "_PIECE", 10)
    file = RunFolder(tmp_path).save_arrays("data/x.npz", x=array)
    with np.load(file) as loaded:
        assert loaded["x"].dtype == np.asarray(array).dtype and np.array_equal(loaded["x"], array)


def test_python_objects_are_not_saved(tmp_path):
    with pytest.raises(TypeError, match="x holds Python objects"):
        RunFolder(tmp_path).save_arrays("data/x.npz", x=None)
