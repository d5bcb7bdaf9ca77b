"""Compare four mean-field theories with simulations of large networks, and the response of a neuron with Monte Carlo.

Run ``python -m benchmarks.theory`` from the root of the repository. Simulations are read from
``benchmarks/large_networks.csv`` and the Monte Carlo from the tests, as both take long; `benchmarks.large_networks` and
``tests/core/mean_field/make_coloured_noise_points.py`` make them again.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks import neuron_response
from benchmarks.large_networks import CONFIGS, GROUPS
from benchmarks.report import describe_versions, markdown_table, publish
from benchmarks.simulated_states import Case, Measured, Simulated, read_simulated
from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.config import load_experiment
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.mean_field.core.fixed_points import stable_states_of
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.core.mean_field.core.transfer import interval_statistics
from neuro_mod.execution.stagers.assembly import build_circuit

_HERE = Path(__file__).resolve().parent
_SIMULATED = _HERE / "large_networks.csv"
THEORIES = tuple(Theory(*names) for names in product(get_args(ResponseKind), get_args(Closure)))
#: Nodes of z over whose neurons responses are averaged where arousal makes neurons differ.
_N_Z = 12
_LARGE, _FINE = 20.0, 0.1  # times the neurons, ms: what theory should give
_ACTIVE, _OTHERS, _OTHERS_HZ = 0.05, 0.15, 0.3  # how near rates should be; the latter two: one of them suffices
_NO_STATE = "no such stable state"
_CVS = {"E active": 0.03, "I active": 0.08}


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
        neuron_response.neurons(),
        neuron_response.steps(),
        f"- {describe_versions(('numpy', 'numba'))}.",
    ]
    publish("\n\n".join(part for part in parts if part), chosen.out)


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
    for case in _largest(simulated):
        found = simulated[case]
        told = f"{case.factor:g} times the neurons, {found.n_held} of {found.n_networks} networks held it"
        told += f", others lost it after {found.lifetime:.2g} s" * (found.n_held < found.n_networks)
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


def _largest(simulated: Mapping[Case, Simulated]) -> list[Case]:
    """Of the simulations of each state with the fine step, the one of most neurons."""
    fine = sorted(case for case in simulated if case.factor >= _LARGE and case.h_ms == _FINE)
    return sorted({(case.config, case.n_active): case for case in fine}.values(), key=lambda case: (case[0], case[3]))


def _compared(case: Case, theory: Theory, found: Simulated) -> tuple[list[str], str]:
    """Cells of a theory, and which of its values are farther off than asked for."""
    try:
        predicted = predict(case, theory)
    except NotImplementedError:
        return [""] * (len(GROUPS) + len(_CVS)), "not in this version"
    if predicted is None:
        return [""] * (len(GROUPS) + len(_CVS)), _NO_STATE
    if not math.isfinite(found.rates["E active"].mean):
        return [f"{predicted.rates[group]:.4g}" for group in GROUPS] + [""] * len(_CVS), "no such state in simulations"
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
        f"Simulated: the same in-degrees and weights, steps of {_FINE:g} ms; mean over networks ± standard error. In "
        "brackets: theory over simulation, less 1; of CVs, theory less simulation.",
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


if __name__ == "__main__":
    main()
