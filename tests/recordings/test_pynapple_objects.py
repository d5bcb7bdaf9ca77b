"""Spikes as objects of Pynapple, where it is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from neuro_mod.errors import InputError
from neuro_mod.recordings.pynapple_objects import to_pynapple
from tests.helpers.exchange import EVENTS, assert_same, read

LABELS = [0, 1, 1, 2]


def test_a_group_has_its_units_and_metadata(tmp_path):
    pytest.importorskip("pynapple")
    group = to_pynapple(EVENTS, LABELS, ["E0", "E1", "E2"])
    assert len(group) == EVENTS.n_neurons and group.time_support.end[0] == EVENTS.duration
    assert group[2].t.tolist() == pytest.approx([0, 0.017, 0.048], rel=1e-15)
    assert list(group["cluster"]) == LABELS
    assert list(group["population"]) == [f"E{label}" for label in LABELS]
    group.save(str(tmp_path / "spikes.npz"))
    assert_same(read(tmp_path / "spikes.npz"))


def test_names_need_labels():
    pytest.importorskip("pynapple")
    for labels, names in ((None, ["a"]), (LABELS, ["a"]), (np.full(EVENTS.n_neurons, -1), ["a"])):
        with pytest.raises(InputError, match=r"names: .* expected one for each label"):
            to_pynapple(EVENTS, labels, names)


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynapple", None)
    with pytest.raises(ImportError, match=r'pip install "neuro_mod\[pynapple\]"'):
        to_pynapple(EVENTS)
