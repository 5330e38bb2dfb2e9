"""The pages of a static leaderboard site: no request to another host, equal bytes for equal input.

Styles and script are inside each page and are the only ones that its Content-Security-Policy
allows, by their hashes; every value from a submission is escaped by Jinja.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from statistics import fmean

from markupsafe import Markup

from cycledata.svg import histogram
from cycledata.templates import content_security_policy, html_environment
from cycleeval.conclusions import beats_constant
from cycleeval.leaderboard.downloads import downloads, explorer
from cycleeval.leaderboard.gather import Board, Entry
from cycleeval.leaderboard.rows import (
    COLUMNS,
    OWN_RATING,
    TRIVIAL,
    breakable,
    interval,
    shown,
    table_rows,
)
from cycleeval.output.plots import (
    RatedPoint,
    error_plot,
    forest_plot,
    place_plot,
    reliability_plot,
    residual_plot,
)
from cycleeval.result import MetricResult
from cycleeval.score_card import ScoreCard
from cycleeval.scoring_config import ScoringConfig
from cycleeval.screen import without_middle

INVALID_LINES_SHOWN = 200
"""Lines set aside that a submission's page lists; the rest is counted."""
_LONGEST_HEADING = 40
"""Cells of a model's name over a column; the whole name is its hint."""


def build_site(board: Board) -> dict[str, str]:
    """Return every page and download by its path below the site's root."""
    pages = _Pages()
    shared = {
        "board": board,
        "config": board.config,
        "columns": COLUMNS,
        "is_embedded": False,
        "ranked_by": _label(board.metric),
    }
    ranked = [entry for entry in board.entries if entry.standing is not None]
    index = {
        **shared,
        "root": "",
        "rows": table_rows(board),
        "n_ranked": len(ranked),
        "n_beaten": _n_beaten(ranked),
        "forest": _forest(board),
        "place_plot": _place_plot(board),
        "rankable": [
            column
            for column in COLUMNS
            if any(column.metric in entry.standings for entry in board.entries)
        ],
    }
    site = {
        "index.html": pages.render("index.html", **index),
        "embed.html": pages.render("index.html", **index | {"is_embedded": True}),
        "metrics.html": pages.render("metrics.html", root="", **shared),
        "papers.html": pages.render("papers.html", root="", **shared, **explorer(board)),
        **downloads(board),
    }
    for entry in board.entries:
        site[f"submissions/{entry.slug}.html"] = pages.render(
            "submission.html",
            root="../",
            entry=entry,
            **_submission(entry, board, board.config),
            **shared,
        )
    return site


def _label(metric: str) -> str:
    return next((column.label for column in COLUMNS if column.metric == metric), metric)


def _forest(board: Board) -> Markup:
    """Draw each scored model's value and interval on the metric of the places."""
    names = _names(board)
    results = {
        names[entry.slug]: entry.card.metrics.get(board.metric)
        for entry in board.entries
        if entry.card is not None
    }
    marks: dict[str, MetricResult | None] = {
        name: board.humans.baselines[name].get(board.metric)
        for name in ("constant", "length", "text")
        if name in board.humans.baselines
    }
    if board.metric not in OWN_RATING:
        marks["human"] = board.humans.metrics.get(board.metric)
    return forest_plot(results, marks, _label(board.metric))


def _place_plot(board: Board) -> Markup | None:
    """Draw the places with the places that the tests leave open; None without several models."""
    names = _names(board)
    ranked = [(names[entry.slug], entry.standing) for entry in board.entries if entry.standing]
    intervals = {name: s.interval for name, s in ranked if s.interval is not None}
    if len(intervals) < 2:
        return None
    return place_plot({name: s.place for name, s in ranked}, intervals, _label(board.metric))


def _names(board: Board) -> dict[str, str]:
    """Return the name of each entry in a chart by its slug; equal titles get the file's name."""
    titles = Counter(entry.title for entry in board.entries)
    return {
        entry.slug: entry.title
        if titles[entry.title] == 1
        else f"{entry.title} ({entry.submission.name})"
        for entry in board.entries
    }


class _Pages:
    """Templates with the style sheet, the script and the policy that allows only these two."""

    def __init__(self) -> None:
        self._environment = html_environment("cycleeval.leaderboard")
        self._environment.filters["breakable"] = breakable
        self._environment.filters["short"] = partial(without_middle, width=_LONGEST_HEADING)
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


def _n_beaten(ranked: Sequence[Entry]) -> int:
    """Return the number of entries that are shown to beat a constant."""
    cards = [entry.card for entry in ranked if entry.card is not None]
    return sum(beats_constant(card.metrics["skill_mse"]) for card in cards)


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One paper on a submission's page."""

    paper_id: str
    title: str
    """Title, or the id if the reference has none."""
    link: str | None
    human: str
    """The human ratings."""
    human_mean: str
    model: str
    """The model's ratings."""
    model_mean: str
    error: str
    """Model's mean minus the human mean."""
    error_value: str
    """Absolute error, for sorting."""
    decision: str
    """The venue's decision and the model's."""


def _submission(entry: Entry, board: Board, config: ScoringConfig) -> dict[str, object]:
    """Return what one submission's page shows in addition to its score card."""
    reference, predictions = board.reference, entry.submission.predictions
    papers: list[PaperRow] = []
    points: list[RatedPoint] = []
    missing: list[str] = []
    unreadable = {invalid.paper_id for invalid in entry.submission.unreadable}
    for paper_id, human, decision in zip(
        reference.paper_ids, reference.ratings, reference.decisions, strict=True
    ):
        prediction = predictions.get(paper_id)
        if prediction is None:
            if paper_id not in unreadable:
                missing.append(paper_id)
            continue
        if not human:
            continue
        model_mean, human_mean = fmean(prediction.ratings), fmean(human)
        points.append(RatedPoint(model_mean, human_mean, decision, reference.venues.get(paper_id)))
        papers.append(
            PaperRow(
                paper_id,
                reference.titles.get(paper_id, paper_id),
                reference.links.get(paper_id),
                human=_ratings(human),
                human_mean=f"{human_mean:.2f}",
                model=_ratings(prediction.ratings),
                model_mean=f"{model_mean:.2f}",
                error=f"{model_mean - human_mean:+.2f}".replace("-", "−"),
                error_value=f"{abs(model_mean - human_mean):.12g}",
                decision=f"{decision or 'unknown'} / {prediction.decision or 'none'}",
            )
        )
    papers.sort(key=lambda row: (-float(row.error_value), row.paper_id))
    given = [rating for row in predictions.values() for rating in row.ratings]
    humans = [rating for ratings in reference.ratings for rating in ratings]
    return {
        "papers": papers,
        "missing": missing,
        "invalid_lines": entry.submission.invalid_lines[:INVALID_LINES_SHOWN],
        "reliability": reliability_plot(points, config.rating_scale),
        "residuals": residual_plot(points, config.rating_scale),
        "errors": error_plot(points),
        "histogram": histogram(humans, given, scale=config.rating_scale),
        "baselines": _baselines_of(entry.card, board.humans),
        "shown": shown,
        "interval": interval,
    }


def _baselines_of(
    card: ScoreCard | None, humans: ScoreCard
) -> list[tuple[str, Mapping[str, MetricResult]]]:
    if card is None:
        return []
    names = {"human": "one human", "constant": "constant", "majority": "majority",
             "noise_floor": "noise floor"}  # fmt: skip
    found: list[tuple[str, Mapping[str, MetricResult]]] = []
    for name, label in names.items():
        results = card.baselines[name]
        if name == "human":
            results = {k: v for k, v in results.items() if k not in OWN_RATING}
        found.append((label, results))
    found += [
        (label.lower(), humans.baselines[name])
        for name, (label, _) in TRIVIAL.items()
        if name in humans.baselines
    ]
    return found


def _ratings(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
