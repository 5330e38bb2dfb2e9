"""Text that fits a terminal: wrapped sentences, aligned tables, and the columns that fit."""

import re
import shutil
from collections.abc import Callable, Iterable, Sequence

from cycledata.console import cell_width, printable

SCREEN_LINES = 23
"""Lines of a default screen: a terminal has 24, one of them for the next prompt."""
_WIDTH = 100
"""Columns of the terminal if they are not known."""
_LONGEST_NAME = 36
"""Cells of a name in a table of several models."""


def terminal_width() -> int:
    """Return the columns of the terminal, or of COLUMNS."""
    return shutil.get_terminal_size((_WIDTH, 24)).columns


def wrapped(text: str, *, first: str = "", rest: str | None = None) -> list[str]:
    """Return a text as lines that fit the terminal.

    Args:
        text: words separated by blanks; a longer word is broken.
        first: begins the first line.
        rest: begins the other lines; None for as many blanks as `first` has.
    """
    rest = " " * cell_width(first) if rest is None else rest
    width = max(terminal_width(), cell_width(rest) + 10)
    lines, line, is_empty = [], first, True
    # The ends of an interval stay on one line.
    for word in re.split(r" (?![^\[\] ]*\])", printable(text)):
        if not is_empty and cell_width(line) + 1 + cell_width(word) > width:
            lines.append(line)
            line, is_empty = rest, True
        line += word if is_empty else f" {word}"
        is_empty = False
        while cell_width(line) > width:
            head = line
            while cell_width(head) > width:
                head = head[:-1]
            lines.append(head)
            line = rest + line[len(head) :]
    return [*lines, line]


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines; the first column is aligned to the left."""
    rows = list(rows)
    widths = [max(map(cell_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        pads = [" " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=True)]
        first, *others = (
            cell + pad if place == 0 else pad + cell
            for place, (cell, pad) in enumerate(zip(row, pads, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return lines


def columns_width(columns: Sequence[Sequence[str]]) -> int:
    """Return the width of the table of some columns."""
    return sum(max(map(cell_width, column)) + 2 for column in columns) - 2


def fitting_columns(
    columns: Sequence[Sequence[str]], drop_first: Sequence[str], *, fewest: int
) -> tuple[list[Sequence[str]], list[str]]:
    """Return the columns of a table that fit the terminal, and the headings of the others.

    Args:
        columns: heading and cells of each.
        drop_first: headings of columns that can be left out, in this order.
        fewest: columns to keep on a terminal of any width.
    """
    kept = list(columns)
    left_out = []
    for heading in drop_first:
        if len(kept) <= fewest or columns_width(kept) <= terminal_width():
            break
        if any(column[0] == heading for column in kept):
            kept = [column for column in kept if column[0] != heading]
            left_out.append(heading)
    return kept, left_out[::-1]


def first_that_fits(plans: Iterable[Callable[[], list[str]]]) -> list[str]:
    """Return the lines of the first plan that fits the screen, or else of the last one."""
    lines: list[str] = []
    for plan in plans:
        lines = plan()
        if len(lines) <= SCREEN_LINES:
            break
    return lines


def shortened(names: Sequence[str]) -> dict[str, str]:
    """Return the names to print in a table: long ones without their middle, and all different.

    >>> shortened(["short", "gpt-4o-2024-05-13_temp_0_1_fewshot_1_reflect_5_ensemble_5"])["short"]
    'short'
    """
    shown = {name: printable(name) for name in names}
    for width in (_LONGEST_NAME, 60, 120):
        cut = {name: without_middle(words, width) for name, words in shown.items()}
        if len(set(cut.values())) == len(cut):
            return cut
    return shown


def without_middle(words: str, width: int | None = None) -> str:
    """Return text without its middle if it is wider than so many columns, or than the terminal."""
    width = terminal_width() if width is None else width
    if cell_width(words) <= width:
        return words
    head, tail = words, words
    while cell_width(head) > (width - 1) // 2:
        head = head[:-1]
    while cell_width(tail) > width // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def number_text(value: float | None) -> str:
    """Return a value with four decimals."""
    return "undefined" if value is None else f"{value:.4f}"


def interval_text(low: float | None, high: float | None) -> str:
    """Return the ends of an interval with four decimals."""
    return "none" if low is None or high is None else f"[{low:.4f}, {high:.4f}]"
