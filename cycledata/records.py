"""Records that are written to disk or sent over a network, and the results of stages.

All are frozen pydantic models with ``extra="forbid"``: unknown fields are errors. Absent values are
``None``; the field's docstring says when. A change of a field also changes ``SCHEMA_VERSION``, the
golden files and the card.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SCHEMA_VERSION = 2
"""Version of all records below. Builds and snapshots with a newer version are refused."""


class Record(BaseModel):
    """Base of all records: frozen, equal by value, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class ValidationProblem:
    """First problem that pydantic found in a value; `str()` gives one line."""

    where: str
    """Path of the field, e.g. `"ratings.2"`; empty for the value itself."""
    detail: str
    """What was expected and what was found."""

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}" if self.where else self.detail


def first_problem(error: ValidationError) -> ValidationProblem:
    """Return the first problem of a failed validation."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    found = first["input"]
    if first["type"] == "missing" and isinstance(found, dict):
        return ValidationProblem(where, f"{first['msg']}, found only {', '.join(found)[:200]}")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error" and isinstance(found, dict):
        return ValidationProblem(where, message)  # our own messages name what was found
    return ValidationProblem(where, f"{message}, found {str(found)[:60]!r}")


@dataclass(frozen=True, slots=True)
class Dropped:
    """Result of a stage that leaves a record out."""

    paper_id: str
    """OpenReview forum id, or the paper's id in the list that names it."""
    rule: str
    """Short, stable name of the rule, e.g. ``"too-few-reviews"``."""
    detail: str
    """What was expected and what was found."""
    stage: str
    """Stage, e.g. ``"parse"``, ``"filter"``, ``"split"``; ``"notes"`` if the paper is kept and only
    one of its notes is dropped."""


Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(allow_inf_nan=False)]
"""Number on a form's scale: an integer if it is whole, else a float such as 2.5."""


class RatingScale(Record):
    """The values that a venue's form offers for its overall rating."""

    name: str
    """Stable name, e.g. ``"iclr-2022-2025-rating"``, or the venue id."""
    values: tuple[Number, ...]
    """Every value on the form, ascending."""
    words: tuple[str, ...] = ()
    """Short wording of each value, ``""`` where it has none; empty where the form has no words."""
    accept_threshold: float | None
    """Lowest value whose wording recommends acceptance, e.g. 6 for ICLR 2024; None if no wording
    does."""

    @model_validator(mode="after")
    def _one_wording_per_value(self) -> Self:
        if self.words and len(self.words) != len(self.values):
            raise ValueError(f"{len(self.values)} values have {len(self.words)} wordings")
        return self


class ReviewField(Record):
    """One field of a review form that has no column of its own."""

    name: str
    """Field name on the form, e.g. ``"limitations"``."""
    text: str | None
    """Answer as text; None if it is only a number."""
    value: Number | None
    """Number at the start of the answer; None for free text."""


class Review(Record):
    """One reviewer's report on one submission. Texts are ``""`` if the form has no such field."""

    reviewer: str
    """Pseudonym within this paper, ``"R1"`` upwards; unrelated to those of other papers."""
    summary: str
    """Summary of the paper."""
    strengths: str
    """Strengths; the text of both if the form has one field for strengths and weaknesses."""
    weaknesses: str
    """Weaknesses; ``""`` if the form has one field for both."""
    questions: str
    """Questions to the authors."""
    soundness: Number | None
    """Soundness on the form's scale, usually 1 (poor) to 4 (excellent); None if missing."""
    presentation: Number | None
    """Presentation, usually 1 to 4; None if missing."""
    contribution: Number | None
    """Contribution, usually 1 to 4; None if missing."""
    rating: Number | None
    """Overall rating, a value of the submission's ``rating_scale``; None if missing."""
    confidence: Number | None
    """The reviewer's confidence, usually 1 to 5; None if missing."""
    ethics_flag: str | None = None
    """Answer to "flag for ethics review", several answers joined by "; "; None if the form has
    no such field."""
    fields: tuple[ReviewField, ...] = ()
    """All other answered fields, in the form's order."""


class MetaReview(Record):
    """Area chair's synthesis of the reviews."""

    text: str
    """Text of the meta-review."""
    why_not_higher: str | None
    """Answer to "justification for why not higher score"; None if the form has no such field."""
    why_not_lower: str | None
    """Answer to "justification for why not lower score"; None if the form has no such field."""


class Decision(Record):
    """Decision of the venue."""

    kind: Literal["accept", "reject", "withdrawn"]
    """``withdrawn`` means withdrawn by the authors; a desk rejection is ``reject``."""
    text: str
    """The venue's wording, e.g. ``"Accept (poster)"``."""


class Section(Record):
    """One section of a paper, without its subsections."""

    level: Annotated[int, Field(ge=1, le=6)]
    """1 for a section, 2 for a subsection, 3 for a subsubsection, 4 for a paragraph."""
    title: str
    """Heading as printed; ``""`` for text before the first heading."""
    text: str
    """Text up to the next heading of any level, as LaTeX or Markdown like the source."""
    starred: bool = False
    """True if the heading is unnumbered in the source."""
    appendix: bool = False
    """True if the section comes after \\appendix."""


class BibEntry(Record):
    """One entry of a paper's bibliography."""

    key: str
    """Citation key."""
    title: str | None
    """Title as printed; None if the entry has none or it was not found."""
    year: int | None
    """Year; None if missing or unreadable."""
    arxiv_id: str | None
    """arXiv id without version; None if the entry has none."""
    doi: str | None
    """DOI in lower case; None if the entry has none."""
    bibtex: str
    """The entry as BibTeX: copied from a .bib, or an @misc entry made from a .bbl's text."""


class Figure(Record):
    """Figure included by the text; the image is not stored."""

    label: str | None
    """Argument of \\label; None if there is none."""
    caption: str
    """Caption as LaTeX or text."""
    files: tuple[str, ...]
    """Paths given to \\includegraphics and similar commands, in order."""


class Leak(Record):
    """Span of text that reveals the decision or an author."""

    rule: str
    """Name of the rule, e.g. ``"camera-ready-header"``, ``"author-block"``."""
    file: str
    """File of the archive, or ``"pdf"``."""
    start: int
    """Offset of the first character in the file's decoded text."""
    end: int
    """Offset after the last character."""
    excerpt: str
    """First characters of the span, for local reports; never published."""


class ParseWarning(Record):
    """Problem that did not stop the parsing of a paper: something guessed or missing."""

    rule: str
    """Name of the rule, e.g. ``"missing-input"``."""
    detail: str
    """What was expected and what was found."""


class PaperText(Record):
    """Text of one e-print or PDF, cleaned and sectioned; the output of ``cycledata parse``."""

    file: str
    """Name of the input file."""
    main_file: str
    """File of the archive that is compiled; equals ``file`` if the input is not an archive."""
    title: str
    """Title as printed; ``""`` with a warning if none was found."""
    abstract: str
    """Abstract; ``""`` with a warning if none was found."""
    sections: tuple[Section, ...]
    """In order, without references and acknowledgments."""
    cited_keys: tuple[str, ...]
    """Citation keys in order of first citation."""
    bibliography: tuple[BibEntry, ...]
    """Entries in the order of the bibliography."""
    figures: tuple[Figure, ...]
    """In order of appearance."""
    leaks: tuple[Leak, ...]
    """Spans that were found and removed."""
    warnings: tuple[ParseWarning, ...]
    """What was guessed or missing."""
    text_source: Literal["arxiv-latex", "pdf-markdown"]
    """Kind of source."""
    text_version: str
    """Parser or converter and version: ``"cyclekit-latex/4"``, ``"pypdfium2/5.15.2+3"``."""


class Reference(Record):
    """Cited work, with its Semantic Scholar record if one matched."""

    key: str
    """Citation key in the citing paper."""
    paper_id: str | None
    """Semantic Scholar id; None if no record matched."""
    title: str | None
    """Title of the matched record, else of the entry; None if neither has one."""
    abstract: str | None
    """Abstract; None if unknown or withheld."""
    year: int | None
    """Year; None if unknown."""
    bibtex: str
    """The entry as BibTeX."""


class SetupItem(Record):
    """Planned experiment."""

    name: str
    """Short name."""
    description: str
    """Method, data and baselines."""


class ResultItem(Record):
    """Result of one experiment."""

    name: str
    """Short name, as in the setup."""
    description: str
    """Result in words."""
    table: str | None = None
    """LaTeX of its table; None if it has none."""
    image: str | None = None
    """Description of its figure; None if it has none."""


class Outline(Record):
    """Plan of a paper (CycleResearcher, Figure 1 and Section 2.2)."""

    motivation: str
    main_idea: str
    interestingness: Annotated[int, Field(ge=1, le=10)]
    feasibility: Annotated[int, Field(ge=1, le=10)]
    novelty: Annotated[int, Field(ge=1, le=10)]
    experimental_setup: tuple[SetupItem, ...]
    experimental_results: tuple[ResultItem, ...]


class Message(Record):
    """One chat turn."""

    role: Literal["system", "user", "assistant"]
    content: str


class Submission(Record):
    """Work at one venue in one year, with the contents of its forum."""

    paper_id: str
    """OpenReview forum id."""
    venue: str
    """Venue id, e.g. ``"ICLR.cc/2024/Conference"``."""
    year: int | None
    """Year in the venue id, else in the submission note; None if neither has one."""
    title: str | None
    """Title; None if the snapshot has neither a submission note nor a table row with a title."""
    abstract: str | None
    """Abstract; None under the same condition."""
    authors: tuple[str, ...] | None
    """Author names; None if unknown. Used for matching and to find leaks, never published."""
    keywords: tuple[str, ...] | None
    """Keywords; None if unknown."""
    license: str | None
    """License stated by the submission note; None if it states none."""
    submitted: dt.date | None
    """Creation date of the submission note; None if unknown."""
    rating_scale: RatingScale | None
    """Scale of every rating below; None if the venue's form has no rating (TMLR)."""
    reviews: tuple[Review, ...]
    """From the lowest rating to the highest; ties by the note's order on the forum."""
    review_license: str | None
    """License stated by all review notes; None if they differ or one states none."""
    meta_review_license: str | None = None
    """License of the note with the meta-review; None if it states none."""
    public: bool
    """True if every note used states that everyone may read it. Notes with restricted readers are
    left out, so False means that a note does not state its readers."""
    meta_review: MetaReview | None
    """Text of the meta-review note, else the comment of the decision note; None if the snapshot has
    neither."""
    decision: Decision | None
    """Final decision (a later withdrawal replaces it); None if unknown."""
