from __future__ import annotations

from functools import partial

import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from tests.helpers.known_states import CLUSTERS, drawn_sessions
from tests.helpers.shared import ROOT


@pytest.fixture
def load(run_script):
    return partial(run_script, ROOT / "scripts/load_snn_analysis.py")


@pytest.fixture(scope="module")
def analyzer():
    return Analyzer(drawn_sessions(4.0, 3.0), CLUSTERS)


def test_it_prints_a_summary(load, analyzer, tmp_path):
    analyzer.save_analysis(tmp_path / "mine")
    done = load(tmp_path / "mine")
    assert done.returncode == 0 and not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["sessions", "2,"] and "7 s in all" in line for line in lines)
    assert f"{analyzer.get_num_states()} distinct in {analyzer.get_occurrences()} visits" in done.stdout
    assert "None" not in done.stdout  # where labels came from is not known of a saved analysis
    share = 100 * analyzer.get_attractor_prob((2, 3))
    row = next(line.split() for line in lines if line.startswith("2+3 "))
    assert row[1] == str(analyzer.get_occurrences((2, 3))) and float(row[2]) == pytest.approx(share, rel=5e-3)


def test_without_a_folder_it_takes_that_of_the_readme(load, analyzer, tmp_path):
    analyzer.save_analysis(tmp_path / "simulations/snn_test_run/analysis")
    done = load(cwd=tmp_path)
    assert done.returncode == 0 and "mean lifespan" in done.stdout


def test_a_damaged_folder_is_refused_by_name(load, analyzer, tmp_path):
    analyzer.save_analysis(tmp_path)
    with (tmp_path / "occurrences.csv").open("a") as file:
        file.write("0,none,1,2\n")
    done = load(tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(f"{tmp_path}/occurrences.csv is damaged")
    assert "Traceback" not in done.stderr and not done.stdout


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_where_there_is_no_analysis(load, tmp_path, name):
    done = load(tmp_path / name)
    assert done.returncode == 2 and "no analysis.json found" in done.stderr and "Traceback" not in done.stderr
