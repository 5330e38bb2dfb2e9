"""The records that cross a disk or network edge, and the two values that stages return.

Frozen pydantic models with ``extra="forbid"``: an unknown field is an error, an absent value is
``None`` with a docstring that says when. Changing a field changes ``SCHEMA_VERSION``, a golden file
and the card in one commit.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SCHEMA_VERSION = 1
"""Version of every record below; a build or snapshot of a newer one is refused."""


class Record(BaseModel):
    """Frozen base: equal by value, closed to unknown fields."""

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
    return ValidationProblem(where, f"{first['msg']}, found {str(first['input'])[:60]!r}")


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a stage returns in place of a record that must not go on."""

    paper_id: str
    """OpenReview forum id, or the id of the source that listed the paper."""
    rule: str
    """Short, stable name of the rule, e.g. ``"too-few-reviews"``."""
    detail: str
    """What was expected and what was found."""
    stage: str
    """Where it happened, e.g. ``"parse"``, ``"filter"``, ``"split"``; ``"notes"`` for one note of a
    paper that itself goes on."""


Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(allow_inf_nan=False)]
"""A number on a form's scale: an integer where it is whole, else a float such as 2.5."""


class RatingScale(Record):
    """The values that a venue's form offers for its overall rating."""

    name: str
    """Stable name, e.g. ``"iclr-2022-2025-rating"``, or the venue id."""
    values: tuple[Number, ...]
    """Every value on the form, ascending."""
    words: tuple[str, ...] = ()
    """Short wording of each value, ``""`` where it has none; empty where the form has no words."""
    accept_threshold: float | None
    """Lowest value whose wording leans to acceptance, e.g. 6 for ICLR 2024; None if the words
    do not state one."""

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
    """Answer as text; None if it is a bare number."""
    value: Number | None
    """Number that the answer is or starts with; None for free text."""


class Review(Record):
    """One report on one submission; a text is ``""`` where the form had no such field."""

    reviewer: str
    """Pseudonym within this paper only, ``"R1"`` upwards; says nothing across papers."""
    summary: str
    """Summary of the paper."""
    strengths: str
    """Strengths; forms that ask for both at once put the text here and leave weaknesses empty."""
    weaknesses: str
    """Weaknesses."""
    questions: str
    """Questions to the authors."""
    soundness: Number | None
    """Soundness on the form's scale, mostly 1 poor to 4 excellent; None if missing."""
    presentation: Number | None
    """Presentation; None if missing."""
    contribution: Number | None
    """Contribution; None if missing."""
    rating: Number | None
    """Overall rating, a value of the submission's ``rating_scale``; None if missing."""
    confidence: Number | None
    """The reviewer's own confidence, mostly 1-5; None if missing."""
    ethics_flag: str | None = None
    """Answer to "flag for ethics review", several answers joined by "; "; None if the form had
    no such field."""
    fields: tuple[ReviewField, ...] = ()
    """All other fields of the form that were answered, in the form's order."""


class MetaReview(Record):
    """The area chair's synthesis."""

    text: str
    """The meta-review itself."""
    why_not_higher: str | None
    """Justification for why not a higher score; None if the form did not ask."""
    why_not_lower: str | None
    """Justification for why not a lower score; None if the form did not ask."""


class Decision(Record):
    """What the venue decided."""

    kind: Literal["accept", "reject", "withdrawn"]
    """``withdrawn`` is the authors' act; a desk rejection is ``reject``."""
    text: str
    """The venue's own words, e.g. ``"Accept (poster)"``."""


class Section(Record):
    """One section of a paper, without its subsections."""

    level: Annotated[int, Field(ge=1, le=6)]
    """1 for a section, 2 for a subsection, 3 for a subsubsection, 4 for a paragraph."""
    title: str
    """Heading as a reader sees it; ``""`` for text before the first heading."""
    text: str
    """Body up to the next heading of any level; LaTeX or Markdown as the source has it."""
    starred: bool = False
    """Unnumbered in the source."""
    appendix: bool = False
    """True after the paper's \\appendix."""


class BibEntry(Record):
    """One entry of a paper's own bibliography."""

    key: str
    """Citation key."""
    title: str | None
    """Title as printed; None if the entry has none or it could not be found."""
    year: int | None
    """Year; None if missing or unreadable."""
    arxiv_id: str | None
    """arXiv id without version; None if the entry names none."""
    doi: str | None
    """DOI in lower case; None if the entry names none."""
    bibtex: str
    """The entry as BibTeX: as the .bib has it, or made from a .bbl's text as @misc."""


class Figure(Record):
    """A figure that the text includes; the image itself is never stored."""

    label: str | None
    """\\label; None if there is none."""
    caption: str
    """Caption as LaTeX or text."""
    files: tuple[str, ...]
    """Paths given to \\includegraphics and similar commands, in order."""


class Leak(Record):
    """A span that gives away the decision or an author."""

    rule: str
    """E.g. ``"camera-ready-header"``, ``"author-block"``, ``"final-copy-switch"``."""
    file: str
    """File of the archive, or ``"pdf"``."""
    start: int
    """First character of the span in that file's decoded text."""
    end: int
    """One past its last character."""
    excerpt: str
    """The first characters of the span, for the reader of a report; never published."""


class ParseWarning(Record):
    """Something found, guessed or missing while reading a paper."""

    rule: str
    """Short, stable name, e.g. ``"missing-input"``."""
    detail: str
    """What was expected, what was found."""


class PaperText(Record):
    """What one e-print or PDF says, cleaned and sectioned; what ``cycledata parse`` prints."""

    file: str
    """Name under which the bytes came."""
    main_file: str
    """File of the archive that the paper is compiled from; the same as ``file`` for a lone file."""
    title: str
    """Title as a reader sees it; ``""`` where none was found, with a warning."""
    abstract: str
    """Abstract; ``""`` where none was found, with a warning."""
    sections: tuple[Section, ...]
    """In order; References and acknowledgments are left out."""
    cited_keys: tuple[str, ...]
    """Citation keys in order of first citation."""
    bibliography: tuple[BibEntry, ...]
    """Entries in the bibliography's own order."""
    figures: tuple[Figure, ...]
    """In order of appearance."""
    leaks: tuple[Leak, ...]
    """Spans that were found and removed."""
    warnings: tuple[ParseWarning, ...]
    """Everything guessed or missing."""
    text_source: Literal["arxiv-latex", "pdf-markdown"]
    """What it was read from."""
    text_version: str
    """Parser or converter with its version, e.g. ``"cyclekit-latex/2"``, ``"docvortex/0.6.4"``."""


class Reference(Record):
    """A cited work, resolved as far as possible."""

    key: str
    """Citation key in the citing paper."""
    paper_id: str | None
    """Semantic Scholar id; None if no record matched."""
    title: str | None
    """Title; from the matched record, else from the entry."""
    abstract: str | None
    """Abstract; None if unknown or withheld."""
    year: int | None
    """Year; None if unknown."""
    bibtex: str
    """The entry as BibTeX."""


class SetupItem(Record):
    """One planned experiment."""

    name: str
    """Short name."""
    description: str
    """What is done, on what, against what."""


class ResultItem(Record):
    """One experiment's outcome."""

    name: str
    """Short name, as in the setup."""
    description: str
    """What came out."""
    table: str | None = None
    """LaTeX of its table; None if it has none."""
    image: str | None = None
    """Description of its figure; None if it has none."""


class Outline(Record):
    """The plan of a paper: Figure 1 and Section 2.2 of the paper."""

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
    """A work at one venue in one year, with what its forum says."""

    paper_id: str
    """OpenReview forum id."""
    venue: str
    """Venue id, e.g. ``"ICLR.cc/2024/Conference"``."""
    year: int | None
    """Year in the venue id, else of the submission note; None if neither states one."""
    title: str | None
    """None if the snapshot has no submission note and no table row with a title."""
    abstract: str | None
    """The same."""
    authors: tuple[str, ...] | None
    """Named authors; None while unknown. Used to match and to find leaks, never published."""
    keywords: tuple[str, ...] | None
    """Keywords; None if unknown."""
    license: str | None
    """License that the submission note states; None if it states none."""
    submitted: dt.date | None
    """Date of the submission note's creation; None if unknown."""
    rating_scale: RatingScale | None
    """Scale of every rating below; None if the venue's form has no rating (TMLR)."""
    reviews: tuple[Review, ...]
    """From the lowest rating to the highest; ties by the note's order on the forum."""
    review_license: str | None
    """License that all review notes state; None if one states none or they differ."""
    meta_review_license: str | None = None
    """License of the note with the meta-review; None if it states none."""
    public: bool
    """Every note used states that everyone may read it; notes that state otherwise are set aside,
    so this is False only where a note used does not say."""
    meta_review: MetaReview | None
    """The meta-review's note, or the decision's comment where the venue put it there; None if
    none was written or it is not in the snapshot."""
    decision: Decision | None
    """Final decision, so a withdrawal replaces an earlier decision; None if
    the snapshot does not tell."""
