from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from neuro_mod.plotting.mean_field.fixed_points import MAX_STATES, fixed_point_map
from neuro_mod.plotting.state_styles import SHAPES
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS, population_groups
from neuro_mod.populations import Populations

KINDS = list(SHAPES)


def states(populations: Populations, n: int):
    rng = np.random.default_rng(1)
    kinds = [KINDS[k % len(KINDS)] for k in range(n)]
    signs = np.array([-1 if kind.startswith("stable") else 1 for kind in kinds])
    rates = np.where(populations.sizes > 0, rng.uniform(0, 50, (n, populations.total)), np.nan)
    return rates, signs * rng.uniform(0.1, 9, n), kinds, np.arange(n) % 7, [10**k for k in range(n)]


def drawn(figure):
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_each_kind_is_a_block_attractors_first(populations):
    rates, *others = states(populations, 8)
    axes = fixed_point_map(rates, *others, populations).axes[0]
    groups = population_groups(populations)
    blocks = [(states, members) for states in ([0, 6], [1, 7], [2], [3], [4], [5]) for _, members in groups]
    assert len(axes.collections) == len(blocks)
    for mesh, (members_of_block, members) in zip(axes.collections, blocks, strict=True):
        assert np.allclose(mesh.get_array(), rates[members_of_block][:, members])
    if groups:
        ends = [mesh.get_coordinates()[[0, -1], 0, 1] for mesh in (axes.collections[0], axes.collections[-1])]
        assert ends[0][0] == 0
        assert ends[0][1] < ends[1][0]


def test_eigenvalues_lie_beside_their_states_filled_where_stable(default):
    rates, eigenvalues, kinds, *others = states(default, 6)
    axes = fixed_point_map(rates, eigenvalues, kinds, *others, default).axes[1]
    zero, *markers = axes.lines
    assert set(zero.get_xdata()) == {0}
    found = {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0], line) for line in markers}
    assert {kind: found[kind][0] for kind in kinds} == dict(zip(kinds, eigenvalues, strict=True))
    places = [found[kind][1] for kind in kinds]
    assert places == sorted(places)
    assert places[2] - places[1] > 1, "attractors are set apart"
    assert all(
        (to_hex(found[kind][2].get_markerfacecolor()) != "#ffffff") == kind.startswith("stable") for kind in kinds
    )


def test_labels(default):
    figure = fixed_point_map(*states(default, 8), default)
    assert drawn(figure) >= {"active", "images", "2 stable foci", "1 saddle", "100000", r"$1.0\times10^{6}$"}
    axes, beside, bar = figure.axes
    assert (axes.get_xlabel(), beside.get_xlabel()) == ("population", "leading\neigenvalue\n(1/s)")
    assert bar.get_xlabel() == "firing rate (Hz)"
    assert not figure.get_supxlabel()


def test_images_of_large_networks(default):
    figure = fixed_point_map(*states(default, 1)[:-1], [10**400], default)
    assert r"$1.0\times10^{400}$" in drawn(figure)


def test_of_many_states_the_first_are_drawn_and_a_note_says_so(default):
    rates, *others = states(default, 200)
    figure = fixed_point_map(rates, *others, default)
    assert sum(mesh.get_array().shape[0] for mesh in figure.axes[0].collections[::4]) == MAX_STATES
    assert figure.get_supxlabel() == f"the first {MAX_STATES} of 200 states"
    assert figure.get_figheight() * 25.4 < 230


@pytest.mark.parametrize(("n", "width"), [(1, TWO_COLUMNS), (12, ONE_COLUMN)])
def test_texts_never_overlap(default, crowded, cut_off, n, width):
    rates, eigenvalues, kinds, n_active, _ = states(default, n)
    figure = fixed_point_map(rates, eigenvalues, kinds, n_active, [668304] * n, default, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_any_layout_can_be_drawn(populations):
    fixed_point_map(*states(populations, 3), populations).draw_without_rendering()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(default, saved, kind):
    assert len(saved(fixed_point_map(*states(default, 3), default), kind)) > 1000


def test_bad_arguments(default):
    rates, eigenvalues, kinds, n_active, multiplicities = states(default, 3)
    with pytest.raises(ValueError, match="expected at least one steady state"):
        fixed_point_map(rates[:0], eigenvalues[:0], [], n_active[:0], [], default)
    with pytest.raises(ValueError, match=r"rates: shape \(3, 2\) found; expected \(3, 38\)"):
        fixed_point_map(rates[:, :2], eigenvalues, kinds, n_active, multiplicities, default)
    with pytest.raises(ValueError, match=r"n_active: shape \(2,\) found; expected \(3,\)"):
        fixed_point_map(rates, eigenvalues, kinds, n_active[:2], multiplicities, default)
    with pytest.raises(ValueError, match=r"kind of steady state: .spiral. found"):
        fixed_point_map(rates, eigenvalues, ["spiral"] * 3, n_active, multiplicities, default)
