"""The comparison of groups of sessions: its tables, figures and summary."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.groups.groups import Groups
from neuro_mod.core.spiking_net.analysis.saved.folder import AnalysisFolder
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES
from neuro_mod.execution.analysis.captions import sessions_shown, time_reassigned
from neuro_mod.execution.figures import Drawings, captioned, drawn, over_time, plot
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.names import (
    ANALYSIS_GROUP_DIFFERENCES,
    ANALYSIS_GROUP_REPLICATES,
    ANALYSIS_GROUP_SESSIONS,
    ANALYSIS_GROUP_STATES,
    ANALYSIS_GROUPS,
)

if TYPE_CHECKING:
    from neuro_mod.plotting.analysis.group_values import GroupPanel
    from neuro_mod.plotting.style import AnyFigure, Axes

#: Figures of survival curves: what lasts, and the name of its axis.
_CURVES = {
    "lifetimes": ("states", "lifespan"),
    "activations": ("activations", "activation"),
    "intervals": ("intervals", "interval"),
    "hidden_lifetimes": ("hidden", "lifespan"),
}
#: Rasters beside each other at most, and the seconds that each shows.
_MAX_RASTERS, _SHOWN_SEC = 4, 3.0


def save_groups(folder: AnalysisFolder, groups: Groups, analyzer: Analyzer) -> None:
    """Write the tables of groups: quantities, differences, replicates, sessions, and the probabilities of states.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    grouping = groups.grouping
    files = ["" if file is None else str(file) for file in analyzer.files]
    sessions = {"session": range(len(files)), "file": files, "group": grouping.groups, "network": grouping.networks}
    trials = {} if grouping.trials is None else {"trial": grouping.trials}
    folder.save_frame(ANALYSIS_GROUP_SESSIONS, pd.DataFrame(sessions | trials))
    folder.save_frame(ANALYSIS_GROUPS, groups.table())
    folder.save_frame(ANALYSIS_GROUP_DIFFERENCES, groups.differences())
    folder.save_frame(ANALYSIS_GROUP_REPLICATES, groups.replicates())
    folder.save_frame(ANALYSIS_GROUP_STATES, groups.states())


def describe_groups(groups: Groups) -> dict[str, Any]:
    """Groups, and their quantities and differences as rows, in numbers that JSON can hold."""
    grouping = groups.grouping
    return {
        "groups": {
            name: {"n_sessions": len(grouping.sessions(name)), "n_networks": grouping.n_networks(name)}
            for name in groups.names
        },
        "over": grouping.over,
        "reference": groups.reference,
        "quantities": list(map(json_row, groups.table().to_dict("records"))),
        "differences": list(map(json_row, groups.differences().to_dict("records"))),
    }


def plot_groups(
    groups: Groups,
    analyzer: Analyzer,
    name: str | None,
    *,
    ax: Axes | None,
    window: tuple[float | None, float | None],
    style: str | None,
) -> AnyFigure | None:
    """Draw a figure, see `Groups.plot`."""
    return plot(drawings_of_groups(groups, analyzer), name, {}, ax=ax, window=window, style=style)


def drawings_of_groups(groups: Groups, analyzer: Analyzer) -> Drawings:
    """Quantities, survival curves and rasters by group; by name of the figure."""
    from neuro_mod.plotting.analysis.group_values import group_values  # noqa: PLC0415

    panels = _panels(groups)
    which = f"{sessions_shown(analyzer)}; uncertainty over {groups.grouping.over}"
    drawings: Drawings = {}
    if panels:
        paired = all(groups.grouping.are_paired(name, groups.reference) for name in groups.names)
        noun = groups.grouping.over.removesuffix("s")
        drawings |= drawn({"group_values": partial(group_values, panels, paired=paired, noun=noun)}, which)
    drawings |= _rasters(groups, analyzer)
    given_away = time_reassigned(analyzer)
    notes = {"states": given_away, "hidden": "states of one hidden Markov model of all"}
    for name, (of, what) in _CURVES.items():
        if of != "hidden" or analyzer.hidden_markov is not None:
            drawings |= captioned(_curves(groups, name, of, what), sessions_shown(analyzer), notes.get(of, ""))
    return drawings


def _panels(groups: Groups) -> list[GroupPanel]:
    from neuro_mod.plotting.analysis.group_values import GroupPanel  # noqa: PLC0415

    keys, values = groups.values
    errors = [each.errors() for each in values.values()]
    panels = []
    for k, (name, of) in enumerate(keys):
        quantity = QUANTITIES.get(name)
        if of or quantity is None or not any(np.isfinite(each.value[k]) for each in values.values()):
            continue
        label = f"{quantity.label} ({quantity.unit})" if quantity.unit else quantity.label
        of_replicates = {group: each.of_replicates[:, k] for group, each in values.items()}
        value = np.array([each.value[k] for each in values.values()])
        panels.append(GroupPanel(label, of_replicates, value, np.array([each[k] for each in errors])))
    return panels


def _curves(groups: Groups, name: str, of: str, what: str) -> Drawings:
    from neuro_mod.plotting.analysis.survival import survival_curves  # noqa: PLC0415

    curves = {group: curve for group, curve in groups.survival(of).items() if curve.n_seen}
    return drawn({f"group_{name}": partial(survival_curves, curves, what=what)}) if curves else {}


def _rasters(groups: Groups, analyzer: Analyzer) -> Drawings:
    """The first session of each group, beside each other."""
    from neuro_mod.plotting.analysis.state_raster import state_rasters  # noqa: PLC0415

    shown = groups.names[:_MAX_RASTERS]
    first = {name: int(groups.grouping.sessions(name)[0]) for name in shown}
    durations = [analyzer.sessions[session].duration for session in first.values()]
    if not analyzer.has_spikes or not min(durations):
        return {}
    visits = analyzer.occurrences()

    def draw(**place: Any) -> AnyFigure:
        panels = {
            f"{name} (session\N{NO-BREAK SPACE}{session})": (
                analyzer.spikes(session),
                visits.loc[visits["session"] == session],
            )
            for name, session in first.items()
        }
        return state_rasters(panels, analyzer.layout, **place)

    left_out = len(groups.names) - len(shown)
    notes = [f"{left_out} more groups not shown"] if left_out else []
    notes.append(time_reassigned(analyzer))
    return over_time({"group_rasters": draw}, min(durations), *notes, first=_SHOWN_SEC)
