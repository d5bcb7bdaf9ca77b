from __future__ import annotations

import numpy as np

from tests.helpers.folders import run_json
from tests.helpers.shared import CONFIGS, ROOT

SCRIPT = ROOT / "scripts/run_perturbed_snn.py"


def test_the_call_of_the_readme(run_script, tmp_path):
    config = CONFIGS / "perturbed/default_snn_params_with_perturbation.yaml"
    done = run_script(
        SCRIPT, "--config", config, "--save-dir", "simulations/perturbed_snn", "--n-repeats", 2, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "simulations/perturbed_snn"
    assert np.load(folder / "data/spikes_0001.npy").shape == (5000, 2000)
    assert np.load(folder / "clusters.npy").shape == (2000,)
    assert set(run_json(folder)["perturbations"]) <= set(np.load(folder / "metadata/perturbations.npz"))
    assert (folder / "plots/raster_0000.png").exists() and (folder / "analysis/states.csv").exists()
    assert "no section" not in done.stderr


def test_it_warns_where_nothing_is_perturbed(run_script, config, tmp_path):
    done = run_script(SCRIPT, "--config", config, "--no-analysis", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "WARNING the configuration has no section perturbation" in done.stderr
    assert (tmp_path / "simulations/default/data/spikes_0000.npy").exists()
