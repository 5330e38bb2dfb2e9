"""Shapes of tables of ratings: a column per review, a row per review, reviews in a list.

Every function gives one row per paper, with lists of marks: in the order of the columns or of the
list, and for a row per review in the order of the names of the reviews.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cycledata.files import canonical_json
from cycledata.sources.dump_files import FileValue, InvalidEntry
from cycledata.sources.rating_cells import read_ratings
from cycledata.sources.rating_states import MARKS
from cycledata.sources.reviewer_names import (
    REVIEWERS,
    is_other_role,
    other_author,
    problem_of_names,
)
from cycledata.sources.table_files import field_value, plain_cell

_MARK = f"({'|'.join(MARKS)})s?"
_NUMBER = r"_?#?([0-9]{1,2})"
_ONE_REVIEW = re.compile(
    rf"{_MARK}{_NUMBER}|(?:reviewer|review|r){_NUMBER}_{_MARK}"
    rf"|{_MARK}_(?:of_)?(?:reviewer|review|r){_NUMBER}"
)
"""Name of a column that has one mark of one review, such as `rating_1` or `reviewer_2_rating`."""
_MARK_COLUMN = re.compile(rf"{_MARK}(?:_(?:[0-9]{{8}}|initial|final))?|recommendation")
_RATINGS = re.compile(r"ratings?|recommendation")
_NAMES_OF_MARKS = {
    **dict.fromkeys(("recommendation", "overall_recommendation"), "rating"),
    **dict.fromkeys(("overall_assessment", "overall_rating", "overall_score"), "rating"),
    "reviewer_confidence": "confidence",
}
"""Names of marks in lists of reviews, as in PeerRead and ACL Rolling Review, beside our own."""
_NOT_OF_REVIEWERS = re.compile(
    r"(?:^|_)(?:meta|ai|llm|gpt\w*|models?|generated|predicted|synthetic|simulated)(?=_|reviews?|$)"
)
"""Column of meta-reviews, or of reviews that no reviewer wrote."""
_REVIEWS = (*REVIEWERS, "review_id", "note_id", "id", "review", "review_text")
"""Columns that tell the reviews of a paper apart."""


def one_row_per_paper(row: Mapping[str, Any], rating_columns: Sequence[str] = ()) -> dict[str, Any]:
    """Return a row whose marks are lists, from a column per review or from a list of reviews.

    Args:
        row: a row with columns such as `rating_1`, or a list `reviews` of mappings with a rating.
        rating_columns: other columns that have one rating of one review each, or one column that
            has the ratings of a row.
    """
    return _from_columns(_from_reviews(_from_mappings(row)), rating_columns)


def _from_mappings(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row whose marks are lists where they are mappings from reviewer to mark."""
    names = [name for name, cell in row.items() if _is_rating(name) and isinstance(cell, dict)]
    if len(names) != 1 or any(isinstance(mark, dict | list) for mark in row[names[0]].values()):
        return row
    reviewers = list(map(str, row[names[0]]))
    if problem_of_names(reviewers) is not None:
        return row
    lists = {
        name: [cell.get(reviewer) for reviewer in reviewers]
        for name, cell in row.items()
        if _is_mark(name) and isinstance(cell, dict)
    }
    return {"reviewer": reviewers, **row, **lists}


def _from_columns(row: dict[str, Any], rating_columns: Sequence[str]) -> dict[str, Any]:
    """Gather the columns of single reviews into lists; a review without a rating is left out."""
    if len(rating_columns) == 1 and (named := rating_columns[0]) in row:
        others = (name for name in row if name != named and not _RATINGS.fullmatch(name))
        return {**{name: row[name] for name in others}, "ratings": row[named]}
    found: dict[str, dict[int, Any]] = {}
    names: list[str] = []
    for position, name in enumerate(rating_columns):
        if name in row:
            found.setdefault("rating", {})[position] = plain_cell(row[name])
            names.append(name)
    for name, cell in row.items():
        of_one = None if rating_columns else _of_one_review(name)
        if of_one:
            mark, number = of_one
            found.setdefault(mark, {})[number] = plain_cell(cell)
            names.append(name)
    if len(found.get("rating", {})) < 1 or "ratings" in row:
        return row
    numbers = [n for n, cell in sorted(found["rating"].items()) if not _is_blank(cell)]
    rest = {name: cell for name, cell in row.items() if name not in names and name != "rating"}
    lists = {mark: [cells.get(number) for number in numbers] for mark, cells in found.items()}
    return {**rest, **{f"{mark}s" if mark == "rating" else mark: v for mark, v in lists.items()}}


@lru_cache(maxsize=4096)
def _of_one_review(column: str) -> tuple[str, int] | None:
    """Return the mark and the number of the review that a column is about, or None."""
    match = _ONE_REVIEW.fullmatch(column)
    if match is None:
        return None
    pairs = [(match[1], match[2]), (match[4], match[3]), (match[5], match[6])]
    return next((mark, int(number)) for mark, number in pairs if mark)


def _from_reviews(row: Mapping[str, Any]) -> dict[str, Any]:
    """Gather the marks of a list of reviews; reviews without a rating are left out.

    The list is in `reviews`, or in the only column with such a list whose name says review. It
    may be a mapping from reviewer to review.
    """
    if any(_is_mark(name) and row[name] for name in row):
        return dict(row)
    names = _lists_of_reviews(row)
    lists = {name: rated for name in names if (rated := _rated(row[name]))}
    # An empty list may be the one that other rows have filled.
    n_lists = len(lists) + sum(row[name] is None or row[name] in ([], {}) for name in names)
    column = "reviews" if "reviews" in lists else next(iter(lists), None)
    if column is None or (column != "reviews" and n_lists > 1):
        return dict(row)
    rated = lists[column]
    rest = {name: cell for name, cell in row.items() if name != column}
    for mark in (*MARKS, "reviewer"):
        cells = [marks.get(mark) for marks in rated]
        if any(cell is not None for cell in cells):
            rest["ratings" if mark == "rating" else mark] = cells
    return rest


def _rated(cell: object) -> list[dict[str, Any]]:
    """Return the marks of each review of a cell that has a rating; a text has no reviews."""
    rated = (_marks(review) for review in _reviews(cell) if not _other_author(review))
    return [marks for marks in rated if marks.get("rating") is not None]


def _reviews(cell: object) -> list[Any]:
    """Return the reviews of a cell that is a list, or a mapping from reviewer to review."""
    if isinstance(cell, dict) and all(isinstance(review, dict) for review in cell.values()):
        return [{"reviewer": str(name), **review} for name, review in cell.items()]
    return cell if isinstance(cell, list) else []


def other_reviews(row: Mapping[str, Any]) -> list[str]:
    """Return the authors of rated reviews in the lists of a row that are not reviewers."""
    reviews = (review for name in _lists_of_reviews(row) for review in _reviews(row[name]))
    found = ((_other_author(review), _marks(review)) for review in reviews)
    return [author for author, marks in found if author and marks.get("rating") is not None]


def _lists_of_reviews(row: Mapping[str, Any]) -> list[str]:
    """Return the columns that may have reviews of reviewers."""
    # A mapping `reviewers` may have traces of initial ratings, which `with_states` reads.
    names = [n for n in row if "review" in n and not (n == "reviewers" and _mapping(row[n]))]
    return [name for name in names if name == "reviews" or not _NOT_OF_REVIEWERS.search(name)]


def without_other_roles(row: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a row without the marks of others in its mapping `reviewers`, and their names."""
    marks = _mapping(row.get("reviewers"))
    others = [str(name) for name in marks if is_other_role(str(name))]
    if not others:
        return row, []
    kept = {name: cell for name, cell in marks.items() if str(name) not in others}
    return {**row, "reviewers": kept}, others


def _other_author(review: object) -> str | None:
    """Return who wrote a review, other than a reviewer; None if a reviewer may have."""
    if not isinstance(review, dict):
        return None
    fields = {str(name).lower(): field_value(cell) for name, cell in review.items()}
    return other_author(fields, ("type",))


def _marks(review: object) -> dict[str, Any]:
    """Return the marks of a review; none of a meta-review.

    A review with `initial_score` and `final_score` has marks such as `5;6`.
    """
    if not isinstance(review, dict):
        return {}
    content, initial, final = (
        _mapping(review.get(name)) for name in ("content", "initial_score", "final_score")
    )
    initial, final = (
        {name: mark for name, cell in state.items() if not _is_blank(mark := field_value(cell))}
        for state in (initial, final)
    )
    changed = initial.keys() & final & {*MARKS}
    # Words behind a number may have semicolons.
    both = {n: f"{_before_words(initial[n])};{_before_words(final[n])}" for n in changed}
    fields = {**content, **initial, **final, **both, **review}
    found: dict[str, Any] = {}
    for name, cell in fields.items():
        plain = str(name).lower()
        cell = field_value(cell)
        if plain == "is_meta_review" and cell in (True, 1, "true", "True"):
            return {}
        found.setdefault(_NAMES_OF_MARKS.get(plain, plain), None if _is_blank(cell) else cell)
    return found


def _before_words(mark: object) -> str:
    return str(mark).partition(":")[0]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def has_rating(row: Mapping[str, Any]) -> bool:
    """Return True if a row has a rating."""
    return any(_is_rating(name) and not _is_blank(cell) for name, cell in row.items())


def is_single(cell: object) -> bool:
    """Return True if a cell has one mark, not a list or a text of several."""
    if isinstance(cell, str):
        if _is_blank(cell) or ";" in cell or "," in cell.partition(":")[0]:
            return False
        numbers = read_ratings(cell, None)
        return not isinstance(numbers, list) or len(numbers) == 1
    return isinstance(cell, int | float) and not isinstance(cell, bool) and cell == cell


def has_single_rating(row: Mapping[str, Any]) -> bool:
    """Return True if every rating of a row is one mark."""
    cells = [cell for name, cell in row.items() if _is_rating(name) and not _is_blank(cell)]
    return bool(cells) and all(map(is_single, cells))


def names_reviews(row: Mapping[str, Any], paper_column: str) -> bool:
    """Return True if a row has a column that tells the reviews of a paper apart."""
    return _review_column(row, paper_column) is not None


def _review_column(row: Mapping[str, Any], paper_column: str) -> str | None:
    """Return the column that tells the reviews of a paper apart; a number of the row is none."""
    for name in _REVIEWS:
        cell = row.get(name)
        is_row_number = name == "id" and str(cell).strip().isdecimal()
        if name != paper_column and not _is_blank(cell) and not is_row_number:
            return name
    return None


def gather_reviews(
    file_name: str, paper: str, paper_column: str, rows: Sequence[FileValue]
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the row of a paper whose reviews have a row each, and the rows that cannot be used.

    Columns other than marks are kept if they have one value in all rows.

    Args:
        file_name: names the file in entries.
        paper: the paper's id.
        paper_column: the column that has it.
        rows: the rows of the paper, in the order of the file.
    """
    kept: dict[str, dict[str, Any]] = {}
    for value in rows:
        row: dict[str, Any] = value.value  # type: ignore[assignment]  # the caller gives rows
        name = _review_column(row, paper_column)
        assert name is not None, "the caller gives rows that name their review"
        review = canonical_json(plain_cell(row[name]))
        marks = {n: plain_cell(row[n]) for n in row if _is_mark(n)}
        if all(_is_blank(cell) for n, cell in marks.items() if _is_rating(n)):
            continue
        earlier = kept.get(review)
        if earlier is not None and any(earlier.get(n) != cell for n, cell in marks.items()):
            reason = f"{name} {review:.40} of paper {paper:.40} has other marks in an earlier row"
            yield InvalidEntry(file_name, value.place, f"{reason}; keep one row per review")
        elif earlier is None:
            kept[review] = {**marks, **{n: row[n] for n in REVIEWERS if n in row}}
    if not kept:
        return
    # By review, so that a table in another order gives the same row.
    kept = dict(sorted(kept.items()))
    columns = sorted({name for row in kept.values() for name in row})
    united: dict[str, Any] = {}
    others = [value.value for value in rows if isinstance(value.value, dict)]
    for column in dict.fromkeys(name for row in others for name in row):
        if column in columns:
            continue
        cells = [plain_cell(row.get(column)) for row in others if not _is_blank(row.get(column))]
        if cells and all(cell == cells[0] for cell in cells):
            united[column] = cells[0]
        elif cells and column in {"decision", "status", "title", "abstract"}:
            reason = f"the rows of paper {paper:.40} have several values; correct them"
            yield InvalidEntry(file_name, f"{rows[0].place}, column {column}", reason)
    lists = {column: [row.get(column) for row in kept.values()] for column in columns}
    reviewers = next((lists[name] for name in REVIEWERS if name in lists), None)
    united |= {name: cells for name, cells in lists.items() if name not in REVIEWERS}
    if reviewers is not None:
        united["reviewer"] = reviewers
    yield FileValue(rows[0].place, united)


@lru_cache(maxsize=4096)
def _is_mark(column: str) -> bool:
    return _MARK_COLUMN.fullmatch(column) is not None


def _is_rating(column: str) -> bool:
    return column == "recommendation" or (column.startswith("rating") and _is_mark(column))


def _is_blank(cell: object) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip(" -"))
