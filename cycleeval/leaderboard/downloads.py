"""A leaderboard's table as files to download, and its papers across models."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from cycledata.files import canonical_json
from cycledata.templates import spreadsheet_text
from cycleeval.leaderboard.gather import Board, Entry, Standing
from cycleeval.result import MetricResult

MODELS_SHOWN = 8
"""Models with a column of their own on the page of papers; the download has all."""


def downloads(board: Board) -> dict[str, str]:
    """Return the files of the folder `data` by path."""
    return {
        "data/leaderboard.csv": _csv(_table(board)),
        "data/leaderboard.json": canonical_json(_json(board), indent=1) + "\n",
        "data/papers.csv": _csv(_papers(board)),
    }


@dataclass(frozen=True, slots=True)
class ExploredPaper:
    """One paper on the page of papers."""

    paper_id: str
    title: str
    """Title, or the id if the reference has none."""
    link: str | None
    human_mean: str
    human: str
    """The human ratings."""
    decision: str
    error: str
    """Mean absolute error of the models; `""` if no model has rated the paper."""
    models: tuple[str, ...]
    """Rating of each model that is shown; `""` if it has none."""


def explorer(board: Board) -> dict[str, object]:
    """Return the values of the page of papers: the papers that models find hardest come first."""
    entries = [entry for entry in board.entries if entry.card is not None]
    shown = entries[:MODELS_SHOWN]
    reference = board.reference
    papers = []
    for paper_id, human, decision in zip(
        reference.paper_ids, reference.ratings, reference.decisions, strict=True
    ):
        if not human:
            continue
        mean = fmean(human)
        errors = [abs(r - mean) for entry in entries if (r := _rating(entry, paper_id)) is not None]
        ratings = [_rating(entry, paper_id) for entry in shown]
        papers.append(
            ExploredPaper(
                paper_id,
                reference.titles.get(paper_id, paper_id),
                reference.links.get(paper_id),
                f"{mean:.2f}",
                ", ".join(f"{rating:g}" for rating in human),
                decision or "unknown",
                f"{fmean(errors):.2f}" if errors else "",
                tuple("" if rating is None else f"{rating:.2f}" for rating in ratings),
            )
        )
    papers.sort(key=lambda paper: (-float(paper.error or "-1"), paper.paper_id))
    return {"papers": papers, "models": shown, "n_models": len(entries)}


def _rating(entry: Entry, paper_id: str) -> float | None:
    prediction = entry.submission.predictions.get(paper_id)
    return None if prediction is None else fmean(prediction.ratings)


def _table(board: Board) -> Iterable[Sequence[object]]:
    yield (
        *("place", "name", "file", "organization", "date", "kind", "training_cutoff", "link"),
        *("n_papers", "n_scored", "n_unreadable", "n_missing", "n_filled"),
        *("metric", "value", "low", "high", "place_by_metric", "signature"),
    )
    for entry in board.entries:
        about, card = entry.about, entry.card
        place = None if entry.standing is None else entry.standing.place
        head = (place, entry.title, entry.submission.name, about.organization, about.date)
        head += (about.kind, about.training_cutoff, about.link)  # type: ignore[assignment]  # a longer tuple
        if card is None:
            yield (*head, *[None] * 11)
            continue
        counts = (card.n_papers, card.n_scored, card.n_unreadable, card.n_missing, entry.n_filled)
        for name, result in card.metrics.items():
            standing = entry.standings.get(name)
            place = None if standing is None else standing.place
            yield (*head, *counts, name, *_numbers(result), place, str(result.signature))


def _papers(board: Board) -> Iterable[Sequence[object]]:
    reference = board.reference
    entries = [entry for entry in board.entries if entry.card is not None]
    names = [entry.submission.name for entry in entries]
    yield ("paper_id", "title", "human_mean", "n_ratings", "decision", *names)
    for paper_id, human, decision in zip(
        reference.paper_ids, reference.ratings, reference.decisions, strict=True
    ):
        mean = fmean(human) if human else None
        title = reference.titles.get(paper_id)
        ratings = [_rating(entry, paper_id) for entry in entries]
        yield (paper_id, title, mean, len(human), decision, *ratings)


def _numbers(result: MetricResult) -> tuple[float | None, float | None, float | None]:
    return result.value, result.low, result.high


def _json(board: Board) -> dict[str, object]:
    return {
        "title": board.about.title,
        "reference": board.reference.digest,
        "ranked_by": board.metric,
        "n_compared": board.n_compared,
        "entries": [
            {
                "place": None if entry.standing is None else entry.standing.place,
                "places": _open_places(entry.standing),
                "places_by_metric": {
                    metric: {"place": standing.place, "places": _open_places(standing)}
                    for metric, standing in entry.standings.items()
                },
                "file": entry.submission.name,
                "about": entry.about.model_dump(mode="json", exclude_none=True),
                "why_unranked": entry.why_unranked,
                "scores": None if entry.card is None else entry.card.to_json(),
            }
            for entry in board.entries
        ],
        "humans": board.humans.to_json(),
    }


def _open_places(standing: Standing | None) -> list[int] | None:
    return None if standing is None or standing.interval is None else list(standing.interval)


def _csv(rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    """Return a value that a spreadsheet does not take for a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    return spreadsheet_text(value)
