"""Responses of a folder, against those that `Responses` gives."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod import Responses
from neuro_mod.core.control.swaps import swaps_of
from neuro_mod.errors import InputError
from neuro_mod.execution import jobs
from neuro_mod.execution.control.capacity.measured import responses_of
from neuro_mod.execution.control.capacity.sources import vocabulary_from
from neuro_mod.execution.control.response.job import ResponseJob
from neuro_mod.execution.control.response.observing import Observing
from neuro_mod.execution.stagers import StageSNNSimulation
from tests.helpers.shared import SMALL

ACTIVE = SMALL | {
    "init_params": {"duration_sec": 1.5},
    "external_currents": {"nu_ext_baseline": [11.5, 9.0], "j_ext": [0.18, 0.1]},
    "settings": {"plot": False},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("responses")
    observing = Observing.of({"windows": [0.05, 0.1], "settle": 0.1, "method": "threshold"})
    jobs.run(ResponseJob(StageSNNSimulation(ACTIVE), 6, observing), folder)
    return folder


def test_responses_of_states(folder):
    found = responses_of(folder, 0.05)
    source = found.source(1)
    assert found.n_clusters == 3 and sorted(source.vocabulary.states) == [(0,), (1,), (2,)]
    measured = found.of_states(source)
    names = [str(state) for (state,) in source.vocabulary.states]
    expected = Responses(folder).states(names, [0.05])
    assert measured.responses.shape == (3, 8)  # all have neurons
    assert np.array_equal(measured.responses, expected.response[0]) and np.array_equal(
        measured.errors, expected.error[0]
    )
    assert np.array_equal(
        responses_of(folder, None).of_states(source).errors, Responses(folder).states(names, [0.1]).error[0]
    )


def test_responses_of_clusters_are_added_up(folder):
    source = vocabulary_from("all:2", 3)
    measured, odds = responses_of(folder, None, "clusters").of_states(source), Responses(folder).log_odds([0.1])
    swaps = swaps_of(source.vocabulary)
    for row, (i, j) in enumerate(source.vocabulary.states):
        assert np.allclose(measured.responses[row], odds.response[0, i] + odds.response[0, j])
        assert np.allclose(measured.errors[row] ** 2, odds.error[0, i] ** 2 + odds.error[0, j] ** 2)
    i, j = swaps.gained[0], swaps.lost[0]
    noise = np.sum(odds.error[0, i] ** 2 + odds.error[0, j] ** 2)
    expected = noise / np.sum((odds.response[0, i] - odds.response[0, j]) ** 2)
    assert measured.noise(swaps)[0] == pytest.approx(expected)


def test_bad_windows_and_states(folder):
    with pytest.raises(InputError, match="window"):
        responses_of(folder, 5.0).source(None)
    with pytest.raises(InputError, match="a number of active clusters that was seen"):
        responses_of(folder, None).source(7)
