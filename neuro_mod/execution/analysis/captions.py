"""What figures of an analysis say about the sessions that they show."""

from __future__ import annotations

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.states.session_tables import N_PARTS


def session_shown(analyzer: Analyzer, session: int) -> str:
    """Number and name of a session, as in ``session 1 (spikes_0001)``."""
    number, name = f"session {session}", analyzer.sessions[session].name
    return number if name == number else f"{number} ({name})"


def sessions_shown(analyzer: Analyzer) -> str:
    """How many sessions a figure of all of them shows; the only one by its name."""
    n = analyzer.n_sessions
    return session_shown(analyzer, 0) if n == 1 else f"all {n} sessions"


def errors_over(analyzer: Analyzer) -> str:
    """What standard errors are over: sessions, or parts of a single one."""
    n = analyzer.n_sessions
    return f"{n} sessions" if n != 1 else f"{N_PARTS} parts of the session"


def time_reassigned(analyzer: Analyzer) -> str:
    """Part of the time in visits that were too short; empty in analyses saved before it was known."""
    share, limit = analyzer.reassigned, analyzer.settings.minimal_lifespan_ms
    which = f"(visits < {limit:g} ms)".replace(" ", "\N{NO-BREAK SPACE}")
    return "" if share is None else f"{100 * share:.0f} % of the time reassigned {which}"
