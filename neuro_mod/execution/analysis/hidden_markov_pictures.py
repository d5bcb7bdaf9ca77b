"""Figures of a hidden Markov model. Matplotlib is loaded only to draw."""

from __future__ import annotations

import numpy as np

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov
from neuro_mod.execution.analysis.captions import session_shown, sessions_shown, time_reassigned
from neuro_mod.execution.figures import Drawings, captioned, part_shown


def drawings_of_hidden_states(analyzer: Analyzer, model: HiddenMarkov, session: int, t_to: float) -> Drawings:
    """Figures of hidden states in one session, and of those of all sessions; by name.

    Args:
        analyzer: The analysis of the same sessions.
        model: The model.
        session: The session that is shown over time.
        t_to: Until when, in seconds.
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
        part = part_shown(t_to, analyzer.sessions[session].duration)
        raster: Drawings = {
            "hidden_states": lambda: state_raster(analyzer.spikes(session), analyzer.layout, shown, t_to=t_to)
        }
        drawings |= captioned(raster, session_shown(analyzer, session), part, assigned)
    if not len(visits):
        return drawings
    which = sessions_shown(analyzer)
    curves = {"hidden states": model.survival(), "active clusters": analyzer.survival()}
    if seen := {name: curve for name, curve in curves.items() if curve.n_seen}:
        reassigned = time_reassigned(analyzer)
        lifetimes: Drawings = {"hidden_lifetimes": lambda: survival_curves(seen)}
        drawings |= captioned(lifetimes, which, assigned, reassigned and f"active clusters: {reassigned}")
    counts, times = model.get_transition_counts(), model.get_attractors_data()["total_duration"].to_numpy(np.float64)
    states = model.get_unique_attractors()
    transitions: Drawings = {
        "hidden_transition_matrix": lambda: transition_map(states, counts),
        "hidden_transition_graph": lambda: transition_graph(states, counts, times),
    }
    return drawings | captioned(transitions, which, assigned)
