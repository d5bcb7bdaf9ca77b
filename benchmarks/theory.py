"""Compare four mean-field theories with simulations of large networks, and the response of a neuron with Monte Carlo.

Run ``python -m benchmarks.theory`` from the root of the repository. Simulations are read from
``benchmarks/large_networks.csv`` and the Monte Carlo from the tests, as both take long; `benchmarks.large_networks` and
``tests/core/mean_field/make_coloured_noise_points.py`` make them again.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.large_networks import CONFIGS, GROUPS
from benchmarks.report import describe_versions, markdown_table, publish
from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.config import load_experiment
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.mean_field.core.fixed_points import stable_states_of
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.core.mean_field.core.transfer import interval_statistics, response_to_input
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.execution.stagers.assembly import build_circuit

_HERE = Path(__file__).resolve().parent
_SIMULATED = _HERE / "large_networks.csv"
_MONTE_CARLO = _HERE.parent / "tests" / "core" / "mean_field" / "coloured_noise_points.csv"
_STEPS = _MONTE_CARLO.with_name("coloured_noise_steps.csv")
THEORIES = tuple(Theory(*names) for names in product(get_args(ResponseKind), get_args(Closure)))
#: Nodes of z over whose neurons responses are averaged where arousal makes neurons differ.
_N_Z = 12
_LARGE, _FINE = 20.0, 0.1  # times the neurons, ms: what theory should give
_ACTIVE, _OTHERS, _OTHERS_HZ = 0.05, 0.15, 0.3  # how near rates should be; the latter two: one of them suffices
_CVS = {"E active": 0.03, "I active": 0.08}


class Case(NamedTuple):
    """A state of a network: a configuration, how much larger, step in ms, active clusters."""

    config: str
    factor: float
    h_ms: float
    n_active: int

    def __str__(self) -> str:
        return f"{self.config}, {self.n_active} active"


class Measured(NamedTuple):
    """Mean over networks, and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.error:.2g}" if math.isfinite(self.mean) else ""


class Simulated(NamedTuple):
    """What simulations of one case gave: rates in Hz and CVs, by group; networks, those whose state held, seconds."""

    rates: Mapping[str, Measured]
    cvs: Mapping[str, Measured]
    n_networks: int
    n_held: int
    seconds: float


class Predicted(NamedTuple):
    """What a theory gives: rates in Hz and CVs, by group; None where it has no CVs."""

    rates: Mapping[str, float]
    cvs: Mapping[str, float] | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.theory", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--simulated", type=Path, default=_SIMULATED, help="results of `benchmarks.large_networks`")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    chosen = parser.parse_args(arguments)
    simulated = read_simulated(chosen.simulated)
    parts = [
        "\n\n".join(_states(simulated)),
        _steps_and_size(simulated),
        _neurons(),
        _neuron_steps(),
        f"- {describe_versions(('numpy', 'numba'))}.",
    ]
    publish("\n\n".join(part for part in parts if part), chosen.out)


# What simulations gave


def read_simulated(path: Path) -> dict[Case, Simulated]:
    """Means over the networks of each case, in the order of the file."""
    networks: dict[Case, list[dict[str, str]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            networks[Case(row["config"], float(row["k"]), float(row["h_ms"]), int(row["n_active"]))].append(row)
    return {case: _summary(case, rows) for case, rows in networks.items()}


def _summary(case: Case, rows: Sequence[Mapping[str, str]]) -> Simulated:
    """Of networks whose state held, where there are two or more; otherwise of the windows that count in all of them."""
    held = [row for row in rows if row["held"] == "1"]
    kept = held if len(held) > 1 else rows
    return Simulated(
        {group: _over_networks(kept, f"rate {group}") for group in GROUPS},
        {group: _cv(kept, group) for group in GROUPS},
        len(rows),
        len(held),
        sum(float(row["counted_s"]) for row in kept),
    )


def _cv(rows: Sequence[Mapping[str, str]], group: str) -> Measured:
    within = _over_networks(rows, f"cv within {group}")
    return within if math.isfinite(within.mean) else _over_networks(rows, f"cv pooled {group}")


def _over_networks(rows: Sequence[Mapping[str, str]], name: str) -> Measured:
    """Weighted by the time that counted; the standard error is that of the weighted mean."""
    values, weights = np.array([(float(row[name] or "nan"), float(row["counted_s"])) for row in rows]).T
    values, weights = values[np.isfinite(values)], weights[np.isfinite(values)]
    n = len(values)
    if not n:
        return Measured(math.nan, math.nan)
    weights = weights / weights.sum()
    mean = weights @ values
    error = math.sqrt(weights**2 @ (values - mean) ** 2 * n / (n - 1)) if n > 1 else math.nan
    return Measured(float(mean), error)


# What theories give


def predict(case: Case, theory: Theory) -> Predicted | None:
    """The stable state of the network with the first clusters active; None where the theory has none.

    Raises:
        NotImplementedError: This version lacks the theory.
    """
    circuit = build_circuit(load_experiment(CONFIGS[case.config]))
    n_z = _N_Z if circuit.arousal_rate.any() else 1
    field = LIFMeanField.from_circuit(circuit, n_z, theory)
    state = stable_states_of(field, [range(case.n_active)])[0]
    if state is None:
        return None
    populations = circuit.populations
    active = np.arange(populations.n_clusters) < case.n_active
    groups = members_by_activity(active, populations)
    first = {group: int(np.flatnonzero(members)[0]) for group, members in groups.items() if members.any()}
    rates = {group: float(state.rates[member]) for group, member in first.items()}
    return Predicted(rates, _cvs(field, state.rates, first))


def _cvs(field: LIFMeanField, rates: NDArray[np.float64], members: Mapping[str, int]) -> dict[str, float] | None:
    """CV of the intervals of neurons in these populations, averaged over z; None where the response has no CVs."""
    mu, variance = field.moments(rates)
    coefficients = field.coefficients
    try:
        found = interval_statistics(mu, np.sqrt(variance), coefficients.neurons, coefficients.theory.response)[1].cv
    except NotImplementedError:
        return None
    return {group: float(coefficients.z_weights @ found[:, member]) for group, member in members.items()}


# States


def _states(simulated: Mapping[Case, Simulated]) -> Iterator[str]:
    """A table for each state of a large network simulated with a fine step, and what they say of the theories."""
    header = ("", *GROUPS, *(f"CV {group}" for group in _CVS), "as near as asked for")
    verdicts: dict[Theory, list[str]] = {theory: [] for theory in THEORIES}
    for case, found in simulated.items():
        if (case.factor, case.h_ms) != (_LARGE, _FINE):
            continue
        told = f"{found.n_held} of {found.n_networks} networks held the state, {found.seconds:.3g} s in all"
        rows = [
            (
                "simulated",
                *(str(found.rates[group]) for group in GROUPS),
                *(str(found.cvs[group]) for group in _CVS),
                told,
            )
        ]
        for theory in THEORIES:
            cells, verdict = _compared(case, theory, found)
            rows.append((f"{theory.response}, {theory.closure}", *cells, verdict))
            verdicts[theory].append(verdict)
        yield f"### {case}\n\n" + markdown_table(header, rows)
    yield _notes(verdicts)


def _compared(case: Case, theory: Theory, found: Simulated) -> tuple[list[str], str]:
    """Cells of a theory, and which of its values are farther off than asked for."""
    try:
        predicted = predict(case, theory)
    except NotImplementedError:
        return [""] * (len(GROUPS) + len(_CVS)), "not in this version"
    if predicted is None:
        return [""] * (len(GROUPS) + len(_CVS)), "no such stable state"
    far = [group for group in GROUPS if not _near(group, predicted.rates[group], found.rates[group].mean)]
    cells = [f"{predicted.rates[group]:.4g} ({_off(predicted.rates[group], found.rates[group])})" for group in GROUPS]
    for group, at_most in _CVS.items():
        if predicted.cvs is None:
            cells.append("")
            continue
        difference = predicted.cvs[group] - found.cvs[group].mean
        cells.append(f"{predicted.cvs[group]:.3f} ({difference:+.3f})")
        if not abs(difference) <= at_most:
            far.append(f"CV {group}")
    return cells, "yes" if not far else "no: " + ", ".join(far)


def _near(group: str, rate: float, simulated: float) -> bool:
    off = abs(rate - simulated)
    if group.endswith(" active"):
        return off <= _ACTIVE * simulated
    return off <= max(_OTHERS * simulated, _OTHERS_HZ)


def _off(rate: float, simulated: Measured) -> str:
    return f"{rate / simulated.mean - 1:+.1%}"


def _notes(verdicts: Mapping[Theory, Sequence[str]]) -> str:
    notes = [
        f"Simulated: {_LARGE:g} times the neurons, the same in-degrees and weights, steps of {_FINE:g} ms; mean over "
        "networks ± standard error. In brackets: theory over simulation, less 1; of CVs, theory less simulation.",
        f"As near as asked for: active E and I within {_ACTIVE:.0%}; others within {_OTHERS:.0%} or {_OTHERS_HZ:g} Hz; "
        + "CVs of "
        + ", ".join(f"{group} within {at_most:g}" for group, at_most in _CVS.items())
        + ".",
    ]
    for theory, told in verdicts.items():
        notes.append(
            f"{theory.response}, {theory.closure}: as near as asked for in {sum(each == 'yes' for each in told)} of "
            f"{len(told)} states."
        )
    return "\n".join(f"- {note}" for note in notes)


# Step and size


def _steps_and_size(simulated: Mapping[Case, Simulated]) -> str:
    """What time step and number of neurons do to the rates of a state."""
    rows = []
    for case, found in sorted(simulated.items(), key=lambda each: (each[0].config, each[0].n_active, -each[0].factor)):
        base = simulated.get(Case(case.config, _LARGE, _FINE, case.n_active))
        rate = found.rates["E active"]
        if base is not None and sum(other[3] == case.n_active and other[0] == case.config for other in simulated) > 1:
            rows.append(
                (
                    str(case),
                    f"{case.factor:g}",
                    f"{case.h_ms:g}",
                    *(str(found.rates[group]) for group in GROUPS),
                    f"{rate.mean / base.rates['E active'].mean - 1:+.1%}",
                )
            )
    header = ("state", "times the neurons", "step, ms", *GROUPS, f"E active, over {_LARGE:g} times and {_FINE:g} ms")
    return "### Step and size\n\n" + markdown_table(header, rows)


# A neuron


def _neurons() -> str:
    """Monte Carlo of a neuron with coloured noise, and its response in theory."""
    rows = []
    for point in _read(_MONTE_CARLO):
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


def _neuron_steps() -> str:
    """What the step does to the rate of a neuron."""
    if not _STEPS.exists():
        return ""
    exact = {(point["mu"], point["sigma"]): point for point in _read(_MONTE_CARLO)[::-1]}
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
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(_without_comments(file))]


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith("#"))


if __name__ == "__main__":
    main()
