"""Authors of a paper in a cell of a list, as services, sites and pandas write them."""

import ast
import html
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from cycledata.sources.rating_cells import MISSING
from cycledata.sources.table_files import is_deep, plain_cell

_LONGEST_PRINTED = 100_000
"""Characters of a printed list that is evaluated."""
_NAMES = (
    *("name", "fullname", "full_name", "display_name", "text", "literal", "author"),
    *("author_name", "preferred_name"),
)
"""Fields with a whole name."""
_PARTS = (
    ("given", "first", "firstname", "first_name", "given_name", "forename"),
    ("middle", "middle_name"),
    ("dropping_particle",),
    ("non_dropping_particle",),
    ("family", "last", "lastname", "last_name", "surname", "family_name"),
    ("suffix",),
)
"""Fields with the parts of a name, in the order in which they are printed."""
_BETWEEN_NAMES = re.compile("[;\u00b7\u2022\u22c5|\u3001\uff0c\uff1b]| / ")
"""Signs that separate names on the pages of venues, beside commas."""
_ONE_NAME = re.compile(r"[^\s,]+(?:-[^\s,]+)?, [^,]+")
"""One name with the family name first, such as `Zhang, Jingyi`."""
_BEHIND_NAME = re.compile(r" ?\([^()]{1,300}\)(?=[ *]{0,4}(?:[;,|\u00b7\u2022\u22c5&]|and\b|$))")
"""Affiliation or number in brackets."""
_MARKS = re.compile(
    "(?<![\\s\\d])[\\d*\u2020\u2021\u00a7\u00b6\u2217\u2709#\u00b2\u00b3\u00b9\u2070-\u2079]{1,20}$"
    "|(?<=\\w) \\d{4}$"
)
"""Marks and numbers of affiliations right behind a name, or DBLP's number of a namesake."""
_OTHERS = re.compile(r"(?:and )?(?:\d+ |many )?(?:others|more)", re.IGNORECASE)
_ET_AL = re.compile(r",? et al\.?$", re.IGNORECASE)
_NO_NAMES = frozenset({*MISSING, "[]", "{}", "()", "anonymous", "anonymous authors"})
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV")
_INITIALS = re.compile(r"(?:[^\W\d_]\.[ -]?){1,4}")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"")


def author_names(value: object) -> list[str]:
    """Return the authors of a cell: a list of names or mappings, or a text.

    A text has semicolons or dots, `and`, or commas between the names, or is a list as Python,
    numpy or JSON print it.

    >>> author_names("Zhang, Jingyi and van Genabith, Josef"), author_names("Zhang, Jingyi")
    (['Zhang, Jingyi', 'van Genabith, Josef'], ['Zhang, Jingyi'])
    >>> author_names("Ann A, Bob B and Carl C"), author_names([{"name": "Ann A"}])
    (['Ann A', 'Bob B', 'Carl C'], ['Ann A'])
    >>> author_names("Ann A (MIT)*; Bob B (ETH, Zurich)"), author_names([{"family": "Ann"}])
    (['Ann A', 'Bob B'], ['Ann'])
    >>> author_names("['Ann A', 'Bob B']"), author_names("Zhang, J., Dyk, A.")
    (['Ann A', 'Bob B'], ['Zhang, J.', 'Dyk, A.'])
    """
    if isinstance(value, str):
        found = _printed_list(value.strip())
        value = "" if is_deep(found) else found
    if isinstance(value, list | tuple):
        return [name for item in value if (name := _author_name(item))]
    if isinstance(value, Mapping):  # DBLP has a list of several authors only
        inner = value.get("author")
        return author_names(inner if isinstance(inner, list) else [value])
    if not isinstance(value, str):
        return []
    names = _split(_BEHIND_NAME.sub("", html.unescape(value)))
    return [bare for name in names if (bare := _bare_name(name))]


def has_authors(value: object) -> bool:
    """Return True if a cell says something of authors, even if it is not understood."""
    if isinstance(value, str):
        return value.strip().lower() not in _NO_NAMES
    plain = plain_cell(value)
    return plain is not None and plain not in ([], {})


def _printed_list(text: str) -> object:
    """Return the list or mappings that a text is, `""` if broken, or the text if it is none."""
    inside = text.removeprefix("array(") if text.startswith("array([") else text
    if not inside.startswith(("[", "{", "('", '("')) or len(text) > _LONGEST_PRINTED:
        return text
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    if inside.startswith(("[{", "{")):
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return ast.literal_eval(text)
        return ""
    # numpy writes no commas, so that Python would join the names.
    end = max(inside.rfind("]"), inside.rfind(")") if inside.startswith("(") else -1)
    quoted = _QUOTED.findall(inside[: end + 1])
    if not quoted:
        return "" if "'" in inside[:2] or '"' in inside[:2] else text.strip("[]")
    with suppress(ValueError, SyntaxError):
        return [ast.literal_eval(name) for name in quoted]
    return ""


def _split(text: str) -> list[str]:
    """Return the names of a text, with what is behind them."""
    if separator := _BETWEEN_NAMES.search(text):
        return text.split(separator[0])
    names = re.split(r"\s+and\s+|\s+&\s+", text)
    if all(_ONE_NAME.fullmatch(" ".join(name.split())) for name in names):
        return names
    if len(names) > 1 and all("," in name for name in names):
        return names
    parts = [part.strip() for name in names for part in name.split(",")]
    if len(parts) == 1:
        return text.split("\n")
    return _joined([part for part in parts if part])


def _joined(parts: Sequence[str]) -> list[str]:
    """Return names of which commas may have split the family name, or `Jr.`, from the rest."""
    pairs = len(parts) > 2 and len(parts) % 2 == 0
    is_short = all(_INITIALS.fullmatch(part) for part in parts[1::2])
    if pairs and (is_short or not any(" " in part for part in parts)):
        return [f"{family}, {given}" for family, given in zip(parts[::2], parts[1::2], strict=True)]
    names: list[str] = []
    for part in parts:
        if names and _SUFFIX.fullmatch(part):
            names[-1] += f", {part}"
        else:
            names.append(part)
    return names


def _bare_name(name: str) -> str:
    """Return a name without marks and numbers behind it; `""` if it is none."""
    name = _MARKS.sub("", _ET_AL.sub("", " ".join(name.split()).rstrip("*\u2020\u2021 ")))
    is_name = any(map(str.isalpha, name)) and name.lower() not in _NO_NAMES
    return name if is_name and not _OTHERS.fullmatch(name) else ""


def _author_name(item: object) -> str | None:
    """Return the name of an author, which may be a mapping, also inside of another."""
    if not isinstance(item, Mapping):
        return _bare_name(item) or None if isinstance(item, str) else None
    fields = {str(name).lower().replace("-", "_"): part for name, part in item.items()}
    if str(fields.get("creatortype", "author")) != "author":
        return None
    inner = fields.get("author")
    if isinstance(inner, Mapping):
        return _author_name(inner)
    whole = _first(fields, _NAMES)
    return _bare_name(whole or " ".join(filter(None, (_first(fields, n) for n in _PARTS)))) or None


def _first(fields: Mapping[str, object], names: Sequence[str]) -> str:
    found = (fields[name] for name in names if isinstance(fields.get(name), str))
    return next((str(text).strip() for text in found if str(text).strip()), "")
