"""Figures of an analysis. Matplotlib is loaded only to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival, survival
from neuro_mod.execution.analysis.captions import errors_over, session_shown, sessions_shown, time_reassigned
from neuro_mod.execution.analysis.hidden_markov_pictures import drawings_of_hidden_states
from neuro_mod.execution.figures import Drawings, captioned, part_shown
from neuro_mod.recordings.windows import window_of

if TYPE_CHECKING:
    from neuro_mod.plotting.style import AnyFigure

#: Seconds of one session that figures over time show, from its start.
MAX_SHOWN_SEC = 5.0
_N_TIMES = 400


def drawings_of_analysis(analyzer: Analyzer, session: int = 0) -> Drawings:
    """Figures of one session over time, and of the states of all sessions, hidden ones too; by name.

    Args:
        analyzer: The analysis.
        session: The session that is shown.
    """
    from neuro_mod.plotting.analysis.active_clusters import active_clusters  # noqa: PLC0415
    from neuro_mod.plotting.analysis.new_states import new_states  # noqa: PLC0415
    from neuro_mod.plotting.analysis.survival import survival_curves  # noqa: PLC0415
    from neuro_mod.plotting.analysis.transition_graph import transition_graph  # noqa: PLC0415
    from neuro_mod.plotting.analysis.transition_matrix import transition_map  # noqa: PLC0415

    visits = analyzer.occurrences()
    drawings = _over_time(analyzer, session) | _of_assemblies(analyzer)
    if (model := analyzer.hidden_markov) is not None:
        drawings |= drawings_of_hidden_states(analyzer, model, session, _shown_until(analyzer, session))
    drawings |= _of_clusters(analyzer)
    if not len(visits):
        return drawings
    titles = (session_shown(analyzer, session), sessions_shown(analyzer))
    states, counts = analyzer.get_attractors_data(), analyzer.get_transition_counts()
    names, time = states["state"].tolist(), states["total_duration"].to_numpy()
    times = np.linspace(0, shortest := analyzer.durations.min(), _N_TIMES)
    of_all: Drawings = {
        "transition_matrix": lambda: transition_map(names, counts),
        "transition_graph": lambda: transition_graph(names, counts, time),
    }
    if curves := _survival_by_active_clusters(visits):
        of_all["lifetimes"] = lambda: survival_curves(curves)
    growth: Drawings = {"new_states": lambda: new_states(times, analyzer.get_unique_attractors_count_until_time(times))}
    both: Drawings = {"active_clusters": lambda: active_clusters(visits, session, titles=titles)}
    given_away = time_reassigned(analyzer)
    drawings |= captioned(both, given_away) | captioned(of_all, titles[1], given_away)
    until = part_shown(shortest, analyzer.durations.max())
    return drawings | captioned(growth, titles[1], until and f"first {shortest:g} s", given_away)


def _over_time(analyzer: Analyzer, session: int) -> Drawings:
    from neuro_mod.plotting.analysis.detected_rates import detected_rates  # noqa: PLC0415
    from neuro_mod.plotting.analysis.state_raster import state_raster  # noqa: PLC0415

    layout, about = analyzer.layout, analyzer.sessions[session]
    if not about.duration:
        return {}
    end = _shown_until(analyzer, session)
    visits = analyzer.occurrences()
    shown = visits.loc[visits["session"] == session]
    which, part = session_shown(analyzer, session), part_shown(end, about.duration)
    rates: Drawings = {
        "cluster_rates": lambda: detected_rates(
            analyzer.get_sample_times(session),
            analyzer.get_cluster_spike_rate(session)[:, layout.defines_states],
            about.thresholds,
            analyzer.get_cluster_activity(session),
            layout.state_labels,
            t_to=end,
        )
    }
    spikes: Drawings = {"state_raster": lambda: state_raster(analyzer.spikes(session), layout, shown, t_to=end)}
    drawings = captioned(rates, which, part)
    return drawings | captioned(spikes, which, part, time_reassigned(analyzer)) if analyzer.has_spikes else drawings


def _of_clusters(analyzer: Analyzer) -> Drawings:
    """Occupancy, activations and intervals; nothing in analyses of earlier versions, which do not hold activations."""
    from neuro_mod.plotting.analysis.occupancy import occupancy  # noqa: PLC0415
    from neuro_mod.plotting.analysis.survival import survival_curves  # noqa: PLC0415

    tables = analyzer.session_tables()
    if tables.activations is None or not tables.durations.sum():
        return {}
    table = analyzer.occupancy()
    values, errors = (table[name].to_numpy(np.float64) for name in ("occupancy", "standard_error"))
    which = sessions_shown(analyzer)
    points: Drawings = {"occupancy": lambda: occupancy(values, errors, analyzer.layout.state_labels)}
    drawings = captioned(points, which, f"bars: standard errors over {errors_over(analyzer)}")
    curves = _seen({"activations": survival(tables.activations), "intervals between them": survival(tables.intervals)})
    lasting: Drawings = {"activations": lambda: survival_curves(curves, what="duration")}
    return drawings | captioned(lasting, which) if curves else drawings


def _of_assemblies(analyzer: Analyzer) -> Drawings:
    from neuro_mod.plotting.analysis.assemblies import assembly_figure  # noqa: PLC0415

    found = analyzer.assemblies
    if found is None or not analyzer.has_spikes:
        return {}

    def draw() -> AnyFigure:
        correlations = analyzer.count_correlations(found.bin_width)
        return assembly_figure(correlations, found.labels, found.eigenvalues, found.upper_bound)

    bins = f"counts in bins of {1e3 * found.bin_width:g} ms"
    return captioned({"assemblies": draw}, sessions_shown(analyzer), bins)


def _shown_until(analyzer: Analyzer, session: int) -> float:
    duration = analyzer.sessions[session].duration
    return window_of(duration, None, min(duration, MAX_SHOWN_SEC))[1]


def _survival_by_active_clusters(visits: pd.DataFrame) -> dict[str, Survival]:
    active = np.array([len(state) for state in visits["state"]])
    return _seen({f"{n} active": survival(visits.loc[active == n]) for n in np.unique(active).tolist()})


def _seen(curves: dict[str, Survival]) -> dict[str, Survival]:
    """The curves of which an end was observed."""
    return {name: curve for name, curve in curves.items() if curve.n_seen}
