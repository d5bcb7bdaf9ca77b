"""The calls, paths and files that the package promises its users, each as they would write it."""

from __future__ import annotations

import hashlib
import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.folders import arrays_in, files_in, run_json
from tests.helpers.processes import run_command
from tests.helpers.shared import ROOT, copy_checkout


def run_in(folder, *command, **options):
    done = run_command(*command, cwd=folder, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path):
    return copy_checkout(tmp_path)


def test_single_simulation(checkout, run_code):
    run_code(
        "from neuro_mod.execution.stagers import StageSNNSimulation\n"
        "\n"
        'stager = StageSNNSimulation("configs/default_snn_params.yaml", random_seed=123)\n'
        "outputs = stager.run()\n"
        'stager.execute(plot_arg="spikes")\n',
        checkout,
    )
    folder = checkout / "simulations/default_snn"
    assert {path.name for path in folder.iterdir()} == {"data", "plots", "metadata"}
    assert (folder / "plots/raster.png").read_bytes().startswith(b"\x89PNG")


def test_a_template_copied_and_run(checkout, run_code):
    run_in(checkout, "cp", "configs/templates/spiking_net_template.yaml", "configs/my_sim.yaml")
    run_code(
        "from neuro_mod.execution.stagers import StageSNNSimulation; "
        "StageSNNSimulation('configs/my_sim.yaml').execute(plot_arg='spikes')",
        checkout,
    )
    assert (checkout / "simulations/default/data/spikes.npz").exists()


def test_the_example(checkout, figures_are_drafts, capsys, monkeypatch):
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(sys, "argv", ["examples/spiking_net_test_simulation.py"])
    runpy.run_path(sys.argv[0], run_name="__main__")
    assert "E clusters" in capsys.readouterr().out
    made, kept = checkout / "simulations/spiking_net_test", ROOT / "test_sim"
    assert files_in(made) == files_in(kept)


def test_the_kept_example_output_is_whole_and_small():
    folder = ROOT / "test_sim"
    manifest = json.loads((folder / "metadata/manifest.json").read_text())["files"]
    for name, entry in manifest.items():
        content = (folder / name).read_bytes()
        assert len(content) == entry["bytes"] and hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 1_000_000


def test_the_package_works_from_pythonpath(tmp_path):
    code = "import neuro_mod; print(neuro_mod.__file__)"
    printed = run_in(tmp_path, "python", "-c", code)
    assert printed.strip() == str(ROOT / "neuro_mod/__init__.py")


def test_public_names():
    import neuro_mod

    for name in neuro_mod.__all__:
        assert getattr(neuro_mod, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = neuro_mod.nonsense


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_demo_makes_its_picture(tmp_path):
    command = ["make", "demo", "LIGHT=", f"BIN={Path(sys.executable).parent}", f"DEMO={tmp_path / 'demo'}"]
    printed = run_in(ROOT, *command)
    picture = tmp_path / "demo/plots/raster.png"
    assert f"The raster is saved as {picture}" in printed
    from PIL import Image

    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert pixels.shape[0] > 800 and len(np.unique(pixels.reshape(-1, 3), axis=0)) > 6


REPEATED = (
    *("scripts/run_snn.py", "--config", "configs/snn_test_run.yaml"),
    *("--save-dir", "simulations/snn_test_run", "--n-repeats", "4"),
)


def test_repeated_runs_and_analysis(checkout, run_script, figures_are_drafts):
    done = run_script(*REPEATED, cwd=checkout)
    assert done.returncode == 0, done.stderr
    folder = checkout / "simulations/snn_test_run"
    assert {path.name for path in (folder / "data").glob("spikes_*.npy")} == {f"spikes_000{k}.npy" for k in range(4)}
    assert np.load(folder / "data/spikes_0003.npy").shape == (2000, 2000)
    assert np.load(folder / "clusters.npy").shape == (2000,)
    assert len((folder / "metadata/seeds.txt").read_text().split()) == 4
    metadata = {"config.yaml", "run.json", "run.log", "manifest.json"}
    assert metadata <= {path.name for path in (folder / "metadata").iterdir()}
    assert (folder / "plots/raster_0000.png").read_bytes().startswith(b"\x89PNG")
    assert "distinct" in run_script("scripts/load_snn_analysis.py", cwd=checkout).stdout


def test_repeated_runs_in_parallel(checkout, run_script, figures_are_drafts):
    done = run_script(*REPEATED, "--parallel", "--executor", "process", cwd=checkout)
    assert done.returncode == 0, done.stderr
    folder = checkout / "simulations/snn_test_run"
    said = run_json(folder)
    assert said["executor"] == "process" and said["n_finished"] == 4 and said["failures"] == []
    from neuro_mod.execution.stagers import StageSNNSimulation

    seed = int((folder / "metadata/seeds.txt").read_text().split()[2])
    alone = StageSNNSimulation(checkout / "configs/snn_test_run.yaml", seed).run(record=("spikes",))
    assert np.array_equal(np.load(folder / "data/spikes_0002.npy"), np.asarray(alone["spikes"]))
    assert (folder / "analysis/analysis.json").exists()


def test_perturbed_spiking_network_runs(checkout, run_script, figures_are_drafts):
    done = run_script(
        *("scripts/run_perturbed_snn.py", "--n-repeats", "4", "--save-dir", "simulations/perturbed_snn"),
        *("--config", "configs/perturbed/default_snn_params_with_perturbation.yaml"),
        cwd=checkout,
    )
    assert done.returncode == 0, done.stderr
    folder = checkout / "simulations/perturbed_snn"
    assert {path.name for path in (folder / "data").glob("spikes_*.npy")} == {f"spikes_000{k}.npy" for k in range(4)}
    assert (folder / "plots/raster_0000.png").exists() and (folder / "analysis/states.csv").exists()
    assert "no section" not in done.stderr
    saved = arrays_in(folder / "metadata/perturbations.npz")
    assert set(run_json(folder)["perturbations"]) <= set(saved)
    # vectors of the configuration, placed on clusters 0..2, 1..3 and 2..4, times 0.3, 0.02 and 0.2
    by_hand = [0.3, 0.3 - 0.02, -0.3 + 0.02 + 0.2, 0.02 - 0.2, 0.2]
    for target in ("rate", "arousal_level"):
        np.testing.assert_allclose(saved[target][:5, 0], by_hand, atol=1e-15)
        assert not saved[target][5:].any()
        assert saved[f"{target}_vectors"].shape == (3, 38) and saved[f"{target}_params"].tolist() == [0.3, 0.02, 0.2]
    assert "perturbation of rate: -0.18 to +0.3 Hz" in (folder / "metadata/run.log").read_text()


def test_spiking_net_analyzer(checkout, run_code, run_script):
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.execution.repeats.repeater import Repeater

    run = checkout / "simulations/snn_test_run"
    overrides = ["init_params.duration_sec=0.4", "settings.plot=false"]
    Repeater(checkout / "configs/snn_test_run.yaml", 2, overrides=overrides).execute(run)
    printed = run_code(
        "from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer\n"
        "\n"
        'analyzer = Analyzer("simulations/snn_test_run/data", '
        'clusters="simulations/snn_test_run/clusters.npy", dt=0.5e-3)\n'
        "print(analyzer.get_num_states())\n"
        'analyzer.save_analysis("simulations/snn_test_run/analysis")\n'
        "\n"
        'loaded = Analyzer.load_analysis("simulations/snn_test_run/analysis")\n'
        "print(loaded.get_transition_matrix().shape)\n",
        checkout,
    )
    n_states = int(printed.split()[0])
    assert n_states > 1 and printed == f"{n_states}\n({n_states}, {n_states})\n"
    saved = Analyzer.load_analysis(run / "analysis")
    assert saved.n_sessions == 2 and saved.layout.state_labels.tolist() == list(range(18))
    shown = run_script("scripts/load_snn_analysis.py", cwd=checkout)
    assert f"{n_states} distinct" in shown.stdout


def test_mean_field_stagers(checkout, run_code):
    printed = run_code(
        "from neuro_mod.execution.stagers.mean_field import FullMeanFieldStager, ReducedMeanFieldStager\n"
        "\n"
        'full = FullMeanFieldStager("configs/2_cluster_mf.yaml", random_seed=7)\n'
        "full_outputs = full.run(n_runs=50)\n"
        "\n"
        'reduced = ReducedMeanFieldStager("configs/2_cluster_mf.yaml", random_seed=7)\n'
        "reduced_outputs = reduced.run(focus_pops=[0, 1], grid_density=0.5, grid_lims=(0.0, 60.0))\n"
        # what the calls return
        "import json\n"
        "names = ['fixed_point', 'nu_init', 'stability', 'converged']\n"
        "reduced_names = ['mesh', 'nu_outs', 'force_field', 'path', 'potential', 'displacement']\n"
        "shapes = {name: full_outputs[name].shape for name in names}\n"
        "shapes |= {name: reduced_outputs[name].shape for name in reduced_names}\n"
        "rates = [state.rates[[0, 1, 2, 5]].tolist() for state in full_outputs['distinct']]\n"
        "print(json.dumps({'shapes': shapes, 'rates': rates}))\n",
        checkout,
    )
    outputs = json.loads(printed)
    shapes = {name: tuple(shape) for name, shape in outputs["shapes"].items()}
    assert shapes["fixed_point"] == shapes["nu_init"] == (50, 6)
    assert shapes["stability"] == shapes["converged"] == (50,)
    assert shapes["mesh"] == shapes["nu_outs"] == shapes["force_field"] == (2, 121, 121)
    points = shapes["potential"][0]
    assert shapes["displacement"] == (points,) and shapes["path"] == (points, 2)
    # model.md, section 7: the selective state and the saddle, from two independent implementations
    expected = [[52.318916, 5.213988, 2.258635, 13.783422], [29.215101, 29.215101, 2.202282, 13.839673]]
    np.testing.assert_allclose(outputs["rates"], expected, atol=1e-6)
    assert not (checkout / "simulations").exists()


SWEEP = """\
from neuro_mod.execution.sweep.spiking_net import SNNBaseSweepRunner

class SpikeCountSweep(SNNBaseSweepRunner):
    def _step(self, param, idx, sweep_param, **kwargs):
        outputs = self._sweep_object.run(**kwargs)
        return int(outputs["spikes"].sum())

    def _store(self, *args, **kwargs):
        pass

    def summary(self, results, sweep_params):
        print(list(zip(sweep_params, results)))

    def _summary_plot(self, *args, **kwargs):
        pass

    def summarize_repeated_run(self, *args, **kwargs):
        pass

sweep = SpikeCountSweep()
"""
EXECUTE = """\
sweep.execute(
    main_dir="simulations/sweep_demo",
    baseline_params="configs/snn_test_run.yaml",
    param=["external_currents", "nu_ext_baseline"],
    sweep_params=[5.0, 7.5, 10.0],
    param_idx=0,
)
"""
EXECUTE_IN_PARALLEL = EXECUTE.replace("param_idx=0,\n", 'param_idx=0,\n    parallel=True,\n    executor="process",\n')


def replayed(folder):
    """What the sweep prints, from the configurations that it keeps."""
    from neuro_mod.config import load_experiment
    from neuro_mod.execution.stagers import StageSNNSimulation

    steps = sorted((folder / "configs").iterdir())
    assert [step.name for step in steps] == [f"step_000{k}.yaml" for k in range(3)]
    values = [load_experiment(step).external_currents.nu_ext_baseline for step in steps]
    assert values == [(5.0, 7.0), (7.5, 7.0), (10.0, 7.0)]
    counts = [int(np.asarray(StageSNNSimulation(step).run(record=("spikes",))["spikes"]).sum()) for step in steps]
    assert 0 < counts[0] < counts[1] < counts[2]
    return f"{list(zip([5.0, 7.5, 10.0], counts, strict=True))}\n"


def test_sweep_stagers(checkout, run_code):
    assert run_code(SWEEP + EXECUTE, checkout) == replayed(checkout / "simulations/sweep_demo")


def test_parallel_sweeps(checkout, run_code):
    (checkout / "script.py").write_text(SWEEP + EXECUTE_IN_PARALLEL)
    printed = run_in(checkout, "python", "script.py")  # it has no main guard
    folder = checkout / "simulations/sweep_demo"
    assert printed == replayed(folder)
    assert run_json(folder)["executor"] == "process"
    assert run_code(SWEEP + EXECUTE, checkout) == printed
    # nothing was done again: the results still are those of the processes
    assert run_json(folder)["executor"] == "process"
    assert "3 of 3 steps finished; executor serial" in (folder / "metadata/run.log").read_text()


#: What a kernel does with the cells of a notebook: their code is compiled by itself and belongs to no file.
KERNEL = """\
import json, sys
for number, cell in enumerate(json.load(open("cells.json"))):
    exec(compile(cell, f"<ipython-input-{number}>", "exec"))
"""


def test_sweeps_in_a_notebook(checkout):
    (checkout / "cells.json").write_text(json.dumps([SWEEP, EXECUTE_IN_PARALLEL, EXECUTE]))
    assert run_in(checkout, "python", "-", input=KERNEL) == 2 * replayed(checkout / "simulations/sweep_demo")


PERTURBATION = """\
perturbation:
  rate:
    vectors:
      - [1, 1, -1]
      - [-1, 1, 1]
      - [1, -1, 1]
    involved_clusters:
      - [0, 1, 2]
      - [1, 2, 3]
      - [2, 3, 4]
    seed: 256
    params: [0.3, 0.02, 0.2]
    time_dependence:
      shape: hat
      onset_time: 0
      offset_time:
  arousal_level:
    vectors:
      - [1, 1, -1]
      - [-1, 1, 1]
      - [1, -1, 1]
    involved_clusters:
      - [0, 1, 2]
      - [1, 2, 3]
      - [2, 3, 4]
    seed: 256
    params: [0.3, 0.02, 0.2]
    time_dependence:
      shape: hat
      onset_time: 0
      offset_time:
"""


def test_the_perturbation_block_means_what_it_says():
    from neuro_mod.config import load_experiment

    experiment = load_experiment(PERTURBATION)
    vectors = np.zeros((3, 38))
    vectors[0, [0, 1, 2]] = [1, 1, -1]
    vectors[1, [1, 2, 3]] = [-1, 1, 1]
    vectors[2, [2, 3, 4]] = [1, -1, 1]
    # 0.3, 0.3 - 0.02, -0.3 + 0.02 + 0.2, 0.02 - 0.2, 0.2, and nothing for the other populations
    delta = np.array([0.3, 0.28, -0.08, -0.18, 0.2] + [0.0] * 33)
    assert set(experiment.timed_perturbations) == {"rate", "arousal_level"}
    for timed in experiment.timed_perturbations.values():
        assert np.array_equal(timed.perturbation.basis, vectors) and timed.coefficients == (0.3, 0.02, 0.2)
        for time in (0.0, 1.0, 2.4995):
            np.testing.assert_allclose(timed.at(time), delta, atol=1e-15)
    assert load_experiment(experiment.to_yaml()) == experiment


@pytest.mark.parametrize(
    "target",
    [
        *(
            "rate",
            "j_baseline",
            "j_potentiated",
            "j_ext",
            "threshold",
            "tau_membrane",
            "tau_synaptic",
            "tau_refractory",
        ),
        *("arousal_level", "arousal_L", "arousal_x_0", "arousal_k", "arousal_M"),
    ],
)
def test_supported_targets(target):
    from neuro_mod.config import load_experiment

    block = {"vectors": [[1, -1]], "involved_clusters": [[0, 1]], "params": [0.001]}
    assert set(load_experiment({"perturbation": {target: block}}).timed_perturbations) == {target}
