"""The installation, the folders and the styles that the package promises its users."""

from __future__ import annotations

import importlib
import inspect
import math
import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from tests.helpers.shared import ROOT


def listed_paths():
    """Paths in the first column of the table of folders for contributors."""
    table = (ROOT / "docs/about/contributing.md").read_text().split("## Where things are", 1)[1]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [(row, re.findall(r"`([^`]+)`", row)) for row in rows]
    return [path if "/" in path else f"{Path(first[0])}/../{path}" for _, first in named for path in first]


def pins(file):
    """Versions by package in a file of requirements, and in those that it includes."""
    lines = [line for line in (ROOT / file).read_text().splitlines() if line and line[0] != "#"]
    included = [line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    pinned = dict(line.split("==") for line in lines if not line.startswith("-r "))
    return {name: version for each in included for name, version in pins(each).items()} | pinned


def test_installation_requirements():
    pinned = pins("requirements.txt")
    assert pinned["torch"] == "2.13.0"
    assert {"numpy", "scipy", "matplotlib", "torch", "ruamel.yaml"} <= set(pinned)
    assert not {"torch", "pyarrow"} & set(pins("requirements-light.txt"))


@pytest.mark.parametrize("file", ["requirements-light.txt", "requirements.txt", "requirements-dev.txt"])
def test_what_is_installed_is_what_is_pinned(file):
    """Everywhere but in environments without PyTorch, or with other versions, as `make test-versions` makes."""
    if os.environ.get("NEURO_MOD_OTHER_VERSIONS"):
        pytest.skip("other versions than the pinned ones are tested")
    if file == "requirements.txt":
        pytest.importorskip("torch")
    for name, version in pins(file).items():
        assert metadata.version(name).split("+")[0] == version, name


def test_installation_editable():
    """``pip install -e .`` gives the package and its command."""
    scripts = metadata.distribution("neuro_mod").entry_points.select(name="neuro-mod", group="console_scripts")
    assert [script.value for script in scripts] == ["neuro_mod.cli.main:main"]


def test_project_structure():
    missing = [path for path in listed_paths() if not (ROOT / path).exists()]
    assert not missing and len(listed_paths()) > 10
    folders = {path.name for path in (ROOT / "neuro_mod").iterdir() if (path / "__init__.py").exists()}
    assert folders == {Path(path).name for path in listed_paths() if re.fullmatch(r"neuro_mod/\w+/", path)}
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    tops = {path.split("/")[0] for path in kept if "/" in path and not path.startswith(".")}
    assert tops == {path.split("/")[0] for path in listed_paths()}


@pytest.mark.parametrize(
    "path",
    [
        *("mean_field/core/lif_mean_field.py", "mean_field/analysis", "spiking_net/lif_net.py", "clustering"),
        *("spiking_net/external", "spiking_net/analysis"),
    ],
)
def test_project_structure_the_science(path):
    assert (ROOT / "neuro_mod/core" / path).exists()


@pytest.mark.parametrize(
    "path",
    [
        *("neuro_mod/execution/stagers", "neuro_mod/execution/sweep", "neuro_mod/execution/repeats/repeater.py"),
        *(
            "configs/templates/spiking_net_template.yaml",
            "configs/default_snn_params.yaml",
            "configs/snn_test_run.yaml",
        ),
        *("configs/2_cluster_mf.yaml", "configs/perturbed/default_snn_params_with_perturbation.yaml"),
        *("scripts/run_snn.py", "scripts/run_perturbed_snn.py", "scripts/load_snn_analysis.py"),
        *("examples/spiking_net_test_simulation.py", "test_sim/plots", "test_sim/data", "LICENSE"),
    ],
)
def test_project_structure_files(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("neuro_mod.execution", "Repeater"),
        ("neuro_mod.execution.stagers", "StageSNNSimulation"),
        ("neuro_mod.execution.stagers.mean_field", "FullMeanFieldStager"),
        ("neuro_mod.execution.stagers.mean_field", "ReducedMeanFieldStager"),
        ("neuro_mod.execution.sweep.spiking_net", "SNNBaseSweepRunner"),
        ("neuro_mod.execution.sweep.mean_field", "FullMeanFieldBaseSweepRunner"),
        ("neuro_mod.execution.sweep.mean_field", "ReducedMeanFieldSweepRunner"),
        ("neuro_mod.core.spiking_net.analysis.analyzer", "Analyzer"),
        ("neuro_mod.core.spiking_net.lif_net", "LIFNet"),
        ("neuro_mod.core.mean_field.core", "LIFMeanField"),
        ("neuro_mod.core.perturbations", "VectorialPerturbation"),
    ],
)
def test_import_paths(module, name):
    if name == "LIFNet":
        pytest.importorskip("torch")
    assert inspect.isclass(getattr(importlib.import_module(module), name))


def test_the_mean_field_model_directly(run_code, tmp_path):
    code = """\
import numpy as np
from neuro_mod.core.mean_field.core import LIFMeanField

n_clusters = 2
C = np.ones((n_clusters, n_clusters), dtype=int)
J = 0.1 * np.ones((n_clusters, n_clusters))
j_ext = np.array([2.3, 2.3])
c_ext = np.array([320, 320])
nu_ext = np.array([7.0, 7.0])

lif_mf = LIFMeanField(
    n_clusters=n_clusters,
    c_matrix=C,
    j_matrix=J,
    j_ext=j_ext,
    c_ext=c_ext,
    nu_ext=nu_ext,
    tau_membrane=[0.02, 0.02],
    tau_synaptic=[0.005, 0.005],
    threshold=[1.5, 0.75],
    reset_voltage=0.0,
    tau_refractory=0.005,
)

sol = lif_mf.solve_rates()
nu_star = sol.x
fp_type, eigvals = lif_mf.determine_stability(nu_star)
print("Fixed point:", nu_star)
print("Type:", fp_type)
"""
    fixed_point, kind = run_code(code, tmp_path).splitlines()
    rates = [float(number) for number in re.findall(r"\d+\.\d+", fixed_point)]
    # Without noise, 1 / (tau_r + tau_m ln(mu / (mu - threshold))); noise by some (sigma / mu)**2 / 4 = 0.5 %.
    mu = 0.02 * (2.3 * 320 * 7 + 0.1 * sum(rates))
    assert rates == pytest.approx([1 / (5e-3 + 0.02 * math.log(mu / (mu - high))) for high in (1.5, 0.75)], rel=0.01)
    assert kind.startswith("Type: stable")


def test_google_style_docstrings():
    """The docstring that the user shows as an example has all of its arguments."""
    from neuro_mod.core.mean_field.core import LIFMeanField

    text = inspect.getdoc(LIFMeanField) or ""
    arguments = text.split("Args:", 1)[1]
    for name in (
        *("n_clusters", "c_matrix", "j_matrix", "j_ext", "c_ext", "nu_ext", "tau_membrane", "tau_synaptic"),
        *("threshold", "reset_voltage", "tau_refractory"),
    ):
        assert re.search(rf"^\s+{name}: \S", arguments, re.MULTILINE), name


def test_license():
    assert "MIT License" in (ROOT / "LICENSE").read_text() and "(LICENSE)" in (ROOT / "README.md").read_text()
