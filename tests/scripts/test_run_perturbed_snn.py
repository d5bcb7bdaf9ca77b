from __future__ import annotations

from tests.helpers.shared import ROOT

SCRIPT = ROOT / "scripts/run_perturbed_snn.py"


def test_it_warns_where_nothing_is_perturbed(run_script, config, tmp_path):
    done = run_script(SCRIPT, "--config", config, "--no-analysis", "--plot", "none", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "WARNING the configuration has no section perturbation" in done.stderr
    assert (tmp_path / "simulations/default/data/spikes_0000.npy").exists()
