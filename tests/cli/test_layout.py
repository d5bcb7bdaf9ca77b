"""How text and tables fit a line."""

from __future__ import annotations

import io
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_mod.cli.layout import NO_BREAK, labelled_lines, line_width, table_lines, text_lines
from neuro_mod.cli.mean_field.shared import complex_pair

NUMBERS = st.sampled_from(["0.25 ± 0.013", "-12345.6", "-10.3 ± 25.1i", "1.2e-05", "", "+3 %", "nowhere"])
TITLES = st.sampled_from(["a", "E background", "architecture.clusters.j_potentiated[0]", "mean_lifespan_sec", "+-"])


@settings(max_examples=40)
@given(st.lists(TITLES, min_size=2, max_size=20), st.integers(60, 100), st.data())
def test_a_table_fits_and_has_all_cells_whole(header, width, data):
    rows = data.draw(st.lists(st.lists(NUMBERS, min_size=len(header), max_size=len(header)), min_size=1, max_size=3))
    rows = [["E background", *row[1:]] for row in rows]
    lines = [*table_lines(header, rows, width=width)]
    assert all(len(line) <= width for line in lines)
    printed = [cell for line in lines for cell in re.split("  +", line.strip())]
    for cell in {cell for row in rows for cell in row if cell}:
        assert printed.count(cell) >= sum(row.count(cell) for row in rows)


def test_a_narrow_table_is_printed_as_it_is():
    assert [*table_lines(["group", "rate in Hz"], [["E", "1.5"], ["background", "12.25"]], width=80)] == [
        "group       rate in Hz",
        "E                  1.5",
        "background       12.25",
    ]


def test_titles_take_several_lines_before_columns_are_split():
    assert [*table_lines(["state", "E background", "arousal.level"], [["0", "1", "2"]], width=30)] == [
        "                     arousal.",
        "state  E background     level",
        "0                 1         2",
    ]


def test_columns_that_do_not_fit_follow_in_blocks():
    header = ["state", *(f"{number} active" for number in range(4))]
    assert [*table_lines(header, [["E", "1.25 ± 0.12", "2", "3.5", "4"]], width=32)] == [
        "state     0 active  1 active",
        "E      1.25 ± 0.12         2",
        "",
        "state  2 active  3 active",
        "E           3.5         4",
    ]


def test_blocks_begin_with_the_columns_that_tell_rows_apart():
    header, rows = ["state", "active", *"abcdef"], [["saddle", active, *["-12.34"] * 6] for active in "01"]
    lines = [*table_lines(header, rows, width=40)]
    assert lines[1].split() == ["saddle", "0", *["-12.34"] * 3] and lines[6].split() == lines[2].split()
    same = [*table_lines(header, [rows[0]] * 2, width=40)]
    assert same[4].split() == ["state", *"def"]


def test_a_column_that_fits_no_line_makes_labels_and_values_of_each_row():
    ends = "fold at 1.2345, fold at 2.3456, loss of symmetry at 3.4567, end of the range at 4.5678"
    lines = [*table_lines(["branch", "ends"], [["0", ends], ["1", "-"]], width=60)]
    assert lines[0] == "branch  0" and lines[-2:] == ["branch  1", "ends    -"]
    assert " ".join(" ".join(lines[1:-3]).split()) == f"ends {ends}"


def test_a_line_ends_between_words_and_never_within_a_number():
    text = "mean lifespan of all of these states 0.273 ± 0.012 s, of 12 Hz"
    for width in range(15, 70):
        lines = text_lines(text, width=width)
        assert " ".join(lines) == text
        assert all("0.273 ± 0.012 s," in line for line in lines if "0.273" in line or "0.012" in line)
        assert any("12 Hz" in line for line in lines)


def test_values_stand_beside_their_labels_or_below_long_ones():
    rows = [("pairs", "20 of 2.5 s, parted after 1 s, of the same network, under the same noise")]
    assert [*labelled_lines(rows, width=60)] == [
        "pairs  20 of 2.5 s, parted after 1 s, of the same network,",
        "       under the same noise",
    ]
    long = [("a label of forty characters, or even more", "20 pairs")]
    assert [*labelled_lines(long, width=60)] == [long[0][0], "    20 pairs"]


def test_a_command_stays_on_one_line():
    command = f"neuro-mod gather {'/long' * 20}"
    assert text_lines(command.replace(" ", NO_BREAK), width=60) == [command]


@pytest.mark.parametrize(("columns", "expected"), [(132, 132), (40, 60), (None, 80)])
def test_lines_are_as_wide_as_the_terminal(monkeypatch, columns, expected):
    stream = io.StringIO()
    stream.isatty = lambda: columns is not None
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", str(columns or 20))
    assert line_width() == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ((-10.3, 25.1), "-10.30 ± 25.10i"),
        ((-10.3, -25.1), "-10.30 ± 25.10i"),
        ((4.25, 0.0), "4.25"),
        ((1, 1e-9), "1.00"),
    ],
)
def test_complex_numbers_as_people_write_them(number, text):
    assert complex_pair(number) == text
