from __future__ import annotations

import csv

import numpy as np
import pytest

from neuro_mod import SpectrumStager
from neuro_mod.core.mean_field.core import linearized
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers.mean_field import spectrum
from tests.helpers.folders import arrays_in
from tests.helpers.shared import CONFIGS

TWO_CLUSTERS = CONFIGS / "2_cluster_mf.yaml"


@pytest.fixture(autouse=True)
def few_frequencies(monkeypatch):
    """Enough for what is saved; how good a spectrum is, other tests say."""
    few = np.concatenate([[0.0], np.geomspace(0.5, 1000, 40)])
    for module in (linearized, spectrum):
        monkeypatch.setattr(module, "FREQUENCIES", few)


def test_saved_spectra(tmp_path):
    """Tables and arrays say what the outputs do, for populations with neurons."""
    stager = SpectrumStager(TWO_CLUSTERS, response="exact")
    outputs = stager.execute(n_active=1, frequencies=[12.0], window=0.02, delay=1e-4, n_runs=5, out=tmp_path)
    response, covariance = outputs["response"], outputs["covariance"]
    np.testing.assert_array_equal(covariance, response.covariance(0.02))
    saved = arrays_in(tmp_path / "data/linear_response.npz")
    assert len(saved["frequencies"]) == 42 and saved["populations"].tolist()[:2] == ["E0", "E1"]
    np.testing.assert_array_equal(saved["spectra"], response.spectra)
    np.testing.assert_array_equal(saved["connectivity"], response.connectivity)
    with (tmp_path / "data/spectra.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["frequency_hz"] == "12.0"]
    at, held = int(np.searchsorted(response.frequencies, 12.0)), np.flatnonzero(response.sizes)
    assert [row["population"] for row in rows] == ["E0", "E1", "E_background", "I_background"]
    assert [float(row["power_hz"]) for row in rows] == response.power[at, held].tolist()
    with (tmp_path / "data/covariances.csv").open() as lines:
        pairs = list(csv.DictReader(lines))
    assert len(pairs) == 10 and (pairs[1]["a"], pairs[1]["b"]) == ("E0", "E1")
    assert float(pairs[1]["covariance_hz2"]) == covariance[0, 1]
    assert (tmp_path / "plots/spectra.png").exists()
    metadata = outputs["metadata"]
    assert metadata["state"]["n_active"] == 1 and metadata["delay_sec"] == 1e-4 and metadata["response"] == "exact"
    (active,) = (each for each in metadata["groups"] if each["group"] == "E active")
    assert active["deviation_hz"] == pytest.approx(np.sqrt(covariance[outputs["state"].active[0]].max()))


def test_bad_arguments():
    with pytest.raises(InputError, match=r"mean_field.response: \"shifted\" found; .*, or use --response exact"):
        SpectrumStager(TWO_CLUSTERS).run(n_runs=1)
    stager = SpectrumStager(TWO_CLUSTERS, response="exact")
    with pytest.raises(InputError, match=r"n_active: 2 found; expected a number of active clusters .*: 1; .*--active"):
        stager.run(2, n_runs=5)
    with pytest.raises(InputError, match=r"window: 1000000.0 found; expected seconds above 0, and at most 625 with"):
        stager.run(1, window=1e6, n_runs=5)
    with pytest.raises(InputError, match=r"frequencies: .* expected numbers in Hz from 0"):
        stager.run(1, frequencies=[-1.0], n_runs=5)
