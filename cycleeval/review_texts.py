"""Words of reviews: of people from a reference, of models from a predictions file.

A line of a predictions file gives words in one of three forms: ``text``, a reviewer model's raw
output; ``reviews``, a list of texts or of objects with ``weaknesses`` and ``questions``; or these
two fields by themselves. A list of strings counts as one item per line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.formats.review_text import parse_reviews
from cycledata.formats.unreadable import Unreadable
from cycledata.jsonl import InvalidLine, read_jsonl

MAX_REVIEWERS = 64
"""Most reviews of one line; further ones are left out."""


@dataclass(frozen=True, slots=True)
class ReviewWords:
    """The words of one review."""

    weaknesses: str
    """Weaknesses, or the whole review if it has no fields."""
    questions: str = ""
    """Questions to the authors, or empty."""
    other: str = ""
    """Summary and strengths, or empty."""

    @property
    def criticism(self) -> str:
        """Weaknesses and questions."""
        return f"{self.weaknesses}\n\n{self.questions}".strip()

    @property
    def everything(self) -> str:
        """All words, in the order of a review form."""
        return f"{self.other}\n\n{self.criticism}".strip()


@dataclass(frozen=True, slots=True)
class ReviewTexts:
    """The reviews of a predictions file."""

    name: str
    """Name of the file."""
    reviews: Mapping[str, tuple[ReviewWords, ...]]
    """By paper id; papers without words are left out."""
    unreadable: tuple[InvalidLine, ...]
    """Lines without words, or with words that cannot be read."""


def read_review_texts(path: Path) -> ReviewTexts:
    """Read the words of a predictions file in JSON Lines.

    A second line about a paper is left out, as in scoring.

    Raises:
        ParseError: the file cannot be opened.
    """
    found: dict[str, tuple[ReviewWords, ...]] = {}
    unreadable: list[InvalidLine] = []
    for number, line in enumerate(read_jsonl(path, on_error=unreadable.append), start=1):
        paper_id = line.get("paper_id")
        if not isinstance(paper_id, str) or paper_id in found:
            rule = "duplicate-paper" if isinstance(paper_id, str) else "no-paper-id"
            detail = "expected one line per paper id"
            unreadable.append(InvalidLine(number, rule, detail, None))
            continue
        words = words_of(line)
        if isinstance(words, Unreadable):
            detail = f"{words.where}: {words.why}"
            unreadable.append(InvalidLine(number, "unreadable-text", detail, paper_id))
        else:
            found[paper_id] = words
    return ReviewTexts(path.name.removesuffix(".jsonl"), found, tuple(unreadable))


def words_of(line: Mapping[str, Any]) -> tuple[ReviewWords, ...] | Unreadable:
    """Return the reviews of one line, or why it has none."""
    given = line.get("reviews")
    if given is not None:
        words = tuple(listed_reviews(given))[:MAX_REVIEWERS]
    elif line.get("weaknesses") is not None or line.get("questions") is not None:
        words = tuple(listed_reviews([dict(line)]))
    elif isinstance(line.get("text"), str):
        parsed = parse_reviews(line["text"])
        if isinstance(parsed, Unreadable):
            return parsed
        words = tuple(
            ReviewWords(r.weaknesses, r.questions, f"{r.summary}\n\n{r.strengths}".strip())
            for r in parsed.reviews
        )
    else:
        words = ()
    words = tuple(review for review in words if review.everything)
    return words or Unreadable("the line", "expected review words, found none")


def listed_reviews(value: object) -> Iterator[ReviewWords]:
    """Yield the reviews of a list of texts or of objects with the fields of a review form."""
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, str) and entry.strip():
            yield ReviewWords(entry)
        elif isinstance(entry, dict):
            other = (first_text(entry, (name,)) for name in ("summary", "strengths"))
            yield ReviewWords(
                first_text(entry, ("weaknesses",)),
                first_text(entry, ("questions",)),
                "\n\n".join(other).strip(),
            )


def first_text(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the first text among some fields; the items of a list become lines of their own."""
    for name in names:
        value = row.get(name)
        if isinstance(value, list):
            value = "\n".join(f"- {item}" for item in value if isinstance(item, str))
        if isinstance(value, str) and value.strip():
            return value
    return ""
