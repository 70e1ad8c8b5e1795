"""Plots of whatever numbers a record may have."""

import pytest

from leaderboard.site.plots import Course, Mark, axis, lines, scale_of


@pytest.mark.parametrize("x", [0.0, 1.0, 1e18, -1e18, 5e-324])
@pytest.mark.parametrize("y", [0.0, 99.5, 1e18, 5e-324])
def test_a_course_is_drawn_wherever_its_points_are(x: float, y: float) -> None:
    points = [(x, y), (x, y)]
    drawn = str(lines([Course("one", "line-0", points, [points])], "a plot"))
    assert "<polyline" in drawn
    assert "nan" not in drawn
    assert "inf" not in drawn


@pytest.mark.parametrize("value", [0.0, 5e-324, -1e18])
def test_a_forest_has_an_axis_whatever_its_values(value: float) -> None:
    mark = Mark("a row", "", "", value, value, value, (value, value), None, "open")
    assert "nan" not in str(axis(scale_of([mark])))
