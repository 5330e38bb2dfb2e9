"""What the rows of a list say of acceptance: kinds of publications, decisions, venues."""

import re
from collections.abc import Mapping

from cycledata.formats.rating_scales import decision_kind
from cycledata.sources.rating_cells import (
    ACCEPTED,
    MISSING,
    WITHDRAWN,
    read_flag,
    states_nothing,
)
from cycledata.sources.table_files import first_text, plain_cell

KINDS = (
    *("eventtype", "event_type", "type", "document_type", "doc_type", "item_type", "itemtype"),
    *("entrytype", "entry_type", "bibtype", "publicationtypes", "publication_types"),
)
"""Columns with the kind of an event or publication."""
DECISIONS = ("decision", "status")
_NO_PAPER = re.compile(
    r"(?:affinity|award|blog|break$|competition|editor|expo\b|invited|keynote|mentor|opening|panel"
    r"|proceedings$|reception|remarks|session|socials?$|talk$|town hall|tutorial|workshop"
    r"|newspaper|magazine|article-(?:newspaper|magazine)|conference review|journal[ -]track"
    r"|(?:poster|oral|spotlight|paper)s?[ -]session|peer)",
    re.IGNORECASE,
)
"""Start of a kind of event, or of a publication, that is not a paper of the venue."""
_PAPER = re.compile(
    r"paper|article|poster|oral\b|spotlight|highlight|\b(?:long|short|full|regular|main)\b"
    r"|inproceedings|incollection|chapter|parts in|^conference(?:[ _-]proceedings?)?$|^letter$"
    r"|^(?:review|survey)$|findings|industry|system demonstration|^demos?$|^srw$|^accept",
    re.IGNORECASE,
)
"""What the kinds of papers are called."""
_UNACCEPTED = re.compile(
    r"desk[- ]reject|active\b|submitted\b|.*\bworkshop\b|(?:not|no|under|awaiting)\b|un-?accept"
    r"|in (?:review|progress|discussion|revision)"
    r"|non-?accept|retract|revoked|wait|borderline|(?:major |minor )?revis|resubmi|declin|denied"
    r"|removed|delet|cancel|draft|false\b|disqualif|ineligible|incomplete|pending",
    re.IGNORECASE,
)
"""Start of a decision that does not accept."""
_AGAINST = re.compile(r"\b(?:reject|withdr[ae]w)", re.IGNORECASE)
_STATES = re.compile(r"submitted to |.*(?:\b(?:withdrawn|rejected)[ _]|/)submission", re.IGNORECASE)
"""Venue of a paper that OpenReview does not list as accepted."""
_CODE = re.compile(r"-?\d+(?:\.\d+)?")


def is_left_out(row: Mapping[str, object]) -> str | None:
    """Return why a row is not an accepted paper, or None if nothing says that it is not."""
    problem = _decided_against(row) or _other_kind(row)
    if problem is not None:
        return problem
    for column in ("venueid", "venue_id", "venue"):
        words = first_text(row, (column,))
        if words is not None and _STATES.match(words):
            return f"{column} is {words!r:.60}; only accepted papers are imported"
    try:
        if read_flag(row, WITHDRAWN):
            return "the paper was withdrawn; only accepted papers are imported"
        if read_flag(row, ACCEPTED) is False:
            return "the paper was not accepted; only accepted papers are imported"
    except ValueError as error:
        return str(error)
    return None


def states_decision(row: Mapping[str, object]) -> bool:
    """Return True if a row says in words that its paper was accepted, rejected or withdrawn."""
    words = (first_text(row, (column,)) for column in DECISIONS)
    return any(text is not None and decision_kind(text) is not None for text in words)


def has_empty_decision(row: Mapping[str, object]) -> bool:
    """Return True if a row has a column for its decision that is empty, and none that is not."""
    columns = [name for name in (*DECISIONS, *ACCEPTED) if name in row]
    cells = (plain_cell(row[name]) for name in columns)
    return bool(columns) and all(str(cell).strip().lower() in MISSING for cell in cells)


def _decided_against(row: Mapping[str, object]) -> str | None:
    for column in DECISIONS:
        words = first_text(row, (column,))
        if words is None:
            continue
        if _CODE.fullmatch(words):
            return f"{column}: expected words such as Accept or Reject, found {words[:40]}"
        kind = decision_kind(words)
        is_open = kind is None and _AGAINST.search(words)
        is_against = kind in {"reject", "withdrawn"} or _UNACCEPTED.match(words)
        if is_against or is_open or states_nothing(words):
            return f"{column} is {words!r:.40}; only accepted papers are imported"
    return None


def _other_kind(row: Mapping[str, object]) -> str | None:
    """Return why a row is not a paper by its kind, of which it may have several."""
    for column in KINDS:
        cell = plain_cell(row.get(column))
        kinds = [str(k) for k in cell] if isinstance(cell, list) else [first_text(row, (column,))]
        stated = [kind for kind in kinds if kind]
        if any(_PAPER.search(kind) and not _NO_PAPER.match(kind) for kind in stated) or not stated:
            continue
        words = ", ".join(stated)
        if any(map(_NO_PAPER.match, stated)):
            return f"{column} is {words!r:.40}; only papers are imported"
        return (
            f"{column} is {words!r:.40}; expected a kind of paper such as poster or article. If it"
            " is one, correct the cell or leave the column out"
        )
    return None
