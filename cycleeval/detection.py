"""Detection of generated texts from a criterion (Section 3.4, Table 6).

The input is one number per text, such as Fast-DetectGPT's curvature, and the text's author. A text
is classified as generated if its criterion is larger than a threshold. The threshold is chosen on
the calibration split and evaluated on the test split; on the texts that it was chosen on, its
accuracy would be too high.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from cycledata.errors import ParseError
from cycledata.jsonl import MAX_LINES, InvalidLine, read_jsonl, require_records
from cycledata.records import Record
from cycleeval.inputs import booleans, number_or_none, numbers
from cycleeval.intervals import auroc_interval, exact_interval
from cycleeval.result import MetricResult, digest, signature

FALSE_POSITIVE_TARGETS = (0.01, 0.05)
"""Highest shares of human texts classified as generated, for thresholds chosen on human texts."""
DRAWS = 2000
"""Bootstrap draws for the interval of F1."""


class Criterion(Record):
    """One text's criterion, as a line of the input."""

    text_id: Annotated[str, Field(min_length=1, max_length=500)]
    """Id of the text, unique within its format and source."""
    format: Annotated[str, Field(min_length=1, max_length=100)]
    """E.g. ``"paper"`` or ``"review"``; each model of a format is compared with its human texts."""
    source: Annotated[str, Field(min_length=1, max_length=200)] | None
    """Model that wrote the text; None for a human author."""
    split: Literal["calibration", "test"]
    """Split that the text belongs to."""
    criterion: Annotated[float, Field(allow_inf_nan=False)]
    """Larger values mean that the text is more likely generated."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and how it was chosen."""

    value: float
    """A text is classified as generated if its criterion is larger."""
    chosen: str
    """``"calibration-accuracy"``, ``"calibration-fpr:0.01"`` or ``"given"``."""
    n_equal: int = 1
    """Number of intervals between adjacent criteria that are equally good; the highest is used."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Classifications of texts whose authors are known."""

    true_positives: int
    """Generated texts classified as generated."""
    false_positives: int
    """Human texts classified as generated."""
    false_negatives: int
    """Generated texts classified as human."""
    true_negatives: int
    """Human texts classified as human."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Rates on the test split of a threshold that was not chosen for accuracy."""

    threshold: Threshold
    false_positive_rate: MetricResult
    true_positive_rate: MetricResult


@dataclass(frozen=True, slots=True)
class Detected:
    """One row of Table 6."""

    format: str
    """What was detected."""
    source: str
    """The model that wrote the generated texts."""
    n_human: int
    """Human texts in the test split."""
    n_generated: int
    """Generated texts in the test split."""
    threshold: Threshold
    """Chosen for accuracy on the calibration split; the metrics below are at it."""
    metrics: tuple[MetricResult, ...]
    """``accuracy``, ``f1``, ``auroc``, ``false_positive_rate``, ``true_positive_rate``."""
    fixed: tuple[Fixed, ...]
    """At the thresholds chosen on human texts, then at the given ones."""


@dataclass(frozen=True, slots=True)
class DetectionReport:
    """Table 6 of one file."""

    rows: tuple[Detected, ...]
    """By format, then source."""
    unreadable: tuple[InvalidLine, ...]
    """Lines that could not be read; they are counted."""
    texts: tuple[Criterion, ...] = ()
    """The lines that were read."""


def choose_threshold(criteria: ArrayLike, generated: ArrayLike) -> Threshold:
    """Return the threshold of best accuracy; the highest, with fewest false alarms, if several.

    Args:
        criteria: criterion per text, shape (n,); larger is more likely generated.
        generated: whether a model wrote the text, shape (n,).

    Returns:
        The middle between two adjacent criteria; just below the smallest criterion, or the largest
        one, if classifying all texts as generated, or none, is best.

    Raises:
        ValueError: no human or no generated text.

    >>> choose_threshold([0.0, 1.0, 2.0, 5.0], [False, False, True, True]).value
    1.5
    """
    values, labels = _labelled(criteria, generated)
    levels, where = np.unique(values, return_inverse=True)
    positives = np.bincount(where, weights=labels, minlength=len(levels))
    negatives = np.bincount(where, minlength=len(levels)) - positives
    # Cut i classifies the levels from i on as generated: human texts below it are right, and
    # generated ones above it.
    right = np.append(0, np.cumsum(negatives)) + np.append(np.cumsum(positives[::-1])[::-1], 0)
    best = np.flatnonzero(right == right.max())
    cut = int(best[-1])
    if cut == 0:
        value = float(np.nextafter(levels[0], -np.inf))
    elif cut == len(levels):
        value = float(levels[-1])
    else:
        value = float(_between(levels[cut - 1], levels[cut]))
    return Threshold(value, "calibration-accuracy", len(best))


def threshold_at_false_positive_rate(human_criteria: ArrayLike, rate: float) -> Threshold:
    """Return the lowest threshold that classifies at most this share of human texts as generated.

    Raises:
        ValueError: no texts, or a rate outside 0 to 1.

    >>> threshold_at_false_positive_rate([1.0, 2.0, 3.0, 4.0], 0.25).value
    3.0
    """
    values = np.sort(numbers(human_criteria, "human_criteria"))
    if len(values) == 0 or not 0 <= rate <= 1:
        raise ValueError(f"expected human texts and a rate of 0 to 1, found {len(values)}, {rate}")
    # The epsilon keeps 0.07 * 100 = 7.000000000000001 and 0.29 * 100 = 28.999999999999996 apart.
    allowed = int(np.floor(rate * len(values) + 1e-9))
    value = values[-1 - allowed] if allowed < len(values) else np.nextafter(values[0], -np.inf)
    return Threshold(float(value), f"calibration-fpr:{rate:g}")


def decision_counts(criteria: ArrayLike, generated: ArrayLike, *, threshold: float) -> Counts:
    """Return the classifications at a threshold; arguments and errors as in `choose_threshold`."""
    values, labels = _labelled(criteria, generated)
    called = values > threshold
    return Counts(
        int((called & labels).sum()),
        int((called & ~labels).sum()),
        int((~called & labels).sum()),
        int((~called & ~labels).sum()),
    )


def auroc(criteria: ArrayLike, generated: ArrayLike) -> tuple[float, float]:
    """Return the chance that a generated text has the larger criterion, and its standard error.

    A tie counts a half.

    The error is DeLong's (1988), from the variances of each text's own share of wins.

    >>> auroc([0.0, 1.0, 1.0, 2.0], [False, False, True, True])[0]
    0.875
    """
    from scipy.stats import rankdata

    values, labels = _labelled(criteria, generated)
    ours, theirs = values[labels], values[~labels]
    ranks = rankdata(values)
    wins = (ranks[labels] - rankdata(ours)) / len(theirs)
    losses = 1 - (ranks[~labels] - rankdata(theirs)) / len(ours)
    error = sum(
        part.var(ddof=1) / len(part) if len(part) > 1 else np.nan for part in (wins, losses)
    )
    return float(wins.mean()), float(np.sqrt(error))


def detect(
    records: Sequence[Criterion], *, thresholds: Sequence[float] = (), n_unreadable: int = 0
) -> list[Detected]:
    """Return Table 6: one row per format and model.

    Args:
        records: criteria of both splits.
        thresholds: fixed thresholds to evaluate as well as those of the calibration split.
        n_unreadable: lines that could not be read, shown beside every number.

    Raises:
        ValueError: a row lacks human or generated texts in a split, or a threshold is not finite.
    """
    if any(number_or_none(threshold, "thresholds") is None for threshold in thresholds):
        raise ValueError(f"expected finite thresholds, found {list(thresholds)}")
    rows = sorted({(r.format, r.source) for r in records if r.source is not None})
    if not rows:
        raise ValueError("expected texts of at least one model (`source`), found none")
    return [_detect_row(records, *row, thresholds, n_unreadable) for row in rows]


def read_detection(path: Path, *, thresholds: Sequence[float] = ()) -> DetectionReport:
    """Table 6 from a JSON Lines file of `Criterion`.

    Raises:
        ParseError: an unreadable file, no records, or a row without texts to calibrate or to judge.
    """
    invalid: list[InvalidLine] = []
    unique = ("format", "source", "text_id")
    lines = read_jsonl(path, Criterion, unique=unique, max_lines=MAX_LINES, on_error=invalid.append)
    records = tuple(lines)
    require_records(records, invalid, path)
    try:
        rows = detect(records, thresholds=thresholds, n_unreadable=len(invalid))
    except ValueError as error:
        raise ParseError("too-few-texts", f"{path}: {error}") from error
    return DetectionReport(tuple(rows), tuple(invalid), records)


def _detect_row(
    records: Sequence[Criterion],
    kind: str,
    source: str,
    thresholds: Sequence[float],
    n_unreadable: int,
) -> Detected:
    mine = [r for r in records if r.format == kind and r.source in (None, source)]
    split = {}
    for name in ("calibration", "test"):
        criteria = np.array([r.criterion for r in mine if r.split == name])
        labels = np.array([r.source is not None for r in mine if r.split == name], dtype=bool)
        if not labels.any() or labels.all():
            raise ValueError(
                f"{kind} by {source}: expected human and generated texts in the {name} split, "
                f"found {int((~labels).sum())} and {int(labels.sum())}"
            )
        split[name] = criteria, labels
    criteria, labels = split["calibration"]
    chosen = choose_threshold(criteria, labels)
    others = [
        threshold_at_false_positive_rate(criteria[~labels], rate) for rate in FALSE_POSITIVE_TARGETS
    ] + [Threshold(value, "given") for value in thresholds]
    test_criteria, test_labels = split["test"]
    data = digest(sorted([r.split, r.source or "", r.text_id, r.criterion] for r in mine))

    def counts(threshold: Threshold) -> Counts:
        return decision_counts(test_criteria, test_labels, threshold=threshold.value)

    def noted(*results: MetricResult) -> tuple[MetricResult, ...]:
        return tuple(
            replace(
                result,
                n_unreadable=n_unreadable,
                signature=result.signature.extended(format=kind, source=source, data=data),
            )
            for result in results
        )

    return Detected(
        kind,
        source,
        n_human=int((~test_labels).sum()),
        n_generated=int(test_labels.sum()),
        threshold=chosen,
        metrics=noted(
            _accuracy(counts(chosen), chosen),
            _f1(counts(chosen), chosen),
            _auroc_result(test_criteria, test_labels),
            *_rates(counts(chosen), chosen),
        ),
        fixed=tuple(Fixed(t, *noted(*_rates(counts(t), t))) for t in others),
    )


def _labelled(
    criteria: ArrayLike, generated: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, labels = numbers(criteria, "criteria"), booleans(generated, "generated")
    if len(values) != len(labels):
        raise ValueError(
            f"expected one label per criterion, found {len(values)} criteria and {len(labels)} "
            "labels"
        )
    if not labels.any() or labels.all():
        raise ValueError(
            f"expected human and generated texts, found {int((~labels).sum())} and "
            f"{int(labels.sum())}"
        )
    return values, labels


def _between(low: np.float64, high: np.float64) -> np.float64:
    """Return a number from low (included) to high (excluded), the middle if floats have one."""
    middle = low + (high - low) / 2
    return middle if low <= middle < high else low


def _proportion(name: str, k: int, n: int, threshold: Threshold) -> MetricResult:
    interval = exact_interval(k, n)
    said = signature(name, threshold=threshold.chosen, at=f"{threshold.value:.6g}", ci="exact")
    return MetricResult(name, k / n, interval.low, interval.high, n, 0, said)


def _accuracy(counts: Counts, threshold: Threshold) -> MetricResult:
    right = counts.true_positives + counts.true_negatives
    n = right + counts.false_positives + counts.false_negatives
    return _proportion("accuracy", right, n, threshold)


def _rates(counts: Counts, threshold: Threshold) -> tuple[MetricResult, MetricResult]:
    n_human = counts.false_positives + counts.true_negatives
    n_generated = counts.true_positives + counts.false_negatives
    return (
        _proportion("false_positive_rate", counts.false_positives, n_human, threshold),
        _proportion("true_positive_rate", counts.true_positives, n_generated, threshold),
    )


def _f1(counts: Counts, threshold: Threshold) -> MetricResult:
    """Return F1 of the generated class; resampling within the classes changes only two counts."""
    n_generated = counts.true_positives + counts.false_negatives
    n_human = counts.false_positives + counts.true_negatives
    rng = np.random.default_rng(0)
    hits = rng.binomial(n_generated, counts.true_positives / n_generated, DRAWS)
    alarms = rng.binomial(n_human, counts.false_positives / n_human, DRAWS)
    low, high = np.quantile(2 * hits / (hits + alarms + n_generated), [0.025, 0.975])
    value = (
        2 * counts.true_positives / (counts.true_positives + counts.false_positives + n_generated)
    )
    said = signature(
        "f1",
        threshold=threshold.chosen,
        at=f"{threshold.value:.6g}",
        ci=f"percentile:{DRAWS}",
        seed=0,
    )
    return MetricResult("f1", value, float(low), float(high), n_human + n_generated, 0, said)


def _auroc_result(criteria: ArrayLike, generated: ArrayLike) -> MetricResult:
    value, error = auroc(criteria, generated)
    said = signature("detection_auroc", ties="half", ci="logit-delong")
    n = len(numbers(criteria, "criteria"))
    if not error > 0:
        why = "no interval: complete separation, or one text of a kind, leaves DeLong's error at 0"
        return MetricResult("auroc", value, None, None, n, 0, said, why)
    n_generated = int(booleans(generated, "generated").sum())
    interval = auroc_interval(value, error, n_generated, n - n_generated)
    assert interval is not None
    return MetricResult("auroc", value, interval.low, interval.high, n, 0, said)
