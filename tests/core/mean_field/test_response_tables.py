"""Response tables on disk: validated when read, computed where there are none, never half written."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from filelock import FileLock

from neuro_mod.core.mean_field.core.exact import cache, table
from neuro_mod.core.mean_field.core.exact.coordinates import LOG_RHO, W
from neuro_mod.core.mean_field.core.exact.table import Ratios, ResponseTable
from neuro_mod.core.table_watch import TableProgress, TableWarning, tables_watched, tell
from neuro_mod.errors import NumericalError

RATIOS = Ratios(0.3, 0.1)


@pytest.fixture
def computed(monkeypatch, tmp_path):
    """Tables of a cache folder of their own, computed from a formula; counts how often."""
    calls = []

    def compute(ratios):
        calls.append(ratios)
        values = W[:, None] ** 2 - LOG_RHO
        return ResponseTable(ratios, values, values / 100, np.array([1e-4, 1e-3]))

    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "compute", compute)
    cache._table.cache_clear()
    yield calls
    cache._table.cache_clear()


def test_a_table_is_computed_once_and_kept(computed, tmp_path):
    first = cache.table_for(RATIOS)
    cache._table.cache_clear()
    again = cache.table_for(RATIOS)
    assert computed == [RATIOS]
    assert np.array_equal(first.log_mean, again.log_mean)
    assert again.error.tolist() == [1e-4, 1e-3]
    assert {path.suffix for path in tmp_path.iterdir()} <= {".npz", ".lock"}


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "flipped", "compressed", "text", "array", "other", "pickle", "shape", "nan"]
)
def test_a_damaged_table_is_said_and_computed_again(computed, tmp_path, damage):
    good = cache.table_for(RATIOS)
    path = tmp_path / cache.file_name(RATIOS)
    content = path.read_bytes()
    changed = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "flipped": bytes([*content[:3000], content[3000] ^ 1, *content[3001:]]),
        "compressed": bytes([*content[:460], content[460] ^ 255, *content[461:]]),
        "text": b"not an archive",
    }
    if damage in changed:
        path.write_bytes(changed[damage])
    elif damage == "other":
        cache.write(path, ResponseTable(Ratios(0.3, 0.2), good.log_mean, good.log_spread, good.error))
    elif damage == "array":
        with path.open("wb") as file:
            np.save(file, good.log_mean)
    elif damage == "pickle":
        np.savez(path, log_mean=np.array([{}], object), allow_pickle=True)
    else:
        wrong = good.log_mean[:-1] if damage == "shape" else np.full_like(good.log_mean, np.nan)
        cache.write(path, ResponseTable(RATIOS, wrong, good.log_spread, good.error))
    cache._table.cache_clear()
    with pytest.warns(TableWarning, match=r"damaged response table found .*; it is computed again"):
        found = cache.table_for(RATIOS)
    assert len(computed) == 2
    assert np.array_equal(found.log_mean, good.log_mean)
    assert np.array_equal(cache.read(path, RATIOS).log_mean, good.log_mean)


def test_a_damaged_table_of_the_package(computed, monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "_PACKAGED", tmp_path / "package")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / cache.file_name(RATIOS)).write_bytes(b"PK")
    with pytest.warns(TableWarning, match=r"package.* damaged response table found"):
        assert cache.table_for(RATIOS).ratios == RATIOS
    assert computed == [RATIOS]


def test_where_nothing_can_be_saved(computed, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path / "file" / "folder"))
    said = []
    with tables_watched(said.append):
        found = cache.table_for(RATIOS)
    assert found.ratios == RATIOS
    assert len(said) == 1
    assert "kept in memory only" in said[0]


def test_progress_and_solution(monkeypatch):
    # a few points of a real table; the rest of it is in tests of the response
    monkeypatch.setattr(table, "W", np.array([0.5, 1.0, 1.5]))
    monkeypatch.setattr(table, "LOG_RHO", np.array([-1.0, 0.0, 1.0, 2.0]))
    seen = []
    with tables_watched(seen.append):
        found = list(table._solved([(0.5, 0.0), (1.0, 0.0)], RATIOS))
    assert seen[-1] == TableProgress(str(RATIOS), 2, 2)
    assert found[0][0] < found[1][0]


def test_a_table_that_cannot_be_solved(monkeypatch):
    monkeypatch.setattr(table, "_solved", lambda points, ratios: [(np.nan, 0.0)] * len(points))
    with pytest.raises(NumericalError, match="no solution"):
        table.compute(RATIOS)


def test_the_packaged_table_is_that_of_the_solver():
    ratios = Ratios(0.25, 0.25)
    packaged = cache.read(cache._PACKAGED / cache.file_name(ratios), ratios)
    points = [(3, 10), (7, 20), (14, 25), (20, 15)]
    solved = list(table._solved([(float(W[i]), float(LOG_RHO[j])) for i, j in points], ratios))
    for (i, j), (mean, spread) in zip(points, solved, strict=True):
        assert packaged.log_mean[i, j] == pytest.approx(mean, abs=1e-7)
        assert packaged.log_spread[i, j] == pytest.approx(spread, abs=1e-6)
    assert packaged.error[0] < 3e-3
    assert packaged.error[1] < 1e-2


def test_two_processes_compute_one_table(computed, tmp_path):
    path = tmp_path / cache.file_name(RATIOS)
    other = FileLock(path.with_suffix(".lock"))
    other.acquire()
    said, found = [], []

    def ask():
        with tables_watched(said.append):
            found.append(cache.table_for(RATIOS))

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 20
    while not said and time.monotonic() < deadline:
        time.sleep(0.01)
    values = W[:, None] ** 2 + LOG_RHO
    cache.write(path, ResponseTable(RATIOS, values, values, np.zeros(2)))  # the other process has finished
    other.release()
    asking.join(20)
    assert not computed
    assert np.array_equal(found[0].log_mean, values)
    assert said == [f"another process computes the response table {path}; waiting for it"]


def test_without_watchers_a_table_is_logged(caplog):
    tell(TableProgress("a pair", 1, 10))
    tell(TableProgress("a pair", 2, 10))
    assert len(caplog.records) == 1
    assert "computing the response table for a pair" in caplog.text


def test_many_tables_are_said_before_they_are_computed(computed):
    every = tuple(Ratios(0.3, 0.1 * k) for k in range(4))
    with pytest.warns(TableWarning, match="4 response tables have to be computed"):
        cache.say_if_many(every)
    cache.table_for(every[0])
    cache.table_for(every[1])
    cache.say_if_many.cache_clear()
    cache.say_if_many(every)  # two are left


def test_tables_of_a_shared_cache_can_be_read_by_others(computed, tmp_path):
    (tmp_path / "usual").touch()
    cache.table_for(RATIOS)
    path = tmp_path / cache.file_name(RATIOS)
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert {each.suffix for each in tmp_path.iterdir()} <= {".npz", ".lock", ""}
