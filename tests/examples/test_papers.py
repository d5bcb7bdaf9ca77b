"""The scripts of examples/papers at a small scale: two levels of arousal, few and short trials."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuro_mod import run_sweep, sweep_runs
from neuro_mod.config.sweep import load_sweep
from tests.helpers.shared import ROOT

#: It simulates and draws for half a minute; `make paper` does all of it.
pytestmark = pytest.mark.slow

PAPER = ROOT / "examples/papers/papadopoulos_2024"
SCRIPTS = sorted(path.name for path in PAPER.glob("fig*.py"))
LEVELS, STIMULI = {"arousal.level": [0.2, 0.4]}, {"stimulus.seed": [1, 2]}
#: Repeats, seconds and parameters of each sweep.
SMALL: dict[str, tuple[int, float, dict[str, Any]]] = {
    "spontaneous": (6, 3.0, LEVELS),
    "stimuli_clustered": (5, 2.0, LEVELS | STIMULI),
    "stimuli_homogeneous": (5, 2.0, LEVELS | STIMULI),
    "coupling": (2, 1.0, {"architecture.clusters.j_potentiated[0]": [14.0, 17.0]}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sweeps, and the figures that all scripts drew of them."""
    place = tmp_path_factory.mktemp("papers")
    for name, (repeats, duration, parameters) in SMALL.items():
        file = load_sweep(PAPER / f"{name}.yaml").file
        overrides = file.overrides | {"init_params.duration_sec": duration}
        keys = {"config": os.fspath((PAPER / file.config).resolve()), "set": overrides, "parameters": parameters}
        more = {"fix_network": True, "noise": "independent", "keep_spikes": True, "measures": list(file.measures)}
        run_sweep(keys | more | {"repeats": repeats}, place / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["script", os.fspath(place)])
        patch.syspath_prepend(PAPER)
        patch.chdir(ROOT)
        for script in SCRIPTS:  # fig7 reads what fig5 wrote
            runpy.run_path(os.fspath(PAPER / script))
        sys.modules.pop("panels")
    return place


def numbers(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "figures" / f"{name}.csv", keep_default_na=False, na_values={"y": "", "error": ""})


@pytest.mark.parametrize("name", ["fig5", "fig5_peaks", "fig6", "fig7", "fig8", "figS5", "figS6"])
def test_figures_and_numbers(folder, name):
    assert (folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    table = numbers(folder, name)
    assert list(table)[:4] == ["panel", "curve", "x", "y"]
    assert table.groupby("panel")["y"].apply(lambda y: np.isfinite(y).any()).all()


def test_panels_are_those_of_the_paper(folder):
    panels = {name: {panel[0] for panel in numbers(folder, name)["panel"]} for name in ("fig5", "fig6", "fig7", "fig8")}
    assert panels == {"fig5": set("CDEF"), "fig6": set("ABG"), "fig7": set("BC"), "fig8": set("ABC")}


def test_clusters_stay_active_as_long_as_others_measured(folder):
    """At arousal 0.4: .133 s above the mean, without standard error; .120 +- .002 s above 20 Hz for 50 ms, in 60 s."""
    drawn = numbers(folder, "fig6").query("curve == 'activations' and x == 0.4").iloc[0]
    assert abs(drawn["y"] - 0.133) < 4 * drawn["error"]
    runs = sweep_runs(folder / "spontaneous").select({"arousal.level": 0.4})
    found = runs.analyzer(method="threshold", high_hz=20, low_hz=20).quantities(0.2).loc["mean_activation_sec"]
    assert 0.001 < found["standard_error"] < 0.006
    assert abs(found["value"] - 0.120) < 4 * np.hypot(found["standard_error"], 0.002)


def test_stimuli_are_told_apart_and_targeted_clusters_respond(folder):
    signal = numbers(folder, "fig7")
    assert (signal["y"] > 3 * signal["error"]).all()
    accuracy = numbers(folder, "fig5").query("panel.str.startswith('E') and x == 0.4")["y"].item()
    assert accuracy > 0.8  # of two stimuli


def test_variability_falls_with_arousal(folder):
    before = numbers(folder, "fig8").query("panel.str.startswith('A') and curve == 'all E'").set_index("x")
    assert before["y"][0.4] < before["y"][0.2] - 3 * before["error"][0.2]


def test_the_sweeps_are_valid_and_of_full_scale():
    runs = {path.stem: load_sweep(path).n_runs for path in PAPER.glob("*.yaml")}
    assert runs == {"spontaneous": 330, "stimuli_clustered": 1650, "stimuli_homogeneous": 1650, "coupling": 220}
