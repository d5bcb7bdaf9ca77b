from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival
from neuro_mod.plotting.analysis.survival import MAX_CURVES, survival_curves
from neuro_mod.plotting.style import ONE_AND_A_HALF_COLUMNS, ONE_COLUMN

# Lifetimes 1, 2, 2+, 3+, 4 s (+: only a part was seen); Kaplan & Meier's products: 4/5, 3/4, 1, 0.
CURVE = Survival(
    np.array([1.0, 2, 3, 4]), np.array([0.8, 0.6, 0.6, 0]), np.array([0.2, 0.1, 0.1, np.nan]),
    np.array([0.97, 0.88, 0.88, np.nan]), n_seen=3, n_censored=2,
)  # fmt: skip
NONE = Survival(*(np.zeros(0) for _ in range(4)), n_seen=0, n_censored=0)


def of(n):
    times = np.arange(1.0, n + 1)
    probability = 1 - times / n
    return Survival(times, probability, probability, probability, n, 0)


def entries(figure):
    return [text.get_text() for text in figure.legends[0].texts]


def test_curves_are_steps_from_one():
    figure = survival_curves({"1 active": CURVE})
    axes = figure.axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[0, 1], [1, 0.8], [2, 0.6], [3, 0.6], [4, 0]]
    assert axes.lines[0].get_drawstyle() == "steps-post"
    assert axes.get_yscale() == "log"
    assert axes.get_xlim() == (0, 4)
    assert 0 < axes.get_ylim()[0] < 0.6
    assert axes.get_xlabel() == "lifespan t (s)"
    assert set(entries(figure)) == {"1 active, n=5 (2)", "95 % interval", "(end not seen)"}


def test_a_stroke_stands_where_only_a_part_was_seen():
    assert survival_curves({"": CURVE}).axes[0].lines[1].get_xydata().tolist() == [[3, 0.6]]


def test_bands_are_the_intervals():
    band = survival_curves({"": CURVE}).axes[0].collections[0].get_paths()[0].vertices
    at = {x: sorted(set(band[np.isclose(band[:, 0], x), 1])) for x in (1.0, 2.0)}
    assert at == {1.0: [0.2, 0.97, 1.0], 2.0: [0.1, 0.2, 0.88, 0.97]}


def test_the_curves_of_the_most_lifetimes_are_drawn():
    curves = {f"{n} active": of(n + 1) for n in range(MAX_CURVES + 2)} | {"none": NONE}
    figure = survival_curves(curves)
    assert entries(figure)[0] == "2 active, n=3"
    assert len(entries(figure)) == MAX_CURVES + 1
    assert figure.get_supxlabel() == "left out: 2 curves of 3 lifespans"


def test_a_single_lifetime_has_no_curve():
    figure = survival_curves({"1 active": CURVE, "2 active": of(1)})
    assert entries(figure)[0] == "1 active, n=5 (2)" and "2 active" not in str(entries(figure))
    assert figure.get_supxlabel() == "left out: 1 curve of 1 lifespan"
    (axes,) = survival_curves({"2 active": of(1)}).axes
    assert not axes.lines and [text.get_text() for text in axes.texts] == ["no curve of a single lifespan"]


@pytest.mark.parametrize("n", [1, 2, 60])
@pytest.mark.parametrize("width", [ONE_COLUMN, pytest.param(ONE_AND_A_HALF_COLUMNS, marks=pytest.mark.slow)])
def test_texts_never_overlap(crowded, cut_off, n, width):
    figure = survival_curves({f"{k} active": of(1000 - k) for k in range(n)}, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_a_single_lifetime(crowded):
    assert not crowded(survival_curves({"all": of(1)}))


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"curves: \[\] found; expected at least one curve"):
        survival_curves({})
    with pytest.raises(ValueError, match=r"curves: .*a.*b.* found; expected at least one curve with a lifespan"):
        survival_curves({"a": NONE, "b": NONE})


def test_other_durations_have_their_name():
    curves = {f"{n}": of(n + 2) for n in range(MAX_CURVES + 1)}
    figure = survival_curves(curves, what="duration")
    assert figure.axes[0].get_xlabel() == "duration t (s)"
    assert figure.get_supxlabel() == "left out: 1 curve of 2 durations"
