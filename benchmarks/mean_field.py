"""Time the mean field: responses, all steady states of a network, a landscape; beside NNMT and scalar quadrature.

Run ``python -m benchmarks.mean_field`` from the root of the repository. What is compared takes turns, so that a machine
that slows down slows all; ratios are medians over the turns. Scalar quadrature with finite differences is what one
would write without this package (`benchmarks.scalar_mean_field`); it does part of the work, and its time is scaled up.
NNMT comes with the extra ``peers``; without it its rows are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import Turn, take_turns
from benchmarks.nnmt_network import import_nnmt, nnmt_rate, nnmt_working_point
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from benchmarks.scalar_mean_field import ScalarField, quadrature_rate
from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core import siegert
from neuro_mod.core.mean_field.core.fixed_points import fixed_points
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.newton import Linearization, find_or_relax
from neuro_mod.core.mean_field.core.tables import coefficients
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.core.mean_field.core.transfer import FILTER_SHIFT, interval_statistics, response
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.execution.stagers import ReducedMeanFieldStager
from neuro_mod.execution.stagers.assembly import build_baseline, build_circuit

_Array = NDArray[np.float64]

_CONFIGS = Path(__file__).resolve().parents[1] / "configs"
_PACKAGES = ("numpy", "scipy", "numba", "nnmt")
#: An E neuron of the default network.
_NEURON: dict[str, float] = {
    "tau_membrane": 20e-3,
    "tau_synaptic": 5e-3,
    "tau_refractory": 5e-3,
    "threshold": 1.5,
    "reset_voltage": 0.0,
}
#: Range of mu, and range of sigma, over the threshold.
_MU, _SIGMA = (-0.5, 3.0), (0.1, 1.0)
_N_SCALAR, _N_NNMT = 1000, 10_000
_N_STARTS, _N_SCALAR_STARTS, _N_NNMT_STARTS = 100, 3, 2
_MAX_START = 60.0  # Hz
_FOCUS, _DENSITY, _LIMITS = (0, 1), 0.5, (0.0, 60.0)
_N_GRID, _N_SCALAR_GRID = 121, 8

_OURS, _NNMT, _SCALAR, _LOOP, _EXPONENTIAL = "neuro_mod", "NNMT", "scalar quadrature", "the loop", "exponentials"
_EXACT = "exact response, rate, interval CV and their derivatives"
_ALL_STATES, _FROM_STARTS = "`fixed_points`: all states", "`find_or_relax` from the starts"
_CLOSED_STATES = f"{_ALL_STATES}, exact response and renewal input"
_SCALAR_STATES, _NNMT_STATES = (
    "scalar quadrature, finite differences",
    "NNMT, rates followed in time, without stability",
)
_LANDSCAPE, _EVALUATION = "`ReducedMeanFieldStager.run`", "one evaluation"


class Target(NamedTuple):
    """What is to be reached.

    Attributes:
        title: What is measured, with its unit.
        must: The most it may be.
        aim: What we would like.
        ours: What it is.
        others: What it is for others, by name.
    """

    title: str
    must: float
    aim: float
    ours: float
    others: Mapping[str, float]


class Part(NamedTuple):
    """A part of the report: tables and notes in Markdown, and what they say of what is to be reached."""

    text: str
    targets: Sequence[Target] = ()


class Search(NamedTuple):
    """What a search for steady states found.

    Attributes:
        n_starts: Where it started from.
        states: What it converged to, in Hz, shape ``(n_states, P)``.
        n_stable: How many of them are stable; None where this was not asked.
    """

    n_starts: int
    states: _Array
    n_stable: int | None = None

    def __str__(self) -> str:
        stable = "" if self.n_stable is None else f", {self.n_stable} to stable states"
        return f"{len(self.states)} of {self.n_starts} starts converged{stable}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mean_field", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--repeats", type=int, default=5, help="turns of each case (default 5)")
    parser.add_argument("--points", type=int, default=100_000, help="responses at once (default 100000)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    chosen = parser.parse_args(arguments)
    machine, nnmt = describe_machine(), import_nnmt()
    parts = [
        _responses(nnmt, chosen.points, chosen.repeats),
        _states(nnmt, chosen.repeats),
        _landscape(chosen.repeats),
    ]
    notes = [f"Machine: {machine}. {describe_versions(_PACKAGES)}. {chosen.repeats} turns, median (least to most)."]
    if nnmt is None:
        notes.append("NNMT skipped: it is not installed (extra `peers`).")
    tables = [
        *(part.text for part in parts),
        _targets(target for part in parts for target in part.targets),
        _bullets(notes),
    ]
    publish("\n\n".join(tables), chosen.out)


# Responses


def _responses(nnmt: Any | None, n_points: int, repeats: int) -> Part:
    mu, sigma = _plane(n_points)
    ours, neurons = response(mu, sigma, **_NEURON), NeuronParameters(**_NEURON)  # compiles, and tabulates
    interval_statistics(mu, sigma, neurons, "exact")
    few = slice(None, _N_SCALAR)
    actions: dict[str, Callable[[], Any]] = {
        _OURS: partial(response, mu, sigma, **_NEURON),
        _EXACT: partial(interval_statistics, mu, sigma, neurons, "exact"),
        _LOOP: _compiled_loop(mu, sigma),
        _EXPONENTIAL: partial(np.exp, -(sigma**2)),
        _SCALAR: partial(_one_by_one, mu[few], sigma[few]),
    }
    if nnmt is not None:
        actions[_NNMT] = partial(nnmt_rate, nnmt, mu, sigma, **_NEURON)
    sizes = {_SCALAR: len(mu[few])}
    turns = take_turns(actions, repeats)
    per_point = {name: _each(taken, 1e9 / sizes.get(name, n_points)) for name, taken in turns.items()}
    rows = [(f"{n_points:,}, rate and both derivatives", _spread(per_point[_OURS]), "1", "")]
    rows += [(f"{n_points:,}, {_EXACT}", _spread(per_point[_EXACT]), _ratio(per_point[_EXACT], per_point[_OURS]), "")]
    rows += [
        (f"{what}, rate", _spread(per_point[name]), _ratio(per_point[name], per_point[_OURS]), f"{difference:.1e}")
        for name, what, difference in _rates_of_others(turns, ours.rate, n_points)
    ]
    loop, exponential = median(per_point[_LOOP]), median(per_point[_EXPONENTIAL])
    notes = [
        f"mu between {_MU[0]:g} and {_MU[1]:g} and sigma (log-uniform) between {_SIGMA[0]:g} and {_SIGMA[1]:g} "
        "thresholds; coloured noise, the neuron of the default network's E populations.",
        f"Of ours, {loop:.3g} ns are the compiled loop, the rest checks and arrays; an exponential of as many numbers "
        f"takes NumPy {exponential:.3g} ns per number.",
        *_at_once(nnmt, mu, sigma, repeats),
    ]
    header = ("responses at once", "ns per response", "times ours", "largest relative difference to ours")
    others = {name: median(per_point[name]) for name in (_NNMT, _SCALAR) if name in per_point}
    table = markdown_table(header, rows)
    targets = [
        Target("response, ns per population", 300, 60, median(per_point[_OURS]), others),
        Target(f"{_EXACT}, ns per population", 300, 60, median(per_point[_EXACT]), {}),
    ]
    return Part(f"{table}\n\n{_bullets(notes)}", targets)


def _plane(n_points: int) -> tuple[_Array, _Array]:
    """Mean inputs and noise in threshold units, drawn over the plane."""
    random, threshold = np.random.default_rng(0), _NEURON["threshold"]
    mu = random.uniform(*_MU, n_points)
    return mu * threshold, np.exp(random.uniform(*np.log(_SIGMA), n_points)) * threshold


def _compiled_loop(mu: _Array, sigma: _Array) -> Callable[[], None]:
    """The kernel of `response` alone, its input laid out beforehand."""
    beta = FILTER_SHIFT * np.sqrt(_NEURON["tau_synaptic"] / _NEURON["tau_membrane"])
    others = (_NEURON[name] for name in ("tau_membrane", "tau_refractory", "threshold", "reset_voltage"))
    inputs = np.stack(np.broadcast_arrays(mu, sigma, beta, *others))
    return partial(siegert.respond, coefficients(), inputs, *np.empty((3, len(mu))))


def _one_by_one(mu: _Array, sigma: _Array) -> _Array:
    return np.array([quadrature_rate(*each, **_NEURON) for each in zip(mu.tolist(), sigma.tolist(), strict=True)])


def _rates_of_others(turns: Mapping[str, list[Turn]], ours: _Array, n_points: int) -> Iterator[tuple[str, str, float]]:
    """Name, title and largest relative difference to our rates of each."""
    titles = {_NNMT: f"NNMT, {n_points:,}", _SCALAR: f"{_SCALAR}, one by one"}
    for name, title in titles.items():
        if name in turns:
            theirs = turns[name][0].result
            yield name, title, float(np.max(np.abs(theirs / ours[: len(theirs)] - 1)))


def _at_once(nnmt: Any | None, mu: _Array, sigma: _Array, repeats: int) -> list[str]:
    """What a response costs in calls with fewer at once: those of a network, and of 100 of them."""
    told = []
    for size in (3800, 38):
        parts = list(pairwise(range(0, min(_N_NNMT, len(mu)) + 1, size)))
        if not parts:
            continue
        rates = {_OURS: partial(response, **_NEURON)}
        if nnmt is not None:
            rates[_NNMT] = partial(nnmt_rate, nnmt, **_NEURON)
        turns = take_turns({name: partial(_in_parts, rate, mu, sigma, parts) for name, rate in rates.items()}, repeats)
        costs = {name: _each(taken, 1e9 / (size * len(parts))) for name, taken in turns.items()}
        shown = ", ".join(f"{name} {median(cost):.3g} ns" for name, cost in costs.items())
        ratio = f" ({_ratio(costs[_NNMT], costs[_OURS])} times ours)" if _NNMT in costs else ""
        told.append(f"With {size} at once a response takes {shown}{ratio}.")
    return told


def _in_parts(rate: Callable[..., Any], mu: _Array, sigma: _Array, parts: Sequence[tuple[int, int]]) -> None:
    for begin, end in parts:
        rate(mu[begin:end], sigma[begin:end])


# Steady states


def _states(nnmt: Any | None, repeats: int) -> Part:
    circuit = build_circuit(load_experiment(_CONFIGS / "default_mf_params.yaml", {"arousal.level": 0.0}))
    field = LIFMeanField.from_circuit(circuit)
    closed = LIFMeanField.from_circuit(circuit, theory=Theory("exact", "renewal"))
    shape = _N_STARTS, field.n_populations
    starts = _MAX_START * np.random.default_rng(0).uniform(size=shape)
    scalar = ScalarField(field.coefficients)
    actions: dict[str, Callable[[], Any]] = {
        _ALL_STATES: partial(fixed_points, field, starts=starts),
        _CLOSED_STATES: partial(fixed_points, closed, starts=starts),
        _FROM_STARTS: partial(_from_starts, field, starts),
        _SCALAR_STATES: partial(_scalar_states, scalar, starts[:_N_SCALAR_STARTS]),
    }
    if nnmt is not None:
        actions[_NNMT_STATES] = partial(_nnmt_states, nnmt, circuit, starts[:_N_NNMT_STARTS])
    for each in (field, closed):
        _from_starts(each, starts[:1])  # compiles, and tabulates
    turns = take_turns(actions, repeats)
    timed = {_SCALAR_STATES: _N_SCALAR_STARTS, _NNMT_STATES: _N_NNMT_STARTS}
    wall = {name: _each(taken, _N_STARTS / timed.get(name, _N_STARTS)) for name, taken in turns.items()}
    found = {name: taken[0].result for name, taken in turns.items()}
    said = {}
    for name in (_ALL_STATES, _CLOSED_STATES):
        every = found.pop(name)
        said[name] = f"{len(every)} states, {len(every.stable)} stable, up to swaps of clusters"
    said |= {name: str(search) for name, search in found.items()}
    rows = [
        (name, str(timed.get(name, _N_STARTS)), _spread(each), _ratio(each, wall[_FROM_STARTS]), said[name])
        for name, each in wall.items()
    ]
    residuals = {name: float(np.abs(field.equations(search.states)).max(initial=0)) for name, search in found.items()}
    notes = [
        f"{_N_STARTS} random starts between 0 and {_MAX_START:g} Hz, the same for all; {field.n_populations} "
        "populations, stability from the eigenvalues of each state found. Where fewer starts are timed, the seconds "
        f"are scaled up to {_N_STARTS}. `fixed_points` seeks more states than the starts lead to.",
        "Largest residual in our equations: "
        + ", ".join(f"{name} {each:.1e} Hz" for name, each in residuals.items())
        + ".",
        _shares(field, starts, repeats),
        _sensitivities(repeats),
    ]
    header = ("method", "starts timed", f"s per {_N_STARTS} starts", f"times {_FROM_STARTS}", "found")
    title = f"{_N_STARTS} random starts of the {field.n_populations}-population network, with stability, s"
    others = {name: median(wall[name]) for name in timed if name in wall}
    own = (_FROM_STARTS, _ALL_STATES, _CLOSED_STATES)
    targets = [Target(f"{title}: {name}", 2, 0.5, median(wall[name]), others) for name in own]
    return Part(f"{markdown_table(header, rows)}\n\n{_bullets(notes)}", targets)


def _from_starts(field: LIFMeanField, starts: _Array) -> Search:
    found = find_or_relax(field.linearize, starts)
    states = found.x[found.converged]
    kinds = [field.determine_stability(rates)[0] for rates in states]
    return Search(len(starts), states, sum(kind.startswith("stable") for kind in kinds))


def _scalar_states(scalar: ScalarField, starts: _Array) -> Search:
    solved = [scalar.solve(start) for start in starts]
    states = np.array([each.x for each in solved if each.success]).reshape(-1, starts.shape[1])
    stable = [scalar.eigenvalues(state).real.max() < 0 for state in states]
    return Search(len(starts), states, sum(stable))


def _nnmt_states(nnmt: Any, circuit: Circuit, starts: _Array) -> Search:
    return Search(len(starts), np.array([nnmt_working_point(nnmt, circuit, start).rates for start in starts]))


def _shares(field: LIFMeanField, starts: _Array, repeats: int) -> str:
    """What the responses, the linear systems and the eigenvalues of one search take by themselves."""
    sizes: list[int] = []

    def counted(nu: _Array) -> Linearization:
        sizes.append(len(nu))
        return field.linearize(nu)

    states = find_or_relax(counted, starts).x
    mu, variance = (each[:, 0] for each in field.moments(starts))
    sigma, jacobian, value = np.sqrt(variance), field.jacobian(states), field.equations(starts)[..., None]
    neurons = vars(field.coefficients.neurons)
    actions: dict[str, Callable[[], Any]] = {
        "responses": lambda: [response(mu[:size], sigma[:size], **neurons) for size in sizes],
        "linear systems": lambda: [np.linalg.solve(jacobian[:size], value[:size]) for size in sizes],
        "eigenvalues": lambda: [np.linalg.eigvals(each) for each in jacobian],
        _FROM_STARTS: partial(_from_starts, field, starts),
    }
    wall = {name: median(_each(taken, 1.0)) for name, taken in take_turns(actions, repeats).items()}
    whole = wall.pop(_FROM_STARTS)
    shares = ", ".join(f"{name} {each / whole:.0%}" for name, each in wall.items())
    return (
        f"Of {_FROM_STARTS}, by themselves, in {len(sizes)} evaluations of {np.mean(sizes):.0f} states on average: "
        f"{shares}; together {sum(wall.values()) / whole:.0%}, the floor of this method."
    )


def _sensitivities(repeats: int) -> str:
    """What the derivatives of a state take, beside solving it again with each population perturbed to either side."""
    baseline = build_baseline(load_experiment(_CONFIGS / "default_snn_params.yaml"))
    field = LIFMeanField.from_baseline(baseline)
    state = next(each for each in fixed_points(field, 0).stable if len(each.active) == 3)
    step = 1e-4
    unit = np.eye(field.n_populations)

    def differences() -> _Array:
        ends = [
            LIFMeanField.from_baseline(baseline, {"rate": sign * step * each}).solve_rates(state.rates).x
            for each in unit
            for sign in (1, -1)
        ]
        return np.subtract(ends[::2], ends[1::2]) / (2 * step)

    rates, everything, solved = "rate", "all targets", "solved again"
    actions: dict[str, Callable[[], Any]] = {
        rates: lambda: field.sensitivity(state, ["rate"])["rate"].rates,
        everything: partial(field.sensitivity, state),
        solved: differences,
    }
    actions[rates]()  # compiles
    turns = take_turns(actions, repeats)
    wall = {name: median(_each(taken, 1e3)) for name, taken in turns.items()}
    error = np.max(np.abs(turns[rates][0].result - turns[solved][0].result))
    return (
        f"`sensitivity` of rates and eigenvalues of the default network to the external rates of all "
        f"{field.n_populations} populations: {wall[rates]:.3g} ms; to all {len(field.targets)} targets: "
        f"{wall[everything]:.3g} ms. Rates solved again with each external rate {step:g} Hz higher and lower: "
        f"{wall[solved]:.3g} ms, which differ by up to {error:.1e} Hz per Hz."
    )


# Landscape


def _landscape(repeats: int) -> Part:
    config = _CONFIGS / "2_cluster_mf.yaml"
    circuit = build_circuit(load_experiment(config))
    peopled = np.flatnonzero(circuit.populations.sizes)
    field = LIFMeanField.from_circuit(circuit)
    scalar = ScalarField(field.coefficients, peopled)
    grid = np.random.default_rng(0).integers(_N_GRID, size=(_N_SCALAR_GRID, len(_FOCUS)))
    points = _LIMITS[0] + _DENSITY * grid
    run = partial(_run, ReducedMeanFieldStager, config)
    outputs = run()  # also compiles, and tabulates
    everywhere = outputs["rates"].reshape(-1, field.n_populations)
    actions: dict[str, Callable[[], Any]] = {
        _LANDSCAPE: run,
        _SCALAR: partial(_scalar_forces, scalar, points),
        _EVALUATION: partial(field.linearize, everywhere),
    }
    turns = take_turns(actions, repeats)
    evaluation = median(_each(turns[_EVALUATION], 1.0))
    scale = _N_GRID**2 / _N_SCALAR_GRID
    wall = {_LANDSCAPE: _each(turns[_LANDSCAPE], 1.0), _SCALAR: _each(turns[_SCALAR], scale)}
    difference = np.abs(turns[_SCALAR][0].result - outputs["force_field"][:, *grid.T].T).max()
    rows = [
        (name, f"{_N_GRID**2:,}" if name == _LANDSCAPE else str(_N_SCALAR_GRID), _spread(each), _ratio(each, base))
        for base in [wall[_LANDSCAPE]]
        for name, each in wall.items()
    ]
    header = ("method", "points timed", f"s per {_N_GRID} x {_N_GRID} points", f"times {_LANDSCAPE}")
    notes = [
        f"Forces on a grid of {_N_GRID} x {_N_GRID} rates of both clusters of {config.name}, {_LIMITS[0]:g} to "
        f"{_LIMITS[1]:g} Hz, the ambient populations in equilibrium; ours also integrates and analyses the landscape. "
        "Scalar quadrature leaves out the populations without neurons.",
        f"Largest difference of the forces at the {_N_SCALAR_GRID} points: {difference:.1e} Hz.",
        f"One evaluation of all responses and their Jacobian at all points takes {evaluation:.2g} s, "
        f"{evaluation / median(wall[_LANDSCAPE]):.0%} of ours: any Newton method needs some.",
    ]
    text = f"{markdown_table(header, rows)}\n\n{_bullets(notes)}"
    title = f"{_N_GRID} x {_N_GRID} landscape of the two-cluster network, s"
    return Part(text, [Target(title, 2, 0.5, median(wall[_LANDSCAPE]), {_SCALAR: median(wall[_SCALAR])})])


def _run(stager: Any, config: Path) -> Any:
    return stager(config).run(focus_pops=list(_FOCUS), grid_density=_DENSITY, grid_lims=_LIMITS)


def _scalar_forces(scalar: ScalarField, points: _Array) -> _Array:
    return np.array([scalar.force(_FOCUS, point) for point in points])


# The report


def _targets(targets: Iterable[Target]) -> str:
    """What was to be reached, and how far we are; as times, and as ratios to others in this run."""
    rows = [
        (
            title,
            f"{ours:.3g}",
            f"{must:g}",
            f"{aim:g}",
            f"{ours / aim:.2g}",
            ", ".join(f"{name} {theirs / ours:.3g}" for name, theirs in others.items()),
        )
        for title, must, aim, ours, others in targets
    ]
    return markdown_table(("what", "measured", "must", "aim", "measured / aim", "others / measured"), rows)


def _each(turns: Sequence[Turn], factor: float) -> list[float]:
    return [factor * turn.wall for turn in turns]


def _ratio(values: Sequence[float], base: Sequence[float]) -> str:
    return f"{median(map(truediv, values, base)):.3g}"


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def _bullets(notes: Sequence[str]) -> str:
    return "\n".join(f"- {note}" for note in notes)


if __name__ == "__main__":
    main()
