"""Saving and loading the findings of an analysis: tables that any program can open, and rates."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.assemblies.assemblies import Assemblies
from neuro_mod.core.spiking_net.analysis.findings.sessions import (
    Findings,
    Progress,
    SessionRates,
    SessionSummary,
    analysed_sessions,
    assembled,
)
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov
from neuro_mod.core.spiking_net.analysis.saved.assemblies import read_assemblies, save_assemblies
from neuro_mod.core.spiking_net.analysis.saved.folder import FORMAT, AnalysisFolder, SavedAnalysis
from neuro_mod.core.spiking_net.analysis.saved.hidden_markov import read_hidden_markov, save_hidden_markov
from neuro_mod.core.spiking_net.analysis.states.activations import ACTIVATIONS
from neuro_mod.core.spiking_net.analysis.states.quantity_tables import active_table, cluster_table, quantities_table
from neuro_mod.core.spiking_net.analysis.states.state_statistics import states_table
from neuro_mod.core.spiking_net.analysis.states.transitions import transition_probabilities, transition_table
from neuro_mod.core.spiking_net.analysis.states.visits import OCCURRENCES, Columns
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.opening import SpikeSource
from neuro_mod.storage import names
from neuro_mod.storage.reading import naming, read_arrays, sha256_of

_PACKAGES = ("neuro_mod", "numpy", "scipy", "pandas")
_LAYOUT_ARRAYS = ("labels", "of_neuron", "defines_states")
#: SHA-256 of the files of a session, which may not be known yet; None without files.
_Digest = str | Future[str] | None


def save_rates(folder: AnalysisFolder, findings: Findings) -> None:
    """Write the rates of findings to a folder.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    indices = range(len(findings.sessions))
    folder.save_arrays(names.ANALYSIS_RATES, ((_rates_name(index), findings.rates(index).rates) for index in indices))


def find_and_save_rates(
    folder: AnalysisFolder, source: SpikeSource, settings: AnalysisSettings, report: Progress
) -> Findings:
    """Find the states of all sessions and write their rates as `save_rates` does, in one pass over the spikes.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
        DataError: The spikes of a session are damaged, or contradict what is known about all sessions.
    """
    found: list[tuple[SessionSummary, tuple[Columns, Columns], _Digest]] = []
    executor = ThreadPoolExecutor(1)
    hashed = lru_cache(maxsize=1)(lambda files: executor.submit(sha256_of, *files))  # several sessions may have one

    def rates() -> Iterator[tuple[str, NDArray[np.float32]]]:
        for session in analysed_sessions(source, settings, report):
            read = source.sessions[len(found)]
            digest = read.sha256_as_written or (hashed(read.files) if read.files else None)
            found.append((session.summary, (session.visits, session.activations), digest))
            yield _rates_name(len(found) - 1), session.rates.rates

    try:
        folder.save_arrays(names.ANALYSIS_RATES, rates())
        summaries = [replace(summary, sha256=_known(digest)) for summary, _, digest in found]
    finally:
        executor.shutdown(cancel_futures=True)
    return assembled(source, settings, summaries, [tables for _, tables, _ in found])


def load_findings(path: Path) -> tuple[Findings, HiddenMarkov | None, Assemblies | None]:
    """Read what `complete` has written.

    Raises:
        DataError: There is no analysis, or a file is missing or damaged; the message names it.
    """
    saved = SavedAnalysis(path)
    about = saved.description
    with naming(path / names.ANALYSIS_DESCRIPTION):
        settings = AnalysisSettings(**about["settings"])
        sessions = tuple(map(_session, about["sessions"]))
        conventions = Conventions(**about["conventions"])

    def rates(index: int) -> SessionRates:
        name = _rates_name(index)
        return SessionRates(read_arrays(path / names.ANALYSIS_RATES, (name,))[name], sessions[index].bin_width)

    layout = ClusterLayout(**read_arrays(path / names.ANALYSIS_LAYOUT, _LAYOUT_ARRAYS))
    visits = saved.table(names.ANALYSIS_VISITS, OCCURRENCES)
    activations = (
        saved.table(names.ANALYSIS_ACTIVATIONS, ACTIVATIONS) if saved.has(names.ANALYSIS_ACTIVATIONS) else None
    )
    findings = Findings(layout, settings, conventions, sessions, visits, rates, activations)
    findings.warn_of_short_visits()
    return findings, read_hidden_markov(saved), read_assemblies(saved)


def complete(
    folder: AnalysisFolder, findings: Findings, model: HiddenMarkov | None, assemblies: Assemblies | None = None
) -> list[Path]:
    """Write findings other than rates, a hidden Markov model of the same sessions, and assemblies that are clusters.

    Then the folder is complete.

    Returns:
        The files.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    visits, layout = findings.occurrences, findings.layout
    transitions = transition_table(visits)
    folder.save_frame(names.ANALYSIS_VISITS, visits)
    if findings.activations is not None:  # unknown in analyses of earlier versions
        folder.save_frame(names.ANALYSIS_ACTIVATIONS, findings.activations)
        folder.save_frame(names.ANALYSIS_CLUSTER_TABLE, cluster_table(findings.tables).reset_index())
    folder.save_frame(names.ANALYSIS_ACTIVE_TABLE, active_table(findings.tables).reset_index())
    folder.save_frame(names.ANALYSIS_QUANTITIES, quantities_table(findings.tables).reset_index())
    folder.save_frame(names.ANALYSIS_TRANSITIONS, transitions)
    folder.save_frame(names.ANALYSIS_PROBABILITIES, transition_probabilities(transitions))
    duration = sum(session.duration for session in findings.sessions)
    states = states_table(visits, duration)
    folder.save_frame(names.ANALYSIS_STATES, states.assign(time_reassigned=findings.reassigned))
    folder.save_arrays(names.ANALYSIS_LAYOUT, **{name: getattr(layout, name) for name in _LAYOUT_ARRAYS})
    return folder.finish(
        {
            "format": FORMAT,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
            "settings": asdict(findings.settings),
            "conventions": asdict(findings.conventions),
            "sessions": [_describe_session(session) for session in findings.sessions],
            "hidden_markov": None if model is None else save_hidden_markov(folder, model, visits),
            "assemblies": None if assemblies is None else save_assemblies(folder, assemblies),
        }
    )


def _known(digest: _Digest) -> str | None:
    return digest.result() if isinstance(digest, Future) else digest


def _rates_name(index: int) -> str:
    """Name of the array with the rates of a session."""
    return f"session_{index:05d}"


def _describe_session(session: SessionSummary) -> dict[str, Any]:
    thresholds = [float(each) if np.isfinite(each) else None for each in session.thresholds]
    file = None if session.file is None else str(session.file)
    return asdict(replace(session, thresholds=np.empty(0))) | {"file": file, "thresholds": thresholds}


def _session(about: dict[str, Any]) -> SessionSummary:
    thresholds = np.array([np.nan if each is None else each for each in about["thresholds"]])
    file = None if about["file"] is None else Path(about["file"])
    return SessionSummary(**about | {"file": file, "thresholds": thresholds})
