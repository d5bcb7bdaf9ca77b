"""What the scripts of the figures share: the folder, the paper's rule for active clusters, and panels of curves."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from neuro_mod.plotting.bands import CURVE_COLOURS
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS, new_figure, new_panels, paper_style

#: The folder of the sweeps; figures are saved in `figures/` in it.
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "simulations/papers/papadopoulos_2024")

#: A cluster is active above its mean over all trials and stimuli of the network, however briefly.
PUBLISHED = {"method": "network_gain", "threshold_hz": 0.0, "minimal_lifespan_ms": 0.0}

#: The part of each run that counts: 0.2 s at the start and 0.1 s at the end are left out.
STEADY = 0.2, -0.1

#: Columns of the sweeps.
LEVEL, STIMULUS = "arousal.level", "stimulus.seed"

_STYLE = {"linewidth": 1, "markersize": 2.5, "elinewidth": 0.8}

#: Curves of a panel by label, each with the columns x, y and, if known, error.
Curves = Mapping[str, pd.DataFrame]


def curve(rows: list[tuple[float, ...]]) -> pd.DataFrame:
    """A curve from its points: x, y and, if known, the standard error."""
    return pd.DataFrame(rows, columns=["x", "y", "error"][: len(rows[0])] if rows else ["x", "y"])


def draw(name: str, panels: Mapping[str, tuple[str, str, Curves]]) -> pd.DataFrame:
    """Save a figure as PNG, and the numbers in it as CSV.

    Args:
        name: Name of the figure.
        panels: Labels of both axes and the curves, by title.
    """
    with paper_style():
        columns = 3 if len(panels) == 3 else min(len(panels), 2)
        figure = new_figure(TWO_COLUMNS if len(panels) > 1 else ONE_COLUMN, 2.1 * -(-len(panels) // columns))
        for axes, (title, (xlabel, ylabel, curves)) in zip(
            new_panels(figure, len(panels), columns), panels.items(), strict=True
        ):
            _draw_curves(axes, curves)
            axes.set(xlabel=xlabel, ylabel=ylabel)
            axes.set_title(title, loc="left")
        folder = FOLDER / "figures"
        folder.mkdir(exist_ok=True)
        figure.savefig(folder / f"{name}.png", dpi=150)
    parts = {(title, label): points for title, (_, _, curves) in panels.items() for label, points in curves.items()}
    table = pd.concat(parts, names=["panel", "curve", "row"]).reset_index(["panel", "curve"])
    table.to_csv(folder / f"{name}.csv", index=False)
    print(f"{folder / name}.png")
    return table


def _draw_curves(axes: Any, curves: Curves) -> None:
    colours = dict(zip(curves, CURVE_COLOURS * 2, strict=False))
    shown = {label: points for label, points in curves.items() if points["y"].notna().any()}
    for label, points in shown.items():
        error, marker = (points["error"], "o") if "error" in points else (None, None)
        axes.errorbar(points["x"], points["y"], error, marker=marker, color=colours[label], label=label, **_STYLE)
    if all(points["y"].min() > 0 for points in shown.values()):
        axes.set_ylim(bottom=0)
    if len(shown) > 1:
        axes.legend(frameon=False, ncols=1 if len(shown) < 4 else 2, handlelength=1.0, columnspacing=0.8)
