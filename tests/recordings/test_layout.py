from __future__ import annotations

import re

import numpy as np
import pytest

from neuro_mod.errors import InputError, show
from neuro_mod.recordings.layout import cluster_layout, first_clusters, without_clusters


def test_clusters_are_ordered_by_label_whatever_the_order_of_neurons():
    layout = cluster_layout([7, -1, 7, 3, 3, 3])
    assert layout.labels.tolist() == [-1, 3, 7]
    assert layout.of_neuron.tolist() == [2, 0, 2, 1, 1, 1]
    assert layout.sizes.tolist() == [1, 3, 2]
    assert layout.of_each_neuron.tolist() == [7, -1, 7, 3, 3, 3]
    assert layout.n_neurons == 6
    assert layout.state_labels.tolist() == [-1, 3, 7]


def test_labels_may_be_floats_as_matlab_saves_them():
    assert cluster_layout(np.array([2.0, 1.0])).labels.tolist() == [1, 2]


@pytest.mark.parametrize("labels", [[], [[1, 2]], [1.5], [np.nan], [np.inf], ["a"], [True], 3])
def test_what_is_no_label_is_refused(labels):
    with pytest.raises(ValueError, match=r"my labels: .* found; expected an integer for each neuron"):
        cluster_layout(labels, "my labels")


@pytest.mark.parametrize("labels", [np.array([2**64 - 1, 3], np.uint64), [1e300, 3], [-(2.0**64), 3], [2.0**63, 3]])
def test_labels_that_would_wrap_are_refused(labels):
    with pytest.raises(ValueError, match=r"my labels: labels -?\d+ to \d+ found; expected integers of 64 bits"):
        cluster_layout(labels, "my labels")
    edge = np.array([2**63 - 1, 3], np.uint64)
    assert cluster_layout(edge).labels.tolist() == [3, 2**63 - 1]


def test_states_are_defined_by_chosen_clusters():
    layout = cluster_layout([4, 5, 6, 9])
    assert layout.choosing([9, 4]).state_labels.tolist() == [4, 9]
    assert first_clusters(layout, 3).state_labels.tolist() == [4, 5, 6]
    assert layout.choosing({5}).of_neuron is layout.of_neuron


@pytest.mark.parametrize("chosen", [[], [7], [4, 70], ["a"], [4.5], [None]])
def test_clusters_that_are_not_there_cannot_be_chosen(chosen):
    with pytest.raises(InputError, match=re.escape(f"{show(chosen)} found; expected one or more of the labels 4, 5")):
        cluster_layout([4, 5]).choosing(chosen)


def test_without_labels_no_cluster_is_excitatory():
    with pytest.raises(InputError, match="n_excitatory_clusters: 1 found; expected no value without cluster labels"):
        first_clusters(without_clusters(4), 1)


def test_a_text_is_no_labels():
    with pytest.raises(InputError, match=r'labels: "found\.npy" found; expected an integer for each neuron'):
        cluster_layout("found.npy", "labels")


@pytest.mark.parametrize("n", [0, 3, 1.0, None])
def test_numbers_of_clusters_are_checked(n):
    with pytest.raises(ValueError, match=rf"n_excitatory_clusters: {show(n)} found; .* from 1 to 2"):
        first_clusters(cluster_layout([4, 5]), n)
