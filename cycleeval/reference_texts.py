"""Texts, dates and human reviews of the papers of a reference: a build or a table.

Metrics need ratings only; baselines, review texts and training cut-offs need what is read here.
A paper may lack any of it, e.g. because its text may not be published.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.errors import ParseError
from cycledata.files import strict_json
from cycledata.jsonl import read_jsonl
from cycleeval.review_texts import ReviewWords, first_text, listed_reviews

_TEXTS = ("paper_text", "text", "content")
_DATES = ("published", "submitted", "public", "date")
_AREAS = ("primary_area", "area")
_RATED_ON = ("ratings_date", "ratings_state")
_COUNTED = ("sections", "keywords")
_PLAIN = (
    "paper_id",
    "title",
    "abstract",
    "split",
    "venue",
    "license",
    "ratings",
    *_DATES,
    *_AREAS,
    *_RATED_ON,
)
_SUFFIXES = (".parquet", ".jsonl", ".csv")


@dataclass(frozen=True, slots=True)
class ReferencePaper:
    """What a reference states about one paper, except its ratings."""

    paper_id: str
    title: str = ""
    abstract: str = ""
    """Abstract, or empty."""
    text: str = ""
    """The paper's text, or empty; only its first characters unless the whole was asked for."""
    n_characters: int = 0
    """Length of the paper's whole text, 0 where unknown."""
    n_sections: int = 0
    """Sections, 0 where unknown."""
    n_keywords: int = 0
    """Keywords, 0 where unknown."""
    public: dt.date | None = None
    """First day on which the paper is known to have been public; None if unknown."""
    area: str = ""
    """Primary area, or empty."""
    license: str | None = None
    """License of the text; None if unknown."""
    reviews: tuple[ReviewWords, ...] = ()
    """Human reviews with words, in the order of the reference."""
    ratings: tuple[float | None, ...] = ()
    """Ratings as the reference lists them, None for a review without one."""
    reviewers: tuple[str, ...] = ()
    """Pseudonyms of the reviewers in the same order; empty if unknown."""
    ratings_date: str = ""
    """Date or state of the ratings, as the reference states it, or empty."""
    sections: tuple[Mapping[str, Any], ...] = ()
    """Sections with level, title and text; empty unless the whole text was asked for."""


def read_reference_papers(
    source: str,
    *,
    split: str = "test",
    whole_text: bool = False,
    reviews: bool = False,
    venue: str | None = None,
    opening: int = 5000,
) -> dict[str, ReferencePaper]:
    """Read what a reference has about its papers, by paper id.

    Args:
        source: a build directory, or a .parquet, .jsonl or .csv file.
        split: split to read; of a file only if it has a column ``split``.
        whole_text: also keep whole texts and sections.
        reviews: also read the human reviews.
        venue: papers of one venue; None for all.
        opening: characters of each text to keep otherwise.

    Returns:
        The papers; empty for a hub id, of which only the ratings are read, and for a build without
        the split.

    Raises:
        ParseError: a file that cannot be read.
    """
    papers: dict[str, ReferencePaper] = {}
    names = [*_PLAIN, *_TEXTS, *_COUNTED, *(["reviews"] if reviews else [])]
    for row in _rows(source, split, names):
        paper_id = row.get("paper_id")
        if not isinstance(paper_id, str) or row.get("split") not in (None, split):
            continue
        if venue is not None and row.get("venue") != venue:
            continue
        papers[paper_id] = _paper(paper_id, row, None if whole_text else opening)
    return papers


def leaks_of(source: str) -> tuple[str, ...]:
    """Return the clues in a build's texts that its audit calls leaks; none for another source."""
    from cycledata.load import read_build

    folder = Path(source)
    if not folder.is_dir():
        return ()
    audit = read_build(folder).facts.get("audit")
    found = audit.get("leaks", []) if isinstance(audit, dict) else []
    return tuple(str(clue) for clue in found)


def read_audit(path: Path) -> tuple[str, ...]:
    """Return the leaks that an audit found, from the output of ``cycledata audit --json``.

    Raises:
        ParseError: the file is not such an output.
    """
    try:
        found = strict_json(path.read_bytes())
        clues = found["clues"]  # type: ignore[index]  # checked by the except clause
        leaks = [clue for clue in clues if clue["verdict"] == "leak"]
        return tuple(f"{clue['field']}: {clue['kind']}: {clue['name']}" for clue in leaks)
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(
            "bad-audit", f"{path}: expected the output of `cycledata audit --json` ({error!r:.100})"
        ) from error


def _paper(paper_id: str, row: Mapping[str, Any], opening: int | None) -> ReferencePaper:
    text = first_text(row, _TEXTS)
    sections, keywords = row.get("sections"), row.get("keywords")
    return ReferencePaper(
        paper_id,
        title=first_text(row, ("title",)),
        abstract=first_text(row, ("abstract",)),
        text=text[:opening],
        n_characters=len(text),
        n_sections=len(sections) if isinstance(sections, list) else 0,
        n_keywords=len(keywords) if isinstance(keywords, list) else 0,
        public=min(filter(None, (_day(row.get(name)) for name in _DATES)), default=None),
        area=first_text(row, _AREAS),
        license=first_text(row, ("license",)) or None,
        ratings=tuple(ratings) if isinstance(ratings := row.get("ratings"), list) else (),
        reviewers=tuple(_reviewers(row.get("reviews"))),
        ratings_date=str(next((row[n] for n in _RATED_ON if row.get(n)), "")),
        reviews=tuple(review for review in listed_reviews(row.get("reviews")) if review.criticism),
        sections=tuple(sections) if opening is None and isinstance(sections, list) else (),
    )


def _reviewers(value: object) -> Iterator[str]:
    for entry in value if isinstance(value, list) else []:
        yield str(entry.get("reviewer") or "") if isinstance(entry, dict) else ""


def _day(value: object) -> dt.date | None:
    """Return a day from a date, a time or ISO 8601 text; None for anything else."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _rows(source: str, split: str, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    path = Path(source)
    if path.is_dir():
        yield from _build_rows(path, split, names)
    elif path.is_file():
        yield from _table_rows(path, names)


def _build_rows(folder: Path, split: str, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield a row per paper: of ``scores`` where the paper has no text, else of ``default``."""
    import pyarrow.parquet as pq

    from cycledata.load import iterate_rows, read_build

    build = read_build(folder)
    full: dict[str, Mapping[str, Any]] = {}
    for config in ("scores", "default"):
        if split not in build.configs.get(config, {}):
            continue
        pins = build.files_of(config, split)
        found = set(pq.read_schema(folder / pins[0].path).names)
        for row in iterate_rows(folder, config, split, [name for name in names if name in found]):
            if config == "scores":
                full[row["paper_id"]] = row
            else:
                yield {**full.pop(row["paper_id"], {}), **row}
    yield from full.values()


def _table_rows(path: Path, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    import polars as pl

    if path.suffix not in _SUFFIXES:
        raise ParseError(
            "bad-reference", f"{path}: expected {', '.join(_SUFFIXES)}, found {path.suffix!r}"
        )
    if not path.stat().st_size:
        raise ParseError("bad-reference", f"{path}: expected papers, found an empty file")
    if path.suffix == ".jsonl":
        yield from read_jsonl(path)
        return
    try:
        frame = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_csv(path)
        found = frame.collect_schema().names()
        columns = [name for name in names if name in found]
        for batch in frame.select(columns).collect_batches(chunk_size=200):
            yield from batch.iter_rows(named=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ParseError("bad-reference", f"{path}: {error}"[:300]) from error
