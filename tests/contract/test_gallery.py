"""The gallery: a script for every public function that draws, each with a title and what its picture shows."""

from __future__ import annotations

import ast

import pytest

from neuro_mod import plotting
from tests.contract.test_public_face import imported_modules
from tests.helpers.shared import ROOT

GALLERY = ROOT / "examples/gallery"
SCRIPTS = sorted(GALLERY.glob("*/*.py"))
#: How a script has a figure drawn, by the public function that draws it; else it calls ``plotting.FUNCTION(``.
BY_NAME = {
    "raster": 'outputs.plot("raster")',
    "cluster_rate_map": 'outputs.plot("rates")',
    "voltage_trace": '.plot("voltage"',
    "perturbation_map": '.plot("perturbations")',
    "effective_parameters": '.plot("effective_parameters")',
    "paired_runs": 'pairs.plot("paired_runs")',
    "difference_traces": 'pairs.plot("differences")',
    "rate_histogram": '.plot("rate_histogram")',
    "theory_comparison": '.plot("rate_comparison")',
    "state_raster": 'Analyzer(outputs).plot("raster")',
    "state_rasters": 'groups.plot("group_rasters")',
    "detected_rates": 'Analyzer(outputs).plot("rates")',
    "active_clusters": '.plot("active_clusters")',
    "occupancy": 'Analyzer(outputs).plot("occupancy")',
    "survival_curves": '.plot("lifetimes")',
    "new_states": '.plot("new_states")',
    "transition_graph": '.plot("transition_graph")',
    "transition_map": '.plot("transition_matrix")',
    "assembly_figure": '.plot("assemblies")',
    "group_values": 'groups.plot("group_values")',
    "fixed_point_map": 'states.plot("fixed_points")',
    "phase_plane": '.plot("phase_plane")',
    "potential_profile": '.plot("potential")',
    "landscape_sections": '.plot("sections")',
    "bifurcation_diagram": '.plot("bifurcation")',
    "sensitivity_maps": '.plot("sensitivities_0")',
    "tuning_map": "neuro-mod tune",
    "population_spectra": '.plot("spectra")',
    "sweep_figure": 'run_sweep(sweep, "simulations/arousal").plot("rates")',
    "response_map": '.plot("occupancy_responses")',
    "step_response": '.plot("step_response")',
    "design_vectors": '.plot("design_vector")',
    "design_progress": '.plot("design_progress")',
    "design_verification": '.plot("design_verified")',
    "design_leakage": '.plot("design_leakage")',
    "margins_by_modes": "plots/capacity.png",
    "changes_by_margin": "plots/verification.png",
}


@pytest.mark.parametrize("function", plotting.__all__)
def test_every_figure_is_shown(function):
    drawn = BY_NAME.get(function, f"plotting.{function}(")
    assert any(drawn in script.read_text(encoding="utf-8") for script in SCRIPTS)


def test_only_functions_that_exist_are_listed():
    assert set(BY_NAME) <= set(plotting.__all__)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.parent.name}/{script.stem}")
def test_scripts_say_what_they_show_and_use_the_package_itself(script):
    content = script.read_text(encoding="utf-8")
    title, shown, *_ = (ast.get_docstring(ast.parse(content)) or "").split("\n\n")
    name, line = title.splitlines()
    assert line == "=" * len(name)
    assert len(shown) > 40 and shown.endswith(".")  # the alternative text of the picture
    assert imported_modules(content) == {"neuro_mod"} or "neuro-mod " in content
    assert "examples/" not in content.partition('"""\n\n')[2].partition("# %%")[0]  # no paths into a checkout


def test_every_section_has_a_header_and_a_place_in_the_order():
    order = (ROOT / "docs/conf.py").read_text(encoding="utf-8")
    for folder in {script.parent for script in SCRIPTS}:
        assert (folder / "GALLERY_HEADER.rst").is_file()
        assert f'"{folder.name}"' in order
