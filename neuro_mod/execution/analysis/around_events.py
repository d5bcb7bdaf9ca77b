"""What `neuro-mod analyze` computes around events: tables, and a summary in numbers that JSON can hold."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from neuro_mod.core.spiking_net.analysis.events.epochs import Epochs
from neuro_mod.core.spiking_net.analysis.findings.sessions import Progress, silent
from neuro_mod.core.spiking_net.analysis.groups.grouping import Grouping
from neuro_mod.errors import InputError
from neuro_mod.execution.sweep_runs import onsets_of_files
from neuro_mod.recordings.event_tables import STIMULUS
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.names import AROUND_SWITCHES, EPOCHS, FANO_IN_TIME, PSTH

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer

#: Bins of rates and windows of Fano factors in ms; windows begin at five times in each.
EVENT_BIN, FANO_WINDOW = 10.0, 100.0
_STEPS_IN_WINDOW = 5


@dataclass(frozen=True)
class EventOptions:
    """What is computed around which events.

    Args:
        events: As for `Analyzer.epochs`.
        before: Seconds from the start of an epoch to its event.
        after: Seconds from the event to the end of the epoch.
        bin_ms: Bins of rates in ms.
        fano_window_ms: Windows of Fano factors in ms.
        conditions: As for `Analyzer.epochs`.
        one_network: Whether all sessions are known to be of one network.
    """

    events: Any
    before: float = 0.5
    after: float = 1.0
    bin_ms: float = EVENT_BIN
    fano_window_ms: float = FANO_WINDOW
    conditions: Any = None
    one_network: bool = False


@dataclass(frozen=True, eq=False)
class AroundEvents:
    """Results around events.

    Attributes:
        epochs: The epochs.
        options: What was asked for.
        tables: By the name of the file.
        quenching: Drop of the Fano factor, and its standard error; None where it cannot be told.
    """

    epochs: Epochs
    options: EventOptions
    tables: dict[str, pd.DataFrame]
    quenching: dict[str, float | None] | None

    def describe(self) -> dict[str, Any]:
        """A summary in numbers that JSON can hold."""
        return {
            "n_epochs": len(self.epochs),
            "n_sessions": self.epochs.n_sessions,
            "before_sec": self.options.before,
            "after_sec": self.options.after,
            "conditions": [str(condition) for condition in self.epochs.conditions],
            "fano_window_ms": self.options.fano_window_ms,
            "quenching": self.quenching,
        }


def of_sessions(
    analyzer: Analyzer, options: EventOptions, start: float = 0.0, groups: Grouping | None = None
) -> EventOptions:
    """Events and conditions that only the files of the sessions tell.

    The onsets of the stimulus in a sweep stand in the configurations of its points. Groups of sessions are the
    conditions of their epochs, unless a file of events has conditions of its own.

    Args:
        analyzer: The sessions.
        options: What was asked for.
        start: Begin of each session in seconds, from which onsets are counted.
        groups: Group and network of each session, if they are compared.

    Raises:
        InputError: There is no stimulus at a point of a sweep.
        DataError: A file is not in the table of its sweep.
    """
    if groups is not None:
        options = replace(options, one_network=len(set(groups.networks)) == 1)
        if options.events == STIMULUS or not isinstance(options.events, str):
            options = replace(options, conditions=groups.groups)
    files = [file for file in analyzer.files if file is not None]
    if options.events != STIMULUS or len(files) < analyzer.n_sessions:
        return options
    onsets = onsets_of_files(files)
    if onsets is None:
        return options
    return replace(options, events=[[onset - start for onset in each] for each in onsets])


def around_events(analyzer: Analyzer, options: EventOptions, report: Progress = silent) -> AroundEvents:
    """Compute all tables around events; those that need more epochs, or switches, are left out.

    Args:
        analyzer: The sessions.
        options: What to compute.
        report: Called with the number of sessions read and their total.

    Raises:
        InputError: The events or another option are not valid.
        DataError: A file of events is not a table of events, or the runs do not tell of a stimulus.
    """
    around = (options.events, options.before, options.after)
    epochs = analyzer.epochs(*around, conditions=options.conditions, report=report)
    if options.one_network:  # the folder of a sweep tells only that it has several
        epochs = replace(epochs, own_networks=False)
    events = epochs.events if epochs.conditions else epochs.events.drop(columns="condition")
    tables = {EPOCHS: events, PSTH: _rates(epochs, options.bin_ms)}
    quenching = None
    if _repeated(epochs):
        window = options.fano_window_ms
        tables[FANO_IN_TIME] = epochs.fano(window, _step(epochs, window), mean_matched=True)
        if min(options.before, options.after) * 1e3 >= window:
            quenching = json_row(epochs.quenching(window)._asdict())
    with suppress(InputError):  # no switch is far enough from the edges of its session
        tables[AROUND_SWITCHES] = analyzer.around_switches()
    return AroundEvents(epochs, options, tables, quenching)


def _rates(epochs: Epochs, bin_ms: float) -> pd.DataFrame:
    """Rates of clusters, of each condition if there are any."""
    if not epochs.conditions:
        return epochs.psth(bin_ms=bin_ms)
    tables = [epochs.select(each).psth(bin_ms=bin_ms).assign(condition=each) for each in epochs.conditions]
    return pd.concat(tables, ignore_index=True)


def _repeated(epochs: Epochs) -> bool:
    """Whether a condition has two epochs."""
    return bool(epochs.events.groupby("condition", dropna=False).size().max() > 1)


def _step(epochs: Epochs, window_ms: float) -> float:
    """Distance of windows in ms, a whole number of time steps."""
    delta_t_ms = epochs.spikes.delta_t * 1e3
    return max(1, round(window_ms / _STEPS_IN_WINDOW / delta_t_ms)) * delta_t_ms
