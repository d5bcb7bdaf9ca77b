"""The response of a neuron to coloured noise in theory, beside the Monte Carlo of the tests."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.report import markdown_table
from benchmarks.simulated_states import Measured
from neuro_mod.core.mean_field.core.exact.solver import Passage
from neuro_mod.core.mean_field.core.transfer import response_to_input
from neuro_mod.core.neurons import NeuronParameters

_POINTS = Path(__file__).resolve().parents[1] / "tests" / "core" / "mean_field" / "coloured_noise_points.csv"
_STEPS = _POINTS.with_name("coloured_noise_steps.csv")


def neurons() -> str:
    """A table of points: Monte Carlo, and theory."""
    rows = []
    for point in _read(_POINTS):
        mu, sigma = np.array(point["mu"]), np.array(point["sigma"])
        times = {name: np.array(value) for name, value in point.items() if name.startswith("tau_")}
        neuron = NeuronParameters(threshold=np.array(1.0), reset_voltage=np.array(0.0), **times)
        shifted = float(response_to_input(mu, sigma, neuron, "shifted").rate)
        exact, cv = _solved(point)
        rows.append(
            (
                f"{mu:g}, {sigma:g}",
                ", ".join(f"{1e3 * value:g}" for value in times.values()),
                *(str(Measured(point[name], point[f"{name}_error"])) for name in ("rate", "cv")),
                *(f"{rate:.4g} ({rate / point['rate'] - 1:+.2%})" for rate in (shifted, exact)),
                f"{cv:.4f} ({cv - point['cv']:+.4f})",
            )
        )
    header = ("mu, sigma", "tau_m, tau_s, tau_ref, ms", "rate, Hz", "CV", "shifted", "exact", "CV, exact")
    notes = (
        "- Threshold 1, reset 0. Monte Carlo ± standard error; in brackets theory over Monte Carlo, less 1; of CVs, "
        "their difference. Exact: solved at each point; networks use tables of it."
    )
    return "\n\n".join(["### A neuron with coloured noise", markdown_table(header, rows), notes])


def _solved(point: Mapping[str, float]) -> tuple[float, float]:
    """Rate in Hz and CV of the exact response."""
    tau_m, tau_s, tau_ref = (point[f"tau_{name}"] for name in ("membrane", "synaptic", "refractory"))
    passage = Passage(point["mu"], point["sigma"], tau_s / tau_m, tau_ref / tau_m).intervals()
    interval = tau_ref + tau_m * passage.mean
    return 1 / interval, tau_m * passage.deviation / interval


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
