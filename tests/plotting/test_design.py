"""Figures of a design."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import Rectangle

from neuro_mod.errors import InputError
from neuro_mod.plotting.control.design import design_leakage, design_progress, design_vectors, design_verification
from neuro_mod.populations import Populations

POPULATIONS = Populations(3, (10, 4), (10, 3))
TABLE = [
    {"direction": "no perturbation", "verified": 0.0, "standard_error": 0.0, "predicted": None},
    {"direction": "design", "verified": 0.3, "standard_error": 0.02, "predicted": 0.28}
    | {"predicted_low": 0.25, "predicted_high": 0.33},
    {"direction": "naive", "verified": None, "standard_error": None, "predicted": None},
]


def heights(axes: Axes) -> list[float]:
    """Of the bars."""
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]


def test_vectors_are_bars_over_cluster_space() -> None:
    vector = np.linspace(-1, 1, 8)
    figure = design_vectors({"design": vector, "naive": -vector}, "rate", POPULATIONS)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["design", "naive"]
    assert heights(figure.axes[0]) == pytest.approx(vector)
    assert figure.get_supylabel() == "Δ external rate (Hz)"
    with pytest.raises(InputError, match="vectors: none found"):
        design_vectors({}, "rate", POPULATIONS)


def test_predictions_stand_beside_what_was_verified() -> None:
    (axes,) = design_verification(TABLE, "share of time").axes
    assert heights(axes) == pytest.approx([0, 0.3, 0])
    predicted = axes.containers[-1]
    assert isinstance(predicted, ErrorbarContainer)
    line, _, (bars,) = predicted.lines
    assert line.get_ydata() == pytest.approx([np.nan, 0.28, np.nan], nan_ok=True)
    assert bars.get_segments()[1][:, 1] == pytest.approx([0.25, 0.33])


def test_progress_shows_each_iteration() -> None:
    steps = [{"iteration": i, "value": 0.1 * i or None, "standard_error": 0.01} for i in range(3)]
    (axes,) = design_progress(steps, {"design": 0.3, "no perturbation": 0.0}, "share").axes
    assert axes.get_lines()[0].get_xdata() == pytest.approx([1, 2, 3])
    assert axes.get_lines()[0].get_ydata() == pytest.approx([np.nan, 0.1, 0.2], nan_ok=True)


def test_leakage_is_shaded_where_the_network_is_frozen() -> None:
    rows = [
        {"amplitude": amplitude, "role": role, "share": share, "standard_error": 0.0, "states": states}
        for amplitude, states, shares in ((0.0, 9, (0.1, 0.9)), (1.0, 5, (0.6, 0.4)), (2.0, 1, (1.0, 0.0)))
        for role, share in zip(("the state itself", "some of its clusters"), shares, strict=True)
    ]
    (axes,) = design_leakage(rows, 3, "multiple").axes
    (shaded,) = axes.patches
    assert shaded.get_extents().x0 == pytest.approx(axes.transData.transform((1.5, 0))[0])
    (axes,) = design_leakage(rows, 1, "multiple").axes
    assert not axes.patches
