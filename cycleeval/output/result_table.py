r"""Tables of results as Markdown or LaTeX, made from score cards, comparisons and reports.

A value is printed with three decimals and, if it has one, its 95% interval. The best value of a
column is bold only if a test shows that it is the best. LaTeX needs ``\usepackage{booktabs}``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cycledata.templates import escape_markdown, visible
from cycleeval.comparison import Comparison
from cycleeval.detection import DetectionReport
from cycleeval.generated import GeneratedReport
from cycleeval.report import values_by_metric
from cycleeval.result import MetricResult
from cycleeval.score_card import ScoreCard

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
                Markup("").join(Markup("<td>{}</td>").format(_plain_cell(cell)) for cell in cells),
            )
            for name, cells in self.rows
        )
        return str(
            Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead>{}</table>").format(
                visible(self.caption), head, body
            )
        )

    def to_latex(self) -> str:
        r"""Return a ``table`` environment with a ``tabular`` of booktabs."""
        heads = " & ".join(escape_latex(name) for name in (self.corner, *self.columns))
        body = [
            " & ".join([escape_latex(name), *(_latex_cell(cell) for cell in cells)]) + r" \\"
            for name, cells in self.rows
        ]
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{escape_latex(self.caption)}}}",
                rf"\begin{{tabular}}{{l{'r' * len(self.columns)}}}",
                r"\toprule",
                rf"{heads} \\",
                r"\midrule",
                *body,
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
            ]
        )


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


def _number(cell: TableCell) -> str:
    return f"{cell.value:.0f}" if cell.is_count else f"{cell.value:.3f}"


def _interval(cell: TableCell) -> str:
    return "" if cell.low is None or cell.high is None else f"[{cell.low:.3f}, {cell.high:.3f}]"


def _plain_cell(cell: TableCell | None) -> str:
    if cell is None or cell.value is None:
        return "" if cell is None else "undefined"
    return f"{_number(cell)} {_interval(cell)}".strip()


def _markdown_cell(cell: TableCell | None) -> str:
    shown = _plain_cell(cell)
    if cell is None or not cell.is_best:
        return shown
    return shown.replace(_number(cell), f"**{_number(cell)}**", 1)


def _latex_cell(cell: TableCell | None) -> str:
    if cell is None or cell.value is None:
        return "" if cell is None else "--"
    value = f"${_number(cell)}$"
    if cell.is_best:
        value = rf"$\mathbf{{{_number(cell)}}}$"
    interval = _interval(cell)
    return rf"{value} {{\scriptsize ${interval}$}}" if interval else value
