"""Score cards and comparisons as text; ``to_json`` gives the same for programs."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from cycledata.console import cell_width, printable
from cycledata.files import replace_file
from cycleeval.comparison import Comparison
from cycleeval.cutoff import CutoffReport
from cycleeval.differences import Difference, PairwiseComparison
from cycleeval.output.frames import csv_text
from cycleeval.result import MetricResult
from cycleeval.review_labels import LabelReport
from cycleeval.score_card import ScoreCard

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
_COMPARED_FIRST = (
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
"""The headlines, of which a table of several models shows the first ones that fit."""
_INVALID_LINES_SHOWN = 10
_LONGEST_NAME = 36
"""Cells of a name in a table of several models."""
_WIDTH = 100
"""Columns of the terminal if they are not known."""
_FEWEST_COLUMNS = 3
"""Columns that a table of several models has on a terminal of any width: names and two metrics."""


def score_report(card: ScoreCard, *, metrics: Sequence[str] | None = None) -> str:
    """Return counts, metrics with baselines, conclusions and invalid lines.

    Args:
        card: the scores.
        metrics: names of the metrics to print; None for those of ``HEADLINES``.
    """
    chosen = [name for name in metrics or HEADLINES if name in card.metrics]
    lines = [printable(card.name), _counts(card), "", *_table(card, chosen), ""]
    lines += [f"* {sentence}" for sentence in card.verdicts]
    lines += [f"* {sentence}" for sentence in card.notes]
    if len(chosen) == len(card.metrics):
        lines += scale_and_order(card.metrics)
    lines += _invalid_lines(card)
    n_more = len(card.metrics) - len(chosen)
    if n_more and metrics is None:
        lines += ["", f"{n_more} more metrics: --metrics all; signatures: --signature"]
    return "\n".join(lines)


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
            *(_number(result.value) for result in results),
            _ends(results[2].low, results[2].high),
        ]
        for name, results in rows.items()
    ]
    return "\n".join(["", title, *_aligned([["metric", *columns, "95% interval"], *shown])])


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
        *_aligned(rows),
        *_aligned(
            [
                ["skill", "value", "95% interval"],
                *(
                    [label, _number(result.value), _ends(result.low, result.high)]
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
    with replace_file(path) as temporary:
        temporary.write_text(standalone(chart), encoding="utf-8")


def write_per_paper(card: ScoreCard, path: Path) -> None:
    """Write one row per scored paper as CSV or Parquet, by the suffix of the path."""
    frame = card.per_paper.to_frame()
    with replace_file(path) as temporary:
        if path.suffix == ".csv":
            temporary.write_text(csv_text(frame), encoding="utf-8")
        else:
            frame.write_parquet(temporary)


def comparison_report(
    comparison: Comparison, *, metrics: Sequence[str] | None = None, pairs: bool = False
) -> str:
    """Return the places of the models with their values, or the differences of the pairs.

    Args:
        comparison: the compared models.
        metrics: names of the metrics to print; None for those of ``HEADLINES``.
        pairs: print one table per pair of models; always done for two models.
    """
    names = shortened(comparison.models)
    unreadable = [f"{names[name]} {n}" for name, n in comparison.n_unreadable.items() if n]
    compared = f"{comparison.n_compared} of {comparison.n_papers} papers compared"
    lines = [f"{compared}; unreadable lines: {', '.join(unreadable) or 'none'}"]
    chosen = metrics or HEADLINES
    if pairs or len(comparison.models) == 2:
        lines.append(pairs_report(comparison.pairs, chosen))
    if len(comparison.models) > 2:
        lines += ["", *_places(comparison, chosen, names, fits=metrics is None)]
        if not pairs:
            lines.append("differences, intervals and tests of every pair: --pairs, or --format csv")
    unranked = ((name, why) for name, why in comparison.unranked.items() if name in chosen)
    lines += [f"{name}: no places, {why}" for name, why in unranked]
    return "\n".join(lines)


def _places(
    comparison: Comparison, metrics: Sequence[str], names: Mapping[str, str], *, fits: bool
) -> list[str]:
    """Return one row per model, ordered by the first metric, with its place on each.

    Args:
        comparison: the compared models.
        metrics: names of the metrics, the most important first.
        names: names to print by model.
        fits: leave out the last metrics if the table is wider than the terminal.
    """
    values = values_by_metric(comparison)
    known = [name for name in metrics if name in values]
    if fits:
        known.sort(key=_COMPARED_FIRST.index)
    first = next((comparison.ranks[name] for name in known if name in comparison.ranks), {})
    ordered = list(dict.fromkeys((*first, *comparison.models)))
    columns = [["model", *(names[model] for model in ordered)]]
    columns += [
        [name, *(_value_and_place(comparison, values, name, model) for model in ordered)]
        for name in known
    ]
    n_shown = len(columns)
    while fits and n_shown > _FEWEST_COLUMNS and _width_of(columns[:n_shown]) > _terminal_width():
        n_shown -= 1
    left_out = [column[0] for column in columns[n_shown:]]
    remark = "in brackets the place and, if tests leave others open, their range (Holm, 5%)"
    more = [f"not shown: {', '.join(left_out)}; name them in --metrics"] if left_out else []
    return [*_aligned(list(zip(*columns[:n_shown], strict=True))), remark, *more]


def _width_of(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(cell_width, column)) + 2 for column in columns) - 2


def _terminal_width() -> int:
    return shutil.get_terminal_size((_WIDTH, 24)).columns


def shortened(names: Sequence[str]) -> dict[str, str]:
    """Return the names to print in a table: long ones without their middle, and all different.

    >>> shortened(["short", "gpt-4o-2024-05-13_temp_0_1_fewshot_1_reflect_5_ensemble_5"])["short"]
    'short'
    """
    shown = {name: printable(name) for name in names}
    for width in (_LONGEST_NAME, 60, 120):
        cut = {name: _without_middle(words, width) for name, words in shown.items()}
        if len(set(cut.values())) == len(cut):
            return cut
    return shown


def _without_middle(words: str, width: int) -> str:
    if cell_width(words) <= width:
        return words
    head, tail = words, words
    while cell_width(head) > (width - 1) // 2:
        head = head[:-1]
    while cell_width(tail) > width // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def _value_and_place(
    comparison: Comparison,
    values: Mapping[str, Mapping[str, float | None]],
    metric: str,
    model: str,
) -> str:
    value = _number(values[metric].get(model))
    place = comparison.ranks.get(metric, {}).get(model)
    if place is None:
        return value
    interval = comparison.rank_intervals[metric][model]
    if interval.best == interval.worst:
        return f"{value} ({place})"
    return f"{value} ({place}: {interval.best}-{interval.worst})"


def values_by_metric(comparison: Comparison) -> dict[str, dict[str, float | None]]:
    """Return the values of the models by metric and model."""
    values: dict[str, dict[str, float | None]] = {}
    for pair in comparison.pairs:
        for metric, difference in pair.differences.items():
            values.setdefault(metric, {}).update({pair.a: difference.a, pair.b: difference.b})
    return values


def pairs_report(pairs: Sequence[PairwiseComparison], metrics: Sequence[str]) -> str:
    """Return one table per pair of models, with the named metrics only."""
    lines: list[str] = []
    for pair in pairs:
        lines += ["", f"A = {printable(pair.a)}", f"B = {printable(pair.b)}"]
        header = ["metric", "A", "B", "A - B", "95% interval", "p", "p (Holm)", "detectable"]
        rows = [
            _difference_row(name, pair.differences[name])
            for name in metrics
            if name in pair.differences
        ]
        lines += _aligned([header, *rows])
    return "\n".join(lines)


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


def _table(card: ScoreCard, chosen: Sequence[str]) -> list[str]:
    baselines = {name: results for name, results in card.baselines.items() if results}
    header = ["metric", "value", "95% interval", "papers", *baselines]
    results = [card.metrics[name] for name in chosen]
    rows = [
        [
            result.name,
            _number(result.value),
            _ends(result.low, result.high),
            str(result.n_papers),
            *(_baseline(results, result.name) for results in baselines.values()),
        ]
        for result in results
    ]
    notes = [f"  {r.name}: {r.why}" for r in results if r.why is not None]
    notes += [f"  {r.name}: {r.caution}" for r in results if r.caution is not None]
    return _aligned([header, *rows]) + notes


def _invalid_lines(card: ScoreCard) -> list[str]:
    if not card.invalid_lines:
        return []
    rules = Counter(invalid.rule for invalid in card.invalid_lines)
    lines = ["", "invalid lines: " + ", ".join(f"{n} {rule}" for rule, n in sorted(rules.items()))]
    for invalid in card.invalid_lines[:_INVALID_LINES_SHOWN]:
        # As Python's repr, text of unknown authors cannot control the terminal.
        whose = "" if invalid.paper_id is None else f" {invalid.paper_id!r:.60}"
        lines.append(f"  line {invalid.line}{whose}: {invalid.rule}: {invalid.detail!r}")
    if len(card.invalid_lines) > _INVALID_LINES_SHOWN:
        lines.append(
            f"  and {len(card.invalid_lines) - _INVALID_LINES_SHOWN} more; --json shows all"
        )
    return lines


def _baseline(results: Mapping[str, MetricResult], name: str) -> str:
    return _number(results[name].value) if name in results else ""


def _difference_row(name: str, difference: Difference) -> list[str]:
    return [
        name,
        _number(difference.a),
        _number(difference.b),
        _number(difference.difference),
        _ends(difference.low, difference.high),
        _number(difference.p_value),
        _number(difference.p_holm),
        _number(difference.detectable),
    ]


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _ends(low: float | None, high: float | None) -> str:
    return "none" if low is None or high is None else f"[{low:.4f}, {high:.4f}]"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
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
