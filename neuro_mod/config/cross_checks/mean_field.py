"""Checks of the mean field: whether its theory can be computed for the neurons."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.errors import Problem

_TIMES = ("tau_synaptic", "tau_refractory", "tau_membrane")


def _exact_response(draft: Draft) -> Iterator[Problem]:
    """The exact response can be computed for these time constants; they may be perturbed into other ones."""
    if draft["mean_field.response"] != "exact":
        return
    # the package of the mean field takes most of a second to load, and few configurations have this response
    from neuro_mod.core.mean_field.core.exact.ratios import VALID, Ratios  # noqa: PLC0415

    populations, times = draft.populations, [draft[f"init_params.{key}"] for key in _TIMES]
    try:
        synaptic, refractory, membrane = map(populations.expand, times)
    except ValueError:
        return  # another check reports it
    pairs = np.stack([synaptic / membrane, refractory / membrane], axis=-1)[synaptic > 0]
    for pair in np.unique(pairs, axis=0).tolist():
        if not (ratios := Ratios(*pair)).in_range:
            key = "tau_refractory" if ratios.synaptic_in_range else "tau_synaptic"
            found = f"{ratios} found with init_params.tau_membrane and mean_field.response: exact"
            yield Problem(("init_params", key), found, VALID, ratios.instead)
            return


MEAN_FIELD = (_exact_response,)
