"""How an analysis shows itself: a short description, and figures by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.summaries import Shown, Summary, counted


class ShownAnalysis(Shown):
    """The description and the figures of an `Analyzer`."""

    layout: ClusterLayout
    settings: AnalysisSettings
    hidden_markov: Any
    assemblies: Any

    def _summary(self) -> Summary:
        n_sessions, n_neurons = counted(self.n_sessions, "session"), counted(self.layout.n_neurons, "neuron")  # pyright: ignore[reportAttributeAccessIssue]
        title = f"Analyzer: {n_sessions} of {n_neurons}"
        if not self.layout.has_clusters:
            return Summary(f"{title}, no cluster labels", {"next": "give clusters=..., or call find_assemblies()"})
        settings = self.settings
        rows = {
            "clusters": f"{len(self.layout.state_labels)} that define states",
            "active by": f"{settings.method}; {settings.kernel} kernel of {settings.kernel_width_ms:g} ms",
            "states": "found on first use",
        }
        if "_findings" in vars(self):
            findings = vars(self)["_findings"]
            visits, seconds = findings.occurrences, sum(session.duration for session in findings.sessions)
            n_states = counted(visits["state"].nunique(), "state")
            rows["states"] = f"{n_states} in {counted(len(visits), 'visit')}, {seconds:.6g} s"
        rows["visits"] = f"at least {settings.minimal_lifespan_ms:g} ms"
        further = {"hidden Markov model": self.hidden_markov, "assemblies": self.assemblies}
        rows |= {name: repr(each) for name, each in further.items() if each is not None}
        return Summary(title, rows | {"plot(...)": "raster, rates, lifetimes, occupancy, transitions, ..."})

    def plot(
        self,
        name: str | None = None,
        *,
        session: int = 0,
        ax: Any = None,
        t_from: float | None = None,
        t_to: float | None = None,
        style: str | None = None,
    ) -> Any:
        """Draw a figure.

        Args:
            name: ``raster``, ``rates`` (of one session, with the active clusters), ``lifetimes``, ``occupancy``,
                ``transitions``, ``transition_graph``, ...; the message of the error for an unknown name lists those
                that there are. By default the first of them.
            session: The session that figures over time show.
            ax: Axes of Matplotlib to draw in, instead of a new figure.
            t_from: Of a figure over time, the begin of what is shown, in seconds; a negative time counts from the end.
            t_to: Its end in seconds, likewise; by default 5 s are shown.
            style: ``paper`` or ``talk``.

        Returns:
            The new figure, which shows itself in a notebook; None if it was drawn in ``ax``.

        Raises:
            InputError: There is no such figure or session, or the window is not in it.
        """
        # figures are drawn on a layer above, which is loaded by its name as public names are
        pictures = import_module("neuro_mod.execution.analysis.pictures")
        return pictures.plot_analysis(self, name, session, ax=ax, window=(t_from, t_to), style=style)
