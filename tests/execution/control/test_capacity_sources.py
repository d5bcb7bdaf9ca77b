"""Where states come from, and what is said about those that are not valid."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError, InputError
from neuro_mod.execution.control.capacity.measured import responses_of
from neuro_mod.execution.control.capacity.sources import vocabulary_from

#: 3 clusters of 4 neurons, of which two at a time fire for half a second.
STATES = [(0, 1), (1, 2), (0, 1), (0, 2), (0,)]


@pytest.fixture(scope="module")
def spikes(tmp_path_factory):
    """A folder of spikes in which the clusters of `STATES` fire at 100 Hz for 0.5 s each, the others at 4 Hz."""
    folder = tmp_path_factory.mktemp("observed")
    rng, n_steps = np.random.default_rng(1), 500
    dense = np.concatenate(
        [rng.random((n_steps, 12)) < np.where(np.isin(np.repeat(range(3), 4), state), 0.1, 0.004) for state in STATES]
    )
    np.save(folder / "spikes_0000.npy", dense)
    np.save(folder / "clusters.npy", np.repeat(range(3), 4))
    return folder


def test_states_by_rule():
    assert vocabulary_from("all:2", 5).vocabulary.states == tuple(combinations(range(5), 2))
    covering = vocabulary_from("covering:3", 18)
    assert len(covering.vocabulary) == 12 and covering.vocabulary.covers and covering.competitors == "all"


def test_states_of_a_file(tmp_path):
    file = tmp_path / "states.txt"
    file.write_text("# mine\n0+3\n\nE1+E4  # another\n")
    found = vocabulary_from(str(file), None)
    assert found.vocabulary.states == ((0, 3), (1, 4)) and found.vocabulary.n_clusters == 5
    assert "5 clusters, as the largest number says" in found.described
    table = tmp_path / "states.csv"
    table.write_text("visits,state,x\n3,0+3,1\n2,1+4,2\n")
    assert vocabulary_from(str(table), 7).vocabulary.states == ((0, 3), (1, 4))


def test_observed_states_are_those_of_one_size_that_take_most_of_the_time(spikes, tmp_path):
    analyzer = Analyzer(spikes, dt=1e-3)
    seen = {state for state in analyzer.get_unique_attractors() if analyzer.get_num_clusters(state) == 2}
    assert seen == {(0, 1), (1, 2), (0, 2)}
    analyzer.save_analysis(tmp_path / "analysis")
    for folder in (tmp_path, tmp_path / "analysis"):
        found = vocabulary_from(f"observed:{folder}", None)
        assert set(found.vocabulary.states) == seen and found.vocabulary.n_clusters == 3
    assert "of 2 clusters each, the number that takes most of the time" in found.described
    assert vocabulary_from(f"observed:{tmp_path}", 3, 1).vocabulary.states == ((0,),)
    with pytest.raises(InputError, match="a number of active clusters that was seen: 1, 2"):
        vocabulary_from(f"observed:{tmp_path}", 3, 3)
    with pytest.raises(InputError, match='"3 clusters" found; expected 18 clusters'):
        vocabulary_from(f"observed:{tmp_path}", 18)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0+1\n0+9\n", r"states.txt:2: \"0\+9\" found; expected E clusters from 0 to 4"),
        ("0+1\n0+1+2\n", "states.txt:2: 2 active clusters in the first state and 3 in this one found"),
        ("0+1\n1+0\n", r"states.txt:2: \"1\+0\" found; expected each state once; it is in .*states.txt:1, too"),
        ("0+0\n", "a cluster is named twice"),
        ("0+x\n", "states.txt:1: .*x. found; expected E clusters from 0 to"),
        ("S4\n", "states.txt:1: .S4. found; expected E clusters from 0 to 4"),
        ("none\n", "1 to 4 active clusters of 5"),
        ("# none\n", "no states found"),
    ],
)
def test_bad_states_of_a_file(tmp_path, content, message):
    file = tmp_path / "states.txt"
    file.write_text(content)
    with pytest.raises(InputError, match=message):
        vocabulary_from(str(file), 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("all:18", "a number of active clusters from 1 to 17"),
        ("all:0", "a number of active clusters from 1 to 17"),
        ("all:x", "a number of active clusters, such as all:3"),
        ("nowhere.txt", "expected all:K, covering:K, observed:DIR, or a file .* there is no such file"),
        ("observed:nowhere", "nowhere"),
    ],
)
def test_bad_choices(text, message):
    with pytest.raises(InputError, match=message):
        vocabulary_from(text, 18)


def test_the_number_of_clusters_is_asked_for():
    with pytest.raises(InputError, match="no number of clusters found; expected CONFIG, or --clusters N"):
        vocabulary_from("all:3", None)


def test_responses_of_a_file(tmp_path):
    file, rng = tmp_path / "responses.npz", np.random.default_rng(1)
    responses, errors = rng.normal(size=(2, 3, 8))
    np.savez(file, states=["0+1", "1+2", "0+2"], responses=responses, errors=abs(errors))
    table = responses_of(file, None)
    assert table.n_clusters == 3 and table.source(None).vocabulary.states == ((0, 1), (1, 2), (0, 2))
    wanted = table.of_states(vocabulary_from("all:2", 3))
    assert np.array_equal(wanted.responses, responses[[0, 2, 1]]) and np.array_equal(
        wanted.errors, abs(errors)[[0, 2, 1]]
    )
    with pytest.raises(InputError, match=r"no responses of 0, 1, 2 found; .* leave out --states to take the 3 states"):
        table.of_states(vocabulary_from("all:1", 3))
    np.savez(file, states=["0+1"])
    with pytest.raises(DataError, match="no responses and errors found"):
        responses_of(file, None)
