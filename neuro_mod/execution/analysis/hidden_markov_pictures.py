"""Figures of a hidden Markov model. Matplotlib is loaded only to draw."""

from __future__ import annotations

from functools import partial

import numpy as np

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov
from neuro_mod.execution.analysis.captions import session_shown, sessions_shown, time_reassigned
from neuro_mod.execution.figures import Drawings, drawn, over_time


def drawings_of_hidden_states(analyzer: Analyzer, model: HiddenMarkov, session: int, first: float) -> Drawings:
    """Figures of hidden states in one session, and of those of all sessions; by name.

    Args:
        analyzer: The analysis of the same sessions.
        model: The model.
        session: The session that is shown over time.
        first: How many seconds of it, from the start, unless another window is chosen.
    """
    from neuro_mod.plotting.analysis.state_raster import state_raster  # noqa: PLC0415
    from neuro_mod.plotting.analysis.survival import survival_curves  # noqa: PLC0415
    from neuro_mod.plotting.analysis.transition_graph import transition_graph  # noqa: PLC0415
    from neuro_mod.plotting.analysis.transition_matrix import transition_map  # noqa: PLC0415

    visits = model.occurrences()
    assigned = f"{100 * model.assigned:.0f} % of the time assigned to hidden states"
    shown = visits.loc[visits["session"] == session]
    drawings: Drawings = {}
    if analyzer.has_spikes:
        raster = {
            "hidden_states": lambda **place: state_raster(analyzer.spikes(session), analyzer.layout, shown, **place)
        }
        duration = analyzer.sessions[session].duration
        drawings |= over_time(raster, duration, session_shown(analyzer, session), assigned, first=first)
    if not len(visits):
        return drawings
    which = sessions_shown(analyzer)
    curves = {"hidden states": model.survival(), "active clusters": analyzer.survival()}
    if seen := {name: curve for name, curve in curves.items() if curve.n_seen}:
        reassigned = time_reassigned(analyzer)
        lifetimes = {"hidden_lifetimes": partial(survival_curves, seen)}
        drawings |= drawn(lifetimes, which, assigned, reassigned and f"active clusters: {reassigned}")
    counts, times = model.get_transition_counts(), model.get_attractors_data()["total_duration"].to_numpy(np.float64)
    states = model.get_unique_attractors()
    transitions = {
        "hidden_transition_matrix": partial(transition_map, states, counts),
        "hidden_transition_graph": partial(transition_graph, states, counts, times),
    }
    return drawings | drawn(transitions, which, assigned)
