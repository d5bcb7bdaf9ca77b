"""What mean-field runs say about themselves, and the files and pictures that they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import neuro_mod
from neuro_mod.config import Experiment
from neuro_mod.core.mean_field.analysis.activity import rates_by_activity
from neuro_mod.core.mean_field.core import FixedPoint, FixedPoints
from neuro_mod.core.populations import Populations
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.run_folder import (
    CONFIG,
    FIXED_POINTS,
    FIXED_POINTS_TABLE,
    LANDSCAPE,
    POTENTIAL_TABLE,
    RUN,
    STATES_TABLE,
    RunFolder,
)

#: Between the entries of a list within a table.
_AND = " "


def describe_fixed_points(found: FixedPoints, populations: Populations) -> dict[str, Any]:
    """Metadata of a search for steady states, as a mapping that JSON can hold.

    Args:
        found: What it found.
        populations: The layout of cluster space.
    """
    return {
        "version": neuro_mod.__version__,
        "n_runs": len(found.starts),
        "n_converged": int(found.found.converged.sum()),
        "searched": found.searched,
        "n_distinct": len(found),
        "n_stable": len(found.stable),
        "states": [
            describe_state(point, populations) | {"reached": int((found.reached == index).sum())}
            for index, point in enumerate(found)
        ],
    }


def describe_state(point: FixedPoint, populations: Populations) -> dict[str, Any]:
    """A steady state in a row: kind, active clusters, mean rates in Hz of groups, leading eigenvalue in 1/s."""
    leading = point.eigenvalues[0]
    return {
        "kind": point.kind,
        "n_active": len(point.active),
        "active": list(point.active),
        "multiplicity": point.multiplicity,
        "leading_eigenvalue": [float(leading.real), float(leading.imag)],
        "residual": point.residual,
    } | {f"{group}_hz": rate for group, rate in rates_by_activity(point.rates, point.active, populations).items()}


def describe_landscape(outputs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Metadata of a landscape, as a mapping that JSON can hold.

    Args:
        outputs: From `ReducedMeanFieldStager.run`.
        names: Names of the focus populations.
    """
    unknown = np.isnan(outputs["rates"]).any(axis=-1)
    return {
        "version": neuro_mod.__version__,
        "focus_pops": list(names),
        "grid_points": int(unknown.size),
        "grid_points_without_equilibrium": int(unknown.sum()),
        "grid_lims_hz": [float(outputs["axes"][0][0]), float(outputs["axes"][0][-1])],
        "largest_curl": float(np.nanmax(np.abs(outputs["curl"]), initial=0.0)),
        "path": outputs["path_kind"],
        "quadrature": f"trapezoidal rule on {len(outputs['path'])} points of the path",
        "states": [
            {"kind": state.kind, "full_kind": state.full_kind}
            | {f"{name}_hz": float(rate) for name, rate in zip(names, state.nu, strict=True)}
            for state in outputs["states"]
        ],
        "barriers": [
            {"well": barrier.well, "saddle": barrier.saddle, "height_hz2": barrier.height}
            for barrier in outputs["barriers"]
        ],
    }


def save_fixed_points(
    folder: RunFolder,
    outputs: Mapping[str, Any],
    populations: Populations,
    experiment: Experiment,
    *,
    data: bool,
    pictures: bool,
) -> None:
    """Save steady states and draw them.

    Args:
        folder: Where to.
        outputs: From `FullMeanFieldStager.run`.
        populations: The layout of cluster space.
        experiment: What was staged.
        data: Whether to save the data.
        pictures: Whether to draw.
    """
    found: FixedPoints = outputs["distinct"]
    if data:
        rows = [
            {"state": index}
            | {name: _AND.join(map(str, value)) if isinstance(value, list) else value for name, value in about.items()}
            | {f"{name}_hz": float(rate) for name, rate in zip(populations.names, point.rates, strict=True)}
            for index, (point, about) in enumerate(zip(found, outputs["metadata"]["states"], strict=True))
        ]
        folder.save_table(FIXED_POINTS_TABLE, rows)
        folder.save_arrays(FIXED_POINTS, **_stacked(found, populations.n_clusters), **_runs(outputs))
        _save_metadata(folder, outputs["metadata"])
    if pictures:
        pass


def save_landscape(
    folder: RunFolder,
    outputs: Mapping[str, Any],
    populations: Populations,
    experiment: Experiment,
    *,
    data: bool,
    pictures: bool,
) -> None:
    """Save a landscape and draw it; arguments as for `save_fixed_points`."""
    about = outputs["metadata"]
    if data:
        names = about["focus_pops"]
        arrays = ("mesh", "nu_outs", "force_field", "curl", "rates", "path", "displacement", "potential", "path_rates")
        folder.save_arrays(LANDSCAPE, **{name: outputs[name] for name in arrays}, focus_pops=np.array(names))
        folder.save_table(
            POTENTIAL_TABLE,
            [
                {"displacement_hz": displacement, "potential_hz2": potential}
                | {f"{name}_hz": rate for name, rate in zip(names, rates, strict=True)}
                for displacement, potential, rates in zip(
                    outputs["displacement"].tolist(),
                    outputs["potential"].tolist(),
                    outputs["path"].tolist(),
                    strict=True,
                )
            ],
        )
        folder.save_table(STATES_TABLE, [{"state": index} | state for index, state in enumerate(about["states"])])
        _save_metadata(folder, about)
    if pictures:
        pass


def _stacked(found: FixedPoints, n_clusters: int) -> dict[str, Any]:
    """Fields of all states as arrays, an entry for each."""
    shape = (len(found), found.starts.shape[1])
    vectors = {
        name: np.array([getattr(point, name) for point in found]).reshape(shape)
        for name in ("rates", "mu", "sigma", "eigenvalues")
    }
    return vectors | {
        "residual": np.array([point.residual for point in found]),
        "kind": np.array([point.kind for point in found], str),
        "multiplicity": np.array([float(point.multiplicity) for point in found]),
        "active": np.array([np.isin(np.arange(n_clusters), point.active) for point in found]).reshape(-1, n_clusters),
    }


def _runs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: outputs[name] for name in ("nu_init", "fixed_point", "converged", "stability", "reached")}


def _save_metadata(folder: RunFolder, metadata: Mapping[str, Any]) -> None:
    about = dict(metadata)
    config = about.pop("config")
    folder.save_text(CONFIG, config)
    folder.save_json(RUN, about | provenance(config))
