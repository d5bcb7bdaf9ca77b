"""Bars in a notebook; the display of IPython is replaced, and one notebook is executed as a whole."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from neuro_mod.errors import Interrupted
from neuro_mod.execution import notebook
from neuro_mod.execution.progress import items_shown, progress_shown
from neuro_mod.execution.terminal import bars_are_shown
from tests.helpers.shared import ROOT


@pytest.fixture
def outputs(monkeypatch):
    """What is shown in each output of a cell: all its contents, the last one stays."""
    shown: list[list[dict[str, str]]] = []

    def display(content, *, raw, display_id):
        assert raw and display_id
        contents = [content]
        shown.append(contents)
        return SimpleNamespace(update=lambda content, raw: contents.append(content))

    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    module.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(notebook, "INTERVAL", 0.0)
    return shown


def test_only_a_kernel_is_a_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not notebook.in_notebook()
    ipython = ModuleType("IPython")
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    for shell in (None, SimpleNamespace()):  # a script, IPython in a terminal
        ipython.get_ipython = lambda shell=shell: shell
        assert not notebook.in_notebook()


def test_a_bar_in_one_output(outputs, capsys):
    assert bars_are_shown()
    with progress_shown(2.0) as report:
        report(0.5)
        report(2.0)
    (contents,) = outputs
    assert any("[#####...............] simulated 0.50 of 2 s" in each["text/plain"] for each in contents)
    assert contents[-1]["text/plain"] == "[####################] simulated 2.00 of 2 s"
    assert "width: 100.0%" in contents[-1]["text/html"] and "simulated 2.00 of 2 s" in contents[-1]["text/html"]
    assert capsys.readouterr() == ("", "")


def test_bars_within_bars_share_an_output(outputs):
    with items_shown("<runs>", 2, 0, 0.0) as progress:
        progress.prepares("starting")
        with progress_shown(4.0) as report:
            report(1.0)
        progress.finished(0, 0.0)
    (contents,) = outputs
    assert contents[-1]["text/plain"].startswith("[##########..........] 1 of 2 <runs> done")
    assert "1 of 2 &lt;runs&gt; done" in contents[-1]["text/html"]


@pytest.mark.parametrize(
    ("error", "how"),
    [(ValueError(), "failed"), (KeyboardInterrupt(), "interrupted"), (Interrupted("stopped"), "interrupted")],
)
def test_what_ended_it_is_said(outputs, error, how):
    with pytest.raises(type(error)), progress_shown(4.0) as report:
        report(1.0)
        raise error
    assert outputs[0][-1]["text/plain"].endswith(f"s left: {how}")
    assert "#D55E00" in outputs[0][-1]["text/html"]


CELLS = (
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nfrom neuro_mod import *",
    "stager = StageSNNSimulation('configs/snn_test_run.yaml', random_seed=3)\nstager",
    "outputs = stager.run(duration_sec=0.3, progress=True)\noutputs",
    "fig, axs = plt.subplots(1, 2, figsize=(10, 4), layout='constrained')\n"
    "for seed, ax in zip([3, 4], axs):\n    stager.with_seed(seed).run(duration_sec=0.3).plot('raster', ax=ax)",
    "outputs.plot('rates', t_from=0.1, style='talk')",
    "outputs.state",
    "analyzer = Analyzer(outputs)\nanalyzer",
    "analyzer.plot('raster')",
    "with progress_shown(10) as report:\n    report(4)\n    raise ValueError",
)


@pytest.mark.slow
def test_a_notebook_has_its_pictures_in_it():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = nbclient.NotebookClient(book, timeout=250, allow_errors=True, resources={"metadata": {"path": str(ROOT)}})
    client.execute()
    _, stager, run, rasters, rates, state, analyzer, states, failed = [cell.outputs for cell in book.cells]
    for (output,) in (stager, state, analyzer):
        assert "<table>" in output.data["text/html"] and "0x" not in output.data["text/plain"]
    bar, described = run
    assert "simulated 0.30 of 0.3 s" in bar.data["text/html"] and "<table>" in described.data["text/html"]
    for (output,) in (rasters, rates, states):  # once each
        assert output.data["image/png"]
    assert failed[0].data["text/plain"].endswith(": failed") and failed[1].ename == "ValueError"
