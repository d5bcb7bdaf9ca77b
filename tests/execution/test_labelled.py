"""Results as arrays of xarray, where it is installed."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from neuro_mod import StageSNNSimulation, run_sweep, to_xarray
from neuro_mod.errors import InputError
from neuro_mod.storage.names import RESULTS_TABLE
from tests.helpers.shared import SMALL

QUIET = SMALL | {"settings": {"plot": False}}


@pytest.fixture(scope="module")
def outputs():
    return StageSNNSimulation(SMALL).run(record=["voltage"], neurons=[0, 45], every=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    parameters = {"arousal.level": [0.0, 0.5], "init_params.duration_sec": [0.1]}
    sweep = {"config": QUIET, "parameters": parameters, "repeats": 3, "measures": ["rates"]}
    run_sweep(sweep, folder)
    return folder


def test_axes_of_a_run_have_coordinates_and_units(outputs):
    pytest.importorskip("xarray")
    rates = outputs.to_xarray()
    assert rates.dims == ("time", "population") and rates.attrs["units"] == "Hz" and rates.time.attrs["units"] == "s"
    assert rates.time[:2].values == pytest.approx([0.0025, 0.0075])
    assert (rates.sel(population="E1").values == outputs["rates"][:, 1]).all()
    voltage = outputs.to_xarray("voltage")
    assert voltage.dims == ("time", "neuron") and voltage.time.values[:2].tolist() == pytest.approx([0.0, 0.005])
    assert voltage.population.values.tolist() == ["E0", "I1"] and voltage.neuron.values.tolist() == [0, 45]
    assert (voltage.sel(neuron=45).values == outputs["voltage"][:, 1]).all()
    with pytest.raises(InputError, match='name: "current" found; expected one of rates, voltage; record current'):
        outputs.to_xarray("current")
    with pytest.raises(InputError, match='name: "volts" found; expected one of rates, voltage, current'):
        outputs.to_xarray("volts")


def test_parameters_of_a_sweep_are_axes(folder):
    pytest.importorskip("xarray")
    data, table = to_xarray(folder), pd.read_csv(folder / RESULTS_TABLE)
    assert dict(data.sizes) == {"arousal.level": 2, "init_params.duration_sec": 1, "repeat": 3}
    column = next(name for name in data if "rate" in str(name) or "E" in str(name))
    chosen = table[(table["arousal.level"] == 0.5) & (table["repeat"] == 2)]
    assert data[column].sel({"arousal.level": 0.5, "repeat": 2}).item() == pytest.approx(chosen[column].item())
    with pytest.raises(InputError, match="columns that tell all runs apart"):
        to_xarray(table, ["arousal.level"])
    with pytest.raises(InputError, match='dims: "level" found; expected columns of the table: point'):
        to_xarray(table, ["level"])
    with pytest.raises(InputError, match="dims: nothing found"):
        to_xarray(table)
    with pytest.raises(InputError, match="expected the folder of a sweep"):
        to_xarray(folder.parent)
    with pytest.raises(InputError, match=r"sweep: \[\] found; expected the folder of a sweep, or its table"):
        to_xarray([])


def test_what_is_missing_is_said(monkeypatch, outputs, folder):
    monkeypatch.setitem(sys.modules, "xarray", None)
    for call in (outputs.to_xarray, lambda: to_xarray(folder)):
        with pytest.raises(ImportError, match=r'pip install "neuro_mod\[xarray\]"'):
            call()
