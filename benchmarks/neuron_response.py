"""The response of a neuron to coloured noise in theory, beside the Monte Carlo of the tests."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.report import markdown_table
from benchmarks.simulated_states import Measured
from neuro_mod.choices import ResponseKind
from neuro_mod.core.mean_field.core.transfer import interval_statistics, response_to_input
from neuro_mod.core.neurons import NeuronParameters

_POINTS = Path(__file__).resolve().parents[1] / "tests" / "core" / "mean_field" / "coloured_noise_points.csv"
_STEPS = _POINTS.with_name("coloured_noise_steps.csv")


def neurons() -> str:
    """Monte Carlo of a neuron with coloured noise, and its response in theory."""
    rows = []
    for point in _read(_POINTS):
        mu, sigma = np.array(point["mu"]), np.array(point["sigma"])
        times = {name: np.array(value) for name, value in point.items() if name.startswith("tau_")}
        neuron = NeuronParameters(threshold=np.array(1.0), reset_voltage=np.array(0.0), **times)
        cells = []
        for kind in get_args(ResponseKind):
            try:
                rate = float(response_to_input(mu, sigma, neuron, kind).rate)
                cells.append(f"{rate:.4g} ({rate / point['rate'] - 1:+.2%})")
            except NotImplementedError:
                cells.append("")
        try:
            cv = float(interval_statistics(mu, sigma, neuron, "exact")[1].cv)
            cells.append(f"{cv:.4f} ({cv - point['cv']:+.4f})")
        except NotImplementedError:
            cells.append("")
        shown = ", ".join(f"{1e3 * value:g}" for value in times.values())
        rate, cv = (Measured(point[name], point[f"{name}_error"]) for name in ("rate", "cv"))
        rows.append((f"{point['mu']:g}, {point['sigma']:g}", shown, str(rate), str(cv), *cells))
    header = ("mu, sigma", "tau_m, tau_s, tau_ref, ms", "rate, Hz", "CV", *get_args(ResponseKind), "CV, exact")
    return (
        "### A neuron with coloured noise\n\n"
        + markdown_table(header, rows)
        + "\n\n- Threshold 1, reset 0. Monte Carlo ± standard error; in brackets theory over Monte Carlo, less 1."
    )


def steps() -> str:
    """What the step does to the rate of a neuron."""
    if not _STEPS.exists():
        return ""
    exact = {(point["mu"], point["sigma"]): point for point in _read(_POINTS)[::-1]}
    by_point: dict[tuple[float, float], dict[float, str]] = defaultdict(dict)
    for point in _read(_STEPS):
        key = point["mu"], point["sigma"]
        limit = exact[key]["rate"]
        error = point["rate_error"] / limit
        by_point[key][1e3 * point["step"]] = f"{point['rate']:.4g} ({point['rate'] / limit - 1:+.2%} ± {error:.2%})"
    steps = sorted({step for each in by_point.values() for step in each}, reverse=True)
    rows = [
        (f"{mu:g}, {sigma:g}", *(each.get(step, "") for step in steps), f"{exact[mu, sigma]['rate']:.4g}")
        for (mu, sigma), each in by_point.items()
    ]
    return "### The step and the rate of a neuron\n\n" + markdown_table(
        ("mu, sigma", *(f"h = {step:g} ms" for step in steps), "limit"), rows
    )


def _read(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
