"""Rows of a list as whole papers: nested fields, one row per author, rows without a decision."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cycledata.sources.accepted_states import has_empty_decision, states_decision
from cycledata.sources.author_cells import author_names
from cycledata.sources.dump_files import FileValue, InvalidEntry
from cycledata.sources.listed_papers import AUTHORS, COLUMNS_OF_LISTS, title_of
from cycledata.sources.table_files import PAPER_IDS, plain_cell


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
    for value in values:
        if isinstance(value, FileValue) and isinstance(value.value, dict):
            value = FileValue(value.place, _with_fields(value.value))
        united = _united(last, value)
        if united is None and last is not None:
            yield last
        last = united
        if united is None:
            if isinstance(value, FileValue):
                last = value
            else:
                yield value
    if last is not None:
        yield last


def _with_fields(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the fields that a note of OpenReview, or a site, has under `content`."""
    fields = row.get("content")
    if isinstance(fields, Mapping) and "title" in fields:
        plain = {str(n).lower(): _value(cell) for n, cell in fields.items()}
        return {**plain, **{name: cell for name, cell in row.items() if name != "content"}}
    if any(name.startswith("content.") for name in row):  # as pandas flattens notes
        short = {n.removeprefix("content.").removesuffix(".value"): cell for n, cell in row.items()}
        return short if len(short) == len(row) else row
    return row


def _value(cell: object) -> object:
    return cell["value"] if isinstance(cell, Mapping) and "value" in cell else cell


def _united(last: FileValue | None, value: FileValue | InvalidEntry) -> FileValue | None:
    """Return two rows as one if each states another author of one paper, else None."""
    if last is None or not isinstance(value, FileValue):
        return None
    row, more = last.value, value.value
    if not isinstance(row, dict) or not isinstance(more, dict) or not title_of(row):
        return None
    columns = [name for name in AUTHORS if name in row]
    if len(columns) != 1 or any(row.get(name) for name in PAPER_IDS):
        return None
    used = COLUMNS_OF_LISTS - {columns[0]}
    if row.keys() != more.keys() or any(row[n] != more[n] for n in row if n in used):
        return None
    names, new = author_names(row[columns[0]]), author_names(more[columns[0]])
    is_list = isinstance(row[columns[0]], list)
    if len(new) != 1 or new[0] in names or (len(names) != 1 and not is_list):
        return None
    return FileValue(last.place, {**row, columns[0]: [*names, *new]})
