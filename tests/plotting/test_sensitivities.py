from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import InputError
from neuro_mod.plotting.mean_field.sensitivities import SensitivityPanel, sensitivity_maps
from neuro_mod.plotting.style import population_groups
from tests.plotting.conftest import LAYOUTS


def panels(populations, n):
    rng = np.random.default_rng(1)
    p = populations.total
    return [SensitivityPanel(t, "Hz", rng.normal(size=(p, p)), rng.normal(size=p)) for t in list(TARGETS)[:n]]


def test_what_changes_goes_down_and_what_is_perturbed_to_the_right(default):
    (panel,) = panels(default, 1)
    upper, lower = sensitivity_maps([panel], default, "state 0").axes[:2]
    groups = [members for _, members in population_groups(default)]
    meshes = iter(upper.collections)
    for perturbed in groups:
        for changed in groups:
            assert np.allclose(np.asarray(next(meshes).get_array()), panel.rates[perturbed, changed].T)
    assert upper.get_ylim()[0] > upper.get_ylim()[1] == 0
    heights = [bar.get_height() for bar in lower.patches if isinstance(bar, Rectangle)]
    assert heights == panel.leading.tolist()


@pytest.mark.parametrize(("n", "most"), [(3, 100), (13, 290)])
def test_all_targets_fit_a_page(default, n, most):
    assert sensitivity_maps(panels(default, n), default, "state 0").get_figheight() * 25.4 < most


@pytest.mark.parametrize(
    "populations",
    [
        "default",
        "no neurons",
        *(pytest.param(name, marks=pytest.mark.slow) for name in LAYOUTS if name not in {"default", "no neurons"}),
    ],
    indirect=True,
)
def test_four_targets(populations):
    figure = sensitivity_maps(panels(populations, 4), populations, "state 0")
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == [
        f"{name}\n(Hz per Hz)"
        for name in (
            "external rate",
            "factor of weights received",
            "factor of weights within the cluster",
            "external weight",
        )
    ]
    figure.draw_without_rendering()


def test_bad_input(default):
    (panel,) = panels(default, 1)
    with pytest.raises(InputError, match="panels"):
        sensitivity_maps([], default, "")
    with pytest.raises(InputError, match="rates of rate: shape"):
        sensitivity_maps([SensitivityPanel("rate", "Hz", panel.rates[:2], panel.leading)], default, "")
