r"""JSON with LaTeX in its texts, written and read so that no command is lost.

In JSON, ``"\textsc"`` is a tab followed by ``extsc``: a model that forgets to double a backslash
loses the command without an error. So a text in which a short escape runs into the letters of a
command is refused, and a tab that is meant is written as ``\u0009``.
"""

import json
import re

from cycledata.files import strict_json
from cycledata.formats.unreadable import Unreadable

MAX_JSON_CHARS = 2_000_000
"""Size limit; no list of experiments is longer."""

# A line break before a word is common, so there only commands that are not English words count.
_NEWLINE_COMMAND = "(?:abla|eq|oindent|ewline|ewpage|ewcommand|ormalsize)(?![A-Za-z])"
_TO_SPELL_OUT = re.compile(rf"\\(?:([bfrt])|(n)(?={_NEWLINE_COMMAND})|.)")
_CODES = {"b": r"\u0008", "f": r"\u000c", "n": r"\u000a", "r": r"\u000d", "t": r"\u0009"}
_LOST = re.compile(rf"\\(?:([bfrt](?=[A-Za-z])|n(?={_NEWLINE_COMMAND}))|.)", re.DOTALL)

_FENCE = re.compile(r"```(?:json)?[ \t]{0,8}(?:\r?\n|(?=[\[{]))", re.IGNORECASE)


def write_latex_json(value: object) -> str:
    r"""Return JSON over several lines, without short escapes that could be LaTeX commands.

    >>> print(write_latex_json(["\\textsc{A}", "tab\there"]))
    [
      "\\textsc{A}",
      "tab\u0009here"
    ]
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return _TO_SPELL_OUT.sub(_spell_out, text)


def _spell_out(match: re.Match[str]) -> str:
    letter = match[1] or match[2]
    return _CODES[letter] if letter else match[0]


def read_latex_json(text: str) -> object | Unreadable:
    r"""Return a JSON value, bare or in one fenced block, or why it cannot be read.

    A text in which a short escape could be a LaTeX command is unreadable.

    >>> read_latex_json('["\\\\alpha"]')
    ['\\alpha']
    >>> read_latex_json('["\\textsc{A}"]').where
    'JSON, character 3'
    """
    body = _without_fence(text.strip())
    if len(body) > MAX_JSON_CHARS:
        return Unreadable("JSON", f"{len(body)} characters, at most {MAX_JSON_CHARS} are read")
    for escape in _LOST.finditer(body):
        if escape[1]:
            found = body[escape.start() : escape.start() + 12]
            where = f"JSON, character {escape.start() + 1}"
            return Unreadable(where, f"{found!r} reads as a control character: double backslashes")
    try:
        return strict_json(body)
    except json.JSONDecodeError as error:
        found = body[error.pos : error.pos + 20]
        return Unreadable(f"JSON, character {error.pos + 1}", f"{error.msg}, found {found!r}")
    except ValueError as error:
        return Unreadable("JSON", str(error)[:200])


def _without_fence(text: str) -> str:
    """Return the inside of a text if all of it is one fenced block, else the text."""
    fence = _FENCE.match(text)
    if fence is None or not text.endswith("```"):
        return text
    return text[fence.end() : -3].rstrip()
