"""Figures of a decoding. Matplotlib is loaded only to draw."""

from __future__ import annotations

from functools import partial

import numpy as np

from neuro_mod.config.labels import label_of
from neuro_mod.execution.decoding.decode import Decodings
from neuro_mod.execution.figures import Draw, Drawings, drawn


def drawings_of_decoding(found: Decodings) -> Drawings:
    """Accuracy over time, and over the values of the parameter if there is one; by name."""
    from neuro_mod.plotting.analysis.decoding import accuracy_by, accuracy_in_time  # noqa: PLC0415

    about, options = found.about, found.options
    n_networks = about["n_networks"]
    over = f"{n_networks} networks" if n_networks > 1 else f"{options.n_ensembles} ensembles"
    notes = (
        f"{len(about['conditions'])} conditions, {about['n_neurons']} neurons",
        f"windows of {1e3 * options.window:g} ms",
        f"standard errors over {over}" if max(n_networks, options.n_ensembles) > 1 else "",
    )
    by, label = found.by, label_of(found.by or "")
    draws: dict[str, Draw] = {"decoding": partial(accuracy_in_time, found.in_time, by, label=label)}
    if by is not None and np.isfinite(found.after_event["accuracy"]).any():
        draws["decoding_by"] = partial(accuracy_by, found.after_event, by, label=label)
    return drawn(draws, *notes)
