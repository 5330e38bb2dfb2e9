"""A board -> the pages of a static site: no request to any host, the same bytes for the same input.

Styles and the script stand inside each page and are the only ones that its Content-Security-Policy
lets run, by their hashes; whatever comes from a submission passes Jinja's autoescaping.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from statistics import fmean

from markupsafe import Markup

from cycledata.svg import Span, calibration, histogram, span_of, whisker
from cycledata.templates import content_security_policy, html_environment, visible
from cycleeval.leaderboard.gather import Board, Entry
from cycleeval.result import MetricResult
from cycleeval.scoring import ScoreCard
from cycleeval.scoring_config import ScoringConfig

OWN_RATING = frozenset({"proxy_mse_n", "proxy_mae_n"})
"""Metrics in which a human reviewer would be judged against a mean that holds their own rating."""
INVALID_LINES_SHOWN = 200
"""Lines set aside that a submission's page lists; the rest is counted."""


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
           "Share of the venue's decisions that are met.", percent=True),
    Column("decision_macro_f1", "Macro F1", False,
           "Mean F1 of accept and reject: one decision for all papers scores low."),
    Column("spearman", "Spearman", False, "Rank correlation with the mean human rating."),
    Column("pairwise_accuracy", "Pairwise", False,
           "Share of pairs of papers put in the humans' order, ties at half.", percent=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table as the page shows it."""

    label: str
    text: str
    """The value, or an en dash."""
    interval: str
    """``"1.23 to 1.45"``, or ``""``."""
    value: str
    """For sorting; ``""`` where there is none."""
    chart: Markup
    why: str
    """Why there is no value or interval, or ``""``."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    kind: str
    """``"ranked"``, ``"unranked"`` or ``"baseline"``."""
    place: str
    """``"1"``, ``"1="`` for a shared place, or ``""``."""
    order: int
    """Place in the order of the page, for sorting back."""
    name: str
    href: str | None
    note: str
    """What stands below the name."""
    cells: tuple[Cell, ...]
    starts_group: bool
    """First of a tie group."""


def build_site(board: Board) -> dict[str, str]:
    """Every page by its path below the site's root."""
    rules = board.config
    pages = _Pages()
    rows = _rows(board)
    shared = {"board": board, "config": rules, "columns": COLUMNS}
    ranked = [entry for entry in board.entries if entry.place is not None]
    site = {
        "index.html": pages.render(
            "index.html",
            root="",
            rows=rows,
            n_ranked=len(ranked),
            beaten=_beaten(ranked),
            **shared,
        ),
        "metrics.html": pages.render("metrics.html", root="", **shared),
    }
    for entry in board.entries:
        site[f"submissions/{entry.slug}.html"] = pages.render(
            "submission.html", root="../", entry=entry, **_submission(entry, board, rules), **shared
        )
    return site


class _Pages:
    """Templates with the style sheet, the script and the policy that allows only these two."""

    def __init__(self) -> None:
        self._environment = html_environment("cycleeval.leaderboard")
        self._environment.filters["breakable"] = breakable
        folder = resources.files("cycleeval.leaderboard") / "static"
        self._style = Markup((folder / "board.css").read_text("utf-8"))  # noqa: S704  ours
        self._script = Markup((folder / "board.js").read_text("utf-8"))  # noqa: S704  ours

    def render(self, name: str, **values: object) -> str:
        return self._environment.get_template(name).render(
            style=self._style,
            script=self._script,
            policy=content_security_policy(self._style, self._script),
            **values,
        )


def _beaten(ranked: Sequence[Entry]) -> int:
    """Entries shown to beat the best constant: the interval of their skill lies above 0."""
    skills = [entry.card.metrics["skill_mse"] for entry in ranked if entry.card is not None]
    return sum(skill.low is not None and skill.low > 0 for skill in skills)


def _rows(board: Board) -> list[Row]:
    baselines = _baselines(board.humans)
    spans = {column.metric: span_of(_ends(column.metric, board, baselines)) for column in COLUMNS}
    marks = {name: result.value for name, result in baselines[0][2].items()}
    rows: list[Row] = []
    last_place: int | None = None
    for entry in board.entries:
        results: Mapping[str, MetricResult] = {} if entry.card is None else entry.card.metrics
        rows.append(
            Row(
                kind="unranked" if entry.place is None else "ranked",
                place="" if entry.place is None else f"{entry.place}{'=' * entry.shares_place}",
                order=len(rows),
                name=entry.submission.name,
                href=f"submissions/{entry.slug}.html",
                note=_note(entry),
                cells=_cells(results, spans, marks),
                starts_group=entry.place != last_place and bool(rows),
            )
        )
        last_place = entry.place
    for name, note, held in baselines:
        rows.append(
            Row("baseline", "", len(rows), name, None, note, _cells(held, spans, marks), False)
        )
    return rows


def _baselines(humans: ScoreCard) -> list[tuple[str, str, Mapping[str, MetricResult]]]:
    held = humans.baselines
    # In the n mode a reviewer's own rating is part of the target, which no model's is.
    apart = {name: result for name, result in humans.metrics.items() if name not in OWN_RATING}
    return [
        ("One human reviewer", "each against the others", apart),
        ("Best constant", "one rating for every paper", held["constant"]),
        ("Majority decision", "one decision for every paper", held["majority"]),
        ("Noise floor", "what the true rating would score", held["noise_floor"]),
    ]


def _ends(
    metric: str, board: Board, baselines: Sequence[tuple[str, str, Mapping[str, MetricResult]]]
) -> list[float]:
    cards = [entry.card.metrics for entry in board.entries if entry.card is not None]
    results = [held[metric] for held in (*cards, *(b for _, _, b in baselines)) if metric in held]
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
            )
        )
    return tuple(cells)


def breakable(name: str) -> Markup:
    """A long name that may break after its separators, escaped."""
    return Markup("").join(
        part if part.isalnum() else Markup("{}<wbr>").format(part)
        for part in re.split(r"([-_./])", visible(name))
    )


def shown(value: float, *, percent: bool = False) -> str:
    """A number as pages print it."""
    return f"{100 * value:.1f}%" if percent else f"{value:.3f}".replace("-", "−")


def interval(result: MetricResult, *, percent: bool = False) -> str:
    """A 95% interval as pages print it; ``""`` where there is none."""
    if result.low is None or result.high is None:
        return ""
    if percent:
        return f"{100 * result.low:.1f} to {100 * result.high:.1f}"
    return f"{result.low:.2f} to {result.high:.2f}".replace("-", "−")


def _note(entry: Entry) -> str:
    if entry.why_unranked is not None:
        return f"not ranked: {entry.why_unranked}"
    assert entry.card is not None
    card = entry.card
    said = f"{card.n_scored} of {card.n_papers} papers"
    if card.n_unreadable:
        said += f", {card.n_unreadable} unreadable"
    if card.n_missing:
        said += f", {card.n_missing} missing"
    return said


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One paper on a submission's page."""

    paper_id: str
    human: str
    """The human ratings."""
    human_mean: str
    model: str
    """The model's ratings."""
    model_mean: str
    error: str
    """Model's mean less the humans'."""
    error_value: str
    """Its size, for sorting."""
    decision: str
    """The venue's decision and the model's own."""


def _submission(entry: Entry, board: Board, config: ScoringConfig) -> dict[str, object]:
    """What one submission's page shows besides its score card."""
    reference, said = board.reference, entry.submission.predictions
    papers: list[PaperRow] = []
    points: list[tuple[float, float]] = []
    missing: list[str] = []
    lost = {invalid.paper_id for invalid in entry.submission.unreadable}
    for paper_id, human, decision in zip(
        reference.paper_ids, reference.ratings, reference.decisions, strict=True
    ):
        prediction = said.get(paper_id)
        if prediction is None:
            if paper_id not in lost:
                missing.append(paper_id)
            continue
        if not human:
            continue
        ours, theirs = fmean(prediction.ratings), fmean(human)
        points.append((ours, theirs))
        papers.append(
            PaperRow(
                paper_id,
                human=_ratings(human),
                human_mean=f"{theirs:.2f}",
                model=_ratings(prediction.ratings),
                model_mean=f"{ours:.2f}",
                error=f"{ours - theirs:+.2f}".replace("-", "−"),
                error_value=f"{abs(ours - theirs):.12g}",
                decision=f"{decision or 'unknown'} / {prediction.decision or 'none'}",
            )
        )
    papers.sort(key=lambda row: (-float(row.error_value), row.paper_id))
    given = [rating for row in said.values() for rating in row.ratings]
    humans = [rating for ratings in reference.ratings for rating in ratings]
    return {
        "papers": papers,
        "missing": missing,
        "invalid_lines": entry.submission.invalid_lines[:INVALID_LINES_SHOWN],
        "calibration": calibration(points, _levels(points), scale=config.rating_scale),
        "histogram": histogram(humans, given, scale=config.rating_scale),
        "baselines": _baselines_of(entry.card),
        "shown": shown,
        "interval": interval,
    }


def _baselines_of(card: ScoreCard | None) -> list[tuple[str, Mapping[str, MetricResult]]]:
    if card is None:
        return []
    names = {"human": "one human", "constant": "constant", "majority": "majority",
             "noise_floor": "noise floor"}  # fmt: skip
    return [
        (label, {k: v for k, v in card.baselines[name].items() if k not in OWN_RATING})
        if name == "human"
        else (label, card.baselines[name])
        for name, label in names.items()
    ]


def _levels(points: Sequence[tuple[float, float]]) -> list[tuple[float, float, int]]:
    """Bins of an eighth of the papers or more by the model's rating; equal ones stay together."""
    by_rating: dict[float, list[float]] = {}
    for ours, theirs in points:
        by_rating.setdefault(round(ours, 9), []).append(theirs)
    size = max(1, len(points) // 8)
    bins: list[list[tuple[float, float]]] = [[]]
    for ours in sorted(by_rating):
        if len(bins[-1]) >= size:
            bins.append([])
        bins[-1] += [(ours, theirs) for theirs in by_rating[ours]]
    return [
        (fmean(m for m, _ in held), fmean(h for _, h in held), len(held)) for held in bins if held
    ]


def _ratings(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
