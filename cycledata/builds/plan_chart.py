"""Charts of a plan: bars by group, in the terminal and as SVG."""

from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from cycledata.builds.plan import OPEN, PUBLISHABLE, DatasetPlan
from cycledata.svg import figure, line, standalone, text, text_width, tick_labels, ticks, wrapped

CLASSES = ("may be published", "not known yet", "not published")
"""What the three parts of a bar are."""
_MARKS = ("█", "▒", "·")
_ASCII_MARKS = ("#", "+", ".")
_COLORS = ("f2", "f1", "f4")
_WIDTH = 40
_LINE = 13.0
"""Units between the lines of a name."""


def shares(states: Mapping[str, int]) -> tuple[int, int, int]:
    """Return how many papers may be published, are not known yet, and are not published."""
    yes = sum(n for state, n in states.items() if state in PUBLISHABLE)
    maybe = sum(n for state, n in states.items() if state in OPEN)
    return yes, maybe, sum(states.values()) - yes - maybe


def bar(states: Mapping[str, int], largest: int, *, ascii_only: bool = False) -> str:
    """Return a bar of text whose length is in proportion to the largest group.

    >>> bar({"to-fetch": 30, "withheld": 10}, 40, ascii_only=True)
    '##############################..........'
    """
    marks = _ASCII_MARKS if ascii_only else _MARKS
    counts = shares(states)
    ends = [round(_WIDTH * sum(counts[: i + 1]) / max(1, largest)) for i in range(3)]
    starts = [0, *ends[:2]]
    return "".join(m * (end - start) for m, start, end in zip(marks, starts, ends, strict=True))


def legend(*, ascii_only: bool = False) -> str:
    """Return the meaning of the marks of a bar."""
    marks = _ASCII_MARKS if ascii_only else _MARKS
    return ", ".join(f"{mark} {name}" for mark, name in zip(marks, CLASSES, strict=True))


def draw_plan(plan: DatasetPlan) -> str:
    """Return the SVG file of a plan: bars by venue and by license."""
    panels = {
        "by venue": plan.count(lambda paper: paper.venue or "unknown venue"),
        "by license of the arXiv text": plan.count(lambda paper: paper.license),
    }
    width, left, row_height, y = 640.0, 210.0, 22.0, 62.0
    title = f"{plan.dataset}: {len(plan.papers):,} papers under the policy {plan.policy}"
    parts = [text(14, 20, title, "start", "title")]
    x = 14.0
    for name, color in zip(CLASSES, _COLORS, strict=True):
        parts.append(_block(x, 32, 10, color))
        parts.append(text(x + 15, 41, name, "start"))
        x += 30 + text_width(name)
    for heading, groups in panels.items():
        parts.append(text(14, y, heading, "start", "title"))
        shown = list(groups.items())[:20]
        names = [wrapped(name, left - 16) for name, _ in shown]
        step = max([row_height, *(_LINE * len(lines) + 7 for lines in names)])
        y += 8
        parts += _panel(shown, names, y, width, left, step)
        y += step * len(shown) + 48
    return standalone(figure(width, y - 20, title, parts))


def _panel(
    groups: Sequence[tuple[str, Counter[str]]],
    names: Sequence[Sequence[str]],
    top: float,
    width: float,
    left: float,
    step: float,
) -> list[Markup]:
    """Return one bar per group over a grid with a labeled axis."""
    places = ticks(0, max((c.total() for _, c in groups), default=1), whole=True)
    room = width - left - 60
    base = top + step * len(groups)

    def across(value: float) -> float:
        return left + room * value / places[-1]

    parts = [line("grid", across(place), top, across(place), base) for place in places]
    parts += tick_labels(places, across, base + 14, form=",.0f")
    for number, (name, states) in enumerate(groups):
        y = top + step * number + 4
        for i, words in enumerate(names[number]):
            parts.append(text(left - 8, y + 11 + _LINE * i, words, "end"))
        start = 0
        for count, color, meaning in zip(shares(states), _COLORS, CLASSES, strict=True):
            if count:
                label = f"{name}: {count:,} {meaning}"
                x, right = across(start), across(start + count)
                parts.append(_bar(x, y, right - x, step - 8, color, label))
            start += count
        parts.append(text(across(start) + 6, y + 11, f"{start:,}", "start"))
    return parts


def _bar(x: float, y: float, width: float, height: float, color: str, label: str) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(color, x, y, width, height, label)


def _block(x: float, y: float, size: float, color: str) -> Markup:
    return Markup('<rect class="{}" x="{:.0f}" y="{:.0f}" width="{:.0f}" height="{:.0f}"/>').format(
        color, x, y, size, size
    )
