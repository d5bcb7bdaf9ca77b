from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from neuro_mod.errors import DataError
from neuro_mod.storage import reading
from neuro_mod.storage.reading import map_array, names_of_arrays, read_arrays, read_json


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def header(shape, descr="<i4"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def damages(whole: bytes):
    return whole[: len(whole) // 2], whole[:-1], b"", b"rubbish", whole[:8]


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", [(), (0,), (3,), (3, 4), (0, 4), (4, 0)])
def test_arrays_come_back(tmp_path, shape, order):
    array = np.asarray(np.arange(np.prod(shape, dtype=int)).reshape(shape) * 0.5, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", first=array, second=array > 1)
    np.savez_compressed(tmp_path / "b.npz", first=array, second=array > 1)
    assert np.array_equal(map_array(tmp_path / "a.npy"), array)
    for name in ("a.npz", "b.npz"):
        found = read_arrays(tmp_path / name)
        assert list(found) == names_of_arrays(tmp_path / name) == ["first", "second"]
        assert np.array_equal(found["first"], array) and np.array_equal(found["second"], array > 1)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.json"])
def test_damaged_files_are_refused_by_name(tmp_path, name):
    file, read = tmp_path / name, {"a.npy": map_array, "a.npz": read_arrays, "a.json": read_json}[name]
    np.save(tmp_path / "a.npy", np.arange(100))
    np.savez(tmp_path / "a.npz", a=np.arange(100))
    (tmp_path / "a.json").write_text('{"a": [1, 2]}')
    for damaged in (*damages(file.read_bytes()), b"\xff\xfe", b"[" * 10**5):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match=name):
            read(file)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / f"no_{name}")


def test_a_flipped_byte_is_noticed_in_archives(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, a=np.arange(1000))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz"):
        read_arrays(file)


@pytest.mark.parametrize("shape", [(2**40,), (1,), (-2, -1), (2**62, 2**62), (True,)])
def test_headers_that_lie_are_refused(tmp_path, shape):
    content = header(shape) + b"12345678"
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    for read, name in ((map_array, "a.npy"), (read_arrays, "a.npz")):
        with pytest.raises(DataError, match=name):
            read(tmp_path / name)


def test_compressed_arrays_have_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_UNPACKED", 10**6)
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10**6, np.int32))
    with pytest.raises(DataError, match="unpacks to"):
        read_arrays(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", a=np.zeros(150_000, np.int32), b=np.zeros(150_000, np.int32))
    with pytest.raises(DataError, match="unpacks to"):
        read_arrays(tmp_path / "b.npz")
    assert len(read_arrays(tmp_path / "b.npz", ["b"])["b"]) == 150_000
    np.savez(tmp_path / "c.npz", a=np.zeros(10**6, np.int32))
    assert len(read_arrays(tmp_path / "c.npz")["a"]) == 10**6


def test_pickles_are_not_opened(tmp_path):
    trap = Trap(tmp_path / "sprung")
    pickle.loads(pickle.dumps(trap))
    assert trap.file.exists()  # the trap works
    trap.file.unlink()
    objects = np.array([trap], dtype=object)
    np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "objects.npz", a=objects)
    (tmp_path / "plain.npy").write_bytes(pickle.dumps(trap))
    for name, read in (("objects.npy", map_array), ("plain.npy", map_array), ("objects.npz", read_arrays)):
        with pytest.raises(DataError, match=name):
            read(tmp_path / name)
    assert not trap.file.exists()
