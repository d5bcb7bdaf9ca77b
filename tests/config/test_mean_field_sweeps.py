"""Files of sweeps with measures of the mean field."""

from __future__ import annotations

from functools import partial

import pytest

from neuro_mod.config.sweep import load_sweep
from tests.helpers.problems import problems_of
from tests.helpers.shared import SMALL

messages = partial(problems_of, load_sweep)
THEORY = {"config": SMALL, "parameters": {"arousal.level": [0, 0.5]}, "measures": ["fixed_points", "eigenvalues"]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"repeats": 3}, "repeats: 3 found; expected 1; all measures are of the mean field"),
        ({"networks": 2, "trials": 1}, "networks: 2 found; expected 1; all measures"),
        ({"keep_spikes": True}, "keep_spikes: true found; expected nothing; all measures"),
        ({"analysis": {"method": "gain"}}, "analysis: a mapping found; expected nothing; all measures"),
        (
            {"parameters": {"init_params.delta_t": [1e-4, 2e-4]}},
            "parameters.init_params.delta_t: the mean field does not",
        ),
        (
            {"conditions": {"a": {}, "b": {"stimulus": {"amplitude": 1}}}},
            "conditions.b.stimulus: the mean field does not",
        ),
        (
            {"measures": ["rates"], "mean_field": {"starts": 3}},
            "mean_field: no effect; no measure is one of fixed_points",
        ),
        ({"mean_field": {"start": 3}}, "mean_field.start: unknown key; did you mean starts?"),
        (
            {"mean_field": {"response": "exact"}},
            "mean_field.response: unknown key; write set: {mean_field.response: exact} for the theory",
        ),
        ({"mean_field": {"targets": ["mood"]}}, 'mean_field.targets[0]: "mood" found; expected one of rate, '),
        (
            {"mean_field": {"grid_lims": [9, 9]}},
            "mean_field.grid_lims: [9.0, 9.0] found; expected the lowest rate first",
        ),
        ({"mean_field": {"grid_density": "80 Hz"}}, "mean_field.grid_density: 80 Hz found; expected at most 60 Hz"),
        (
            {"measures": ["barriers"], "mean_field": {"focus": ["E0", "E9"]}},
            'mean_field.focus[1]: "E9" found; expected a',
        ),
        (
            {"mean_field": {"states": ["E0+E0"]}},
            'mean_field.states[0]: "E0+E0" found; expected a state such as E0+E3, or none',
        ),
        ({"mean_field": {"states": ["E1+E0", "E0+E1"]}}, "mean_field.states: duplicate state E0+E1"),
        (
            {"mean_field": {"states": ["none", "E3"]}},
            'mean_field.states[1]: "E3" found; expected clusters from E0 to E2',
        ),
        ({"measures": ["barriers"], "mean_field": {"focus": ["E0", 0]}}, "mean_field.focus: the same population"),
    ],
)
def test_what_has_no_effect_on_the_mean_field_is_refused(changed, said):
    assert messages(THEORY | changed)[0].startswith(said)


def test_the_mean_field_is_not_simulated():
    assert load_sweep(THEORY).simulated_seconds == 0
    beside = load_sweep(THEORY | {"measures": ["rates", "fixed_points"], "repeats": 3})
    assert beside.simulated_seconds == pytest.approx(2 * 3 * 0.2)
