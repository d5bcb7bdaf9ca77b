"""The files with which a study begins: a configuration, a sweep over it, a notebook, and the commands to type next."""

from __future__ import annotations

import json
from dataclasses import dataclass

from neuro_mod.config.experiment import Experiment
from neuro_mod.config.shipped import shipped_files
from neuro_mod.config.template import every_key

_NETWORK, _SWEEP, _NOTEBOOK, _README = "network.yaml", "sweep.yaml", "study.ipynb", "README.md"
#: Folders in which commands save results unless they are told otherwise.
_RESULTS, _RUN = "results", "network"

_NETWORK_HEADING = f"""\
# The network of this study: the default one, with every key. Change values, and check them:
#   neuro-mod validate {_NETWORK}
"""
_SWEEP_HEADING = f"""\
# A sweep over the network of this study. Change it, and see what it would run:
#   neuro-mod sweep {_SWEEP} --dry-run
"""

#: Cells that draw; the figures of a run show themselves.
_FIGURES = ('outputs.plot("raster")', 'outputs.plot("rates")')
_CELLS = (
    f"""\
# A first look at the network

The network is described in `{_NETWORK}`. After a change there, run all cells again.""",
    f"""\
from neuro_mod import Analyzer, FullMeanFieldStager, StageSNNSimulation

stager = StageSNNSimulation("{_NETWORK}", random_seed=1)
outputs = stager.run(duration_sec=5)
outputs["metadata"]["mean_rates_by_kind_hz"]""",
    """\
## Figures

Spikes of all neurons, and rates of the clusters:""",
    *_FIGURES,
    """\
## States

A state is a set of clusters that are active together. Each row is one visit:""",
    """\
analyzer = Analyzer(outputs)
print(analyzer.get_num_states(), "states;", round(analyzer.get_mean_lifespan(), 3), "s per visit seen whole")
analyzer.occurrences()""",
    """\
## Mean field

The stable steady states of the same network, as the theory predicts them:""",
    f"""\
field = FullMeanFieldStager("{_NETWORK}", random_seed=1).run(n_runs=20)
n_clusters = stager.experiment.populations.n_clusters
for state in field["distinct"]:
    rates = state.rates[:n_clusters]
    if state.kind.startswith("stable"):
        print((rates > 20).sum(), "active clusters at", rates.max().round(1), "Hz, others at", rates.min().round(1))""",
)


@dataclass(frozen=True)
class StudyFile:
    """A file of a study.

    Args:
        name: Its name.
        meaning: What it is, as a phrase.
        text: Its content.
    """

    name: str
    meaning: str
    text: str


#: What to type in the folder of a study, with a phrase that says what it does.
NEXT_STEPS = (
    (f"neuro-mod run {_NETWORK}", f"simulate the network; results are in {_RESULTS}/{_RUN}"),
    (f"neuro-mod analyze {_RESULTS}/{_RUN}", "find its states"),
    (f"neuro-mod mean-field fixed-points {_NETWORK}", "compute the steady states of its mean field"),
    (f"neuro-mod sweep {_SWEEP}", "simulate it at five levels of arousal"),
)


def study_files() -> list[StudyFile]:
    """All files of a new study, README last."""
    settings = {"settings.save_dir": _RESULTS, "settings.sim_name": _RUN}
    files = [
        StudyFile(_NETWORK, "the network", every_key(_NETWORK_HEADING, Experiment().replace(settings))),
        StudyFile(_SWEEP, "a sweep over it", _sweep()),
        StudyFile(_NOTEBOOK, "a notebook: simulation, figures, states, mean field", _notebook()),
    ]
    meaning = "the commands to type next"
    return [*files, StudyFile(_README, meaning, _readme(files))]


def _sweep() -> str:
    """The shipped sweep over arousal, of the network of the study."""
    lines = shipped_files()["sweeps/arousal"].text.splitlines()
    kept = [line for line in lines if not line.startswith(("#", "config:"))]
    return "\n".join([f"{_SWEEP_HEADING}config: {_NETWORK}   # relative to this file", *kept, ""])


def _notebook() -> str:
    """The notebook, in format 4.5; a cell that begins with # and a space is text."""
    cells = []
    for number, source in enumerate(_CELLS):
        text = source.startswith("#")
        cell = {"cell_type": "markdown" if text else "code", "id": f"cell-{number}", "metadata": {}}
        cells.append(cell | ({} if text else {"execution_count": None, "outputs": []}) | {"source": source})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _readme(files: list[StudyFile]) -> str:
    rows = "".join(f"| [{file.name}]({file.name}) | {file.meaning} |\n" for file in files)
    steps = "\n".join(f"{command}  # {meaning}" for command, meaning in NEXT_STEPS)
    return f"""\
# A study with neuro_mod

| file | content |
|---|---|
{rows}
In this folder, type:

```bash
{steps}
```

`neuro-mod COMMAND --help` lists the options of a command, and `neuro-mod configs` other networks to begin with.
"""
