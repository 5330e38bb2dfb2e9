"""How a table of results is laid out to fit the page of LaTeX's class ``article``."""

from dataclasses import dataclass, replace

from cycleeval.output.result_table import ResultTable, heading_words, interval_of, number_of

PAGE_PT = 345.0
"""Width of the text of ``article`` at 10 pt, in points."""


@dataclass(frozen=True, slots=True)
class LatexLayout:
    """Size, headings and columns of a table."""

    size: tuple[str, ...]
    """Commands that set the size."""
    em_pt: float
    """Width of an em of its font."""
    gap_pt: float
    """Space between columns."""
    is_stacked: bool
    """True if the words of a heading are below one another."""
    n_with_interval: int
    """Columns from the first that print intervals."""
    panels: tuple[tuple[int, ...], ...] = ()
    """Numbers of the columns of each tabular."""


_INTERVAL_EM_PT = 8.0
"""Width of an em of an interval, which is printed in ``\\scriptsize``."""
_EM = {"ijl.,:;|!()[] -'": 0.32, "frst_": 0.42, "mwMW@%": 0.88, "ABCDEFGHIJKLNOPQRSTUVXYZ&": 0.75}
"""Widths of characters of Computer Modern in ems; those of all others are a little above 0.5."""
_SMALL = (r"\footnotesize", r"\setlength{\tabcolsep}{3pt}")


def latex_layout(table: ResultTable) -> LatexLayout:
    """Return the first layout that fits the page, else the last one in several tabulars."""
    n_columns = len(table.columns)
    n_main = n_columns if table.n_main is None else table.n_main
    layouts = [
        LatexLayout((), 10.0, 12, is_stacked=False, n_with_interval=n_columns),
        LatexLayout(_SMALL, 8.5, 6, is_stacked=True, n_with_interval=n_columns),
        LatexLayout(_SMALL, 8.5, 6, is_stacked=True, n_with_interval=n_main),
    ]
    for layout in layouts:
        panels = _panels(table, layout)
        if len(panels) == 1:
            break
    return replace(layout, panels=panels)


def _panels(table: ResultTable, layout: LatexLayout) -> tuple[tuple[int, ...], ...]:
    names = max(text_ems(name) for name in (table.corner, *(name for name, _ in table.rows)))
    left = PAGE_PT - names * layout.em_pt - layout.gap_pt
    panels: list[list[int]] = [[]]
    used = 0.0
    for column in range(len(table.columns)):
        width = _column_pt(table, layout, column)
        if panels[-1] and used + width > left:
            panels.append([])
            used = 0.0
        panels[-1].append(column)
        used += width
    return tuple(map(tuple, panels))


def _column_pt(table: ResultTable, layout: LatexLayout, column: int) -> float:
    heading = table.columns[column]
    words = heading_words(heading) if layout.is_stacked else [heading]
    widest = max(map(text_ems, words)) * layout.em_pt
    for _, cells in table.rows:
        cell = cells[column]
        if cell is None or cell.value is None:
            continue
        width = number_ems(number_of(cell)) * layout.em_pt
        if column < layout.n_with_interval and (interval := interval_of(cell)):
            width += 0.33 * layout.em_pt + number_ems(interval) * _INTERVAL_EM_PT
        widest = max(widest, width)
    return widest + layout.gap_pt


def text_ems(text: str) -> float:
    """Return the width of a text in ems, a little too large."""
    return sum(next((em for chars, em in _EM.items() if char in chars), 0.53) for char in text)


def number_ems(text: str) -> float:
    """Return the width of a number or interval in ems; a minus sign is as wide as an m."""
    return text_ems(text.replace("-", "m").replace(", ", ",-"))
