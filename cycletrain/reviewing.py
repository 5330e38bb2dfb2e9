"""Papers in, reviews out as predictions that ``cycleeval score`` reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.formats.review_messages import paper_as_text
from cycledata.formats.review_text import ReviewText
from cycledata.load import MANIFEST, iterate_rows, verify_build
from cycledata.records import Message, PaperText, Record
from cycletrain.generation import Generator
from cycletrain.jobs.reward import ratings_of, review_chat, review_papers
from cycletrain.jobs.rollout import Answered, Asking

DEFAULT_REVIEWERS = 4
_MAX_BYTES = 20_000_000
"""Longer files are no papers."""


class Prediction(Record):
    """One paper's reviews; a submission to ``cycleeval`` is one of these a line."""

    paper_id: str
    ratings: tuple[int, ...] | None = None
    """Of each simulated reviewer; None where the text could not be read."""
    decision: Literal["accept", "reject"] | None = None
    """None where the text has none."""
    soundness: tuple[int, ...] | None = None
    """One a reviewer; None where a reviewer left it out. Likewise below."""
    presentation: tuple[int, ...] | None = None
    contribution: tuple[int, ...] | None = None
    confidence: tuple[int, ...] | None = None
    text: str
    """The model's own words."""


def read_papers(
    paths: Sequence[Path], *, split: str, n_reviewers: int | None
) -> dict[str, tuple[Message, ...]]:
    """What the reviewer is asked about each paper, by id, from files and builds.

    Args:
        paths: LaTeX, Markdown or plain text (the id is the file's name), JSON Lines as
            ``cycledata parse`` prints them (the id is ``file``), or a Review-5k build.
        split: of a build.
        n_reviewers: reviewers asked for; None asks for as many as a build's paper had, and for
            ``DEFAULT_REVIEWERS`` elsewhere.

    Raises:
        ParseError: a file that is no paper, or an id that appears twice.
    """
    chats: dict[str, tuple[Message, ...]] = {}
    for path in paths:
        for paper_id, asked in _papers_of(path, split):
            if paper_id in chats:
                raise ParseError("paper", f"{paper_id}: expected once, found twice; rename one")
            own = n_reviewers is None and len(asked) == 2
            n = DEFAULT_REVIEWERS if n_reviewers is None else n_reviewers
            chats[paper_id] = asked if own else review_chat(asked[-1].content, n_reviewers=n)
    return chats


def _papers_of(path: Path, split: str) -> Iterator[tuple[str, tuple[Message, ...]]]:
    """Id and text of each paper, after the system turn that a build has for it."""
    if (path / MANIFEST).is_file():
        verify_build(path)
        for row in iterate_rows(path, "default", split, ["paper_id", "messages"]):
            turns = [Message.model_validate(message) for message in row["messages"][:2]]
            yield row["paper_id"], tuple(turns)
        return
    for paper_id, text in _texts_of(path):
        yield paper_id, (Message(role="user", content=text),)


def _texts_of(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        raise ParseError(
            "paper", f"{path}: expected a build or a file of at most {_MAX_BYTES} bytes"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(
            "paper", f"{path}: no UTF-8 text; run `cycledata parse {path.name}` and give its output"
        ) from error
    if path.suffix != ".jsonl":
        yield path.name, text
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                paper = PaperText.model_validate_json(line)
            except ValidationError as error:
                raise ParseError("paper", f"{path.name}:{number}: {_why(line, error)}") from error
            yield paper.file, paper_as_text(paper)


def _why(line: str, error: ValidationError) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return "no JSON"
    if isinstance(found, dict) and "error" in found:
        return f"`cycledata parse` could not read this one: {found['error']}"
    return f"no object of `cycledata parse`: {error.errors()[0]['loc']}"


def predict(
    generator: Generator, chats: Mapping[str, tuple[Message, ...]], *, asking: Asking
) -> list[Prediction]:
    """Review papers; what cannot be read has no ratings but keeps its text."""
    answers = review_papers(generator, chats, asking=asking)
    return [_prediction(paper_id, answer) for paper_id, answer in answers.items()]


def _prediction(paper_id: str, answer: Answered[ReviewText]) -> Prediction:
    if not isinstance(answer.value, ReviewText):
        return Prediction(paper_id=paper_id, text=answer.text)
    # A reviewer without a rating has no place in lists that are read side by side.
    reviews = [review for review in answer.value.reviews if review.rating is not None]
    decision = answer.value.decision
    aspects: dict[str, Any] = {}
    for name in ("soundness", "presentation", "contribution", "confidence"):
        marks = [getattr(review, name) for review in reviews]
        aspects[name] = None if None in marks else marks
    kind = None if decision is None else decision.kind
    return Prediction(
        paper_id=paper_id,
        ratings=ratings_of(answer.value),
        decision="reject" if kind == "withdrawn" else kind,
        text=answer.text,
        **aspects,
    )


def as_line(prediction: Prediction) -> str:
    """One line of a submission; what is absent is left out."""
    return prediction.model_dump_json(exclude_none=True)
