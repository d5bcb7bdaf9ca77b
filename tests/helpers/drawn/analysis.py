"""Each function that draws a figure of states and of activity around events, called with small data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuro_mod import plotting
from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival
from neuro_mod.plotting.analysis.group_values import GroupPanel
from neuro_mod.recordings.layout import cluster_layout
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.state_sequences import visits_of, walk

_STATES = [(), (1,), (2,), (1, 2)]
_COUNTS = np.array([[0, 3, 1, 0], [2, 0, 0, 2], [0, 0, 0, 1], [0, 0, 0, 0]])
_TIME = np.array([4.0, 1.0, 2.0, 2.0])
_VISITS = visits_of([walk(3, 12)])
_LAYOUT = cluster_layout(np.repeat([0, 1, 2], 4))
_SPIKES = SpikeEvents(np.arange(120, dtype=np.int32), np.arange(120, dtype=np.int32) % 12, 6000, 12, 1e-3)
_SAMPLES = np.arange(100) * 5e-3
_RATES = 20 + 20 * np.sin(20 * _SAMPLES[:, None] + np.arange(3))
_TIMES = np.linspace(-0.5, 1, 16)
_CURVE = Survival(
    np.array([1.0, 2, 3, 4]), np.array([0.8, 0.6, 0.6, 0.3]), np.array([0.2, 0.1, 0.1, np.nan]),
    np.array([0.97, 0.88, 0.88, np.nan]), n_seen=3, n_censored=2,
)  # fmt: skip
_RATES_AROUND = pd.DataFrame(
    {"time": np.tile(_TIMES, 5), "unit": np.repeat(np.arange(5), 16), "rate_hz": 5.0, "standard_error": 0.5}
)
_SWITCHES = pd.concat(
    pd.DataFrame({"switch": kind, "time": _TIMES, "clusters": of, "rate_hz": 10.0, "standard_error": 1.0, "n": 7})
    for kind in ("on", "off")
    for of in ("switching", "others", "all")
)
_FANO = pd.DataFrame({"time": _TIMES, "fano": 2 - (_TIMES > 0), "standard_error": 0.1})
_ACCURACY = pd.concat(
    pd.DataFrame({"arousal.level": level, "time": _TIMES, "accuracy": 0.6, "standard_error": 0.02, "chance": 0.2})
    for level in (0.0, 0.25, 0.5)
)
_GROUPS = {"low": np.array([0.2, 0.3]), "high": np.array([0.1, 0.2])}
_PANELS = [GroupPanel(f"quantity {k}", _GROUPS, np.array([0.25, 0.15]), np.array([0.05, 0.1])) for k in range(3)]
_LABELS = np.repeat([0, 1, -1], 4)
_CORRELATIONS = np.where(_LABELS[:, None] == _LABELS, 0.5, -0.1)

#: By name in `neuro_mod.plotting`, with what is special about it after a space; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {
    "state_raster": partial(plotting.state_raster, _SPIKES, _LAYOUT, _VISITS),
    "state_rasters": partial(plotting.state_rasters, {"low": (_SPIKES, _VISITS), "high": (_SPIKES, _VISITS)}, _LAYOUT),
    "detected_rates": partial(plotting.detected_rates, _SAMPLES, _RATES, np.full(3, 25.0), _RATES > 25, np.arange(3)),
    "active_clusters": partial(plotting.active_clusters, _VISITS, 0),
    "occupancy": partial(plotting.occupancy, np.linspace(0, 0.4, 18), np.full(18, 0.05), np.arange(18)),
    "survival_curves": partial(plotting.survival_curves, {"1 active": _CURVE, "2 active": _CURVE}),
    "new_states": partial(plotting.new_states, [0.0, 1.0, 2.0], [[1, 2, 2], [1, 1, 3]]),
    "transition_graph": partial(plotting.transition_graph, _STATES, _COUNTS, _TIME),
    "transition_graph of nothing": partial(plotting.transition_graph, _STATES, np.minimum(_COUNTS, 1), _TIME),
    "transition_map": partial(plotting.transition_map, _STATES, _COUNTS),
    "around_switches": partial(plotting.around_switches, _SWITCHES),
    "assembly_figure": partial(plotting.assembly_figure, _CORRELATIONS, _LABELS, np.array([3.0, 2.0, 0.5]), 1.5),
    "group_values": partial(plotting.group_values, _PANELS, paired=True),
    "event_rates": partial(plotting.event_rates, _RATES_AROUND),
    "fano_in_time": partial(plotting.fano_in_time, _FANO),
    "accuracy_in_time": partial(plotting.accuracy_in_time, _ACCURACY, "arousal.level", label="arousal level"),
    "accuracy_by": partial(plotting.accuracy_by, _ACCURACY[::16], "arousal.level", label="arousal level"),
}
