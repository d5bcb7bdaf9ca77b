from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.control.capacity import Margins, Verified, changes_by_margin, margins_by_modes
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS


def margins(n, closed_form):
    modes = np.arange(1, n + 1)
    bound = modes / n
    return Margins(
        modes, bound, 0.8 * bound, (0.1 * bound, 0.2 * bound, 0.3 * bound), 0.4 * bound, 0.9 * bound,
        bound if closed_form else None,
    )  # fmt: skip


@pytest.mark.parametrize("width", [ONE_COLUMN, TWO_COLUMNS])
@pytest.mark.parametrize(("n", "closed_form"), [(1, True), (18, True), (38, False)])
def test_margins_over_modes(n, closed_form, width, crowded, cut_off):
    drawn = margins(n, closed_form)
    figure = margins_by_modes(drawn, width=width)
    assert not crowded(figure) and not cut_off(figure)
    lines = [line.get_ydata() for line in figure.axes[0].get_lines()]
    for shown in (drawn.optimum, drawn.found, drawn.random[1], drawn.random_best, drawn.isotropic):
        assert any(np.array_equal(line, shown) for line in lines)


@pytest.mark.parametrize("n", [1, 4, 18])
def test_changes_over_margins(n, crowded, cut_off):
    modes = np.repeat(np.arange(1, n + 1), 3)
    some = np.linspace(-0.1, 0.9, len(modes))
    changes = {
        "change of the share\nof time in the state": (some, np.full(len(some), 0.1)),
        "log ratio of the\nshares in the state": (np.where(some > 0, 1.0, np.nan), np.where(some > 0.5, 0.2, np.nan)),
        "never known": (np.full(len(some), np.nan), np.full(len(some), np.nan)),
    }
    figure = changes_by_margin(Verified(modes, modes / n, changes))
    assert not crowded(figure) and not cut_off(figure)
    assert [axes.get_ylabel() for axes in figure.axes] == list(changes)[:2]
