"""Checks of external currents and stimulus."""

from __future__ import annotations

from collections.abc import Iterator

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.inputs import ExternalCurrents
from neuro_mod.errors import Problem
from neuro_mod.populations import total_populations

_EXTERNAL = tuple(ExternalCurrents.model_fields)


def inhibitory_source(draft: Draft) -> Iterator[Problem]:
    """An external inhibitory source is described completely or not at all."""
    values = {name: draft[f"external_currents.{name}"] for name in _EXTERNAL}
    both = [name for name, value in values.items() if isinstance(value, tuple) and len(value) == 4]
    total = total_populations(draft["architecture.clusters.n_clusters"])
    if any(isinstance(value, tuple) and len(value) not in {2, 4, total} for value in values.values()):
        return
    if "c_ext" in both and not any(values["c_ext"][2:]):
        return
    active = [name for name in both if any(values[name][2:])]
    if not active:
        return
    for name in _EXTERNAL:
        if name not in both:
            yield Problem(
                ("external_currents", name),
                "no entries for the external inhibitory source",
                "four entries [ext E→E, ext E→I, ext I→E, ext I→I]",
                f"{active[0]} describes that source" + (" (write zeros for none)" if name == "c_ext" else ""),
            )


def rise_before_decay(draft: Draft) -> Iterator[Problem]:
    """A difference of exponentials rises first."""
    rise, decay = draft["stimulus.tau_rise"], draft["stimulus.tau_decay"]
    if draft["stimulus.stimulus_shape"] == "diff2exp" and rise >= decay:
        yield Problem(("stimulus", "tau_rise"), f"{rise:g} s found", f"less than stimulus.tau_decay = {decay:g} s")
