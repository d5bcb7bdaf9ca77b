from __future__ import annotations

import hashlib
import io
import zipfile

import numpy as np
import pytest

from neuro_mod.storage import writing
from neuro_mod.storage.run_folder import RunFolder
from neuro_mod.storage.writing import HashedFile


def size_and_hash(content):
    return len(content), hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("sizes", [[], [0], [3, 4], [99], [100], [101], [60, 60], [300, 1, 99]])
def test_what_is_written_in_order_is_hashed_on_the_way(monkeypatch, sizes):
    monkeypatch.setattr(writing, "_IN_MEMORY", 100)
    content, file = np.random.default_rng(1).bytes(sum(sizes)), io.BytesIO()
    hashed, at = HashedFile(file), 0
    for size in sizes:
        assert hashed.write(content[at : at + size]) == size
        at += size
        assert hashed.tell() == at
    assert hashed.finish() == size_and_hash(content) == size_and_hash(file.getvalue())


@pytest.mark.parametrize("seeks", [[(0, 5)], [(2, 90)], [(2, 200)], [(130, 5), (10, 3)]])
@pytest.mark.parametrize("before", [20, 95, 150])
def test_what_is_completed_later_is_as_in_any_other_file(monkeypatch, before, seeks):
    monkeypatch.setattr(writing, "_IN_MEMORY", 100)
    written, expected = io.BytesIO(), io.BytesIO()
    hashed = HashedFile(written)
    for file in (hashed, expected):
        file.write(b"a" * before)
        for place, size in seeks:
            file.seek(place)
            file.write(b"b" * size)
        file.seek(0, io.SEEK_END)
        file.write(b"c" * 7)
    known = hashed.finish()
    assert written.getvalue() == expected.getvalue()
    assert known in (None, size_and_hash(expected.getvalue()))


@pytest.mark.parametrize("n", [3, 2**18])
def test_the_record_of_an_archive_is_that_of_its_file(tmp_path, n):
    files = RunFolder(tmp_path)
    path = files.save_arrays("data/some.npz", first=np.arange(n), second=np.ones(n))
    content = path.read_bytes()
    assert files.records["data/some.npz"] == dict(zip(("bytes", "sha256"), size_and_hash(content), strict=True))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    assert np.array_equal(np.load(path)["second"], np.ones(n))
