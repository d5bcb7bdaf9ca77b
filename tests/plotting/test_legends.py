from __future__ import annotations

import pytest
from matplotlib.lines import Line2D

from neuro_mod.plotting.legends import legend_above_axes, legend_above_figure, legend_columns, legend_height
from neuro_mod.plotting.style import ONE_COLUMN, new_figure, paper_style

LABELS = ["stable node", "saddle", "force on E background = 0", "path", "force on E0 = 0"]


def test_columns_are_as_many_as_fit():
    columns = [legend_columns(LABELS, points) for points in range(50, 800, 10)]
    assert columns == sorted(columns)
    assert (columns[0], columns[-1]) == (1, 5)
    assert legend_columns([], 100) == 1


def test_rows_are_read_one_after_the_other():
    with paper_style():
        figure = new_figure(ONE_COLUMN, 2)
        figure.add_subplot()
        legend_above_figure(figure, [Line2D([], [], label=label) for label in LABELS])
        figure.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in figure.legends[0].texts}
    assert len({round(box.x0) for box in boxes.values()}) == 2
    assert sorted(LABELS, key=lambda label: (-round(boxes[label].y0), boxes[label].x0)) == LABELS


def test_more_columns_are_lower():
    handles = [Line2D([], [], label=label) for label in LABELS]
    assert legend_height(handles, 0.7) == 5 * legend_height(handles, 11)


@pytest.mark.parametrize("n", [1, 5])
def test_legends_lie_in_the_figure(cut_off, n):
    for put in (legend_above_figure, lambda f, h: legend_above_axes(f.axes[0], h, ONE_COLUMN)):
        with paper_style():
            figure = new_figure(ONE_COLUMN, 2)
            figure.add_subplot()
            put(figure, [Line2D([], [], label=label) for label in LABELS[:n]])
        figure.draw_without_rendering()
        assert not cut_off(figure)


def test_entries_are_read_row_by_row():
    with paper_style():
        figure = new_figure(ONE_COLUMN, 2)
        figure.add_subplot()
        legend_above_figure(figure, [Line2D([], [], label=f"quite a long label {k}") for k in range(5)])
    figure.draw_without_rendering()
    boxes = [
        (round(-text.get_window_extent().y0), text.get_window_extent().x0, text) for text in figure.legends[0].texts
    ]
    assert [text.get_text()[-1] for _, _, text in sorted(boxes, key=lambda box: box[:2])] == list("01234")
