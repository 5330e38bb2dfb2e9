"""Predictions of one model: files and review texts -> `Prediction`, or the reason why not.

A line is read in full or becomes an `InvalidLine` with a rule and a reason; nothing is repaired,
averaged or dropped silently. `prediction_of` is the only way from a review text to a prediction:
``cycleeval score``, ``cycletrain review`` and the reward use it.
"""

import gzip
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from cycledata.jsonl import InvalidLine
from cycleeval.inputs import DecisionLabel, decision_label
from cycleeval.prediction_lines import (
    ASPECTS,
    MAX_LINE_BYTES,
    RATING_FIELDS,
    Entries,
    InvalidEntryError,
    json_lines,
    model_name,
    open_plain,
    rating_list,
    read_entries,
)
from cycleeval.scoring_config import ScoringConfig

if TYPE_CHECKING:
    from cycledata.formats.review_text import ReviewText
    from cycledata.formats.unreadable import Unreadable
    from cycledata.records import Review

EXAMPLE_LINE = '{"paper_id": "...", "ratings": [5, 6, 8], "decision": "accept"}'

_ELSEWHERE = frozenset({"unknown-paper", "other-split", "duplicate-paper"})
_WORDS = ("reviews", "weaknesses", "questions")  # read by `cycleeval text` and `robustness`
_FIELDS = frozenset({"paper_id", "decision", "text", "rating", *RATING_FIELDS, *_WORDS})
_LINES_QUOTED = 3
_MEAN_ROUNDING = 0.051
"""Most that a mean of the ratings of a text differs from one written with one decimal."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's ratings and decision for one paper."""

    paper_id: str
    """Id of the paper in the human ratings."""
    ratings: tuple[float, ...]
    """Overall rating of each simulated reviewer, at least one."""
    decision: DecisionLabel | None = None
    """The model's own decision; None if it states none."""
    soundness: tuple[float, ...] | None = None
    """Soundness of each simulated reviewer; None if not given for every reviewer."""
    presentation: tuple[float, ...] | None = None
    """Presentation, in the same form."""
    contribution: tuple[float, ...] | None = None
    """Contribution, in the same form."""
    confidence: tuple[float, ...] | None = None
    """Confidence, in the same form."""

    def aspect(self, name: str) -> tuple[float, ...] | None:
        """Return the ratings of one aspect, by name."""
        ratings = {
            "soundness": self.soundness,
            "presentation": self.presentation,
            "contribution": self.contribution,
        }
        return ratings[name]

    def reviewers(self) -> tuple[tuple[float, ...], ...]:
        """Return all ratings of each simulated reviewer, to find duplicates."""
        columns = (
            self.ratings,
            self.soundness,
            self.presentation,
            self.contribution,
            self.confidence,
        )
        return tuple(zip(*(column for column in columns if column is not None), strict=True))


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """One model's predictions and the lines that gave none."""

    name: str
    """Name of the model or file."""
    predictions: Mapping[str, Prediction]
    """By paper id."""
    invalid_lines: tuple[InvalidLine, ...]
    """Lines without a prediction, in the order of the file."""
    ignored_fields: Mapping[str, int] = field(default_factory=dict)
    """Unknown fields or columns, with the number of lines that have them."""

    @property
    def unreadable(self) -> tuple[InvalidLine, ...]:
        """Lines that could not be read, without readable lines about other papers."""
        return tuple(line for line in self.invalid_lines if line.rule not in _ELSEWHERE)

    def count(self, rule: str) -> int:
        """Return the number of invalid lines of one rule."""
        return Counter(line.rule for line in self.invalid_lines)[rule]

    def problems(self) -> str:
        """Return the invalid lines by rule and the first three of them, in one line of text."""
        if not self.invalid_lines:
            return "no predictions were given" if not self.predictions else "no invalid lines"
        rules = Counter(line.rule for line in self.invalid_lines)
        counts = ", ".join(f"{n} {rule}" for rule, n in sorted(rules.items()))
        quoted = "; ".join(
            f"line {line.line}: {line.detail}" for line in self.invalid_lines[:_LINES_QUOTED]
        )
        ignored = ", ".join(sorted(self.ignored_fields))
        return f"{counts}; {quoted}" + (f"; ignored fields: {ignored}" if ignored else "")


def prediction_of(reviews: "ReviewText", *, paper_id: str = "") -> "Prediction | Unreadable":
    """Return the prediction that a parsed review text makes, or why it makes none.

    The ratings and the decision are those of the text. A reviewer without a rating makes the text
    unreadable: the mean of the others is not what the text says. An aspect counts only if every
    reviewer rated it. A decision of "withdrawn" is a rejection: the paper is not accepted.

    Args:
        reviews: a text read by `cycledata.formats.review_text.parse_reviews`.
        paper_id: id of the paper in the human ratings.
    """
    ratings = _ratings_of(reviews, "rating")
    if ratings is None:
        return _without_rating(next(r for r in reviews.reviews if r.rating is None))
    kind = None if reviews.decision is None else reviews.decision.kind
    return Prediction(
        paper_id,
        ratings,
        "reject" if kind == "withdrawn" else kind,
        **{name: _ratings_of(reviews, name) for name in (*ASPECTS, "confidence")},
    )


def _without_rating(review: "Review") -> "Unreadable":
    """Return why a text with this review is unreadable: it has no rating, or none that was read."""
    from cycledata.formats.line_markup import rating_like
    from cycledata.formats.unreadable import Unreadable

    where = f"reviewer {review.reviewer.removeprefix('R')}, ### Rating"
    words = (review.summary, review.strengths, review.weaknesses, review.questions)
    line = next(filter(None, map(rating_like, words)), None)
    if line is not None:
        return Unreadable(where, f"expected a rating, found a line that looks like one: {line!r}")
    return Unreadable(where, "expected a rating, found none", is_silent=True)


def prediction_of_text(
    text: str,
    *,
    paper_id: str = "",
    scale: tuple[float, float] | None = None,
    others: Mapping[str, tuple[float, float]] | None = None,
) -> "Prediction | Unreadable":
    """Return the prediction of a reviewer model's raw output, or why there is none.

    Args:
        text: the output.
        paper_id: id of the paper.
        scale: lowest and highest rating; None to read ratings from 0 to 10.
        others: lowest and highest aspect ratings and confidence by name; 1 to 4 and 1 to 5 where
            missing.
    """
    from cycledata.formats.rating_scales import number_of
    from cycledata.formats.review_text import parse_reviews
    from cycledata.formats.unreadable import Unreadable
    from cycledata.records import RatingScale

    values = () if scale is None else tuple(number_of(str(value)) for value in scale)
    known = RatingScale(name="given", values=values, accept_threshold=None) if values else None
    reviews = parse_reviews(text, scale=known, limits=others)
    if isinstance(reviews, Unreadable):
        return reviews
    return prediction_of(reviews, paper_id=paper_id)


def _ratings_of(reviews: "ReviewText", name: str) -> tuple[float, ...] | None:
    values = [getattr(review, name) for review in reviews.reviews]
    return None if None in values else tuple(float(value) for value in values)


def read_predictions(
    path: Path,
    *,
    known: Collection[str],
    elsewhere: Collection[str] = (),
    config: ScoringConfig | None = None,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> PredictionFile:
    """Read a predictions file: JSON Lines, JSON, or CSV; each of them may be gzipped.

    Args:
        path: the file. JSON is a list of predictions, a mapping from paper id to prediction, or an
            object with one list of predictions. A CSV has a header; lists are written ``5;6;8`` or
            ``[5, 6, 8]``.
        known: paper ids of the human ratings; a line about another paper is invalid.
        elsewhere: paper ids of splits that are not scored; lines about them get their own rule.
        config: gives the rating scales; None for the default.
        max_line_bytes: a longer line is invalid.

    Raises:
        OSError: the file cannot be opened or read.
        ParseError: a damaged gzip file, or a CSV without a column ``paper_id``.
    """
    from cycledata.errors import ParseError

    name = model_name(path)
    try:
        with open_plain(path) as stream:
            entries = read_entries(stream, path, max_line_bytes)
            return _collect(entries, name=name, known=known, elsewhere=elsewhere, config=config)
    except (EOFError, gzip.BadGzipFile) as error:
        raise ParseError(
            "unreadable-file", f"{path}: expected a whole gzip file: {error}"
        ) from error


def parse_predictions(
    lines: Iterable[bytes],
    *,
    name: str,
    known: Collection[str],
    elsewhere: Collection[str] = (),
    config: ScoringConfig | None = None,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> PredictionFile:
    """Return the same from lines of JSON; blank lines are ignored, the first line per paper counts.

    Args:
        lines: JSON Lines as bytes.
        name: name of the model or file.
        known: paper ids of the human ratings.
        elsewhere: paper ids of splits that are not scored.
        config: gives the rating scales; None for the default.
        max_line_bytes: a longer line is invalid.
    """
    entries = json_lines(lines, max_line_bytes)
    return _collect(entries, name=name, known=known, elsewhere=elsewhere, config=config)


def _collect(
    entries: Entries,
    *,
    name: str,
    known: Collection[str],
    elsewhere: Collection[str],
    config: ScoringConfig | None,
) -> PredictionFile:
    options = config or ScoringConfig()
    papers, others = frozenset(known), frozenset(elsewhere)
    predictions: dict[str, Prediction] = {}
    seen: set[str] = set()
    invalid: list[InvalidLine] = []
    ignored: Counter[str] = Counter()
    for number, entry in entries:
        paper_id = None
        try:
            if isinstance(entry, InvalidEntryError):
                paper_id = entry.paper_id if entry.paper_id in papers - seen else None
                seen.update({paper_id} if paper_id is not None else ())
                raise entry
            ignored.update(key[:60] for key in entry.keys() - _FIELDS)
            paper_id = _paper_id(entry)
            _require_place(paper_id, papers, others, seen)
            seen.add(paper_id)
            predictions[paper_id] = _prediction(paper_id, entry, options)
        except InvalidEntryError as problem:
            invalid.append(InvalidLine(number, problem.rule, problem.detail, paper_id))
    return PredictionFile(name, predictions, tuple(invalid), dict(sorted(ignored.items())))


def _paper_id(entry: dict[str, object]) -> str:
    paper_id = entry.get("paper_id")
    if not isinstance(paper_id, str) or not paper_id:
        raise InvalidEntryError(
            "no-paper-id",
            f"paper_id: expected a string, found {paper_id!r:.60}; fields: {sorted(entry)!r:.120}",
        )
    return paper_id


def _require_place(
    paper_id: str, papers: frozenset[str], others: frozenset[str], seen: set[str]
) -> None:
    if paper_id not in papers and paper_id in others:
        raise InvalidEntryError("other-split", f"{paper_id!r:.60} is in a split that is not scored")
    if paper_id not in papers:
        raise InvalidEntryError("unknown-paper", f"{paper_id!r:.60} is not in the human ratings")
    if paper_id in seen:
        raise InvalidEntryError("duplicate-paper", f"an earlier line is about {paper_id!r:.60}")


def _prediction(paper_id: str, entry: dict[str, object], config: ScoringConfig) -> Prediction:
    try:
        decision = decision_label(entry.get("decision"))
    except ValueError as error:
        raise InvalidEntryError("not-a-decision", str(error)) from error
    text = entry.get("text")
    if not (text is None or isinstance(text, str)):
        raise InvalidEntryError("unreadable-text", f"text: expected a string, found {text!r:.60}")
    if entry.get("rating") is not None and entry.get("ratings") is not None:
        raise InvalidEntryError("uneven-marks", "expected `rating` or `ratings`, found both")
    entry = {**entry, "ratings": entry.get("ratings", entry.get("rating"))}
    found = {
        name: rating_list(name, entry.get(name), _scale(name, config)) for name in RATING_FIELDS
    }
    ratings = found["ratings"]
    said = None if text is None else _from_text(paper_id, text, config, strict=ratings is None)
    if said is not None:
        _require_same(found, decision, said)
        decision = said.decision if decision is None else decision
        if ratings is None:
            return replace(said, decision=decision)
    if ratings is None:
        raise InvalidEntryError(
            "no-ratings", f"expected e.g. {EXAMPLE_LINE}, or a text with ratings"
        )
    for name, values in found.items():
        if values is not None and len(values) != len(ratings):
            raise InvalidEntryError(
                "uneven-marks",
                f"{name}: expected one value per rating, {len(ratings)}; found {len(values)}",
            )
    return Prediction(
        paper_id, ratings, decision, **{name: found[name] for name in (*ASPECTS, "confidence")}
    )


def _require_same(
    found: Mapping[str, tuple[float, ...] | None], decision: DecisionLabel | None, said: Prediction
) -> None:
    """Refuse fields that contradict the text; one number may be the mean of the text's."""
    for name, values in found.items():
        theirs = getattr(said, name)
        if values is None or theirs is None or sorted(values) == sorted(theirs):
            continue
        if len(values) == 1 and abs(values[0] - fmean(theirs)) < _MEAN_ROUNDING:
            continue
        shown = [f"[{', '.join(f'{value:g}' for value in each)}]" for each in (values, theirs)]
        raise InvalidEntryError(
            "contradicts-text", f"{name}: found {shown[0]}, but {shown[1]} in the text"
        )
    if decision is not None and said.decision not in (None, decision):
        raise InvalidEntryError(
            "contradicts-text", f"decision: found {decision}, but {said.decision} in the text"
        )


def _scale(name: str, config: ScoringConfig) -> tuple[float, float]:
    if name == "confidence":
        return config.confidence_limits
    return config.rating_scale if name == "ratings" else config.aspect_limits


def _from_text(
    paper_id: str, text: str, config: ScoringConfig, *, strict: bool
) -> Prediction | None:
    """Return what the text states; None for one that states no rating, unless that is strict."""
    from cycledata.formats.unreadable import Unreadable

    others = dict.fromkeys(ASPECTS, config.aspect_limits)
    others["confidence"] = config.confidence_limits
    prediction = prediction_of_text(text, paper_id=paper_id, scale=config.scale, others=others)
    if isinstance(prediction, Unreadable):
        if prediction.is_silent and not strict:
            return None
        reason = f"{prediction.where}: {prediction.why}"[:300]
        if not strict:
            reason += "; leave the text out if `ratings` are the source"
        otherwise = prediction_of_text(text)
        if isinstance(otherwise, Unreadable):
            raise InvalidEntryError("unreadable-text", reason)
        # Readable, but with a rating or a denominator that this scale does not have.
        raise InvalidEntryError("out-of-scale", reason)
    for name in RATING_FIELDS:
        values = getattr(prediction, name)
        rating_list(name, None if values is None else list(values), _scale(name, config))
    return prediction
