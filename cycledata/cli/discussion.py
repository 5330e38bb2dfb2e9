"""The discussion and the rating history of one paper, for reading."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cycledata.console import printable

_INDENT = "  "
Row = Mapping[str, Any]


def thread_lines(notes: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a discussion: each note below the note that it answers.

    Args:
        notes: rows of ``threads`` of one paper, in their order.
    """
    answers: dict[str | None, list[Row]] = {}
    for note in notes:
        answers.setdefault(note["reply_to"], []).append(note)
    waiting = [(note, 0) for note in reversed(answers.get(None, ()))]
    while waiting:
        note, depth = waiting.pop()
        day = "" if note["day"] is None else f", day {note['day']}"
        yield printable(f"{_INDENT * depth}{note['note_id']} {note['role']}: {note['kind']}{day}")
        text = "(withheld)" if note["text"] is None else note["text"]
        for line in text.split("\n"):
            yield printable(f"{_INDENT * depth}| {line}".rstrip())
        yield ""
        waiting += [(answer, depth + 1) for answer in reversed(answers.get(note["note_id"], ()))]


def history_lines(states: Sequence[Row]) -> Iterator[str]:
    """Yield one line per reviewer: the ratings by state and day.

    Args:
        states: rows of ``history`` of one paper, in their order.
    """
    by_reviewer: dict[str, list[Row]] = {}
    for row in states:
        by_reviewer.setdefault(row["reviewer"], []).append(row)
    for reviewer, rows in by_reviewer.items():
        shown = [
            f"{row['rating']:g} ({row['state'] or 'state unknown'}, {row['observed'] or 'no day'}, "
            f"{row['source']})"
            for row in rows
        ]
        yield printable(f"{reviewer}: {'; '.join(shown)}")
