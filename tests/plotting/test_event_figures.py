"""Figures around events, and of decoding: what they show, and that texts do not overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod.errors import InputError
from neuro_mod.plotting.analysis.around_switches import around_switches
from neuro_mod.plotting.analysis.decoding import accuracy_by, accuracy_in_time
from neuro_mod.plotting.analysis.event_rates import MAX_PANELS, event_rates
from neuro_mod.plotting.analysis.fano_in_time import fano_in_time
from neuro_mod.plotting.bands import MAX_CURVES

TIMES = np.linspace(-0.5, 1, 31)


def rates(n_units=3, conditions=(), times=TIMES):
    """Unit k responds by k Hz."""
    tables = [
        pd.DataFrame({"time": times, "unit": unit, "rate_hz": 5 + unit * (times > 0), "standard_error": 0.5} | extra)
        for unit in range(n_units)
        for extra in ([{"condition": c} for c in conditions] or [{}])
    ]
    return pd.concat(tables, ignore_index=True)


def fano():
    return pd.DataFrame({"time": TIMES, "fano": 2 - (TIMES > 0), "standard_error": 0.1, "n_neurons": 9})


def accuracy(values=(None,), by="level"):
    tables = [
        pd.DataFrame({"time": TIMES, "accuracy": 0.2 + 0.1 * (TIMES > 0), "standard_error": 0.02, "chance": 0.2})
        for _ in values
    ]
    pairs = zip(tables, values, strict=True)
    named = [table if value is None else table.assign(**{by: value}) for table, value in pairs]
    return pd.concat(named, ignore_index=True)


def switches(kinds=("on", "off")):
    tables = [
        pd.DataFrame({"switch": k, "time": TIMES, "clusters": c, "rate_hz": 10.0, "standard_error": 1.0, "n": 7})
        for k in kinds
        for c in ("switching", "others", "all")
    ]
    return pd.concat(tables, ignore_index=True)


def entries(figure):
    return [text.get_text() for text in figure.legends[0].texts]


FIGURES = {
    "psth": lambda: event_rates(rates()),
    "psth of one": lambda: event_rates(rates(1)),
    "psth of many": lambda: event_rates(rates(MAX_PANELS + 3, ["tone 1", "tone 2"])),
    "psth of equal halves": lambda: event_rates(rates(18, times=np.linspace(-0.39, 0.39, 40))),
    "fano": lambda: fano_in_time(fano()),
    "matched": lambda: fano_in_time(fano().assign(mean_matched=1.5, mean_matched_error=0.1)),
    "switches": lambda: around_switches(switches()),
    "one kind": lambda: around_switches(switches(("off",))),
    "accuracy": lambda: accuracy_in_time(accuracy()),
    "accuracy by": lambda: accuracy_in_time(accuracy(np.linspace(0, 1, 11), "arousal.level"), "arousal.level"),
    "over numbers": lambda: accuracy_by(accuracy([0.0, 0.5, 1.0])[::31], "level"),
    "over names": lambda: accuracy_by(accuracy(["low", "high"])[::31], "level"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_texts_never_overlap(crowded, cut_off, name):
    figure = FIGURES[name]()
    assert not crowded(figure) and not cut_off(figure)


def test_the_same_numbers_give_the_same_bytes(saved):
    assert saved(event_rates(rates(1))) == saved(event_rates(rates(1)))


def test_curves_and_bands_are_means_and_errors():
    axes = event_rates(rates(2)).axes[1]
    line = next(line for line in axes.lines if len(line.get_xdata()) == len(TIMES))
    np.testing.assert_allclose(line.get_ydata(), 5 + (TIMES > 0))
    band = axes.collections[0].get_paths()[0].vertices
    assert {4.5, 5.5, 6.5} == set(np.round(band[:, 1], 9))
    assert axes.get_title(loc="left") == "cluster 1"


def test_clusters_with_the_strongest_responses_are_drawn():
    figure = event_rates(rates(MAX_PANELS + 3, [f"tone {k}" for k in range(MAX_CURVES + 1)]))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [f"cluster {k}" for k in range(3, MAX_PANELS + 3)]
    assert figure.get_supxlabel() == "left out: 3 clusters with weaker responses and 1 condition"
    assert entries(figure) == [*(f"tone {k}" for k in range(MAX_CURVES)), "± s.e.", "event"]
    with pytest.raises(InputError, match="table: 0 found"):
        event_rates(rates()[:0])


def test_numbers_of_conditions_are_named():
    assert entries(event_rates(rates(1, [1.0, 2.5]))) == ["condition 1", "condition 2.5", "± s.e.", "event"]


def test_the_mean_matched_curve_is_drawn_where_there_is_one():
    raw = ["raw", "± s.e.", "Poisson", "event"]
    assert entries(fano_in_time(fano())) == raw
    nothing = fano().assign(mean_matched=np.nan, mean_matched_error=np.nan)
    assert entries(fano_in_time(nothing)) == raw
    both = fano_in_time(fano().assign(mean_matched=1.5, mean_matched_error=0.1))
    assert set(entries(both)) == {*raw, "mean-matched"}


def test_of_many_values_evenly_spaced_ones_are_drawn():
    figure = accuracy_in_time(accuracy(np.arange(15), "x"), "x", label="arousal level")
    names = {"arousal level: 0", "2", "4", "6", "8", "10", "12", "14"}
    assert set(entries(figure)) == {*names, "± s.e.", "chance", "event"}
    assert figure.get_supxlabel() == "left out: 7 of 15 values"


def test_a_parameter_has_ticks_at_its_values():
    axes = accuracy_by(accuracy([0.1, 0.25, 0.8])[::31], "level", label="arousal level").axes[0]
    assert axes.get_xticks().tolist() == [0.1, 0.25, 0.8] and axes.get_xlabel() == "arousal level"


def test_panels_have_room():
    figure = event_rates(rates(18), width=85 / 25.4)
    assert len({axes.get_subplotspec().colspan.start for axes in figure.axes}) == 3


def test_switches_say_how_many():
    figure = around_switches(switches())
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["becomes active (n = 7)", "stops being active (n = 7)"]


def test_an_epoch_has_ticks_at_its_ends():
    """Bins of 10 ms from -0.5 to 0.5 s, of which the table has the centres."""
    times = np.arange(-495, 500, 10) / 1000
    table = pd.DataFrame({"time": times, "unit": 0, "rate_hz": 5.0, "standard_error": 0.5})
    axes = event_rates(pd.concat([table.assign(unit=unit) for unit in range(18)])).axes[0]
    assert axes.get_xlim() == pytest.approx((-0.5, 0.5))
    assert len([tick for tick in axes.get_xticks() if -0.51 < tick < 0.51]) == 3
