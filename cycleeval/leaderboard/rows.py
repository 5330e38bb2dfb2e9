"""Rows of the leaderboard's table: submissions by place, then the baselines."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cycledata.svg import Span, span_of, whisker
from cycledata.templates import visible
from cycleeval.leaderboard.gather import Board, Entry, Standing
from cycleeval.result import MetricResult
from cycleeval.score_card import ScoreCard
from cycleeval.scoring_config import Policy

_FILLED: Mapping[Policy, str] = {
    "exclude": "nothing",
    "worst": "the worst rating",
    "constant": "the constant",
}
OWN_RATING = frozenset({"proxy_mse_n", "proxy_mae_n"})
"""Metrics whose target, for a human reviewer, would include the reviewer's own rating."""

TRIVIAL: Mapping[str, tuple[str, str]] = {
    "length": ("Length", "number of characters of the text"),
    "metadata": ("Metadata", "counts of the title, abstract, sections, keywords"),
    "text": ("Text", "TF-IDF of title and abstract, or of the text's first words"),
}
"""Label and explanation of the baselines that read a paper without understanding it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of the table."""

    metric: str
    label: str
    lower_is_better: bool
    explained: str
    """One sentence, shown as a hint and on the page of metrics."""
    percent: bool = False


COLUMNS = (
    Column("proxy_mse_n1", "MSE (n−1)", True,
           "Squared distance to the mean of the other reviewers, each left out in turn."),
    Column("proxy_mae_n1", "MAE (n−1)", True,
           "Distance to the mean of the other reviewers, each left out in turn."),
    Column("proxy_mse_n", "MSE (n)", True,
           "Squared distance to the mean of all reviewers; not comparable with n−1."),
    Column("skill_mse", "Skill", False,
           "1 − MSE (n) / that of the best constant: 0 is no better than one number for all."),
    Column("decision_accuracy", "Accuracy", False,
           "Share of papers with the venue's decision.", percent=True),
    Column("decision_macro_f1", "Macro F1", False,
           "Mean F1 of accept and reject: one decision for all papers scores low."),
    Column("spearman", "Spearman", False, "Rank correlation with the mean human rating."),
    Column("pairwise_accuracy", "Pairwise", False,
           "Share of pairs of papers in the human order; a tie counts half.", percent=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table as the page shows it."""

    label: str
    text: str
    """The value, or an en dash."""
    interval: str
    """E.g. `"1.23 to 1.45"`, or `""`."""
    value: str
    """Value for sorting; `""` if there is none."""
    chart: Markup
    why: str
    """Why there is no value or interval, or `""`."""
    place: str = ""
    """Place by this metric, e.g. `"1="`, or `""`."""
    places: str = ""
    """Places that the tests leave open on this metric, e.g. `"1 to 4"`, or `""`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    kind: str
    """`"ranked"`, `"unranked"` or `"baseline"`."""
    place: str
    """`"1"`, `"1="` for a shared place, or `""`."""
    places: str
    """Places that the tests leave open, e.g. `"1 to 4"`, or `""`."""
    order: int
    """Place in the order of the page, for restoring it."""
    name: str
    href: str | None
    note: str
    """Papers scored, or why there is no place."""
    about: str
    """Organization, date, kind and training cutoff of a model, or `""`."""
    cells: tuple[Cell, ...]
    starts_group: bool
    """First of a tie group."""


def table_rows(board: Board) -> list[Row]:
    """Return the rows of the table in the order of the page."""
    baselines = _baselines(board.humans)
    spans = {column.metric: span_of(_ends(column.metric, board, baselines)) for column in COLUMNS}
    marks = {name: result.value for name, result in baselines[0][2].items()}
    rows: list[Row] = []
    last_place: int | None = None
    for entry in board.entries:
        results: Mapping[str, MetricResult] = {} if entry.card is None else entry.card.metrics
        place = None if entry.standing is None else entry.standing.place
        rows.append(
            Row(
                kind="unranked" if entry.standing is None else "ranked",
                place=str(entry.standing or ""),
                places=_places(entry.standing),
                order=len(rows),
                name=entry.title,
                href=f"submissions/{entry.slug}.html",
                note=_note(entry, board.config.policy),
                about=_about(entry),
                cells=_cells(results, spans, marks, entry.standings),
                starts_group=place != last_place and bool(rows),
            )
        )
        last_place = place
    for name, note, results in baselines:
        rows.append(
            Row(
                kind="baseline",
                place="",
                places="",
                order=len(rows),
                name=name,
                href=None,
                note=note,
                about="",
                cells=_cells(results, spans, marks, {}),
                starts_group=False,
            )
        )
    return rows


def _baselines(humans: ScoreCard) -> list[tuple[str, str, Mapping[str, MetricResult]]]:
    baselines = humans.baselines
    # In mode n a reviewer's own rating is part of the target, which a model's never is.
    apart = {name: result for name, result in humans.metrics.items() if name not in OWN_RATING}
    return [
        ("One human reviewer", "each against the others", apart),
        ("Best constant", "one rating for every paper", baselines["constant"]),
        ("Majority decision", "one decision for every paper", baselines["majority"]),
        ("Noise floor", "score of the true rating", baselines["noise_floor"]),
        *(
            (label, note, baselines[name])
            for name, (label, note) in TRIVIAL.items()
            if name in baselines
        ),
    ]


def _ends(
    metric: str, board: Board, baselines: Sequence[tuple[str, str, Mapping[str, MetricResult]]]
) -> list[float]:
    cards = [entry.card.metrics for entry in board.entries if entry.card is not None]
    everything = (*cards, *(results for _, _, results in baselines))
    results = [each[metric] for each in everything if metric in each]
    return [
        end
        for result in results
        for end in (result.low, result.value, result.high)
        if end is not None
    ]


def _cells(
    results: Mapping[str, MetricResult],
    spans: Mapping[str, Span],
    marks: Mapping[str, float | None],
    standings: Mapping[str, Standing],
) -> tuple[Cell, ...]:
    cells = []
    for column in COLUMNS:
        result = results.get(column.metric)
        if result is None or result.value is None:
            why = "" if result is None or result.why is None else result.why
            cells.append(Cell(column.label, "–", "", "", Markup(""), why))
            continue
        chart = whisker(
            result.value,
            result.low,
            result.high,
            span=spans[column.metric],
            mark=marks.get(column.metric),
        )
        cells.append(
            Cell(
                column.label,
                shown(result.value, percent=column.percent),
                interval(result, percent=column.percent),
                f"{result.value:.12g}",
                chart,
                result.why or "",
                str(standings.get(column.metric, "")),
                _places(standings.get(column.metric)),
            )
        )
    return tuple(cells)


def breakable(name: str) -> Markup:
    """Return an escaped name that may break after its separators."""
    return Markup("").join(
        part if part.isalnum() else Markup("{}<wbr>").format(part)
        for part in re.split(r"([-_./])", visible(name))
    )


def shown(value: float, *, percent: bool = False) -> str:
    """Return a number as pages print it."""
    return f"{100 * value:.1f}%" if percent else f"{value:.3f}".replace("-", "−")


def interval(result: MetricResult, *, percent: bool = False) -> str:
    """Return a 95% interval as pages print it; `""` if there is none."""
    if result.low is None or result.high is None:
        return ""
    if percent:
        return f"{100 * result.low:.1f} to {100 * result.high:.1f}"
    return f"{result.low:.2f} to {result.high:.2f}".replace("-", "−")


def _note(entry: Entry, policy: Policy) -> str:
    if entry.why_unranked is not None:
        return f"not ranked: {entry.why_unranked}"
    assert entry.card is not None
    card = entry.card
    note = f"{card.n_scored} of {card.n_papers} papers"
    if card.n_unreadable:
        note += f", {card.n_unreadable} unreadable"
    if card.n_missing:
        note += f", {card.n_missing} missing"
    if entry.n_filled:
        note += f"; {entry.n_filled} scored as {_FILLED[policy]}"
    return note


def _places(standing: Standing | None) -> str:
    places = None if standing is None else standing.interval
    if places is None or places.best == places.worst:
        return ""
    return f"{places.best} to {places.worst}"


def _about(entry: Entry) -> str:
    about = entry.about
    cutoff = f"training data to {about.training_cutoff}" if about.training_cutoff else None
    parts = (about.organization, about.date, about.kind, cutoff)
    return ", ".join(str(part) for part in parts if part is not None)
