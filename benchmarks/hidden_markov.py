"""How many hidden states the default network has by BIC and by cross-validation, and the time of an iteration.

Run ``python -m benchmarks.hidden_markov`` from the root of the repository; docs/how_to/hidden_markov.md argues from
the numbers. It takes some two minutes on two cores, with three numbers of states only in the cross-validation. The
iteration is timed against that of hmmlearn, on counts drawn from a known model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np
from hmmlearn.hmm import PoissonHMM
from numpy.typing import NDArray

from benchmarks.default_network import CONFIG, take_turns, timed
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod import StageSNNSimulation
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.hidden_markov import poisson_hmm
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import NUMBERS_OF_STATES
from neuro_mod.core.spiking_net.analysis.hidden_markov.start import random_start

_DATA = ((1, 15.0), (3, 10.0), (4, 15.0))  # runs, seconds of each
_NUMBERS = (*NUMBERS_OF_STATES, 128)
_FEW = 12  # states, far fewer than combinations
_CROSS_VALIDATED = (24, 96, 192)
_SHAPE = (30, 38, 10, 1500)  # states, units, sessions and bins of each, where an iteration is timed
_ITERATIONS = 5
_REPEATS = 3
_PACKAGES = ("numpy", "scipy", "scikit-learn", "hmmlearn")
_HEADER = (
    "data",
    "combinations found by `two_state`",
    "K with the smallest BIC (beside)",
    "adjusted mutual information, Rand index",
    "wall s",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hidden_markov", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    analyzers = {_name(n_runs, duration): _analyzer(n_runs, duration) for n_runs, duration in _DATA}
    (_, _, most), few = analyzers, list(analyzers)[1]
    report = [
        f"{len(_NUMBERS)} numbers of states from {_NUMBERS[0]} to {_NUMBERS[-1]}, 5 starts of each; networks and noise "
        "of runs from the seeds 1, 2, ...:",
        markdown_table(_HEADER, [_by_bic(name, analyzer) for name, analyzer in analyzers.items()]),
        f"{_FEW} states on the {few}: {_few_states(analyzers[few])}.",
        f"Cross-validation over the {most}, 1 start, nats per bin: {_by_cross_validation(analyzers[most])}.",
        "An iteration with {} states, {} units and {} sessions of {} bins, ".format(*_SHAPE)
        + f"s, median of {_REPEATS} turns of {_ITERATIONS} iterations (min to max): {_times_of_iterations()}.",
        f"- Machine: {machine}. {describe_versions(_PACKAGES)}.",
    ]
    publish("\n\n".join(report), options.out)


def _name(n_runs: int, duration: float) -> str:
    return f"{n_runs} run{'s' if n_runs > 1 else ''} of {duration:g} s"


def _analyzer(n_runs: int, duration: float) -> Analyzer:
    seeds = range(1, n_runs + 1)
    return Analyzer([StageSNNSimulation(CONFIG, seed).run(duration, record=("spikes",)) for seed in seeds])


def _by_bic(name: str, analyzer: Analyzer) -> tuple[str, ...]:
    """A row for `_HEADER`."""
    print(f"{name}: choosing by BIC", file=sys.stderr)
    wall, model = timed(lambda: analyzer.fit_hidden_markov(_NUMBERS))
    best = _NUMBERS.index(model.n_fitted)
    beside = ", ".join(map(str, _NUMBERS[max(best - 1, 0) : best] + _NUMBERS[best + 1 : best + 2]))
    return name, str(analyzer.get_num_states()), f"{model.n_fitted} ({beside})", _agreement(analyzer), f"{wall:.0f}"


def _agreement(analyzer: Analyzer) -> str:
    agreement = analyzer.agreement()
    return f"{agreement.adjusted_mutual_information:.2f}, {agreement.adjusted_rand_index:.2f}"


def _few_states(analyzer: Analyzer) -> str:
    model = analyzer.fit_hidden_markov(_FEW)
    return (
        f"adjusted mutual information and Rand index {_agreement(analyzer)}; mean lifespan "
        f"{model.get_mean_lifespan():.2f} s, of combinations {analyzer.get_mean_lifespan():.2f} s"
    )


def _by_cross_validation(analyzer: Analyzer) -> str:
    print("choosing by cross-validation", file=sys.stderr)
    scores = analyzer.fit_hidden_markov(_CROSS_VALIDATED, criterion="cross_validation", n_restarts=1).scores
    held_out = zip(scores["held_out"], scores["n_states"], strict=True)
    return ", ".join(f"{nats:.0f} with {n_states} states" for nats, n_states in held_out)


def _times_of_iterations() -> str:
    """Of ours and of both implementations of hmmlearn, from the same start."""
    sessions = _drawn()
    counts = poisson_hmm.side_by_side(sessions)
    start = random_start(counts, _SHAPE[0], Stream(1, "start"))
    rows = np.concatenate(sessions)

    def ours() -> None:
        with patch.multiple(poisson_hmm, MAX_ITERATIONS=_ITERATIONS, TOLERANCE=-np.inf):
            poisson_hmm.fitted(counts, start)  # and the likelihood at the end, nearly an iteration more

    def theirs(implementation: str) -> None:
        peer = PoissonHMM(_SHAPE[0], init_params="", n_iter=_ITERATIONS, tol=-np.inf, implementation=implementation)
        peer.startprob_, peer.transmat_, peer.lambdas_ = start
        peer.fit(rows, counts.lengths)

    names = {name: f"hmmlearn's `{name}`" for name in ("log", "scaling")}
    actions = {"ours": ours} | {said: lambda name=name: theirs(name) for name, said in names.items()}
    walls = {name: [turn.wall / _ITERATIONS for turn in turns] for name, turns in take_turns(actions, _REPEATS).items()}
    return "; ".join(f"{name} {median(wall):.3f} ({min(wall):.3f} to {max(wall):.3f})" for name, wall in walls.items())


def _drawn() -> list[NDArray[np.int64]]:
    """Counts of a model whose states last 50 bins on average, one array for each session."""
    n_states, n_units, n_sessions, n_bins = _SHAPE
    rng = np.random.default_rng(Stream(1, "counts").derived_seed)
    means = rng.gamma(0.5, 0.8, size=(n_states, n_units)) + 0.02
    changes = rng.random((n_sessions, n_bins)) < 1 / 50
    visits = rng.integers(n_states, size=changes.size + n_sessions)
    visit_of_bin = changes.ravel().cumsum().reshape(changes.shape) + np.arange(n_sessions)[:, None]
    return list(rng.poisson(means[visits[visit_of_bin]]))


if __name__ == "__main__":
    main()
