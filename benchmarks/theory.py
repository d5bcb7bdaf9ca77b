"""Compare four mean-field theories with simulations of large networks, and the response of a neuron with Monte Carlo.

Run ``python -m benchmarks.theory`` from the root of the repository. Simulations are read from
``benchmarks/large_networks.csv`` and the Monte Carlo from the tests, as both take long; `benchmarks.large_networks` and
``tests/core/mean_field/make_coloured_noise_points.py`` make them again.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import neuron_response
from benchmarks.large_networks import CONFIGS, GROUPS
from benchmarks.report import describe_versions, markdown_table, publish
from benchmarks.simulated_states import Case, Measured, Simulated, read_simulated
from neuro_mod.config import load_experiment
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.mean_field.core.fixed_points import stable_states_of
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.theory import THEORIES, Theory
from neuro_mod.execution.comparison.theories import N_Z
from neuro_mod.execution.stagers.assembly import build_circuit

_HERE = Path(__file__).resolve().parent
_SIMULATED = _HERE / "large_networks.csv"
_LARGE, _FINE = 20.0, 0.1  # times the neurons, ms: what theory should give
_ACTIVE, _OTHERS, _OTHERS_HZ = 0.05, 0.15, 0.3  # how near rates should be; the latter two: one of them suffices
_CVS = {"E active": 0.03, "I active": 0.08}


class Predicted(NamedTuple):
    """What a theory gives: rates in Hz and interval CVs, by group."""

    rates: Mapping[str, float]
    cvs: Mapping[str, float]


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
    """The stable state of the network with the first clusters active; None where the theory has none."""
    circuit = build_circuit(load_experiment(CONFIGS[case.config]))
    field = LIFMeanField.from_circuit(circuit, N_Z if circuit.arousal_rate.any() else 1, theory)
    state = stable_states_of(field, [range(case.n_active)])[0]
    if state is None:
        return None
    active = np.arange(circuit.populations.n_clusters) < case.n_active
    groups = members_by_activity(active, circuit.populations)
    first = {group: int(np.flatnonzero(members)[0]) for group, members in groups.items() if members.any()}
    return Predicted(
        {group: float(state.rates[member]) for group, member in first.items()},
        {group: float(state.cv[member]) for group, member in first.items()},
    )


# States


def _states(simulated: Mapping[Case, Simulated]) -> Iterator[str]:
    """A table for each state of a large network simulated with a fine step, and what they say of the theories."""
    header = ("", *GROUPS, *(f"interval CV {group}" for group in _CVS), "as near as asked for")
    verdicts: dict[Theory, list[str]] = {theory: [] for theory in THEORIES.values()}
    for case in _large(simulated):
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
        for theory in THEORIES.values():
            cells, verdict = _compared(case, theory, found)
            rows.append((f"{theory.response}, {theory.closure}", *cells, verdict))
            verdicts[theory].append(verdict)
        yield f"### {case}\n\n" + markdown_table(header, rows)
    yield _notes(verdicts)


def _large(simulated: Mapping[Case, Simulated]) -> list[Case]:
    """Of each state with the fine step, `_LARGE` times the neurons, or more where the state does not last in these."""
    fine = sorted(case for case in simulated if case.factor >= _LARGE and case.h_ms == _FINE)
    lasting = [case for case in fine if case.factor == _LARGE and simulated[case].n_held > 1]
    return sorted({(case.config, case.n_active): case for case in (*fine, *lasting)}.values(), key=_of_config)


def _of_config(case: Case) -> tuple[str, int, float, float]:
    return case.config, case.n_active, -case.factor, -case.h_ms


def _compared(case: Case, theory: Theory, found: Simulated) -> tuple[list[str], str]:
    """Cells of a theory, and which of its values are farther off than asked for."""
    predicted = predict(case, theory)
    if predicted is None:
        return [""] * (len(GROUPS) + len(_CVS)), ("no" if found.n_held else "yes") + ": no such stable state"
    far = [group for group in GROUPS if not _near(group, predicted.rates[group], found.rates[group].mean)]
    cells = [_beside(predicted.rates[group], found.rates[group].mean) for group in GROUPS]
    for group, at_most in _CVS.items():
        cv, simulated = predicted.cvs[group], found.cvs[group].mean
        cells.append(f"{cv:.3f} ({cv - simulated:+.3f})" if math.isfinite(simulated) else f"{cv:.3f}")
        if abs(cv - simulated) > at_most:
            far.append(f"interval CV {group}")
    if not found.n_held:
        return cells, "no: it does not last"
    return cells, "yes" if not far else "no: " + ", ".join(far)


def _beside(rate: float, simulated: float) -> str:
    return f"{rate:.4g} ({rate / simulated - 1:+.1%})" if math.isfinite(simulated) else f"{rate:.4g}"


def _near(group: str, rate: float, simulated: float) -> bool:
    off = abs(rate - simulated)
    if group.endswith(" active"):
        return off <= _ACTIVE * simulated
    return off <= max(_OTHERS * simulated, _OTHERS_HZ)


def _notes(verdicts: Mapping[Theory, Sequence[str]]) -> str:
    notes = [
        f"Simulated: the same in-degrees and weights, steps of {_FINE:g} ms; mean over networks ± standard error. In "
        "brackets: theory over simulation, less 1; of interval CVs, theory less simulation.",
        f"As near as asked for: active E and I within {_ACTIVE:.0%}; others within {_OTHERS:.0%} or {_OTHERS_HZ:g} Hz; "
        + "interval CVs of "
        + ", ".join(f"{group} within {at_most:g}" for group, at_most in _CVS.items())
        + ".",
    ]
    for theory, told in verdicts.items():
        near = sum(each.startswith("yes") for each in told)
        notes.append(f"{theory.response}, {theory.closure}: as near as asked for in {near} of {len(told)} states.")
    return "\n".join(f"- {note}" for note in notes)


# Step and size


def _steps_and_size(simulated: Mapping[Case, Simulated]) -> str:
    """What time step and number of neurons do to the rates of a state."""
    rows, steps = [], defaultdict[tuple[str, int], list[tuple[float, Measured]]](list)
    for case in sorted(simulated, key=_of_config):
        base = simulated.get(case._replace(factor=_LARGE, h_ms=_FINE))
        rates = simulated[case].rates
        if base is None or not math.isfinite(rates["E active"].error) or not base.n_held:
            continue
        over = rates["E active"].mean / base.rates["E active"].mean - 1
        shown = (str(rates[group]) for group in GROUPS)
        rows.append((str(case), f"{case.factor:g}", f"{case.h_ms:g}", *shown, f"{over:+.1%}"))
        if case.factor == _LARGE:
            steps[case.config, case.n_active].append((case.h_ms, rates["E active"]))
    header = ("state", "times the neurons", "step, ms", *GROUPS, f"E active, over {_LARGE:g} times and {_FINE:g} ms")
    notes = [_limit(*state, found) for state, found in steps.items() if len(found) > 2]
    return "### Step and size\n\n" + markdown_table(header, rows) + "\n\n" + "\n".join(notes)


def _limit(config: str, n_active: int, found: Sequence[tuple[float, Measured]]) -> str:
    """The rate for ever smaller steps, by weighted least squares of a straight line."""
    h = np.array([step for step, _ in found])
    rate, error = np.array([measured for _, measured in found]).T
    design = np.stack([np.ones_like(h), h], axis=1) / error[:, None]
    (limit, slope), (misfit,) = np.linalg.lstsq(design, rate / error)[:2]
    limit_error = math.sqrt(np.linalg.inv(design.T @ design)[0, 0])
    return (
        f"- {config}, {n_active} active, {_LARGE:g} times: E active {Measured(float(limit), limit_error)} Hz without a "
        f"step, {slope:.3g} Hz per ms (chi-squared {misfit:.2g} for {len(h) - 2} degrees of freedom), so that 0.5 ms "
        f"lower it by {-0.5 * slope / limit:.1%}."
    )


if __name__ == "__main__":
    main()
