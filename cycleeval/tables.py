"""Tables 2, 3, 6 and 7 and Figure 3 as text and as JSON."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

from cycledata.console import printable
from cycleeval.detection import DetectionReport
from cycleeval.generated import GeneratedReport
from cycleeval.output.result_table import (
    ResultTable,
    detection_table,
    generated_table,
    plain_cell,
)
from cycleeval.result import MetricResult
from cycleeval.screen import aligned, first_that_fits, fitting_columns, shortened, wrapped

_SHORT = (
    *("rating_mean", "auroc", "papers", "human", "generated"),
    *("accept_rate", "references", "f1"),
)
"""Columns that a table of one line per row keeps longest on a narrow terminal, in this order."""


def detection_json(report: DetectionReport) -> dict[str, object]:
    """Return what ``cycleeval detection --json`` prints."""
    return {
        "n_unreadable": len(report.unreadable),
        "unreadable": [asdict(problem) for problem in report.unreadable],
        "rows": [
            {
                "format": row.format,
                "source": row.source,
                "n_human": row.n_human,
                "n_generated": row.n_generated,
                "threshold": asdict(row.threshold),
                "metrics": {metric.name: metric.to_json() for metric in row.metrics},
                "fixed": [
                    {
                        "threshold": asdict(fixed.threshold),
                        "false_positive_rate": fixed.false_positive_rate.to_json(),
                        "true_positive_rate": fixed.true_positive_rate.to_json(),
                    }
                    for fixed in row.fixed
                ],
            }
            for row in report.rows
        ],
    }


def render_detection(report: DetectionReport, *, is_short: bool = True) -> str:
    """Return Table 6 as text: one block per row, each number with its interval.

    Args:
        report: the numbers.
        is_short: print one line per row if the blocks do not fit the screen.
    """
    blocks = partial(_detection_blocks, report)
    return _rendered(blocks, detection_table(report) if is_short else None, report)


def _rendered(
    blocks: Callable[[], list[str]],
    table: ResultTable | None,
    report: DetectionReport | GeneratedReport,
) -> str:
    """Return the blocks, or the table with one line per row if only that fits the screen."""
    if table is None:
        return "\n".join(blocks())
    return "\n".join(first_that_fits([blocks, *_short_tables(table, report)]))


def _detection_blocks(report: DetectionReport) -> list[str]:
    lines = []
    for row in report.rows:
        ties = f", {row.threshold.n_equal} equally good" if row.threshold.n_equal > 1 else ""
        kind = printable(f"{row.format} by {row.source}")
        lines += wrapped(f"{kind}: {row.n_human} human, {row.n_generated} generated")
        chosen = f"threshold {row.threshold.value:.4g}, chosen on the calibration split{ties}"
        lines += wrapped(chosen, first="  ")
        lines += _metric_lines(row.metrics, 20)
        for fixed in row.fixed:
            rates = shown(fixed.false_positive_rate), shown(fixed.true_positive_rate)
            found = (
                f"at {fixed.threshold.value:.4g} ({fixed.threshold.chosen}): "
                f"false positives {rates[0]}, true positives {rates[1]}"
            )
            lines += wrapped(found, first="  ", rest="    ")
        lines.append("")
    return [*lines, _unreadable(report)]


def generated_json(report: GeneratedReport) -> dict[str, object]:
    """Return what ``cycleeval generated --json`` prints."""
    return {
        "n_unreadable": len(report.unreadable),
        "unreadable": [asdict(problem) for problem in report.unreadable],
        "sources": {
            row.source: {
                "n_papers": row.n_papers,
                "metrics": {metric.name: metric.to_json() for metric in row.metrics},
                "best_of": {
                    str(k): {metric.name: metric.to_json() for metric in metrics}
                    for k, metrics in row.best_of
                },
            }
            for row in report.rows
        },
    }


def render_generated(report: GeneratedReport, *, is_short: bool = True) -> str:
    """Return Tables 2, 3 and 7 and Figure 3 as text, one block per source.

    Args:
        report: the numbers.
        is_short: print one line per source if the blocks do not fit the screen.
    """
    blocks = partial(_generated_blocks, report)
    return _rendered(blocks, generated_table(report) if is_short else None, report)


def _generated_blocks(report: GeneratedReport) -> list[str]:
    lines = []
    for row in report.rows:
        lines += wrapped(f"{printable(row.source)}: {row.n_papers} papers")
        lines += _metric_lines(row.metrics, 18)
        for k, metrics in row.best_of:
            values = ", ".join(f"{m.name.removeprefix('rating_')} {shown(m)}" for m in metrics)
            lines += wrapped(f"best of {k}: {values}", first="  ", rest="    ")
        lines.append("")
    return [*lines, _unreadable(report)]


def _metric_lines(metrics: Sequence[MetricResult], width: int) -> list[str]:
    lines = []
    for metric in metrics:
        lines += wrapped(shown(metric), first=f"  {metric.name:<{width}} ")
        if metric.caution is not None:
            lines += wrapped(f"{metric.name}: {metric.caution}", first="    ")
    return lines


def _unreadable(report: DetectionReport | GeneratedReport) -> str:
    return f"unreadable lines, in none of the numbers: {len(report.unreadable)}"


def _short_tables(
    table: ResultTable, report: DetectionReport | GeneratedReport
) -> Iterator[Callable[[], list[str]]]:
    """Yield tables of one line per row, each with one row less than the one before."""
    for n_rows in range(len(table.rows), 2, -1):
        yield partial(_short_table, table, report, n_rows)


def _short_table(
    table: ResultTable, report: DetectionReport | GeneratedReport, n_rows: int
) -> list[str]:
    names = shortened([name for name, _ in table.rows])
    rows = [[names[name], *map(plain_cell, cells)] for name, cells in table.rows[:n_rows]]
    columns: list[Sequence[str]] = list(zip((table.corner, *table.columns), *rows, strict=True))
    others = [name for name in reversed(table.columns) if name not in _SHORT]
    drop_first = (*others, *reversed(_SHORT))
    kept, left_out = fitting_columns(columns, drop_first, fewest=2)
    lines = aligned(zip(*kept, strict=True))
    if n_more := len(table.rows) - n_rows:
        lines.append(f"{n_more} more rows: --metrics all")
    more = f"{len(left_out)} more columns, " if left_out else ""
    return [
        *lines,
        "",
        *wrapped(f"{more}thresholds and best of k: --metrics all"),
        _unreadable(report),
    ]


def shown(result: MetricResult) -> str:
    """Return a value with its interval, three decimals."""
    if result.value is None:
        return f"undefined ({result.why})"
    if result.low is None or result.high is None:
        return f"{result.value:.3f} ({result.why})"
    return f"{result.value:.3f} [{result.low:.3f}, {result.high:.3f}]"
