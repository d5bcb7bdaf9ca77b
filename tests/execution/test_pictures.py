"""What figures say about the sessions that they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.execution.analysis import pictures
from neuro_mod.execution.figures import captioned, part_shown
from neuro_mod.execution.pairs import results as pair_results
from neuro_mod.execution.pairs.rates import run_pairs
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers import pictures as run_pictures
from neuro_mod.plotting.style import new_axes
from tests.helpers.known_states import CLUSTERS, drawn_sessions
from tests.helpers.shared import SMALL

OVER_TIME = {"cluster_rates", "state_raster", "hidden_states"}


@pytest.fixture(scope="module")
def analyzer():
    found = Analyzer(list(drawn_sessions(3.0, 2.0)), CLUSTERS)
    found.fit_hidden_markov(4)
    return found


@pytest.fixture(scope="module")
def texts(analyzer):
    """The note below each figure of session 0, of which 1 s is shown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "MAX_SHOWN_SEC", 1.0)
        return {name: draw().get_supxlabel() for name, draw in pictures.drawings_of_analysis(analyzer).items()}


def test_figures_of_a_session_name_it_and_its_part(texts):
    assert set(texts) >= OVER_TIME
    for name in OVER_TIME:
        assert texts[name].startswith("session 0; first 1 s of 3 s")


def test_figures_of_all_sessions_say_how_many(texts):
    others = set(texts) - OVER_TIME - {"active_clusters"}
    assert len(others) == 9
    assert {name: "all 2 sessions" in texts[name] for name in others} == dict.fromkeys(others, True)
    assert "standard errors over 2 sessions" in " ".join(texts["occupancy"].split())
    assert "first 2 s" in texts["new_states"]  # until the end of the shorter session


def test_figures_of_visits_say_how_much_time_was_reassigned(analyzer, texts):
    shown = f"{100 * analyzer.reassigned:.0f} % of the time reassigned (visits < 50 ms)"
    of_visits = {"state_raster", "active_clusters", "lifetimes", "hidden_lifetimes", "transition_graph"}
    flat = {name: " ".join(text.split()) for name, text in texts.items()}
    assert {name: shown in flat[name] for name in of_visits} == dict.fromkeys(of_visits, True)
    assigned = f"{100 * analyzer.hidden_markov.assigned:.0f} % of the time assigned to hidden states"
    assert all(assigned in text for name, text in flat.items() if "hidden" in name)


def test_panels_of_active_clusters(analyzer):
    figure = pictures.drawings_of_analysis(analyzer, 1)["active_clusters"]()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["session 1", "all 2 sessions"]


def test_the_only_session_is_named():
    single = Analyzer(list(drawn_sessions(2.0)), CLUSTERS)
    summary = replace(single.sessions[0], name="spikes_0007")
    single._findings = replace(single._findings, sessions=(summary,))
    drawn = pictures.drawings_of_analysis(single)
    assert {"session 0 (spikes_0007)" in drawn[name]().get_supxlabel() for name in ("state_raster", "lifetimes")} == {
        True
    }
    assert "first" not in drawn["state_raster"]().get_supxlabel()


def test_parts():
    assert part_shown(5.0, 6.0) == "first 5 s of 6 s"
    assert part_shown(6.0, 6.0) == part_shown(None, 6.0) == part_shown(10, 6.0) == ""
    draw = captioned({"one": lambda: new_axes(3, 2)[0]}, "", "a", "b")["one"]
    assert draw().get_supxlabel() == "a; b"


def test_figures_of_a_run_say_that_they_show_its_beginning(monkeypatch):
    monkeypatch.setattr(run_pictures, "MAX_SHOWN_SEC", 0.1)
    monkeypatch.setattr(run_pictures, "MAX_VOLTAGE_SEC", 0.1)
    outputs = StageSNNSimulation.from_dict(SMALL, random_seed=3).run(duration_sec=0.2)
    drawn = outputs.drawings()
    for name in ("raster", "voltage"):
        figure = drawn[name]()
        assert figure.get_supxlabel() == "first 0.1 s of 0.2 s"
        assert np.allclose(figure.axes[0].get_xlim(), (0, 0.1))
    assert not drawn["cluster_rates"]().get_supxlabel()


def test_figures_of_pairs_say_which_spikes_they_show(monkeypatch):
    monkeypatch.setattr(pair_results, "MAX_SHOWN_SEC", 0.1)
    rate = {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}
    stager = StageSNNSimulation(SMALL | {"perturbation": {"rate": rate}})
    pairs = run_pairs(stager, 2, 0.1)
    figure = pair_results._drawings(stager, pairs, pairs.over_time())["paired_runs"]()
    assert figure.get_supxlabel() == "spikes: first pair, first 0.1 s of 0.2 s; difference: mean over 2 pairs"
