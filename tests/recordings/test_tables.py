"""Spikes in text files; expected spikes are written down."""

from __future__ import annotations

import pytest

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from tests.helpers.exchange import (
    ROWS,
    assert_same,
    read,
)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".dat"])
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{ms},{neuron}" for ms, neuron in ROWS),
        "time,id\n" + "\n".join(f"{ms},{neuron}" for ms, neuron in ROWS) + "\n",
        "# made by hand\n\nTimes; Neurons # names\n" + "\n".join(f"{ms} ; {neuron}\r" for ms, neuron in ROWS),
        "\ufeffid\ttrial\ttime\n" + "\n".join(f"{neuron}\t1\t{ms}.25" for ms, neuron in ROWS),
        '"","time","neuron"\n' + "\n".join(f'"{row}",{ms},{neuron}.0' for row, (ms, neuron) in enumerate(ROWS)),
        "  0.0e0   2\n" + "\n".join(f"{ms}  {neuron}" for ms, neuron in ROWS[1:]),
    ],
    ids=["bare", "csv", "semicolons", "tabs", "R", "blanks"],
)
def test_tables(tmp_path, text, ending):
    file = tmp_path / f"spikes{ending}"
    file.write_text(text, encoding="utf-8")
    assert_same(read(file, Conventions(1e-3, 50e-3, 4, time_unit="ms")))


def test_tables_of_nest(tmp_path):
    lines = [f"{neuron + 1}\t{ms}.000" for ms, neuron in ROWS]
    comments = "# NEST version: 3.8.0\n# RecordingBackendASCII version: 2\n"
    (tmp_path / "recorder-61-0.dat").write_text(comments + "sender\ttime_ms\n" + "\n".join(lines))
    assert_same(read(tmp_path / "recorder-61-0.dat", Conventions(1e-3, 50e-3, 4, first_neuron=1)))


def test_a_table_of_names_has_no_spikes(tmp_path):
    (tmp_path / "spikes.csv").write_text("time,id\n")
    assert read(tmp_path / "spikes.csv").spikes.shape == (50, 4)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "an empty file found"),
        ("# nothing\n\n", "an empty file found"),
        ("time,id\n0.1,2\n\n0.2,x\n", ":4: could not convert .* in '0.2,x'"),
        ("time,id\n0.1,2\n0.2\n", ":3: 1 columns found; expected 2"),
        ("0.1 2\n0.2 3 4\n", ":2: 3 columns found; expected 2"),
        ("time;id\n0,1;2\n", ":2: could not convert .*; numbers have a decimal point, not a comma"),
        ("0.1,2\n0.2,2.5", ":2: neuron 2.5 found; expected a whole number"),
        ("0.1,2\n0.2,inf", ":2: neuron inf found; expected a whole number"),
        ("0,5;3\n", ":1: columns .* found; expected one of time.* decimal point, not a comma$"),
        ("0,1 0\n0,25 1\n", ":1: columns '0, 1 0' found; .* decimal point, not a comma$"),
        ("0,1\t0\n", ":1: columns .* found; .* decimal point, not a comma$"),
        ("0.1,2,3\n", ":1: columns .* found; expected one of time.* two columns of numbers$"),
        ("a,b\n0.1,2\n", ":1: columns .* found; expected one of time.* two columns of numbers$"),
        ("time,time,id\n", ":1: columns .* found; expected one of time"),
        ("0.2,1\n0.1,1\n", "expected sorted spike times"),
        ("0.1,1\nnan,1\n", "expected finite numbers"),
        ("0.1,9\n", "neurons: 9 to 9 found; expected 0 to 3"),
        ("0.1,1\n", r"a spike at 0\.1 s found; expected times within a session of 0\.05 s; are times in s"),
    ],
)
def test_bad_tables_are_refused_by_name_and_line(tmp_path, text, pattern):
    file = tmp_path / "spikes.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=pattern) as caught:
        read(file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)
