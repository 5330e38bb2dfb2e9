"""The formats of ``--format``, and the choice of metrics and signatures that are printed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from cycledata.console import printable
from cycledata.errors import ScoringError
from cycledata.files import canonical_json
from cycleeval.comparison import Comparison
from cycleeval.detection import DetectionReport
from cycleeval.differences import PairwiseComparison
from cycleeval.generated import GeneratedReport
from cycleeval.output.format_names import Format
from cycleeval.output.frames import (
    comparison_frame,
    csv_text,
    detection_frame,
    generated_frame,
    json_lines,
)
from cycleeval.output.result_table import (
    ResultTable,
    comparison_table,
    detection_table,
    generated_table,
    score_table,
)
from cycleeval.score_card import ScoreCard

if TYPE_CHECKING:
    import polars as pl

Report = TypeVar("Report", GeneratedReport, DetectionReport)
_NAMES = ("by", "format", "source", "a", "b", "metric")
"""Columns that name a number."""


def render(
    form: Format,
    *,
    table: Callable[[], str],
    result_table: Callable[[], ResultTable],
    frame: "Callable[[], pl.DataFrame]",
    as_json: Callable[[], Mapping[str, object]],
    signature: bool | None = None,
) -> str:
    """Return a result in one format; only the callable of that format is called.

    Args:
        form: name of the format.
        table: text for the terminal.
        result_table: for Markdown and LaTeX.
        frame: long form, for CSV and JSON Lines.
        as_json: for JSON.
        signature: True adds signatures to the text, False leaves them out of CSV and JSON Lines.
    """
    if form == "table":
        return f"{table()}\n\n{_signatures(frame())}" if signature else table()
    if form == "markdown":
        return result_table().to_markdown()
    if form == "latex":
        return result_table().to_latex()
    if form == "json":
        return canonical_json(dict(as_json()), indent=2)
    rows = frame()
    if signature is False:
        rows = rows.drop("signature")
    text = csv_text(rows) if form == "csv" else json_lines(rows)
    return text.rstrip("\n")


def _signatures(rows: "pl.DataFrame") -> str:
    """Return one line per signature, with the words that name its number."""
    keys = [name for name in _NAMES if name in rows.columns]
    lines = [
        f"  {printable(' '.join(str(row[key]) for key in keys))}: {row['signature']}"
        for row in rows.iter_rows(named=True)
    ]
    return "\n".join(["signatures", *dict.fromkeys(lines)])


def choose_metrics(
    known: Iterable[str], wanted: str | None, *, option: str = "--metrics"
) -> tuple[str, ...] | None:
    """Return the metrics that ``--metrics`` names, in its order; all of them for ``"all"``.

    None, without the option, leaves the choice to the format: the headlines or all.

    Raises:
        ScoringError: a name that is not a metric of this result.
    """
    if wanted is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",") if name.strip()))
    known = tuple(known)
    if names == ("all",):
        return known
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ScoringError(
            f"{option}: expected names among {', '.join(known)}; found "
            f"{', '.join(unknown) or 'none'}"
        )
    return names


def card_of_metrics(card: ScoreCard, wanted: str | None) -> ScoreCard:
    """Return the card with the named metrics only, of the model and of every baseline."""
    names = choose_metrics(card.metrics, wanted)
    if names is None:
        return card
    return replace(
        card,
        metrics={name: card.metrics[name] for name in names},
        baselines={
            by: {name: results[name] for name in names if name in results}
            for by, results in card.baselines.items()
        },
    )


def comparison_of_metrics(comparison: Comparison, wanted: str | None) -> Comparison:
    """Return the comparison on the named metrics only.

    Holm's adjustment is over the pairs of models within one metric, so it stays the same.
    """
    names = choose_metrics(metrics_of(comparison), wanted)
    if names is None:
        return comparison
    pairs = tuple(
        replace(
            pair,
            differences={
                name: pair.differences[name] for name in names if name in pair.differences
            },
            refused={name: why for name, why in pair.refused.items() if name in names},
        )
        for pair in comparison.pairs
    )
    return replace(
        comparison,
        pairs=pairs,
        ranks={name: comparison.ranks[name] for name in names if name in comparison.ranks},
        rank_intervals={
            name: comparison.rank_intervals[name]
            for name in names
            if name in comparison.rank_intervals
        },
        unranked={name: why for name, why in comparison.unranked.items() if name in names},
    )


def rendered_card(
    card: ScoreCard,
    form: Format,
    metrics: str | None,
    signature: bool | None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return a score card as ``human`` and ``score`` print it.

    Args:
        card: the card with the chosen metrics only.
        form: name of the format.
        metrics: value of ``--metrics``; None for the headlines in a table.
        signature: print signatures; None for the default of the format.
        more: further keys of the JSON object.
    """
    from cycleeval.report import score_report

    names = None if metrics is None else tuple(card.metrics)
    return render(
        form,
        table=lambda: score_report(card, metrics=names),
        result_table=lambda: score_table(card),
        frame=card.to_frame,
        as_json=lambda: {**card.to_json(), **more},
        signature=signature,
    )


def rendered_comparison(
    comparison: Comparison,
    form: Format,
    metrics: str | None,
    signature: bool | None,
    *,
    pairs: bool,
    beside: Sequence[PairwiseComparison] = (),
) -> str:
    """Return a comparison as ``compare`` prints it; see `rendered_card`.

    Args:
        comparison: the comparison on the chosen metrics only.
        form: name of the format.
        metrics: value of ``--metrics``; None for the headlines in a table.
        signature: print signatures; None for the default of the format.
        pairs: print the differences of every pair.
        beside: each model against the baselines.
    """
    from cycleeval.comparison_report import comparison_report
    from cycleeval.report import HEADLINES

    names = None if metrics is None else metrics_of(comparison)
    more = {"against_baselines": [pair.to_json() for pair in beside]} if beside else {}
    return render(
        form,
        table=lambda: comparison_report(comparison, metrics=names, pairs=pairs, beside=beside),
        result_table=lambda: comparison_table(comparison, names or HEADLINES),
        frame=lambda: comparison_frame(comparison),
        as_json=lambda: {**comparison.to_json(), **more},
        signature=signature,
    )


def rendered_generated(
    report: GeneratedReport, form: Format, metrics: str | None, signature: bool | None
) -> str:
    """Return ratings of generated papers as ``generated`` prints them; see `rendered_card`."""
    from cycleeval.tables import generated_json, render_generated

    chosen = _with_metrics(report, metrics)
    return render(
        form,
        table=partial(render_generated, chosen, is_short=metrics is None),
        result_table=partial(generated_table, chosen),
        frame=partial(generated_frame, chosen),
        as_json=partial(generated_json, chosen),
        signature=signature,
    )


def rendered_detection(
    report: DetectionReport, form: Format, metrics: str | None, signature: bool | None
) -> str:
    """Return detection rates as ``detection`` prints them; see `rendered_card`."""
    from cycleeval.tables import detection_json, render_detection

    chosen = _with_metrics(report, metrics)
    return render(
        form,
        table=partial(render_detection, chosen, is_short=metrics is None),
        result_table=partial(detection_table, chosen),
        frame=partial(detection_frame, chosen),
        as_json=partial(detection_json, chosen),
        signature=signature,
    )


def _with_metrics(report: Report, wanted: str | None) -> Report:
    """Return a report whose rows have the named metrics only."""
    known = dict.fromkeys(metric.name for row in report.rows for metric in row.metrics)
    names = choose_metrics(known, wanted)
    if names is None:
        return report
    rows = tuple(
        replace(row, metrics=tuple(metric for metric in row.metrics if metric.name in names))
        for row in report.rows
    )
    return replace(report, rows=rows)


def metrics_of(comparison: Comparison) -> tuple[str, ...]:
    """Return the metrics that any pair was compared on, those without places included."""
    return tuple(dict.fromkeys(name for pair in comparison.pairs for name in pair.differences))
