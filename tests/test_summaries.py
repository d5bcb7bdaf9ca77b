"""What objects say of themselves: a law for all of them."""

from __future__ import annotations

import pickle
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuro_mod import (
    Analyzer,
    FullMeanFieldStager,
    ReducedMeanFieldStager,
    Repeater,
    SNNBaseSweepRunner,
    StageSNNSimulation,
    run_sweep,
    simulate,
)
from neuro_mod.execution.sweep_runs import SweepRuns
from neuro_mod.summaries import Summary, described
from tests.helpers.shared import CONFIGS, SMALL

NAME = "<script>alert(1)&amp;"


class Balanced(HTMLParser):
    """The text between tags, each of which is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.tags = [], "", set()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


class Sweeping(SNNBaseSweepRunner):
    def _step(self, param, idx, sweep_param, **kwargs):
        return 1

    def summary(self, results, sweep_params):
        pass


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    rate = {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}
    config = SMALL | {"settings": {"sim_name": "A & B", "random_seed": 3}, "perturbation": {"rate": rate}}
    stager = StageSNNSimulation(config)
    trial, outputs = stager.trial(), stager.run()
    mean_field = FullMeanFieldStager(CONFIGS / "2_cluster_mf.yaml")
    states = mean_field.run(n_runs=3)
    analyzer = Analyzer(outputs)
    return {
        "experiment": stager.experiment,
        "stager": stager,
        "trial": trial,
        "network": trial.network,
        "circuit": stager.circuit,
        "simulation": simulate(trial),
        "outputs": outputs,
        "some outputs": outputs.only(["rates"]),
        "state": outputs.state,
        "spikes": outputs["spikes"],
        "course": outputs["perturbations"]["rate"],
        "sweep": Sweeping(),
        "results of a sweep": run_sweep(
            {"config": SMALL, "parameters": {"arousal.level": [0.1, 0.2]}, "measures": ["rates"]},
            tmp_path_factory.mktemp("sweep"),
        ),
        "runs of a sweep": SweepRuns(
            Path("study"), pd.DataFrame({"arousal.level": [0.1, 0.2], "run": [0, 1]}), ("arousal.level",)
        ),
        "repeater": Repeater(config, 30),
        "analyzer": analyzer,
        "no labels": Analyzer(outputs["spikes"]),
        "mean field": mean_field.field,
        "its stager": mean_field,
        "steady states": states,
        "found": states["distinct"],
        "one of them": states["distinct"][0],
        "landscape": ReducedMeanFieldStager(CONFIGS / "2_cluster_mf.yaml").run(grid_density=30.0),
    }


def test_texts_are_short(shown):
    for name, each in shown.items():
        lines = repr(each).splitlines()
        assert len(lines) <= 12 and max(map(len, lines)) <= 80, name
        assert not re.search(r"0x[0-9a-f]{6}|array\(|\[[-\d.]+,? +[-\d.]+", repr(each)), name


def test_tables_are_well_formed_and_say_the_same(shown):
    for name, each in shown.items():
        table = Balanced(each._repr_html_())
        assert table.tags <= {"table", "caption", "tbody", "tr", "th", "td"}, name
        title = repr(each).splitlines()[0].removesuffix("...")
        assert table.text.startswith(title), name
    for name in ("experiment", "stager", "repeater"):
        assert "A & B" in Balanced(shown[name]._repr_html_()).text and "A &amp; B" in shown[name]._repr_html_()
    hostile = Summary(NAME, {NAME: NAME}).html()
    assert "<script>" not in hostile and Balanced(hostile).text == 3 * NAME


def test_what_they_say(shown):
    assert repr(shown["outputs"]).startswith("Run of 60 neurons over 0.2 s, seed 3\n")
    assert "rates" in repr(shown["outputs"]) and "Hz, bins of 5 ms" in repr(shown["outputs"])
    assert repr(shown["state"]).startswith("State of 60 neurons after 400 steps of 0.5 ms (0.2 s)")
    assert repr(shown["results of a sweep"]).splitlines()[:4] == [
        "Sweep of 2 points",
        "  parameters  arousal.level",
        "  measures    rates",
        "  runs        2 of 2 finished",
    ]
    assert "  outputs    Run of 60 neurons" in repr(shown["stager"])
    assert "perturbation" in repr(shown["experiment"]) and "duration_sec: 0.2" in repr(shown["experiment"])
    assert "stable" in repr(shown["steady states"])
    assert "found on first use" in repr(shown["analyzer"])
    assert "no cluster labels" in repr(shown["no labels"])


def test_they_are_pickled_as_before(shown):
    for name in ("spikes", "state", "found", "course", "experiment"):
        assert repr(pickle.loads(pickle.dumps(shown[name]))) == repr(shown[name])


def test_long_summaries_are_cut():
    long = Summary("a" * 100, {f"row {k}": "x\n" * 100 for k in range(30)})
    lines = long.text().splitlines()
    assert len(lines) == 12 and max(map(len, lines)) == 80
    assert lines[-1] == "  ...     20 more" and "20 more" in long.html()
    assert described({"a": np.zeros((3, 2)), "b": (1, 2)}) == "a: (3, 2) float64, b: 1, 2"
    assert described(range(100)) == "100 entries" and described(()) == "none"
