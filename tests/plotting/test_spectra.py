from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.errors import InputError
from neuro_mod.plotting.mean_field.spectra import SpectrumLine, population_spectra
from neuro_mod.plotting.style import ONE_COLUMN

FREQUENCIES = np.array([0.0, 0.1, 1.0, 10.0, 100.0])


def line(group, scale=1.0):
    return SpectrumLine(group, scale * np.arange(1.0, 6), scale * np.arange(2.0, 7))


def test_susceptibility_above_power():
    """Frequencies from 0.5 Hz are drawn; groups of E and of I neurons share dashes, and differ in colour."""
    figure = population_spectra(FREQUENCIES, [line("E active"), line("I active", 2), line("E background")], "node")
    upper, lower = figure.axes
    for axes, begin in ((upper, 3.0), (lower, 4.0)):
        curve = axes.lines[1]
        assert np.asarray(curve.get_xdata()).tolist() == [1, 10, 100]
        assert np.asarray(curve.get_ydata()).tolist() == [2 * begin, 2 * (begin + 1), 2 * (begin + 2)]
        assert axes.get_xscale() == axes.get_yscale() == "log"
        assert axes.lines[0].get_linestyle() == curve.get_linestyle() != axes.lines[2].get_linestyle()
        assert axes.lines[0].get_color() == axes.lines[2].get_color() != curve.get_color()
    entries = {text.get_text() for text in figure.legends[0].get_texts()}
    assert entries == {"E active", "I active", "E background", "Poisson neurons"}
    assert upper.get_title(loc="left") == "node" and figure.get_figwidth() == ONE_COLUMN
    assert upper.get_position().y0 > lower.get_position().y1
    figure.draw_without_rendering()


@pytest.mark.parametrize("spread", [1.3, 2.0, 6.0])
def test_an_axis_below_a_decade_has_several_labels(crowded, spread):
    power = np.geomspace(0.8, 0.8 * spread, 5)
    figure = population_spectra(FREQUENCIES, [SpectrumLine("E active", np.arange(1.0, 6), power)], "node")
    axes, (low, high) = figure.axes[1], figure.axes[1].get_ylim()
    assert sum(low <= tick <= high for tick in axes.get_yticks()) >= 3
    assert not crowded(figure)


def test_bad_input():
    with pytest.raises(InputError, match="lines"):
        population_spectra(FREQUENCIES, [], "")
    with pytest.raises(InputError, match="power of E active"):
        population_spectra(FREQUENCIES, [SpectrumLine("E active", np.ones(5), np.ones(4))], "")
