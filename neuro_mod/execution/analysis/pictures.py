"""Figures of an analysis. Matplotlib is loaded only to draw."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival, survival
from neuro_mod.execution.analysis.hidden_markov_pictures import drawings_of_hidden_states
from neuro_mod.execution.figures import Drawings
from neuro_mod.recordings.windows import window_of

#: Seconds of one session that figures over time show, from its start.
MAX_SHOWN_SEC = 5.0
_N_TIMES = 400


def drawings_of_analysis(analyzer: Analyzer, session: int = 0) -> Drawings:
    """Figures of one session over time, and of the states of all sessions, hidden ones too; by name.

    Args:
        analyzer: The analysis.
        session: The session that is shown.
    """
    from neuro_mod.plotting.active_clusters import active_clusters  # noqa: PLC0415
    from neuro_mod.plotting.new_states import new_states  # noqa: PLC0415
    from neuro_mod.plotting.survival import survival_curves  # noqa: PLC0415
    from neuro_mod.plotting.transition_graph import transition_graph  # noqa: PLC0415
    from neuro_mod.plotting.transition_matrix import transition_map  # noqa: PLC0415

    visits = analyzer.occurrences()
    drawings = _over_time(analyzer, session)
    if (model := analyzer.hidden_markov) is not None:
        drawings |= drawings_of_hidden_states(
            analyzer, model, session, _shown_until(analyzer, session), note=_too_short(analyzer)
        )
    if not len(visits):
        return drawings
    drawings["active_clusters"] = lambda: active_clusters(visits, session)
    if curves := _survival_by_active_clusters(visits):
        drawings["lifetimes"] = lambda: survival_curves(curves, note=_too_short(analyzer))
    times = np.linspace(0, analyzer.durations.min(), _N_TIMES)
    drawings["new_states"] = lambda: new_states(times, analyzer.get_unique_attractors_count_until_time(times))
    states = analyzer.get_attractors_data()
    counts = analyzer.get_transition_counts()
    names = states["state"].tolist()
    drawings["transition_matrix"] = lambda: transition_map(names, counts)
    drawings["transition_graph"] = lambda: transition_graph(names, counts, states["total_duration"].to_numpy())
    return drawings


def _too_short(analyzer: Analyzer) -> str:
    share = analyzer.reassigned
    limit = analyzer.settings.minimal_lifespan_ms
    return "" if share is None else f"shorter than {limit:g} ms: {share:.0%} of the time, reassigned"


def _over_time(analyzer: Analyzer, session: int) -> Drawings:
    from neuro_mod.plotting.detected_rates import detected_rates  # noqa: PLC0415
    from neuro_mod.plotting.state_raster import state_raster  # noqa: PLC0415

    layout, about = analyzer.layout, analyzer.sessions[session]
    if not about.duration:
        return {}
    end = _shown_until(analyzer, session)
    visits = analyzer.occurrences()
    shown = visits.loc[visits["session"] == session]
    drawings: Drawings = {
        "cluster_rates": lambda: detected_rates(
            analyzer.get_sample_times(session),
            analyzer.get_cluster_spike_rate(session)[:, layout.defines_states],
            about.thresholds,
            analyzer.get_cluster_activity(session),
            layout.state_labels,
            t_to=end,
        )
    }
    if analyzer.has_spikes:
        drawings["state_raster"] = lambda: state_raster(analyzer.spikes(session), layout, shown, t_to=end)
    return drawings


def _shown_until(analyzer: Analyzer, session: int) -> float:
    duration = analyzer.sessions[session].duration
    return window_of(duration, None, min(duration, MAX_SHOWN_SEC))[1]


def _survival_by_active_clusters(visits: pd.DataFrame) -> dict[str, Survival]:
    active = np.array([len(state) for state in visits["state"]])
    curves = {f"{n} active": survival(visits.loc[active == n]) for n in np.unique(active).tolist()}
    return {name: curve for name, curve in curves.items() if curve.n_seen}
