"""``neuro-mod tune``, with simulations of 3 s."""

from __future__ import annotations

import json

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.execution.tuning import search, theory
from tests.helpers.folders import files_in
from tests.helpers.shared import CONFIGS

#: Larger J+ than that at which simulations switch often; in the default theory, it is where only the uniform state is.
START = ("--set", "architecture.clusters.j_potentiated[0]=5.15")
NO_FIGURE = ("--set", "settings.plot=false")
QUICK = ("--response", "shifted", "--closure", "poisson", "--duration", "3", "--trials", "1", "--switches", "1")


@pytest.fixture
def tuned(neuro_mod, tmp_path, monkeypatch):
    """The command for small.yaml, on a grid of 8 points; its results are written to the temporary folder."""
    monkeypatch.setattr(theory, "N_POTENTIATIONS", 4)
    monkeypatch.setattr(theory, "_HALVINGS", 2)
    monkeypatch.setattr(search, "RATE_FACTORS", (1.0, 1.2))
    monkeypatch.setattr(search, "_N_SCOUTS", 1)
    return lambda *options: neuro_mod("tune", CONFIGS / "small.yaml", *QUICK, *options, cwd=tmp_path)


def test_writes_a_configuration_with_comments_and_a_map(tuned, tmp_path):
    code, printed, _ = tuned("--active", "1", *START)
    assert code == 0, printed
    assert files_in(tmp_path) == {"small_tuned.png", "small_tuned.yaml"}
    text = (tmp_path / "small_tuned.yaml").read_text()
    found, original = load_experiment(text), load_experiment(CONFIGS / "small.yaml")
    varied = {
        "architecture.clusters.j_potentiated": found.architecture.clusters.j_potentiated,
        "external_currents.nu_ext_baseline": found.external_currents.nu_ext_baseline,
    }
    assert found != original and found == original.replace(varied)
    assert "# factor on weights within a cluster" in text
    assert "# Tuned with neuro-mod tune, 1 of 6 clusters active" in text
    assert "# in 3 s, in a simulation of one network." in text
    assert printed.splitlines()[-2:] == ["small_tuned.yaml", "small_tuned.png"]
    assert "found" in printed and "shifted response, poisson input" in printed
    assert "lifespan: mean of visits seen from start to end" in " ".join(printed.split())

    before = {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)}
    code, _, errors = tuned("--active", "1", *START)
    assert code == 2 and '--out: "small_tuned.yaml" found; expected the name of a new file; --force' in errors
    assert tuned("--active", "1", *START, "--force")[0] == 0
    assert {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)} == before


def test_without_success_nothing_is_written_but_what_is_asked_for(tuned, tmp_path, monkeypatch):
    monkeypatch.setattr(search._Search, "_between", lambda self, scouts: [])
    code, printed, _ = tuned("--active", "1", "--switches", "400")
    assert code == 1 and not files_in(tmp_path)
    assert "Nothing found that is as wanted" in printed and "- fewer than 400 switches" in printed
    code, printed, _ = tuned("--active", "1", "--switches", "400", "--keep-closest", "--json", *NO_FIGURE)
    assert code == 1 and files_in(tmp_path) == {"small_tuned.yaml"}
    assert not json.loads(printed)["found"] and json.loads(printed)["files"] == ["small_tuned.yaml"]
    assert "NOT as wanted" in (tmp_path / "small_tuned.yaml").read_text()


def test_an_interruption_writes_nothing(tuned, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(search._Search, "_map", interrupted)
    code, printed, errors = tuned("--active", "1", *START)
    assert code == 130 and not printed and not files_in(tmp_path)
    assert "nothing is written; a search starts anew" in errors


def test_the_file_is_named_after_what_was_given(neuro_mod, tmp_path):
    (tmp_path / "two_clusters_tuned.yaml").write_text("mine")
    code, _, errors = neuro_mod("tune", "two_clusters", "--active", "1", cwd=tmp_path)
    assert code == 2 and '--out: "two_clusters_tuned.yaml" found; expected the name of a new file' in errors


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--active", "6"), "--active, in 6: 6 found; expected numbers from 1 to 5"),
        (("--active", "0"), "--active, in 0: 0 found"),
        (("--active", "few"), "--active"),
        (("--active", "1", "--out", "none/x.yaml"), "--out"),
        (("--active", "1", "--out", "z.png"), '--out: "z.png" found; expected a name that ends in .yaml or .yml; the'),
        (("--active", "1", "--out", "z.svg", "--format", "svg"), '--out: "z.svg" found; expected a name that ends'),
    ],
)
def test_what_is_refused(tuned, options, words):
    code, printed, errors = tuned(*options)
    assert code == 2 and words in errors and not printed
