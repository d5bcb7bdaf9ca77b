"""Commands of a page are checked, field by field."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuro_mod.errors import InputError
from neuro_mod.explorer.commands import Limits, checked, merged

LIMITS = Limits(["arousal.level"], n_populations=4, n_clusters=2, n_neurons=9)


@pytest.mark.parametrize(
    "command",
    [
        {"do": "play"},
        {"do": "step", "seconds": 0.5},
        {"do": "speed", "value": 20},
        {"do": "knob", "key": "arousal.level", "value": 0.5},
        {"do": "perturb", "target": "rate", "values": [0, 1, 2.5, 3]},
        {"do": "pulse", "cluster": 1, "seconds": 0.1, "strength": 5},
        {"do": "restart", "noise_seed": None},
        {"do": "restart", "noise_seed": 3.0},
        {"do": "landscape", "clusters": [0, 1]},
        {"do": "ab", "on": True},
        {"do": "vector", "kind": "random", "target": "rate", "seed": 1},
        {"do": "seen", "frame": 7},
    ],
)
def test_what_is_valid_is_kept(command):
    found = checked(command, LIMITS)
    assert set(found) == set(command)
    assert all(np.array_equal(found[name], command[name]) for name in command)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ({}, "do: nothing found; expected one of play"),
        ({"do": "__init__"}, "do"),
        ({"do": ["play"]}, "do"),
        ({"do": "play", "now": True}, 'fields of play: "do, now" found; expected do'),
        ({"do": "knob", "key": "arousal.level"}, "fields of knob"),
        ({"do": "knob", "key": "settings.save_dir", "value": 1}, "key: .* found; expected one of arousal.level"),
        ({"do": "knob", "key": "arousal.level", "value": "1"}, "value"),
        ({"do": "knob", "key": "arousal.level", "value": math.nan}, "value"),
        ({"do": "knob", "key": "arousal.level", "value": True}, "value"),
        ({"do": "speed", "value": 21}, "from 0.1 to 20"),
        ({"do": "perturb", "target": "rate", "values": [1, 2]}, "values: expected a list of 4"),
        ({"do": "perturb", "target": "rate", "values": [1, 2, 3, math.inf]}, "values"),
        ({"do": "perturb", "target": "mood", "values": [1, 2, 3, 4]}, "target"),
        ({"do": "pulse", "cluster": 2, "seconds": 1, "strength": 1}, "cluster: 2 found; expected .* 0 to 1"),
        ({"do": "pulse", "cluster": -1, "seconds": 1, "strength": 1}, "cluster"),
        ({"do": "neuron", "index": 1.5}, "index"),
        ({"do": "neuron", "index": 9}, "index"),
        ({"do": "network", "seed": 2**200}, "seed"),
        ({"do": "landscape", "clusters": [0]}, "clusters: expected a list of 2"),
        ({"do": "ab", "on": 1}, "on: 1 found; expected true or false"),
    ],
)
def test_what_is_not_is_refused(command, message):
    with pytest.raises(InputError, match=message):
        checked(command, LIMITS)


def test_the_latest_position_of_a_slider_counts():
    def knob(value, key="a"):
        return {"do": "knob", "key": key, "value": value}

    play = {"do": "play"}
    assert merged([knob(1), knob(2), knob(3, "b"), knob(4), knob(5), play, knob(6)]) == [
        knob(2),
        knob(3, "b"),
        knob(5),
        play,
        knob(6),
    ]
