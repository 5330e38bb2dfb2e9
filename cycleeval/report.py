"""Score cards as text; ``to_json`` gives the same for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from cycledata.console import printable
from cycledata.files import write_file
from cycleeval.cutoff import CutoffReport
from cycleeval.human_ratings import HumanRatings
from cycleeval.output.frames import write_frame
from cycleeval.predictions import PredictionFile
from cycleeval.result import MetricResult
from cycleeval.review_labels import LabelReport
from cycleeval.score_card import ScoreCard
from cycleeval.scoring_config import ScoringConfig
from cycleeval.screen import (
    aligned,
    first_that_fits,
    fitting_columns,
    interval_text,
    number_text,
    wrapped,
)

HEADLINES = (
    "proxy_mse_n1",
    "proxy_mae_n1",
    "proxy_mse_n",
    "proxy_mae_n",
    "skill_mse",
    "decision_accuracy",
    "decision_macro_f1",
    "auroc",
    "spearman",
)
"""Metrics of a report without ``--metrics``; the report says how many more there are."""
COMPARED_FIRST = (
    "proxy_mse_n1",
    "skill_mse",
    "decision_accuracy",
    "spearman",
    "decision_macro_f1",
    "auroc",
    "proxy_mae_n1",
    "proxy_mse_n",
    "proxy_mae_n",
)
"""The headlines, the most important first, for screens that have no place for all."""
_BASELINES_LAST = ("papers", "metadata", "length", "majority", "noise_floor", "text", "constant")
"""Columns that a score card leaves out on a narrow terminal, in this order."""
_INVALID_LINES_SHOWN = 10
_PLANS = ((10, 9), (3, 9), (3, 6), (0, 6), (0, 4))
"""Invalid lines and metrics of a score card: the first plan that fits the screen is printed."""


def score_report(card: ScoreCard, *, metrics: Sequence[str] | None = None) -> str:
    """Return counts, metrics with baselines, conclusions and invalid lines.

    Args:
        card: the scores.
        metrics: names of the metrics to print; None for those of ``HEADLINES``, or the most
            important ones if a terminal of 24 lines does not have place for all.
    """
    if metrics is not None:
        chosen = [name for name in metrics if name in card.metrics]
        table, _ = _table(card, chosen, fits=False)
        lines = [*_head(card, table), *_sentences((*card.verdicts, *card.notes))]
        if len(chosen) == len(card.metrics):
            lines += scale_and_order(card.metrics)
        return "\n".join(lines + _invalid_lines(card, _INVALID_LINES_SHOWN))
    n_all = len(card.verdicts) + len(card.notes)
    plans = [(n_invalid, n_metrics, n_all) for n_invalid, n_metrics in _PLANS]
    plans += [(0, 3, n_sentences) for n_sentences in range(n_all, 0, -1)]
    return "\n".join(first_that_fits(partial(_screen, card, *plan) for plan in plans))


def _screen(card: ScoreCard, n_invalid: int, n_metrics: int, n_sentences: int) -> list[str]:
    """Return the lines of a default screen with so many invalid lines, metrics and sentences."""
    important = [name for name in COMPARED_FIRST if name in card.metrics][:n_metrics]
    chosen = [name for name in HEADLINES if name in important]
    table, left_out = _table(card, chosen, fits=True)
    sentences = (*card.verdicts, *card.notes)
    counts = {
        "remarks": len(sentences) - n_sentences,
        "metrics": len(card.metrics) - len(chosen),
        "columns": len(left_out),
    }
    more = ", ".join(f"{n} more {what}" for what, n in counts.items() if n > 0)
    footer = f"{more}: --metrics all; " if more else ""
    return [
        *_head(card, table),
        *_sentences(sentences[:n_sentences]),
        *_invalid_lines(card, n_invalid),
        "",
        *wrapped(f"{footer}signatures: --signature"),
    ]


def _head(card: ScoreCard, table: Sequence[str]) -> list[str]:
    return [*wrapped(printable(card.name)), *wrapped(_counts(card)), "", *table, ""]


def _sentences(sentences: Sequence[str]) -> list[str]:
    return [line for sentence in sentences for line in wrapped(sentence, first="* ")]


def cutoff_report(report: CutoffReport) -> str:
    """Return metrics before and after a training cut-off, and their differences."""
    undated = f", {report.n_undated} without a date" if report.n_undated else ""
    return _three_columns(
        f"training cut-off {report.cutoff}: {report.n_before} papers public before it, "
        f"{report.n_after} after{undated}",
        ("before", "after", "after - before"),
        {name: (row.before, row.after, row.difference) for name, row in report.rows.items()},
    )


def labels_report(report: LabelReport) -> str:
    """Return human metrics with and without flagged reviews, and their differences."""
    unknown = f", {report.n_unknown} labels of unknown papers" if report.n_unknown else ""
    return _three_columns(
        f"{report.n_flagged} of {report.n_reviews} reviews flagged, {report.n_labeled} labeled"
        f"{unknown}; {report.n_papers_left} of {report.n_papers} papers have a review left",
        ("all", "without flagged", "difference"),
        {name: (row.everyone, row.without, row.difference) for name, row in report.rows.items()},
    )


def _three_columns(
    title: str,
    columns: tuple[str, str, str],
    rows: Mapping[str, tuple[MetricResult, MetricResult, MetricResult]],
) -> str:
    """Return a table of two values and their difference with its interval."""
    shown = [
        [
            name,
            *(number_text(result.value) for result in results),
            interval_text(results[2].low, results[2].high),
        ]
        for name, results in rows.items()
    ]
    return "\n".join(
        ["", *wrapped(title), *aligned([["metric", *columns, "95% interval"], *shown])]
    )


def scale_and_order(metrics: Mapping[str, MetricResult]) -> list[str]:
    """Return the table of error parts and of skill before and after recalibration; or no lines."""
    if "mse_order" not in metrics or "skill_recalibrated" not in metrics:
        return []
    parts = {name: metrics[f"mse_{name}"].value or 0.0 for name in ("bias", "spread", "order")}
    total = sum(parts.values()) or 1.0
    rows = [["MSE (n)", "value", "share"]]
    rows += [[name, f"{value:.4f}", f"{value / total:.0%}"] for name, value in parts.items()]
    skills = {
        "raw": "skill_mse",
        "after linear recalibration": "skill_recalibrated",
        "after isotonic recalibration": "skill_isotonic",
    }
    found = {label: metrics[name] for label, name in skills.items() if name in metrics}
    return [
        "",
        "scale and order",
        *aligned(rows),
        *aligned(
            [
                ["skill", "value", "95% interval"],
                *(
                    [label, number_text(result.value), interval_text(result.low, result.high)]
                    for label, result in found.items()
                ),
            ]
        ),
    ]


def write_reliability(card: ScoreCard, path: Path, *, scale: tuple[float, float]) -> None:
    """Write the reliability plot of a model as SVG: its rating against the human mean."""
    from cycledata.svg import calibration, standalone
    from cycleeval.recalibration import reliability_bins

    pairs = zip(card.per_paper.rating, card.per_paper.human_mean, strict=True)
    points = [(rating, mean) for rating, mean in pairs if rating is not None]
    chart = calibration(points, reliability_bins(points), scale=scale)
    write_file(path, standalone(chart))


def write_per_paper(card: ScoreCard, path: Path) -> None:
    """Write one row per scored paper as CSV or Parquet, by the suffix of the path."""
    write_frame(card.per_paper.to_frame(), path)


def write_per_paper_of_each(
    files: Sequence[PredictionFile], humans: HumanRatings, config: ScoringConfig, path: Path
) -> None:
    """Write one row per model and scored paper as CSV or Parquet, by the suffix of the path."""
    import polars as pl

    from cycleeval.scoring import score_predictions

    quick = replace(config, resamples=100)
    frames = [
        score_predictions(file, humans, quick)
        .per_paper.to_frame()
        .select(pl.lit(file.name).alias("model"), pl.all())
        for file in files
        if file.predictions
    ]
    write_frame(pl.concat(frames), path)


def _counts(card: ScoreCard) -> str:
    said = [
        f"{card.n_scored} of {card.n_papers} papers scored",
        f"{card.n_unreadable} unreadable",
        f"{card.n_missing} missing",
    ]
    for count, what in (
        (card.n_unknown, "lines about unknown papers"),
        (card.n_duplicate, "duplicate lines"),
        (card.n_too_few_ratings, "papers with fewer than two human ratings"),
        (card.n_missing_ratings, "missing human ratings"),
    ):
        if count:
            said.append(f"{count} {what}")
    return ", ".join(said)


def _table(card: ScoreCard, chosen: Sequence[str], *, fits: bool) -> tuple[list[str], list[str]]:
    """Return the table of the chosen metrics, and the baselines that it has no place for."""
    baselines = {name: results for name, results in card.baselines.items() if results}
    results = [card.metrics[name] for name in chosen]
    columns: list[Sequence[str]] = [
        ["metric", *(result.name for result in results)],
        ["value", *(number_text(result.value) for result in results)],
        ["95% interval", *(interval_text(result.low, result.high) for result in results)],
        ["papers", *(str(result.n_papers) for result in results)],
        *(
            [name, *(_baseline(found, result.name) for result in results)]
            for name, found in baselines.items()
        ),
    ]
    left_out: list[str] = []
    if fits:
        # The line above the table has the number of papers, unless a metric has fewer.
        is_known = {result.n_papers for result in results} == {card.n_scored}
        drop_first = _BASELINES_LAST if is_known else _BASELINES_LAST[1:]
        columns, left_out = fitting_columns(columns, drop_first, fewest=3)
    lines = aligned(zip(*columns, strict=True))
    for result in results:
        for remark in (result.why, result.caution):
            if remark is not None:
                lines += wrapped(f"{result.name}: {remark}", first="  ", rest="    ")
    return lines, [name for name in left_out if name != "papers"]


def _invalid_lines(card: ScoreCard, n_shown: int) -> list[str]:
    if not card.invalid_lines:
        return []
    rules = Counter(invalid.rule for invalid in card.invalid_lines)
    counts = ", ".join(f"{n} {rule}" for rule, n in sorted(rules.items()))
    if not n_shown:
        return wrapped(f"invalid lines: {counts}; --json shows all")
    lines = ["", *wrapped(f"invalid lines: {counts}")]
    for invalid in card.invalid_lines[:n_shown]:
        # As Python's repr, text of unknown authors cannot control the terminal.
        whose = "" if invalid.paper_id is None else f" {invalid.paper_id!r:.60}"
        found = f"line {invalid.line}{whose}: {invalid.rule}: {invalid.detail!r}"
        lines += wrapped(found, first="  ", rest="    ")
    n_more = len(card.invalid_lines) - n_shown
    if n_more > 0:
        lines.append(
            f"  {f'and {n_more} more' if n_shown else f'{n_more} lines'}; --json shows all"
        )
    return lines


def _baseline(results: Mapping[str, MetricResult], name: str) -> str:
    return number_text(results[name].value) if name in results else ""
