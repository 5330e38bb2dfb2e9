"""A submission file -> predictions, and everything in it that could not be read.

JSON Lines, one object a paper, in the format of the contract. Strict: a line is read in full or set
aside with a rule and a reason; nothing is repaired, averaged in or dropped in silence.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from cycledata.files import strict_json
from cycledata.jsonl import InvalidLine
from cycleeval.scoring_config import ScoringConfig

ASPECTS = ("soundness", "presentation", "contribution")
MAX_LINE_BYTES = 8 << 20
"""A longer line is set aside unread: no set of reviews of one paper is that long."""
MAX_REVIEWERS = 64
"""Most simulated reviewers of one paper."""

DecisionLabel = Literal["accept", "reject"]
_OUT_OF_PLACE = frozenset({"unknown-paper", "other-split", "duplicate-paper"})
_CONFIDENCE_SCALE = (1.0, 5.0)
_MARKS = ("ratings", *ASPECTS, "confidence")
_FIELDS = frozenset({"paper_id", "decision", "text", *_MARKS})


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says about one paper."""

    paper_id: str
    """The reference's id of the paper."""
    ratings: tuple[float, ...]
    """Overall rating of each simulated reviewer, at least one."""
    decision: DecisionLabel | None = None
    """The model's own decision; None where it states none."""
    soundness: tuple[float, ...] | None = None
    """Soundness of each simulated reviewer; None where not given. Likewise below."""
    presentation: tuple[float, ...] | None = None
    contribution: tuple[float, ...] | None = None
    confidence: tuple[float, ...] | None = None

    def aspect(self, name: str) -> tuple[float, ...] | None:
        """Marks of one aspect, by name."""
        marks = {
            "soundness": self.soundness,
            "presentation": self.presentation,
            "contribution": self.contribution,
        }
        return marks[name]

    def reviewers(self) -> tuple[tuple[float, ...], ...]:
        """All marks of each simulated reviewer, to tell copies."""
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
    """One model's predictions, and what was set aside."""

    name: str
    """Name of the model or file."""
    predictions: Mapping[str, Prediction]
    """By paper id."""
    invalid_lines: tuple[InvalidLine, ...]
    """In the order of the file."""

    @property
    def unreadable(self) -> tuple[InvalidLine, ...]:
        """The lines that nobody can read, as opposed to readable ones out of place."""
        return tuple(invalid for invalid in self.invalid_lines if invalid.rule not in _OUT_OF_PLACE)

    def count(self, rule: str) -> int:
        """Number of invalid lines of one rule."""
        return Counter(invalid.rule for invalid in self.invalid_lines)[rule]


class _Refused(Exception):  # noqa: N818  control flow inside this file, not an error of the caller
    """A line that cannot be read."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail


def read_predictions(
    path: Path,
    *,
    known: Collection[str],
    elsewhere: Collection[str] = (),
    config: ScoringConfig | None = None,
) -> PredictionFile:
    """Read a predictions file.

    Args:
        path: the JSON Lines file.
        known: paper ids of the reference; a line about another paper is a invalid.
        elsewhere: paper ids of splits that are not judged now; lines about them are told apart.
        config: gives the scales; None for the default.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with path.open("rb") as stream:
        return parse_predictions(
            _lines(stream), name=path.stem, known=known, elsewhere=elsewhere, config=config
        )


def parse_predictions(
    lines: Iterable[bytes],
    *,
    name: str,
    known: Collection[str],
    elsewhere: Collection[str] = (),
    config: ScoringConfig | None = None,
) -> PredictionFile:
    """The same from lines of bytes; blank ones are passed over, a paper's first line counts."""
    rules = config or ScoringConfig()
    papers, others = frozenset(known), frozenset(elsewhere)
    predictions: dict[str, Prediction] = {}
    named: set[str] = set()
    invalid_lines: list[InvalidLine] = []
    for number, line in enumerate(lines, start=1):
        if len(line) <= MAX_LINE_BYTES and not line.strip():
            continue
        paper_id = None
        try:
            entry = _object(line)
            paper_id = _paper_id(entry)
            _require_place(paper_id, papers, others, named)
            named.add(paper_id)
            predictions[paper_id] = _prediction(paper_id, entry, rules)
        except _Refused as refused:
            invalid_lines.append(InvalidLine(number, refused.rule, refused.detail, paper_id))
    return PredictionFile(name, predictions, tuple(invalid_lines))


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines; one beyond the limit is cut just behind it, which makes it unreadable."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while not rest.endswith(b"\n") and (rest := stream.readline(MAX_LINE_BYTES)):
            pass
        yield line


def _object(line: bytes) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES:
        raise _Refused("line-too-long", f"expected at most {MAX_LINE_BYTES} bytes, found more")
    try:
        entry = strict_json(line)
    except ValueError as error:
        raise _Refused("not-json", f"expected a JSON object: {error}"[:200]) from error
    if not isinstance(entry, dict):
        raise _Refused("not-an-object", f"expected a JSON object, found {type(entry).__name__}")
    return entry


def _paper_id(entry: dict[str, object]) -> str:
    paper_id = entry.get("paper_id")
    if not isinstance(paper_id, str) or not paper_id:
        raise _Refused("no-paper-id", f"paper_id: expected a string, found {paper_id!r:.60}")
    return paper_id


def _require_place(
    paper_id: str, papers: frozenset[str], others: frozenset[str], named: set[str]
) -> None:
    if paper_id not in papers and paper_id in others:
        raise _Refused("other-split", "the paper is in a split that is not judged")
    if paper_id not in papers:
        raise _Refused("unknown-paper", "the reference has no such paper")
    if paper_id in named:
        raise _Refused("duplicate-paper", "an earlier line is about the same paper")


def _prediction(paper_id: str, entry: dict[str, object], rules: ScoringConfig) -> Prediction:
    if unknown := sorted(entry.keys() - _FIELDS):
        raise _Refused("unknown-field", f"expected {sorted(_FIELDS)}, found {unknown[:5]!r:.120}")
    decision = entry.get("decision")
    if decision not in (None, "accept", "reject"):
        raise _Refused(
            "not-a-decision", f"expected 'accept', 'reject' or null, found {decision!r:.60}"
        )
    text = entry.get("text")
    if not (text is None or isinstance(text, str)):
        raise _Refused("unreadable-text", f"text: expected a string, found {text!r:.60}")
    marks = {name: _marks(name, entry.get(name), rules) for name in _MARKS}
    ratings = marks["ratings"]
    if ratings is None:
        if text is None:
            raise _Refused("no-ratings", "expected ratings, or a text to read them from")
        return _prediction_of_text(paper_id, text, rules)
    for name, values in marks.items():
        if values is not None and len(values) != len(ratings):
            raise _Refused("uneven-marks", f"{name}: {len(values)} marks, {len(ratings)} ratings")
    return Prediction(
        paper_id,
        ratings,
        decision,
        **{name: marks[name] for name in (*ASPECTS, "confidence")},
    )


def _marks(name: str, values: object, rules: ScoringConfig) -> tuple[float, ...] | None:
    if values is None:
        return None
    if not isinstance(values, list):
        raise _Refused("not-a-list", f"{name}: expected a list of numbers, found {values!r:.60}")
    if not 1 <= len(values) <= MAX_REVIEWERS:
        rule = "no-ratings" if not values else "too-many-reviewers"
        raise _Refused(rule, f"{name}: expected 1 to {MAX_REVIEWERS} numbers, found {len(values)}")
    low, high = _scale(name, rules)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _Refused("not-a-number", f"{name}: expected numbers, found {value!r:.60}")
        if not low <= value <= high:
            raise _Refused(
                "out-of-scale", f"{name}: expected {low:g} to {high:g}, found {value!r:.60}"
            )
    return tuple(float(value) for value in values)


def _scale(name: str, rules: ScoringConfig) -> tuple[float, float]:
    if name == "confidence":
        return _CONFIDENCE_SCALE
    return rules.scale if name == "ratings" else rules.aspect_scale


def _prediction_of_text(paper_id: str, text: str, rules: ScoringConfig) -> Prediction:
    from cycledata.formats.review_text import parse_reviews
    from cycledata.formats.unreadable import Unreadable

    read = parse_reviews(text)
    if isinstance(read, Unreadable):
        raise _Refused("unreadable-text", f"{read.where}: {read.why}"[:300])
    marks: dict[str, tuple[float, ...] | None] = {}
    for name in ("rating", *ASPECTS, "confidence"):
        values = [getattr(review, name) for review in read.reviews]
        marks[name] = (
            None
            if None in values
            else _marks(name if name != "rating" else "ratings", values, rules)
        )
    ratings = marks.pop("rating")
    if ratings is None:
        missing = next(review.reviewer for review in read.reviews if review.rating is None)
        raise _Refused("unreadable-text", f"reviewer {missing} gives no rating")
    kind = None if read.decision is None else read.decision.kind
    return Prediction(paper_id, ratings, None if kind == "withdrawn" else kind, **marks)
