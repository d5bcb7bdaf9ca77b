"""Cluster labels in CSV files, and what is refused because it can be read in two ways."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.errors import DataError
from neuro_mod.recordings.label_tables import labels_in_table


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0\n0\n1\n2\n", 0),
        ("cluster\n0\n0\n1\n2\n\n", 0),
        ("\ufeffE or I\r\n0.0\r\n0\r\n1\r\n2", 0),
        ("neuron,cluster\n0,0\n1,0\n2,1\n3,2\n", 0),
        ("Cluster, Neuron\n2,3\n0,0\n1,2\n0,1\n", 0),
        ("1,0\n3,1\n2,0\n4,2\n", 1),
    ],
)
def test_labels_are_those_of_neurons_in_their_order(tmp_path, text, first):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    assert labels_in_table(file, first).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no labels found; expected a column of labels"),
        ("cluster\n", "no labels found"),
        ("0\n\n1\n", ':2: "" found; expected an integer'),
        ("0\n1.5\n", ':2: "1.5" found; expected an integer'),
        ("0;0\n1;1\n", ':1: "0;0" found; expected an integer'),
        ("0\n1,2\n", ':2: "1,2" found; expected an integer'),
        ("neuron\n0\n1\n", "a column neuron alone found"),
        ("Neuron_ID\n0\n1\n", "a column Neuron_ID alone found; expected a column of labels"),
        ("neuron,cluster,depth\n", "3 columns (neuron,cluster,depth) found; expected a column of labels"),
        ("0,1,2\n", "3 columns found"),
        ("neuron_id,cluster\n0,1\n", "neuron_id,cluster found; expected neuron,cluster; rename neuron_id in its"),
        ("id,label\n0,1\n", "columns id,label found; expected neuron,cluster; rename id, label in its first line"),
        ("unit-id,cluster\n0,1\n", ':1: "unit-id,cluster" found; expected 2 integers with a comma between them, or'),
        (
            "0,E0\n1,E0\n",
            "or names; a file of labels has a column of labels, one for each neuron, or two columns neuron",
        ),
        ("0,1\n1,0\n", "of which both can be the numbers from 0 of 2 neurons; expected a first line neuron,cluster"),
        ("0,0\n0,1\n", "the first is not the numbers from 0"),
        ("neuron,cluster\n0,0\n0,1\n", "neuron 0 to 0 in 2 lines found; expected each of 0 to 1 once"),
        ("neuron,cluster\n1,0\n2,1\n", "say so by --first-neuron 1 (first_neuron=1)"),
        ("nan\n0\n", ':1: "nan" found'),
    ],
)
def test_anything_else_is_refused(tmp_path, text, message):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(DataError) as error:
        labels_in_table(file)
    assert message in str(error.value) and str(error.value).startswith(str(file))


def test_a_file_that_is_no_text(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_bytes(np.arange(300, dtype=np.float64).tobytes())
    with pytest.raises(DataError, match=r"labels\.csv"):
        labels_in_table(file)
