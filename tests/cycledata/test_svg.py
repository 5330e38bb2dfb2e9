"""Pictures are well-formed, stay in their frame and escape what they show."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.svg import (
    Curve,
    Line,
    calibration,
    draw_curve,
    histogram,
    standalone,
    text_width,
    ticks,
    wrapped,
)

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


@pytest.mark.parametrize("scale", [(1, 10), (0, 100), (0, 1), (-3, 3), (0.5, 1000)])
def test_bars_cover_the_whole_scale(scale: tuple[float, float]) -> None:
    low, high = scale
    bars = histogram([low, high, high], [], scale=scale)
    found = re.findall(r"human: ([\d.]+)% of the ratings are nearest to (\S+)</title>", bars)
    shares = [float(share) for share, _ in found]
    assert 5 <= len(found) <= 32
    assert (shares[0], shares[-1], sum(shares)) == pytest.approx((33.3, 66.7, 100.0))
    assert float(found[0][1]) <= low
    assert float(found[-1][1]) >= high


@pytest.mark.parametrize("scale", [(1.0, 10.0), (0.0, 100.0), (0.0, 1.0), (-0.001, 0.002)])
def test_labels_of_an_axis_do_not_touch(scale: tuple[float, float]) -> None:
    root = ET.fromstring(str(calibration([(scale[0], scale[1])], [], scale=scale)))
    labels = [t for t in root.iter("text") if t.attrib.get("y") == "380.0"]
    ends = []
    for label in labels:
        x, half = float(label.attrib["x"]), text_width(label.text or "") / 2
        ends.append((x - half, x + half))
    assert len(ends) >= 2
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(ends))


@given(st.text(max_size=25), st.floats(20, 300))
def test_wrapping_leaves_out_no_character(words: str, width: float) -> None:
    lines = wrapped(words, width)
    assert "".join("".join(lines).split()) == "".join(words.split())
    assert all(text_width(line) <= width or len(line) <= 1 or not line.isascii() for line in lines)


def test_a_legend_with_long_names_stays_in_the_frame() -> None:
    lines = tuple(
        Line(label=f"a very long name of run number {i} " * 2, y=(1.0, 2.0)) for i in "ab"
    )
    curve = Curve(name="c", title="loss of a run " * 9, x_label="t", x=(0.0, 1.0), lines=lines)
    root = ET.fromstring(str(draw_curve(curve)))
    for label in root.iter("text"):
        if label.attrib["text-anchor"] == "start":
            assert float(label.attrib["x"]) + text_width(label.text or "") <= 440


def test_a_curve_without_values_says_so() -> None:
    curve = Curve(name="c", title="t", x_label="t", x=(), lines=(Line(label="l", y=()),))
    assert "no data" in draw_curve(curve)
