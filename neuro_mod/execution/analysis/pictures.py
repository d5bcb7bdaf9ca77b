"""Figures of an analysis. Matplotlib is loaded only to draw."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuro_mod.checks import whole_number
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival, survival
from neuro_mod.execution.analysis.captions import errors_over, session_shown, sessions_shown, time_reassigned
from neuro_mod.execution.analysis.hidden_markov_pictures import drawings_of_hidden_states
from neuro_mod.execution.figures import Draw, Drawings, drawn, over_time, plot

if TYPE_CHECKING:
    from neuro_mod.plotting.style import AnyFigure, Axes

#: Seconds of one session that figures over time show, from its start.
MAX_SHOWN_SEC = 5.0
_N_TIMES = 400
#: Further names of figures.
ALIASES = {"raster": "state_raster", "rates": "cluster_rates", "transitions": "transition_matrix"}


def plot_analysis(
    analyzer: Analyzer,
    name: str | None,
    session: int,
    *,
    ax: Axes | None,
    window: tuple[float | None, float | None],
    style: str | None,
) -> AnyFigure | None:
    """Draw a figure, see `Analyzer.plot`."""
    session = whole_number("session", session, 0, analyzer.n_sessions - 1)
    return plot(drawings_of_analysis(analyzer, session), name, ALIASES, _absent, ax=ax, window=window, style=style)


def _absent(name: str) -> str:
    """What to do to have a figure that is missing."""
    if name.startswith("hidden"):
        return "call fit_hidden_markov() first"
    if name == "assemblies":
        return "find them by find_assemblies(), then with_clusters(...)"
    if name == "lifetimes":
        return "they need visits that begin and end within a session"
    return "spikes are needed, which a saved analysis does not have" if name == "state_raster" else ""


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
        drawings |= drawings_of_hidden_states(analyzer, model, session, MAX_SHOWN_SEC)
    drawings |= _of_clusters(analyzer)
    if not len(visits):
        return drawings
    titles = (session_shown(analyzer, session), sessions_shown(analyzer))
    states, counts = analyzer.get_attractors_data(), analyzer.get_transition_counts()
    names, time = states["state"].tolist(), states["total_duration"].to_numpy()
    of_all: dict[str, Draw] = {
        "transition_matrix": partial(transition_map, names, counts),
        "transition_graph": partial(transition_graph, names, counts, time),
    }
    if curves := _survival_by_active_clusters(visits):
        of_all["lifetimes"] = partial(survival_curves, curves)

    def growth(t_from: float, t_to: float | None, **place: Any) -> AnyFigure:
        times = np.linspace(t_from, shortest if t_to is None else t_to, _N_TIMES)
        return new_states(times, analyzer.get_unique_attractors_count_until_time(times), **place)

    given_away, shortest = time_reassigned(analyzer), float(analyzer.durations.min())
    if duration := analyzer.sessions[session].duration:
        numbers = partial(active_clusters, visits, session, titles=titles)
        drawings |= over_time({"active_clusters": numbers}, duration, "", given_away)
    drawings |= drawn(of_all, titles[1], given_away)
    shorter = f"up to {shortest:g} s, the shortest session" if shortest < analyzer.durations.max() else ""
    return drawings | over_time({"new_states": growth}, shortest, titles[1], shorter, given_away)


def _over_time(analyzer: Analyzer, session: int) -> Drawings:
    from neuro_mod.plotting.analysis.detected_rates import detected_rates  # noqa: PLC0415
    from neuro_mod.plotting.analysis.state_raster import state_raster  # noqa: PLC0415

    layout, about = analyzer.layout, analyzer.sessions[session]
    if not about.duration:
        return {}
    visits = analyzer.occurrences()
    shown = visits.loc[visits["session"] == session]
    which = session_shown(analyzer, session)
    rates = {
        "cluster_rates": lambda **place: detected_rates(
            analyzer.get_sample_times(session),
            analyzer.get_cluster_spike_rate(session)[:, layout.defines_states],
            about.thresholds,
            analyzer.get_cluster_activity(session),
            layout.state_labels,
            **place,
        )
    }
    spikes = {"state_raster": lambda **place: state_raster(analyzer.spikes(session), layout, shown, **place)}
    drawings = over_time(rates, about.duration, which, first=MAX_SHOWN_SEC)
    if not analyzer.has_spikes:
        return drawings
    notes = which, time_reassigned(analyzer)
    return over_time(spikes, about.duration, *notes, first=MAX_SHOWN_SEC) | drawings


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
    points = {"occupancy": partial(occupancy, values, errors, analyzer.layout.state_labels)}
    drawings = drawn(points, which, f"bars: standard errors over {errors_over(analyzer)}")
    curves = _seen({"activations": survival(tables.activations), "intervals between them": survival(tables.intervals)})
    lasting = {"activations": partial(survival_curves, curves, what="duration")}
    return drawings | drawn(lasting, which) if curves else drawings


def _of_assemblies(analyzer: Analyzer) -> Drawings:
    from neuro_mod.plotting.analysis.assemblies import assembly_figure  # noqa: PLC0415

    found = analyzer.assemblies
    if found is None or not analyzer.has_spikes:
        return {}

    def draw(**place: Any) -> AnyFigure:
        correlations = analyzer.count_correlations(found.bin_width)
        return assembly_figure(correlations, found.labels, found.eigenvalues, found.upper_bound, **place)

    bins = f"counts in bins of {1e3 * found.bin_width:g} ms"
    return drawn({"assemblies": draw}, sessions_shown(analyzer), bins)


def _survival_by_active_clusters(visits: pd.DataFrame) -> dict[str, Survival]:
    active = np.array([len(state) for state in visits["state"]])
    return _seen({f"{n} active": survival(visits.loc[active == n]) for n in np.unique(active).tolist()})


def _seen(curves: dict[str, Survival]) -> dict[str, Survival]:
    """The curves of which an end was observed."""
    return {name: curve for name, curve in curves.items() if curve.n_seen}
