"""What figures say about the sessions that they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import InputError
from neuro_mod.execution.analysis import pictures
from neuro_mod.execution.figures import Look, captioned, drawn, part_shown, save_figures
from neuro_mod.execution.pairs import rates as pair_rates
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
    assert "up to 2 s, the shortest session" in texts["new_states"]


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
    figures = pictures.drawings_of_analysis(single)
    assert {"session 0 (spikes_0007)" in figures[name]().get_supxlabel() for name in ("state_raster", "lifetimes")} == {
        True
    }
    assert "first" not in figures["state_raster"]().get_supxlabel()


def test_parts():
    assert part_shown(0.0, 5.0, 6.0) == "first 5 s of 6 s"
    assert part_shown(2.0, 6.0, 6.0) == "2 to 6 s of 6 s"
    assert part_shown(0.0, 6.0, 6.0) == part_shown(0.0, None, 6.0) == part_shown(0.0, 10, 6.0) == ""
    draw = captioned(drawn({"one": lambda: new_axes(3, 2)[0]}, "", "a", "b"), "c")["one"]
    assert draw().get_supxlabel() == "a; b; c"
    with pytest.raises(InputError, match=r"t_from: 1\.0 found; expected no window, as the figure is not over time"):
        draw(t_from=1.0)


def test_figures_of_a_run_say_that_they_show_its_beginning(monkeypatch):
    monkeypatch.setattr(run_pictures, "MAX_SHOWN_SEC", 0.1)
    monkeypatch.setattr(run_pictures, "MAX_VOLTAGE_SEC", 0.1)
    outputs = StageSNNSimulation.from_dict(SMALL, random_seed=3).run(duration_sec=0.2)
    figures = outputs.drawings()
    for name in ("raster", "voltage"):
        figure = figures[name]()
        assert figure.get_supxlabel() == "first 0.1 s of 0.2 s"
        assert np.allclose(figure.axes[0].get_xlim(), (0, 0.1))
    assert not figures["cluster_rates"]().get_supxlabel()


def test_figures_of_pairs_say_which_spikes_they_show(monkeypatch):
    monkeypatch.setattr(pair_rates, "MAX_SHOWN_SEC", 0.1)
    rate = {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}
    stager = StageSNNSimulation(SMALL | {"perturbation": {"rate": rate}})
    pairs = run_pairs(stager, 2, 0.1)
    figure = pairs.plot("paired_runs")
    assert figure.get_supxlabel() == "spikes: first pair; first 0.1 s of 0.2 s; difference: mean over 2 pairs"
    _, axes = subplots()
    assert pairs.plot("differences", ax=axes, t_from=0.1) is None
    assert pairs.plot("differences", style="talk").get_supxlabel() == "2 pairs"
    expected = "expected one of paired_runs, differences, perturbations, effective_parameters"
    with pytest.raises(InputError, match=f"paired.*{expected}"):
        pairs.plot("paired")
    incomplete = replace(pairs, example=None)
    assert "paired_runs" not in incomplete.drawings()
    with pytest.raises(InputError, match="the first pair is missing"):
        incomplete.plot("paired_runs")


@pytest.fixture(scope="module")
def perturbed():
    rate = {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}
    return StageSNNSimulation(SMALL | {"perturbation": {"rate": rate}}).run(duration_sec=0.3)


@pytest.mark.parametrize("name", ["raster", "cluster_rates", "voltage", "perturbations"])
def test_a_window_is_shown_exactly(perturbed, name):
    figure = perturbed.plot(name, t_from=0.1, t_to=-0.05)
    assert np.allclose(figure.axes[0].get_xlim(), (0.1, 0.25))
    assert figure.get_supxlabel().endswith("0.1 to 0.25 s of 0.3 s")


def test_a_window_of_an_analysis_is_shown_exactly(analyzer):
    for name in (*OVER_TIME, "new_states"):
        assert np.allclose(analyzer.plot(name, t_from=0.5, t_to=1.5).axes[0].get_xlim(), (0.5, 1.5)), name


def test_a_window_after_an_interruption_is_left_out(perturbed, caplog):
    kept = []
    save_figures(lambda name, _: kept.append(name), perturbed.drawings(), Look("pdf", t_from=5.0, t_to=6.0))
    assert kept == ["plots/effective_parameters.pdf"]
    assert "no figure raster: it ends at 0.3 s, before 5 s" in caplog.text


def test_figures_have_two_names(perturbed):
    assert set(run_pictures.PICTURES.values()) == set(perturbed.drawings())
    assert perturbed.plot("parameters").get_size_inches() == pytest.approx(
        perturbed.plot("effective_parameters").get_size_inches()
    )
    with pytest.raises(InputError, match=r'figure: "rastr" found; expected one of spikes, rates, voltage, .*raster'):
        perturbed.plot("rastr")
    with pytest.raises(InputError, match=r"expected one of rates, .*; the run has no spikes: add .spikes. to record"):
        perturbed.only(["rates", "metadata"]).plot("raster")


def test_figures_are_drawn_in_axes_with_their_notes(perturbed):
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    assert perturbed.plot("raster", ax=left, t_to=0.1) is None
    assert perturbed.plot("voltage", ax=right, t_from=0.1) is None
    assert left.get_xlabel() == "time (s)\nfirst 0.1 s of 0.3 s"
    (panels,) = figure.subfigs  # in the place of the axes
    assert panels.get_supxlabel() == "0.1 to 0.3 s of 0.3 s" and left in figure.axes and right not in figure.axes
