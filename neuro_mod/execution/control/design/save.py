"""Files of a design: the configuration with its perturbation, tables, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from neuro_mod.config import Experiment
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.execution.control.design.problem import DesignOptions
from neuro_mod.execution.control.design.results import designed_experiment
from neuro_mod.execution.control.design.study import BASELINE, DESIGNED, Study
from neuro_mod.execution.figures import Drawings, Look, captioned, drawn, save_figures
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import DESIGN_CONFIG, DESIGN_LEAKAGE, DESIGN_STEPS, DESIGN_TABLE, DESIGN_VECTORS

#: Norms as figures name them.
_NORMS = {"l1": "sum of sizes", "l2": "length", "linf": "largest entry"}


def save_study(
    folder: Files, experiment: Experiment, options: DesignOptions, study: Study, results: Mapping[str, Any]
) -> Drawings:
    """Save the designed configuration and the tables of `describe_results`, and the figures if ``settings.plot``.

    Returns:
        The figures.
    """
    folder.save_text(DESIGN_CONFIG, designed_experiment(experiment, options, study).to_yaml())
    folder.save_table(DESIGN_TABLE, results["table"])
    folder.save_table(DESIGN_VECTORS, results["vectors"])
    folder.save_table(DESIGN_STEPS, results["steps"])
    folder.save_table(DESIGN_LEAKAGE, results["leakage"])
    drawings = _drawings(experiment, options, study, results)
    if experiment.settings.plot:
        save_figures(folder.save, drawings, Look.of(experiment.settings))
    return drawings


def _drawings(experiment: Experiment, options: DesignOptions, study: Study, results: Mapping[str, Any]) -> Drawings:
    # matplotlib is loaded only to draw
    from neuro_mod.plotting.control.design import (  # noqa: PLC0415
        design_leakage,
        design_progress,
        design_vectors,
        design_verification,
    )

    goal, populations = study.problem.goal, experiment.populations
    vectors = {name: study.directions[name] for name in study.verified if name != BASELINE}
    label = f"{goal.phrase} (s)" if goal.unit else goal.phrase
    verified = f"{options.verify_trials} trials of {options.verify_duration:g} s"
    designed = next(row for row in results["table"] if row["direction"] == DESIGNED)
    unit = f" {TARGETS[options.target].unit}".rstrip()
    drawings = drawn(
        {
            "design_vector": partial(design_vectors, vectors, options.target, populations),
            "design_progress": partial(
                design_progress,
                results["steps"],
                {row["direction"]: row["verified"] for row in results["table"]},
                label,
            ),
            "design_verified": partial(design_verification, results["table"], label),
            "design_leakage": partial(
                design_leakage,
                results["leakage"],
                options.least_states,
                f"multiple of the design ({_NORMS[options.norm]} {designed['size']:.3g}{unit})",
            ),
        }
    )
    return {
        **drawings,
        **captioned({"design_verified": drawings["design_verified"]}, verified),
        **captioned({"design_leakage": drawings["design_leakage"]}, verified, "bars: ± s.e."),
    }
