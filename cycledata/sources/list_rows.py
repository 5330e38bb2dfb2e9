"""Rows of a list as whole papers: nested fields, one row per author, rows without a decision."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cycledata.sources.accepted_states import has_empty_decision, states_decision
from cycledata.sources.author_cells import author_names
from cycledata.sources.dump_files import FileValue, InvalidEntry
from cycledata.sources.listed_papers import AUTHORS, COLUMNS_OF_LISTS, title_of
from cycledata.sources.table_files import PAPER_IDS, field_value, plain_cell


def whole_papers(
    file_name: str, values: Iterable[FileValue | InvalidEntry]
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a file, one per paper.

    A row without a decision among rows that have one is named, and so is one with a title and
    nothing else among fuller rows, such as a heading in a spreadsheet.
    """
    held: list[FileValue] = []
    some_decided = some_full = False
    for value in _one_per_paper(values):
        row = value.value if isinstance(value, FileValue) else None
        if not isinstance(value, FileValue) or not isinstance(row, dict):
            yield value
            continue
        some_decided |= states_decision(row)
        is_bare = len(row) > 1 and sum(map(_is_filled, row.values())) == 1
        some_full |= not is_bare
        if has_empty_decision(row) or (is_bare and title_of(row)):
            held.append(value)
        else:
            yield value
    for value in held:
        assert isinstance(value.value, dict), "only rows are held back"
        is_bare = sum(map(_is_filled, value.value.values())) == 1
        if some_full and is_bare:
            reason = "a title and nothing else, unlike other rows; is it a heading? Fill it in"
            yield InvalidEntry(file_name, value.place, f"{reason}, or remove it")
        elif some_decided and has_empty_decision(value.value):
            reason = "its decision is empty, other rows have one; fill it in, or remove the row"
            yield InvalidEntry(file_name, value.place, reason)
        else:
            yield value


def _is_filled(cell: object) -> bool:
    return plain_cell(cell) not in (None, "", [], {})


def _one_per_paper(
    values: Iterable[FileValue | InvalidEntry],
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows; rows that follow each other and differ in the author alone are one paper."""
    last: FileValue | None = None
    names: dict[str, None] = {}
    for value in values:
        if isinstance(value, FileValue) and isinstance(value.value, dict):
            value = FileValue(value.place, _with_fields(value.value))
        name = _other_author(last, value, names)
        if name is not None:
            names[name] = None
            continue
        if last is not None:
            yield _with_authors(last, names)
        last, names = None, {}
        if isinstance(value, FileValue):
            last, names = value, dict.fromkeys(_only_author(value))
        else:
            yield value
    if last is not None:
        yield _with_authors(last, names)


def _with_fields(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the fields that a note of OpenReview, or a site, has under `content`."""
    fields = row.get("content")
    if isinstance(fields, Mapping) and "title" in fields:
        plain = {str(n).lower(): field_value(cell) for n, cell in fields.items()}
        return {**plain, **{name: cell for name, cell in row.items() if name != "content"}}
    if any(name.startswith("content.") for name in row):  # as pandas flattens notes
        short = {n.removeprefix("content.").removesuffix(".value"): cell for n, cell in row.items()}
        return short if len(short) == len(row) else row
    return row


def _only_author(value: FileValue) -> list[str]:
    """Return the author of a row that states one, in one column, and no paper id; else nothing."""
    row = value.value
    if not isinstance(row, dict) or any(row.get(name) for name in PAPER_IDS):
        return []
    columns = [name for name in AUTHORS if name in row]
    names = author_names(row[columns[0]]) if len(columns) == 1 else []
    return names if len(names) == 1 else []


def _other_author(
    last: FileValue | None, value: FileValue | InvalidEntry, names: Mapping[str, None]
) -> str | None:
    """Return the author of a row that is one of the paper of the last row, else None."""
    if last is None or not names or not isinstance(value, FileValue):
        return None
    row, more = last.value, value.value
    if not isinstance(row, dict) or not isinstance(more, dict) or row.keys() != more.keys():
        return None
    used = COLUMNS_OF_LISTS - {*AUTHORS}
    if not title_of(row) or any(row[name] != more[name] for name in row if name in used):
        return None
    found = _only_author(value)
    return found[0] if found and found[0] not in names else None


def _with_authors(value: FileValue, names: Mapping[str, None]) -> FileValue:
    """Return a row with all authors that were gathered for it."""
    if len(names) < 2 or not isinstance(value.value, dict):
        return value
    column = next(name for name in AUTHORS if name in value.value)
    return FileValue(value.place, {**value.value, column: [*names]})
