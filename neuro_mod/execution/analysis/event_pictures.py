"""Figures of what is computed around events. Matplotlib is loaded only to draw."""

from __future__ import annotations

from functools import partial

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.execution.analysis.around_events import AroundEvents
from neuro_mod.execution.analysis.captions import sessions_shown
from neuro_mod.execution.figures import Drawings, drawn
from neuro_mod.storage.names import AROUND_SWITCHES, FANO_IN_TIME, PSTH


def drawings_around_events(analyzer: Analyzer, found: AroundEvents) -> Drawings:
    """Figures by name, of the tables that there are."""
    from neuro_mod.plotting.analysis.around_switches import around_switches  # noqa: PLC0415
    from neuro_mod.plotting.analysis.event_rates import event_rates  # noqa: PLC0415
    from neuro_mod.plotting.analysis.fano_in_time import fano_in_time  # noqa: PLC0415

    tables, epochs, options = found.tables, found.epochs, found.options
    sessions = f"{epochs.n_sessions} session{'s' * (epochs.n_sessions != 1)}"
    which = f"{len(epochs)} epoch{'s' * (len(epochs) != 1)} of {sessions}"
    drawings = drawn({"psth": partial(event_rates, tables[PSTH])}, which, f"bins of {options.bin_ms:g} ms")
    if FANO_IN_TIME in tables:
        variability = {"fano_in_time": partial(fano_in_time, tables[FANO_IN_TIME])}
        window = f"windows of {options.fano_window_ms:g} ms"
        drawings |= drawn(variability, which, window, "bands: standard error over neurons")
    if AROUND_SWITCHES in tables:
        switches = {"around_switches": partial(around_switches, tables[AROUND_SWITCHES])}
        drawings |= drawn(switches, sessions_shown(analyzer))
    return drawings
