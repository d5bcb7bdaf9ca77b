"""Synthetic spikes of three states: what the command says about a hidden Markov model of them, and what it saves."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from benchmarks.synthetic_sessions import Chain, Firing, synthetic_sessions
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer

FIRING = Firing(n_clusters=4, cluster_size=10)


@pytest.fixture(scope="module")
def spikes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spikes")
    chain = Chain.drawn(4, 3, 2, seed=1, lifespan=0.5)
    sessions, _ = synthetic_sessions(chain, FIRING, n_sessions=2, duration=4.0, seed=2)
    for index, session in enumerate(sessions):
        np.save(folder / f"spikes_{index}.npy", np.asarray(session))
    np.save(folder / "labels.npy", FIRING.cluster_of_neuron)
    return folder


@pytest.fixture
def analyze(spikes, neuro_mod):
    """The command for these spikes."""
    return partial(neuro_mod, "analyze", spikes, "--clusters", spikes / "labels.npy", "--dt", "1e-3")


def row(printed, label):
    return next(line for line in printed.splitlines() if line.startswith(label))


def test_a_range_is_chosen_from_and_drawn(analyze, tmp_path):
    code, printed, errors = analyze("--hidden-markov", "2:6", "--seed", 3, "--out", tmp_path)
    assert code == 0, errors
    assert row(printed, "hidden states").endswith("3 visited of 3, chosen by BIC among 4 numbers from 2 to 5")
    analyzer = Analyzer.load_analysis(tmp_path)
    model, found = analyzer.hidden_markov, analyzer.agreement()
    assert model.settings.numbers == (2, 3, 4, 5) and model.settings.seed == 3
    scores = model.scores.loc[model.scores["chosen"]].iloc[0]
    assert row(printed, "hidden fit").endswith(
        f"log-likelihood {max(scores['log_likelihoods']):.1f} nats, found from {scores['n_best']} of "
        f"{scores['n_starts']} starts; lowest {min(scores['log_likelihoods']):.1f}"
    )
    visits = row(printed, "hidden visits")
    assert f"{len(model.visits)} in {100 * model.assigned:.3g} % of the time" in visits
    assert f"mean lifespan {model.get_mean_lifespan():.3g} s" in visits
    assert row(printed, "agreement").endswith(
        f"adjusted mutual information {found.adjusted_mutual_information:.3g}, "
        f"adjusted Rand index {found.adjusted_rand_index:.3g}"
    )
    for name in ("hidden_states", "hidden_lifetimes", "hidden_transition_matrix", "hidden_transition_graph"):
        assert (tmp_path / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_one_number_as_json_and_without_a_model(analyze, tmp_path):
    code, printed, errors = analyze("--hidden-markov", 2, "--max-restarts", 7, "--json", "--no-plot", "--out", tmp_path)
    assert code == 0, errors
    about = json.loads(printed)["hidden_markov"]
    assert about["settings"]["numbers"] == [2] and about["n_fitted"] == about["n_states"] == 2
    (starts,) = about["starts"]
    assert about["settings"]["max_restarts"] == 7 and len(starts["log_likelihoods"]) == starts["n_starts"]
    assert max(starts["log_likelihoods"]) == about["log_likelihood"]
    assert 0 < about["agreement"]["adjusted_rand_index"] < 1 and not about["most_was_chosen"]
    assert [state["state"] for state in about["states"]] == ["S0", "S1"]
    _, printed, _ = analyze("--json", "--no-plot", "--out", tmp_path)
    assert json.loads(printed)["hidden_markov"] is None


def test_the_largest_number_is_noted(analyze, tmp_path, caplog):
    arguments = ("--hidden-markov", "1,2", "--criterion", "cross_validation", "--no-plot", "--out", tmp_path)
    done = analyze(*arguments)
    assert done.returncode == 0, done.stderr
    assert (
        "2 visited of 2, chosen by cross-validation among 2 numbers from 1 to 2; the largest was chosen, more may fit "
        "better"
    ) in " ".join(done.stdout.split())
    assert "the largest was chosen, 2" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hidden-markov", "many"), '--hidden-markov: "many" found'),
        (("--hidden-markov", "0"), "--hidden-markov, in 0: 0 found; expected numbers from 1 to 9999"),
        (("--hidden-markov", "2,5:3"), '--hidden-markov, in 2,5:3: "5:3" found; expected a range whose second number'),
        (("--hidden-markov", "9999"), "from 1 to 400"),
        (
            ("--hidden-markov", "2", "--max-restarts", 4),
            "--max-restarts: 4 found; expected a whole number",
        ),
    ],
)
def test_refusals(analyze, tmp_path, arguments, message):
    code, _, errors = analyze(*arguments, "--out", tmp_path / "analysis")
    assert code == 2 and message in errors
    assert not (tmp_path / "analysis").exists()
