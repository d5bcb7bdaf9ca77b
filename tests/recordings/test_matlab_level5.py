"""Files of MATLAB, whole and damaged; SciPy writes them, and reads the whole ones as we do."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat, whosmat

from neuro_mod.recordings.matlab_level5 import list_arrays, load_arrays
from tests.helpers.processes import run_python

RANDOM = np.random.default_rng(1)
TYPES = ("f8", "f4", *(f"{sign}{size}" for sign in "iu" for size in (1, 2, 4, 8)))
ARRAYS = {
    **{f"a_{dtype}": (100 * RANDOM.random((3, 5))).astype(dtype) for dtype in TYPES},
    **{f"{'n' * size}": np.arange(size, dtype="u1").reshape(1, -1) for size in (1, 2, 3, 4, 5, 8, 9)},
    "empty": np.zeros((0, 4)),
    "cube": RANDOM.random((2, 3, 4)),
    "long": RANDOM.random((1, 30_000)),
}
OTHERS = {"cells": np.array([[1], "a"], dtype=object), "structure": {"x": [1, 2]}, "yes": np.array([True])}


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_those_that_scipy_reads(tmp_path, compressed):
    file = tmp_path / "a.mat"
    savemat(file, ARRAYS | OTHERS, do_compression=compressed)
    assert list_arrays(file) == whosmat(file)
    expected, found = loadmat(file), load_arrays(file, list(ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, array in found.items():
        assert array.shape == expected[name].shape and np.array_equal(array, expected[name])


def test_complex_numbers_are_told_from_others(tmp_path):
    savemat(tmp_path / "a.mat", {"z": np.array([1j])})
    assert list_arrays(tmp_path / "a.mat") == [("z", (1, 1), "complex")]


def big_endian(times, neurons, compress):
    """A file as a machine of the other order of bytes writes it, by hand."""
    content = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    for name, array in (("times", times), ("neurons", neurons)):
        title = struct.pack(">II", 1, len(name)) + name.encode().ljust(8, b"\0")
        head = struct.pack(">IIII", 6, 8, 6, 0) + struct.pack(">IIii", 5, 8, 1, len(array)) + title
        matrix = head + struct.pack(">II", 9, 8 * len(array)) + np.asarray(array, ">f8").tobytes()
        matrix = struct.pack(">II", 14, len(matrix)) + matrix
        packed = zlib.compress(matrix)
        content += struct.pack(">II", 15, len(packed)) + packed if compress else matrix
    return content


@pytest.mark.parametrize("compress", [False, True])
def test_files_of_the_other_order_of_bytes(tmp_path, compress):
    file = tmp_path / "a.mat"
    file.write_bytes(big_endian([0.1, 0.2], [3, 4], compress))
    assert loadmat(file)["times"].tolist() == [[0.1, 0.2]]
    found = load_arrays(file, ["times", "neurons"])
    assert {name: array.tolist() for name, array in found.items()} == {"times": [[0.1, 0.2]], "neurons": [[3.0, 4.0]]}


def test_only_what_is_asked_for_is_unpacked(tmp_path):
    file = tmp_path / "a.mat"
    savemat(file, {"huge": np.zeros((1, 10**7)), "small": [1.0]}, do_compression=True)
    whole = file.read_bytes()
    (size,) = struct.unpack("<I", whole[132:136])
    file.write_bytes(whole[: 136 + size - 4] + bytes(4) + whole[136 + size :])  # the checksum of the first
    assert load_arrays(file, ["small"])["small"].tolist() == [[1.0]]
    with pytest.raises(zlib.error):
        load_arrays(file, ["huge"])


@pytest.mark.parametrize("size", [2**31, 2**32 - 1])
@pytest.mark.parametrize("place", [132, 140, 156, 172, 188])
def test_sizes_are_not_believed(tmp_path, place, size):
    file = tmp_path / "a.mat"
    savemat(file, {"longer": np.arange(9.0)})
    whole = bytearray(file.read_bytes())
    whole[place : place + 4] = struct.pack("<I", size)
    file.write_bytes(whole)
    with pytest.raises(ValueError, match=r"cut short|an invalid element"):
        load_arrays(file, ["longer"])


def test_a_name_cannot_be_there_twice(tmp_path):
    file = tmp_path / "a.mat"
    savemat(file, {"a": [1.0]})
    whole = file.read_bytes()
    file.write_bytes(whole + whole[128:])
    with pytest.raises(ValueError, match="duplicate variable a"):
        list_arrays(file)


_FLIPS = """
import sys, warnings
from pathlib import Path
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.matlab import read_mat
from neuro_mod.storage.reading import DataError
warnings.simplefilter("ignore")
step = int(sys.argv[1])
for name in sys.argv[2:]:
    file = Path(name)
    whole = file.read_bytes()
    read_mat(file, Conventions())
    refused = 0
    for place in range(0, len(whole), step):
        flip = (0x7F, 0x01, 0x80)[place % 3]
        file.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        try:
            read_mat(file, Conventions(duration=1.0))
        except DataError as error:
            assert name in str(error)
            refused += 1
    print(refused)
"""


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_no_flipped_byte_ends_the_process(tmp_path, step):
    pair = {"times": [0.1, 0.2, 0.3], "neurons": [0, 1, 2]}
    savemat(tmp_path / "v4.mat", pair | {"n_neurons": 3}, format="4")
    savemat(tmp_path / "v5.mat", pair | {"n_neurons": 3})
    savemat(tmp_path / "v7.mat", pair | {"n_neurons": 3}, do_compression=True)
    for name, compress in (("plain", False), ("packed", True)):
        (tmp_path / f"{name}.mat").write_bytes(big_endian(pair["times"], pair["neurons"], compress))
    done = run_python("-c", _FLIPS, step, *sorted(tmp_path.glob("*.mat")))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 5 and all(int(refused) > 30 / step for refused in done.stdout.split())
