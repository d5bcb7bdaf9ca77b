"""Response tables are announced on stderr while they are computed; what is wrong with one is said once, and kept."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from neuro_mod import FullMeanFieldStager
from neuro_mod.core.mean_field.core.exact import cache
from neuro_mod.core.mean_field.core.exact.cache import place_of, table_for
from neuro_mod.core.mean_field.core.exact.table import Ratios
from neuro_mod.core.table_watch import TableProgress, say, tell
from neuro_mod.execution.compilation_shown import compilation_shown
from neuro_mod.execution.notices import notices_kept
from neuro_mod.execution.progress import progress_shown
from neuro_mod.execution.tables_shown import TEXT
from tests.helpers.shared import CONFIGS

TWO_CLUSTERS = CONFIGS / "2_cluster_mf.yaml"
PACKAGED = Ratios(0.25, 0.25)


def compute(name="A", total=3):
    for done in range(1, total + 1):
        tell(TableProgress(name, done, total))


def test_one_line_for_each_table_in_a_log(capsys):
    with compilation_shown(), progress_shown(1.0):
        compute("A")
        compute("B")
    assert capsys.readouterr() == ("", f"{TEXT}: A\n{TEXT}: B\n")


def test_a_bar_on_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with compilation_shown():
        compute("A")
        first = terminal.getvalue()
        assert TEXT in first
        compute("B")
    assert TEXT in terminal.getvalue()[len(first) :]


def test_what_is_wrong_is_logged_once_and_kept(caplog):
    with compilation_shown(), notices_kept() as notices, notices_kept() as inner:
        say("a table is damaged")
        say("a table is damaged")
        compute()
    assert notices == inner == ["a table is damaged"]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == notices


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A cache folder whose file for the packaged pair is damaged, and a package without it; computing takes no time."""
    table = table_for(PACKAGED)
    (tmp_path / cache.file_name(PACKAGED)).write_bytes(b"damaged")
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "_PACKAGED", tmp_path / "none")
    monkeypatch.setattr(cache, "compute", lambda ratios: table)
    cache._table.cache_clear()
    yield tmp_path / cache.file_name(PACKAGED)
    cache._table.cache_clear()


def test_a_damaged_table_is_named_in_the_metadata_of_a_folder(damaged, tmp_path, caplog):
    stager = FullMeanFieldStager(TWO_CLUSTERS, overrides=["settings.plot=false"], response="exact")
    (notice,) = stager.execute(n_runs=1, out=tmp_path / "out")["metadata"]["notices"]
    assert notice.startswith(f"{damaged}: damaged response table found") and notice.endswith("it is computed again")
    assert notice in caplog.text and place_of(PACKAGED) == damaged
    assert stager.execute(n_runs=1, out=tmp_path / "out")["metadata"]["notices"] == []


def test_the_command_says_so_too(damaged, neuro_mod, caplog):
    code, out, _ = neuro_mod("mean-field", "table", TWO_CLUSTERS)
    assert code == 0 and f"{damaged}: damaged response table found" in caplog.text
    header, row, folder = out.splitlines()
    assert header.split("  ")[0] == "tau_s/tau_m" and row.split()[:2] == ["0.25", "0.25"] and len(row) <= 100
    assert row.endswith(f"  {damaged.name}") and folder == f"files in {damaged.parent}"


def test_a_cache_that_cannot_be_written_to_is_named(damaged, neuro_mod, monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path / "file"))
    code, out, _ = neuro_mod("mean-field", "table", TWO_CLUSTERS, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["tables"][0]["file"] is None and found["tables"][0]["synaptic_ratio"] == 0.25
    (notice,) = found["notices"]
    assert "response table could not be saved" in notice and "kept in memory only" in notice and notice in caplog.text


def test_pairs_accuracy_and_places(neuro_mod):
    code, out, _ = neuro_mod("mean-field", "table", TWO_CLUSTERS)
    assert code == 0 and out.splitlines()[1].endswith("  response-1-feb4ad974416de63.npz")
    errors = table_for(PACKAGED).error
    assert f"{100 * errors[0]:.2g} %" in out and f"{100 * errors[1]:.2g} %" in out
    code, out, _ = neuro_mod("mean-field", "table", TWO_CLUSTERS, "--set", "init_params.tau_synaptic=1e-9")
    assert code == 2
    code, out, err = neuro_mod("mean-field", "table", TWO_CLUSTERS, "--set", "init_params.tau_synaptic=0.9")
    assert code == 2 and "tau_synaptic/tau_membrane 45" in err and "the shifted response" in err
