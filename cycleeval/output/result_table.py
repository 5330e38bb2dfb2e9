r"""Tables of results as Markdown or LaTeX, made from score cards, comparisons and reports.

A value is printed with three decimals and, if it has one, its 95% interval. The best value of a
column is bold only if a test shows that it is the best. LaTeX needs ``\usepackage{booktabs}``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from cycledata.console import printable
from cycledata.templates import escape_markdown, visible
from cycleeval.comparison import Comparison
from cycleeval.comparison_report import values_by_metric
from cycleeval.detection import DetectionReport
from cycleeval.generated import GeneratedReport
from cycleeval.result import MetricResult
from cycleeval.score_card import ScoreCard
from cycleeval.screen import shortened

_ROWS_ON_A_PAGE = 45
"""Lines of all tabulars of one table; a longer one is continued in another table."""
_LONG_WORD = 30
"""Characters of a word that a caption may break."""
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    # After the end of a row, a star or a bracket would be an argument of it.
    "[": "{[}",
    "*": "{*}",
    "…": r"\ldots{}",
    "\n": " ",
    "\t": " ",
}


@dataclass(frozen=True, slots=True)
class TableCell:
    """One number of a table."""

    value: float | None
    """None if undefined."""
    low: float | None = None
    """Lower end of the 95% interval; None if there is none."""
    high: float | None = None
    """Upper end of the 95% interval; None if there is none."""
    is_best: bool = False
    """True if a test shows that the value is better than all others of its column."""
    is_count: bool = False
    """True for a whole number, printed without decimals."""


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Rows and columns with names."""

    caption: str
    corner: str
    """Heading of the column with the names of the rows."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[TableCell | None, ...]], ...]
    """Name and one cell per column; None is an empty cell."""
    n_main: int | None = None
    """Columns from the first whose intervals are always printed; None for all."""

    def to_markdown(self) -> str:
        """Return a Markdown table with a caption."""
        heads = [escape_markdown(name) for name in (self.corner, *self.columns)]
        lines = [escape_markdown(self.caption), ""] if self.caption else []
        lines.append("| " + " | ".join(heads) + " |")
        lines.append("| --- |" + " ---: |" * len(self.columns))
        for name, cells in self.rows:
            shown = [_markdown_cell(cell) for cell in cells]
            lines.append("| " + " | ".join([escape_markdown(name), *shown]) + " |")
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return an HTML table; every text is escaped."""
        head = Markup("").join(
            Markup("<th>{}</th>").format(visible(name)) for name in (self.corner, *self.columns)
        )
        body = Markup("").join(
            Markup("<tr><td>{}</td>{}</tr>").format(
                visible(name),
                Markup("").join(Markup("<td>{}</td>").format(plain_cell(cell)) for cell in cells),
            )
            for name, cells in self.rows
        )
        return str(
            Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead>{}</table>").format(
                visible(self.caption), head, body
            )
        )

    def to_latex(self) -> str:
        r"""Return a ``table`` environment with a ``tabular`` of booktabs.

        A table that is wider than the page gets a smaller font, then no intervals of baselines,
        then several tabulars below one another. Long names of rows lose their middle; comments
        have the full names.
        """
        from cycleeval.output.latex_layout import latex_layout

        short = shortened([name for name, _ in self.rows])
        rows = [(short[name], cells) for name, cells in self.rows]
        layout = latex_layout(replace(self, rows=tuple(rows)))
        comments = [
            f"% {escape_latex(short[name])} = {escape_latex(name)}"
            for name, _ in self.rows
            if short[name] != printable(name)
        ]
        start = [r"\begin{table}", r"\centering", *layout.size]
        lines = [*start, *comments, rf"\caption{{{_caption(self.caption)}}}"]
        n_printed = 0
        for part in layout.panels:
            height = len(rows) + max(len(heading_words(self.columns[i])) for i in part) + 2
            if n_printed and n_printed + height > _ROWS_ON_A_PAGE:
                caption = rf"\caption{{{_caption(self.caption)}, continued}}"
                lines += [r"\end{table}", *start, caption]
                n_printed = 0
            elif n_printed:
                lines.append(r"\par\medskip")
            n_printed += height
            heads = [self.corner, *(self.columns[i] for i in part)]
            head = " & ".join(_latex_head(name, is_stacked=layout.is_stacked) for name in heads)
            lines.append(rf"\begin{{tabular}}{{l{'r' * len(part)}}}")
            lines += [r"\toprule", rf"{head} \\", r"\midrule"]
            for name, cells in rows:
                shown = [
                    _latex_cell(cells[i], has_interval=i < layout.n_with_interval) for i in part
                ]
                lines.append(" & ".join([escape_latex(name), *shown]) + r" \\")
            lines += [r"\bottomrule", r"\end{tabular}"]
        return "\n".join([*lines, r"\end{table}"])


def _caption(text: str) -> str:
    """Return a caption whose long words may break."""
    words = text.split(" ")
    return " ".join(
        r"\allowbreak{}".join(
            escape_latex(word[start : start + 10]) for start in range(0, len(word), 10)
        )
        if len(word) > _LONG_WORD
        else escape_latex(word)
        for word in words
    )


def _latex_head(name: str, *, is_stacked: bool) -> str:
    words = heading_words(name)
    if not is_stacked or len(words) == 1:
        return escape_latex(name)
    lines = r" \\ ".join(map(escape_latex, words))
    return rf"\shortstack[r]{{{lines}}}"


def heading_words(name: str) -> list[str]:
    """Return the words of a column's heading, which can be stacked."""
    return [word for word in re.split(r"[_ ]", name) if word] or [name]


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX prints as it is, on one line.

    >>> escape_latex("model_a & 100%")
    'model\\_a \\& 100\\%'
    """
    # Two hyphens would be printed as a dash.
    return "".join(map(_latex_char, visible(text))).replace("--", "-{}-").replace("--", "-{}-")


def _latex_char(char: str) -> str:
    # The default fonts of LaTeX have no letters beyond Latin; an unknown one would be an error.
    return _LATEX.get(char, char if ord(char) < 0x180 else f"{{[}}U+{ord(char):04X}]")


def score_table(card: ScoreCard) -> ResultTable:
    """Return one row per metric: the value beside those of the baselines."""
    baselines = {name: results for name, results in card.baselines.items() if results}
    return ResultTable(
        caption=f"{card.name}: {card.n_scored} of {card.n_papers} papers scored, 95% intervals",
        corner="metric",
        columns=(card.answerer, *(name.replace("_", " ") for name in baselines)),
        n_main=1,
        rows=tuple(
            (
                name,
                (
                    _cell(result),
                    *(
                        _cell(results[name]) if name in results else None
                        for results in baselines.values()
                    ),
                ),
            )
            for name, result in card.metrics.items()
        ),
    )


def comparison_table(comparison: Comparison, metrics: Sequence[str]) -> ResultTable:
    """Return one row per model and one column per metric that every pair was compared on.

    A value is marked as best if its model has place 1 alone: the paired test with Holm's
    adjustment shows that it is better than every other model.
    """
    values = values_by_metric(comparison)
    columns = tuple(name for name in metrics if name in values)
    ranks = comparison.ranks

    def cell(model: str, metric: str) -> TableCell:
        first = [name for name, place in ranks.get(metric, {}).items() if place == 1]
        return TableCell(values[metric].get(model), is_best=first == [model])

    return ResultTable(
        caption=f"{comparison.n_compared} of {comparison.n_papers} papers; bold: shown to be best",
        corner="model",
        columns=columns,
        rows=tuple(
            (model, tuple(cell(model, metric) for metric in columns)) for model in comparison.models
        ),
    )


def generated_table(report: GeneratedReport) -> ResultTable:
    """Return one row per source of papers (Tables 2, 3 and 7 of the paper)."""
    columns = tuple(dict.fromkeys(metric.name for row in report.rows for metric in row.metrics))
    return ResultTable(
        caption="Ratings of generated papers, 95% intervals",
        corner="source",
        columns=("papers", *columns),
        rows=tuple(
            (row.source, (TableCell(row.n_papers, is_count=True), *_by_name(row.metrics, columns)))
            for row in report.rows
        ),
    )


def detection_table(report: DetectionReport) -> ResultTable:
    """Return one row per kind of text and source (Table 6 of the paper)."""
    columns = tuple(dict.fromkeys(metric.name for row in report.rows for metric in row.metrics))
    return ResultTable(
        caption="Detection of generated texts, 95% intervals",
        corner="texts",
        columns=("human", "generated", *columns),
        rows=tuple(
            (
                f"{row.format} by {row.source}",
                (
                    TableCell(row.n_human, is_count=True),
                    TableCell(row.n_generated, is_count=True),
                    *_by_name(row.metrics, columns),
                ),
            )
            for row in report.rows
        ),
    )


def _cell(result: MetricResult) -> TableCell:
    return TableCell(result.value, result.low, result.high)


def _by_name(metrics: Sequence[MetricResult], names: Sequence[str]) -> list[TableCell | None]:
    found = {metric.name: _cell(metric) for metric in metrics}
    return [found.get(name) for name in names]


def number_of(cell: TableCell) -> str:
    """Return a value with three decimals, or a count."""
    return f"{cell.value:.0f}" if cell.is_count else f"{cell.value:.3f}"


def interval_of(cell: TableCell) -> str:
    """Return the interval of a value; `""` if there is none."""
    return "" if cell.low is None or cell.high is None else f"[{cell.low:.3f}, {cell.high:.3f}]"


def plain_cell(cell: TableCell | None) -> str:
    """Return a value with its interval, `"undefined"`, or `""` for an empty cell."""
    if cell is None or cell.value is None:
        return "" if cell is None else "undefined"
    return f"{number_of(cell)} {interval_of(cell)}".strip()


def _markdown_cell(cell: TableCell | None) -> str:
    shown = plain_cell(cell)
    if cell is None or not cell.is_best:
        return shown
    return shown.replace(number_of(cell), f"**{number_of(cell)}**", 1)


def _latex_cell(cell: TableCell | None, *, has_interval: bool) -> str:
    if cell is None or cell.value is None:
        return "" if cell is None else "--"
    value = f"${number_of(cell)}$"
    if cell.is_best:
        value = rf"$\mathbf{{{number_of(cell)}}}$"
    interval = interval_of(cell) if has_interval else ""
    return rf"{value} {{\scriptsize ${interval}$}}" if interval else value
