"""Strict parsing of outlines from a model's reply or from a recorded conversation.

In: the text of a reply, or the payload of an ``outline`` reply in the snapshot. Out: the record, or
where and why there is none. Nothing is repaired here; ``ask`` asks the model again instead.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.formats.latex_json import read_latex_json
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Outline, Record, first_problem

Outcome = Literal["outline", "refused"]
_TEXTS = ("motivation", "main_idea")
_PLACE = re.compile(r"JSON(?:, character \d+)?|request|reply|([a-z_]+)(?:\.\d+(?:\.[a-z]+)?)?")
"""Places in a reply; the group is the field of the outline, which must exist."""


class SeededSampling(Record):
    """Sampling parameters and the one seed of all conversations, as recorded."""

    temperature: float
    top_p: float
    max_tokens: int
    """Maximum number of new tokens of one reply."""
    seed: int
    """Sent to the server, which may ignore it."""


class Attempt(Record):
    """One reply of the model, unchanged."""

    text: str
    """``""`` if the server sent none."""
    finish_reason: str | None
    """``"stop"``, ``"length"``, ...; None if the server did not say or did not answer."""
    served_model: str | None
    """Model that the server says has answered."""
    n_prompt_tokens: int | None
    n_reply_tokens: int | None
    n_neutralized: int = 0
    """Control tokens in the messages that were sent as plain text."""
    problem: str | None
    """Where and why it was not accepted; None for the accepted one, which is the last."""


class OutlineReply(Record):
    """Payload of an ``outline`` reply: the request about one paper and all replies."""

    paper_id: str
    source: str
    """Source of the paper's text, e.g. ``"2310.99915v1"``."""
    model: str
    prompt_hash: str
    """Of the prompts, the schema and the rule that fits a paper to the context; 16 hex digits."""
    sampling: SeededSampling
    n_chars: int
    """Length of the paper's text."""
    n_chars_shown: int
    """Length of the part that the model was shown."""
    attempts: tuple[Attempt, ...]
    """In order; each request states what was wrong with the completion before."""
    outcome: Outcome


def outline_schema() -> dict[str, Any]:
    """Return the JSON schema of an outline with every field required, for strict decoding."""
    return _closed(Outline.model_json_schema())


def parse_outline(text: str) -> Outline | Unreadable:
    """Return the outline that a reply states: all of the text, or all of one fenced block.

    Strict: no unknown key, no number in quotes, no empty motivation, main idea or list; two
    experiments of one list have two names.
    """
    value = read_latex_json(text)
    if isinstance(value, Unreadable):
        return value
    try:
        # Through JSON again: only there does strict mean JSON's types, and a list is no tuple yet.
        outline = Outline.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        problem = first_problem(error)
        return Unreadable(problem.where or "JSON", problem.detail)
    return _incomplete(outline) or outline


def read_outline_reply(payload: bytes) -> OutlineReply:
    """Return the record of a payload.

    Raises:
        ParseError: not such a record, or its outcome is not what its last attempt gives.
    """
    try:
        reply = OutlineReply.model_validate_json(payload)
    except ValidationError as error:
        where = first_problem(error).where
        detail = f"invalid or missing: {where}" if where else "not a JSON object"
        raise ParseError("outline-reply", detail) from error
    accepted = bool(reply.attempts) and reply.attempts[-1].problem is None
    if accepted != (reply.outcome == "outline"):
        raise ParseError("outline-reply", f"{reply.paper_id}: outcome and attempts disagree")
    return reply


def recorded_outline(reply: OutlineReply) -> Outline | Unreadable:
    """Return the outline that a conversation ended in, or why the model gave none."""
    last = reply.attempts[-1] if reply.attempts else None
    if last is None or last.problem is not None:
        why = "no reply" if last is None else last.problem
        return Unreadable(f"{reply.model}, {len(reply.attempts)} attempts", str(why))
    return parse_outline(last.text)


def place_of(problem: str) -> str:
    """Return where a recorded problem is, without words of the model; "" if that is not clear.

    >>> place_of("JSON, character 7: Expecting value, found 'x'")
    'JSON, character 7'
    """
    place = problem.partition(":")[0]
    known = _PLACE.fullmatch(place)
    named = known is not None and (known[1] is None or known[1] in Outline.model_fields)
    return place if named else ""


def ranks_above(reply: OutlineReply, rival: Outcome | None) -> bool:
    """Return True if a conversation replaces one with this outcome, or none."""
    return rival is None or (rival == "refused" and reply.outcome == "outline")


def choose_outlines(payloads: Iterable[bytes]) -> dict[str, OutlineReply]:
    """Return one conversation per paper: outlines before refusals, then the first.

    Args:
        payloads: ``outline`` replies in order of their keys, so by model, paper and prompt.

    Raises:
        ParseError: a payload is not such a record.
    """
    chosen: dict[str, OutlineReply] = {}
    for payload in payloads:
        reply = read_outline_reply(payload)
        rival = chosen.get(reply.paper_id)
        if ranks_above(reply, rival.outcome if rival else None):
            chosen[reply.paper_id] = reply
    return chosen


def _incomplete(outline: Outline) -> Unreadable | None:
    for name in _TEXTS:
        if not getattr(outline, name).strip():
            return Unreadable(name, "expected a text, found a blank one")
    for name in ("experimental_setup", "experimental_results"):
        names = [item.name.strip() for item in getattr(outline, name)]
        if not names:
            return Unreadable(name, "expected at least one experiment, found none")
        if "" in names or len(set(names)) < len(names):
            return Unreadable(name, f"expected a name of its own for each, found {names}"[:200])
    return None


def _closed(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema without titles, defaults and docstrings, every property required."""
    kept = {
        key: _closed_value(value)
        for key, value in node.items()
        if key not in ("title", "default", "description") or not isinstance(value, str | None)
    }
    if "properties" in kept:
        kept["required"] = list(kept["properties"])
    return kept


def _closed_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _closed(value)
    return [_closed_value(item) for item in value] if isinstance(value, list) else value
