r"""One branch of a discussion <-> chat messages that end with the authors' response.

The user has the notes of reviewers and others, the assistant those of the authors. Each turn has
one block per note, separated by a line of ten asterisks::

    ## R2: review

    ### Summary
    ...

    **********

    ## R2: comment

    ...

``parse_rebuttal(render_rebuttal(turns)) == turns`` for every branch that starts with a note of
another role and ends with one of the authors. A backslash is written before a line of a text that
would be a heading or a separator, and at the edge of a text that starts or ends with white space.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

from pydantic import Field

from cycledata.formats.escapes import WHITE, Escape
from cycledata.formats.review_lines import SEPARATOR
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Message, Record

AUTHORS = "authors"
_PROMPT = """\
You are the authors of a paper under review. You are given notes of the discussion: reviews, \
comments and your earlier responses. Write your next response. Answer every point of the last \
notes, say what you change in the paper, and claim no result that you do not have.

Head each note "## authors: rebuttal" in answer to a review, or "## authors: comment". Separate \
notes with a line of ten asterisks."""
_ESCAPE = Escape("\\", r"## |\*{10}")
_HEADING = re.compile(r"## ([a-zA-Z0-9-]{1,40}): ([a-z-]{1,40})[ \t]*(?:\n|\Z)")
_SPLIT = re.compile(r"^\*{10}[ \t]*$", re.MULTILINE)

Label = Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]{1,40}$")]
Kind = Annotated[str, Field(pattern=r"^[a-z-]{1,40}$")]


class RebuttalTurn(Record):
    """One note of a branch."""

    role: Label
    """Reviewer ``"R1"`` upwards, ``"authors"``, ``"area-chair"``, ..."""
    kind: Kind
    """``"review"``, ``"rebuttal"``, ``"comment"``, ..."""
    text: str
    """Words of the note."""


def render_rebuttal(turns: Sequence[RebuttalTurn]) -> tuple[Message, ...]:
    """Return the system message, then a user and an assistant message per exchange.

    Raises:
        ValueError: the branch does not start with a note to the authors, or does not end with one
            of theirs.
    """
    if not turns or turns[0].role == AUTHORS or turns[-1].role != AUTHORS:
        roles = [turn.role for turn in turns]
        raise ValueError(f"expected notes from another role to the authors, found {roles}")
    messages = [Message(role="system", content=_PROMPT)]
    for by_authors, notes in groupby(turns, key=lambda turn: turn.role == AUTHORS):
        content = f"\n\n{SEPARATOR}\n\n".join(map(_render, notes))
        messages.append(Message(role="assistant" if by_authors else "user", content=content))
    return tuple(messages)


def parse_rebuttal(messages: Sequence[Message]) -> tuple[RebuttalTurn, ...] | Unreadable:
    """Return the notes of a branch, or where and why the messages are not readable."""
    roles = [message.role for message in messages]
    expected = ["system", *["user", "assistant"] * (len(roles) // 2)]
    if len(roles) < 3 or roles != expected:
        return Unreadable("roles", f"expected system, user, assistant, ...; found {roles}")
    if messages[0].content != _PROMPT:
        return Unreadable("message 1", "expected the instruction to the authors, found otherwise")
    turns: list[RebuttalTurn] = []
    for number, message in enumerate(messages[1:], 2):
        found = parse_notes(message.content)
        if isinstance(found, Unreadable):
            return Unreadable(f"message {number}, {found.where}", found.why)
        odd = [n.role for n in found if (n.role == AUTHORS) != (message.role == "assistant")]
        if odd:
            return Unreadable(f"message {number}", f"expected no note of {odd[0]} in this turn")
        turns += found
    return tuple(turns)


def parse_notes(text: str) -> tuple[RebuttalTurn, ...] | Unreadable:
    r"""Return the notes of one turn, e.g. of a model's response, or where and why it is unreadable.

    >>> parse_notes("## authors: rebuttal\n\nWe add Table 3.")[0].text
    'We add Table 3.'
    """
    found: list[RebuttalTurn] = []
    for number, block in enumerate(_SPLIT.split(text), 1):
        heading = _HEADING.match(block.lstrip(WHITE))
        if heading is None:
            return Unreadable(f"note {number}", 'expected a heading "## ROLE: KIND" first')
        body = block.lstrip(WHITE)[heading.end() :]
        if re.search(r"^## ", body, re.MULTILINE):
            return Unreadable(f"note {number}", "expected a separator before the next heading")
        found.append(RebuttalTurn(role=heading[1], kind=heading[2], text=_ESCAPE.read(body)))
    return tuple(found)


def _render(turn: RebuttalTurn) -> str:
    return f"## {turn.role}: {turn.kind}\n\n{_ESCAPE.write(turn.text)}"
