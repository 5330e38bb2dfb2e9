"""Comparisons of models as text; ``to_json`` gives the same for programs."""

from collections.abc import Mapping, Sequence
from functools import partial

from cycledata.console import printable
from cycleeval.comparison import Comparison
from cycleeval.differences import Difference, PairwiseComparison
from cycleeval.report import COMPARED_FIRST, HEADLINES
from cycleeval.screen import (
    aligned,
    first_that_fits,
    fitting_columns,
    interval_text,
    number_text,
    shortened,
    without_middle,
    wrapped,
)

_FEWEST_COLUMNS = 3
"""Columns that a table of several models has on a terminal of any width: names and two metrics."""
_FEWEST_MODELS = 3
_PAIRS = "differences, intervals and tests of every pair: --pairs, or --format csv"
_BESIDE = "against baselines that do not understand the papers"
_PAIR_LAST = ("detectable", "p", "95% interval")
"""Columns that a table of two models leaves out on a narrow terminal, in this order."""


def comparison_report(
    comparison: Comparison,
    *,
    metrics: Sequence[str] | None = None,
    pairs: bool = False,
    beside: Sequence[PairwiseComparison] = (),
) -> str:
    """Return the places of the models with their values, or the differences of the pairs.

    Args:
        comparison: the compared models.
        metrics: names of the metrics to print; None for those of ``HEADLINES``, or the most
            important ones if the terminal does not have place for all.
        pairs: print one table per pair of models; always done for two models.
        beside: each model against the baselines; printed for two models and with `pairs`.
    """
    if pairs or metrics is not None:
        lines = _full(comparison, metrics, beside, pairs=pairs)
    elif len(comparison.models) == 2:
        plans = (partial(_two_models, comparison, beside, n) for n in (9, 6, 4))
        lines = first_that_fits(plans)
    else:
        numbers = range(len(comparison.models), _FEWEST_MODELS - 1, -1)
        lines = first_that_fits(partial(_several_models, comparison, n) for n in numbers)
    return "\n".join(lines)


def _full(
    comparison: Comparison,
    metrics: Sequence[str] | None,
    beside: Sequence[PairwiseComparison],
    *,
    pairs: bool,
) -> list[str]:
    """Return every model and pair that was asked for, on a screen of any size."""
    chosen = metrics or HEADLINES
    is_table = len(comparison.models) > 2
    lines = _counts(comparison)
    if pairs or not is_table:
        lines += pairs_report(comparison.pairs, chosen)
    if is_table:
        lines += ["", *_places(comparison, chosen, fits=metrics is None)]
    if is_table and not pairs:
        lines.append(_PAIRS)
    lines += _unranked(comparison, chosen)
    if beside and (pairs or not is_table):
        lines += ["", f"{_BESIDE}", *pairs_report(beside, chosen)]
    return lines


def _two_models(
    comparison: Comparison, beside: Sequence[PairwiseComparison], n_metrics: int
) -> list[str]:
    """Return the differences of two models, and one metric of each against each baseline."""
    chosen = [name for name in HEADLINES if name in COMPARED_FIRST[:n_metrics]]
    lines = _counts(comparison) + pairs_report(comparison.pairs, chosen, fits=True)
    lines += _unranked(comparison, chosen)
    if beside:
        lines += ["", *wrapped(_BESIDE), *_baselines_in_short(beside, comparison.models)]
    return [*lines, *wrapped("more metrics: --metrics all; every column: --pairs")]


def _several_models(comparison: Comparison, n_models: int) -> list[str]:
    """Return the places of the first models."""
    lines = [*_counts(comparison), ""]
    lines += _places(comparison, HEADLINES, fits=True, n_models=n_models)
    return [*lines, *wrapped(_PAIRS), *_unranked(comparison, HEADLINES)]


def _counts(comparison: Comparison) -> list[str]:
    names = shortened(comparison.models)
    unreadable = {names[name]: n for name, n in comparison.n_unreadable.items() if n}
    listed = ", ".join(f"{name} {n}" for name, n in unreadable.items()) or "none"
    if len(unreadable) > _FEWEST_MODELS:
        listed = f"{sum(unreadable.values())} in {len(unreadable)} models"
    compared = f"{comparison.n_compared} of {comparison.n_papers} papers compared"
    return wrapped(f"{compared}; unreadable lines: {listed}")


def _unranked(comparison: Comparison, chosen: Sequence[str]) -> list[str]:
    """Return one line per reason why metrics have no places."""
    reasons: dict[str, list[str]] = {}
    for name, why in comparison.unranked.items():
        if name in chosen:
            reasons.setdefault(why, []).append(name)
    return [
        line
        for why, names in reasons.items()
        for line in wrapped(f"{', '.join(names)}: no places, {why}")
    ]


def _baselines_in_short(beside: Sequence[PairwiseComparison], models: Sequence[str]) -> list[str]:
    """Return one row per model and baseline, on the first metric that they were compared on."""
    metric = next((name for pair in beside for name in pair.differences), None)
    letters = dict(zip(models, "AB", strict=True))
    rows = [
        [
            f"{letters[pair.a]} - {printable(pair.b)}",
            *_difference_row(metric, pair.differences[metric])[1:5],
        ]
        for pair in beside
        if metric is not None and metric in pair.differences
    ]
    return aligned([[str(metric), "model", "baseline", "difference", "95% interval"], *rows])


def _places(
    comparison: Comparison, metrics: Sequence[str], *, fits: bool, n_models: int | None = None
) -> list[str]:
    """Return one row per model, ordered by the first metric, with its place on each.

    Args:
        comparison: the compared models.
        metrics: names of the metrics, the most important first.
        fits: leave out the last metrics if the table is wider than the terminal.
        n_models: models to show; None for all.
    """
    names = shortened(comparison.models)
    values = values_by_metric(comparison)
    known = [name for name in metrics if name in values]
    if fits:
        known.sort(key=COMPARED_FIRST.index)
    first = next((comparison.ranks[name] for name in known if name in comparison.ranks), {})
    ordered = list(dict.fromkeys((*first, *comparison.models)))[:n_models]
    columns: list[Sequence[str]] = [["model", *(names[model] for model in ordered)]]
    columns += [
        [name, *(_value_and_place(comparison, values, name, model) for model in ordered)]
        for name in known
    ]
    left_out: list[str] = []
    if fits:
        columns, left_out = fitting_columns(columns, known[::-1], fewest=_FEWEST_COLUMNS)
    remark = "in brackets the place and, if tests leave others open, their range (Holm, 5%)"
    lines = [*aligned(zip(*columns, strict=True)), *wrapped(remark)]
    if n_more := len(comparison.models) - len(ordered):
        lines.append(f"{n_more} more models: --metrics all")
    if left_out:
        lines += wrapped(f"not shown: {', '.join(left_out)}; name them in --metrics")
    return lines


def _value_and_place(
    comparison: Comparison,
    values: Mapping[str, Mapping[str, float | None]],
    metric: str,
    model: str,
) -> str:
    value = number_text(values[metric].get(model))
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


def pairs_report(
    pairs: Sequence[PairwiseComparison], metrics: Sequence[str], *, fits: bool = False
) -> list[str]:
    """Return one table per pair of models, with the named metrics only."""
    lines: list[str] = []
    for pair in pairs:
        a, b = f"A = {printable(pair.a)}", f"B = {printable(pair.b)}"
        lines += ["", *([without_middle(a), without_middle(b)] if fits else [a, b])]
        header = ["metric", "A", "B", "A - B", "95% interval", "p", "p (Holm)", "detectable"]
        rows = [
            _difference_row(name, pair.differences[name])
            for name in metrics
            if name in pair.differences
        ]
        columns: list[Sequence[str]] = list(zip(header, *rows, strict=True))
        if fits:
            columns, _ = fitting_columns(columns, _PAIR_LAST, fewest=4)
        lines += aligned(zip(*columns, strict=True))
    return lines


def _difference_row(name: str, difference: Difference) -> list[str]:
    return [
        name,
        number_text(difference.a),
        number_text(difference.b),
        number_text(difference.difference),
        interval_text(difference.low, difference.high),
        number_text(difference.p_value),
        number_text(difference.p_holm),
        number_text(difference.detectable),
    ]
