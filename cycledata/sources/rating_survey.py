"""Facts about whole tables of ratings that are needed before the first row is imported."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cycledata.errors import ParseError
from cycledata.parse.openreview.forum import parse_forum
from cycledata.records import Dropped
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dump_files import FileValue, InvalidEntry
from cycledata.sources.rating_cells import (
    PAPER_IDS,
    Pairs,
    is_rating,
    is_read,
    paper_id_of,
    read_cells,
    read_ratings,
    split_cell,
)
from cycledata.sources.rating_shapes import (
    gather_reviews,
    has_rating,
    has_single_rating,
    names_reviews,
    one_row_per_paper,
    other_reviews,
    without_other_roles,
)
from cycledata.sources.rating_states import with_states
from cycledata.sources.reviewer_names import other_author
from cycledata.sources.stated_names import forum_in_url
from cycledata.sources.table_files import read_table

_MIN_COMPARED = 5
"""Papers with notes and ratings below which a table is not compared with the notes."""


@dataclass(slots=True)
class RatingsSurvey:
    """Facts about whole tables that are needed before the first row is imported."""

    widths: set[int] = field(default_factory=set)
    """Numbers per cell, of the cells that are texts with semicolons."""
    example: str = ""
    comma_widths: set[int] = field(default_factory=set)
    """Numbers per cell, of the cells that are texts with commas alone."""
    comma_example: str = ""
    lengths: set[int] = field(default_factory=set)
    """Numbers of ratings per row."""
    mean_example: str = ""
    """First single rating that no form offers, such as 6.25."""
    per_review: set[Path] = field(default_factory=set)
    """Files with a row per review."""
    columns: dict[str, None] = field(default_factory=dict)
    """Columns of the files."""
    ambiguous_rows: str = ""
    """First paper with several single ratings that no column tells apart."""
    columns_not_read: set[str] = field(default_factory=set)
    columns_of_lists: set[str] = field(default_factory=set)
    """Columns among these that have several numbers in a cell."""
    n_compared: int = 0
    n_differ: int = 0
    first_differ: str = ""

    @property
    def contradicts(self) -> bool:
        """True if most papers have other ratings than their notes."""
        return self.n_compared >= _MIN_COMPARED and 2 * self.n_differ > self.n_compared


def survey_tables(
    files: Sequence[Path], snapshot: OpenSnapshot, pairs: Pairs | None, columns: Sequence[str]
) -> RatingsSurvey:
    """Read the tables once and return what they show as a whole."""
    survey = RatingsSurvey()
    for file in files:
        _find_rows_per_review(survey, file, columns)
        for value in read_rows(file, lambda _: None, survey=survey, rating_columns=columns):
            if isinstance(value, InvalidEntry) or not isinstance(value.value, dict):
                continue
            row, _ = with_states(value.value, text_is_states=pairs == "states")
            paper = paper_id_of(row)
            unread = {
                name
                for name, cell in row.items()
                if not is_read(name) and not (paper and forum_in_url(cell) == paper)
            }
            survey.columns_not_read |= unread
            survey.columns_of_lists |= {name for name in unread if _has_several(row[name])}
            for column, cell in row.items():
                if is_rating(column):
                    _note_cell(survey, f"{file.name}: {value.place}: {cell!r:.40}", cell, pairs)
            _compare(survey, row, snapshot, pairs)
    return survey


def _has_several(cell: object) -> bool:
    """Return True if a cell is a list, or the text of one, with several numbers."""
    numbers = read_ratings(cell, None)
    return isinstance(numbers, list) and len(numbers) > 1


def _note_cell(survey: RatingsSurvey, place: str, cell: object, pairs: Pairs | None) -> None:
    """Add what a cell of ratings shows about the whole table."""
    numbers = read_ratings(cell, pairs)
    if isinstance(numbers, list):
        survey.lengths.add(len(numbers))
        if len(numbers) == 1 and not isinstance(cell, list) and (2 * numbers[0]) % 1:
            survey.mean_example = survey.mean_example or place
    if not isinstance(cell, str):
        return
    n_parts = len(numbers) if "|" in cell and isinstance(numbers, list) else 1
    if ";" in cell or n_parts > 1:
        survey.widths.add(len(split_cell(cell)))
        survey.example = survey.example or place
    elif isinstance(numbers, list) and "," in cell.partition(":")[0]:
        survey.comma_widths.add(len(numbers))
        survey.comma_example = survey.comma_example or place


def require_clear(
    survey: RatingsSurvey, pairs: Pairs | None, rating_columns: Sequence[str]
) -> None:
    """Check that the cells and rows of the tables have one meaning.

    Raises:
        ParseError: they have several; the message says how to choose one.
    """
    missing = [name for name in rating_columns if name not in survey.columns]
    if missing and survey.columns:
        raise ParseError(
            "unknown-column",
            f"--rating-column {missing[0]}: not in the files; found"
            f" {', '.join(survey.columns)[:200]}",
        )
    if pairs is None and survey.widths == {2}:
        raise ParseError(
            "ambiguous-pairs",
            f"{survey.example}: two reviewers, or one reviewer's initial and final rating? Pass"
            " --pairs reviewers or --pairs states",
        )
    if pairs is None and survey.comma_widths == {2}:
        raise ParseError(
            "ambiguous-numbers",
            f"{survey.comma_example}: two reviewers, or one number with a decimal comma? Pass"
            " --pairs reviewers, or write numbers as 6.5",
        )
    if survey.mean_example and survey.lengths == {1}:
        raise ParseError(
            "ambiguous-numbers",
            f"{survey.mean_example}: one number per paper that is no rating of a form, so it looks"
            " like a mean; give the rating of each review, or rename the column",
        )
    if survey.ambiguous_rows:
        raise ParseError(
            "ambiguous-rows",
            f"{survey.ambiguous_rows} has several rows with one rating each; add a column reviewer"
            " if a row is a review, or keep one row per paper",
        )


def _find_rows_per_review(survey: RatingsSurvey, file: Path, columns: Sequence[str]) -> None:
    """Find out if a file has a row per review: several rows per paper with one rating each."""
    has_row: set[str] = set()
    several: dict[str, bool] = {}
    for value in _paper_rows(file, lambda _: None, columns, survey.columns):
        row = None if isinstance(value, InvalidEntry) else value.value
        paper = paper_id_of(row) if isinstance(row, dict) else None
        if paper is None or not isinstance(row, dict) or not has_single_rating(row):
            continue
        if paper in has_row:
            several[paper] = several.get(paper, False) or names_reviews(row, _paper_column(row))
        has_row.add(paper)
    if any(several.values()):
        survey.per_review.add(file)
    elif several and not survey.ambiguous_rows:
        survey.ambiguous_rows = f"{file.name}: paper {next(iter(several))[:60]}"


def read_rows(
    file: Path, tell: Callable[[int], None], *, survey: RatingsSurvey, rating_columns: Sequence[str]
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a file, one per paper, and its entries that cannot be used."""
    if file not in survey.per_review:
        yield from _paper_rows(file, tell, rating_columns)
        return
    papers: dict[str, list[FileValue]] = {}
    for value in _paper_rows(file, tell, rating_columns):
        row = value.value if isinstance(value, FileValue) else None
        paper = paper_id_of(row) if isinstance(row, dict) else None
        if isinstance(value, InvalidEntry) or paper is None:
            yield value
        elif isinstance(row, dict) and names_reviews(row, _paper_column(row)):
            papers.setdefault(paper, []).append(value)
        else:
            yield InvalidEntry(file.name, value.place, "the row of a review names no reviewer")
    for paper, rows in papers.items():
        first = rows[0].value
        assert isinstance(first, dict), "only rows are gathered"
        yield from gather_reviews(file.name, paper, _paper_column(first), rows)


def _paper_rows(
    file: Path,
    tell: Callable[[int], None],
    rating_columns: Sequence[str],
    seen: dict[str, None] | None = None,
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows with one list per mark; names of columns are added to `seen`."""
    for value in read_table(file, tell):
        if isinstance(value, FileValue) and isinstance(value.value, dict):
            if seen is not None:
                seen.update(dict.fromkeys(value.value))
            author = other_author(value.value)
            if author and has_rating(value.value):
                reason = f"{author} is not a reviewer; the row is not imported"
                yield InvalidEntry(file.name, value.place, reason)
                continue
            row, others = without_other_roles(value.value)
            for author in (*others, *other_reviews(row)):
                reason = f"{author} is not a reviewer; the rating is not imported"
                yield InvalidEntry(file.name, value.place, reason)
            yield FileValue(value.place, one_row_per_paper(row, rating_columns))
        else:
            yield value


def _paper_column(row: Mapping[str, Any]) -> str:
    """Return the column that names the paper of a row that has one."""
    return next(name for name in PAPER_IDS if row.get(name))


def _compare(
    survey: RatingsSurvey, row: dict[str, Any], snapshot: OpenSnapshot, pairs: Pairs | None
) -> None:
    """Compare the ratings of a row with those of the paper's notes, if the snapshot has both."""
    paper = paper_id_of(row)
    table = [
        cell
        for column, cell in read_cells(row, pairs)
        if is_rating(column) and isinstance(cell, list) and cell
    ]
    # No snapshot can have an id with half a character, which SQLite refuses.
    known = paper is not None and paper.isprintable() and table
    reply = snapshot.get(*keys.forum(paper)) if paper and known else None
    if reply is None or paper is None:
        return
    try:
        parsed = parse_forum(reply.payload, texts=False)
    except ParseError:
        return
    if isinstance(parsed, Dropped):
        return
    notes = sorted(r.rating for r in parsed.submission.reviews if r.rating is not None)
    if not notes:
        return
    survey.n_compared += 1
    if not any(_sorted_numbers(cell) == notes for cell in table):
        survey.n_differ += 1
        survey.first_differ = survey.first_differ or paper[:60]


def _sorted_numbers(cell: list[Any]) -> list[float]:
    return sorted(float(item) for item in cell if isinstance(item, int | float))
