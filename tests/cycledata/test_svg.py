"""Pictures are well-formed, stay in their frame and escape what they show."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from cycledata.svg import Curve, Line, draw_curve, standalone, ticks

NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_every_point_lies_in_the_frame(values: list[float]) -> None:
    x = tuple(float(i) for i in range(len(values)))
    curve = Curve(
        name="c", title="a < b & c", x_label="t", x=x, lines=(Line(label="l", y=tuple(values)),)
    )
    root = ET.fromstring(standalone(draw_curve(curve)))
    (line,) = root.iter("{http://www.w3.org/2000/svg}polyline")
    points = [tuple(map(float, p.split(","))) for p in line.attrib["points"].split()]
    assert len(points) == len(values)
    assert all(60 <= px <= 410 and 30 <= py <= 220 for px, py in points)


@given(NUMBERS, NUMBERS)
def test_ticks_enclose_the_range_and_stay_few(a: float, b: float) -> None:
    low, high = sorted((a, b))
    found = ticks(low, high)
    assert found[0] <= low + 1e-6
    assert found[-1] >= high - 1e-6
    assert 2 <= len(found) <= 8


def test_a_curve_without_values_says_so() -> None:
    curve = Curve(name="c", title="t", x_label="t", x=(), lines=(Line(label="l", y=()),))
    assert "no data" in draw_curve(curve)
