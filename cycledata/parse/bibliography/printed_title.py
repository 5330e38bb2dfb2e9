r"""The title of a cited work in what a bibliography style prints.

A title is found where the style marks it, in quotation marks, or by its position after
the authors (``placed_title``).
"""

import re
from itertools import islice

from cycledata.formats.braces import group_contents, group_end
from cycledata.parse.bibliography.placed_title import placed_title, region_title
from cycledata.parse.bibliography.printed_markup import UPRIGHT, cleaned, with_letters
from cycledata.parse.bibliography.printed_names import AFTER_NAMES
from cycledata.parse.bibliography.title_checks import MAX_TITLE, checked_title

MAX_PRINTED = 8_000
"""Characters of one printed entry."""
_MARKED = re.compile(
    r"\\(?:showarticletitle|batitle|bctitle|APACrefatitle|bibinfo\s*+\{title\}|bititle|articletitle"
    r"|bibatfont|bibapifont|bibtfont|btxjtitlefont|btxtitlefont|bibtitle)"
    r"\s*+(?:\{\s*+\\btxifchangecase\s*+)?+(?=\{)"
)
_MARKED_BOOK = re.compile(r"\\(?:APACrefbtitle|bbtitle|bibinfo\s*+\{booktitle\})\s*+(?=\{)")
_MARKS = re.compile(r"\\(?:bibinfo|bibfield|APACref|bauthor|oauthor|bsnm|Eprint|jbbibargs|btxname)")
_BTX_IN = re.compile(r"tx[Ii]n(?:short|long)")
_IN_BEFORE = re.compile(r"(?:\b[Ii]n:?|\\BIn)\s{0,3}(?:\{\}|\\[A-Za-z@]{2,12}|[~{\s\\]|\{\})*+\Z")
_QUOTED = re.compile(
    r"``((?:[^`'\"]|'(?!')|`(?!`)|``[^`'\"]{1,200}+''"
    r"|\"[A-Za-z][^\"`']{0,60}\"(?=,?''| [a-z])){4,400}+)(?:''|\")"
    r"|“([^“”]{4,400}+)”|\\enquote\s*+(?=\{)"
    r"|(?<=[,.)] )\"([^\"]{8,400})\""
)
_SUBTITLE = re.compile(r"(?:[:;]|-{1,3}|—|–)[\s~{]{0,3}(?!(?:[Ii]n|em|it|sl)\b)[A-Za-z]")
"""A title goes on after the quotation with which it opens: ``Why'': a study of reasons."""
_GOES_ON = re.compile(
    r"(?!In |Proc|Journal|Trans|Advances|International|Conference)"
    r"[A-Z][a-z]*+(?: [A-Za-z][a-z]*+){2}"
)
"""The same after a question: ``Why?'' A study of reasons."""
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_EDITION = re.compile(r"\s?\(\s{0,9}\\bibinfo\s{0,9}\{edition\}[^()]{0,60}\)\s{0,9}\Z")
_LAST_WORD = re.compile(r" (?:19|20)\d\d\Z")
"""A year that is the only one of the entry is that of publication, not part of the title."""
_SERIES_OR_TITLE = re.compile(r"[:：][^\x1e\[［]{1,200}[\[［]M[\]］]")
"""What GB/T 7714 prints for a monograph: a series and its title, or a title with a colon."""


def printed_title(printed: str) -> str | None:
    """Return the title of a printed entry as LaTeX, or None if it cannot be found.

    Args:
        printed: the entry after its key, comments removed.
    """
    printed = with_letters(printed[:MAX_PRINTED])
    marked = _marked_title(printed)
    if marked is not None and not checked_title(marked) and "btx" in printed:
        return None
    if marked is not None:
        return _EDITION.sub("", marked)
    if quoted := _quoted_title(printed):
        return quoted
    if _MARKS.search(printed):
        return _after_marked_names(printed)
    text = cleaned(printed)
    if _SERIES_OR_TITLE.search(text):
        return None
    title = placed_title(text)
    checked = checked_title(title) if title else None
    if checked and (year := _LAST_WORD.search(checked)) and len(_ANY_YEAR.findall(text)) == 1:
        if f"{year[0]}{UPRIGHT}" in text:
            return checked
        return checked_title(checked[: year.start()])
    return checked


def _marked_title(printed: str) -> str | None:
    """Return a title that the style marks by a command."""
    for found in islice(_MARKED.finditer(printed), 3):
        if "btx" in found[0] and _BTX_IN.search(printed, max(0, found.start() - 40), found.start()):
            return None
        title = group_contents(printed, found.end(), limit=MAX_PRINTED)
        if title.strip():
            return title.strip(" \n,.")
    if "\\bibfield" in printed and "\\bibnamefont" in printed:
        return None
    for found in islice(_MARKED_BOOK.finditer(printed), 3):
        before = printed[max(0, found.start() - 40) : found.start()]
        if not _IN_BEFORE.search(before.rstrip("{ \n").removesuffix("\\emph").rstrip()):
            return group_contents(printed, found.end(), limit=MAX_PRINTED).strip(" \n,.") or None
    return None


def _quoted_title(printed: str) -> str | None:
    """Return the first text in quotation marks, unless it follows "in"."""
    for found in islice(_QUOTED.finditer(printed), 3):
        if _IN_BEFORE.search(printed[max(0, found.start() - 20) : found.start()]):
            return None
        inside = found[1] or found[2] or found[3]
        if inside is None:
            inside = group_contents(printed, found.end(), limit=MAX_TITLE + 100)
        title = inside.strip(" \n,.")
        if len(title) >= 4 and not _in_sentence(printed, found, inside):
            return title
    return None


def _in_sentence(printed: str, found: re.Match[str], inside: str) -> bool:
    """Return whether a quotation is part of a sentence: words come right before or after it."""
    after = printed[found.end() : found.end() + 60].lstrip("} ~\n")
    last = inside.rstrip()[-1:]
    if (last not in ",." and _SUBTITLE.match(after)) or (last in "?!" and _GOES_ON.match(after)):
        return True
    before = printed[max(0, found.start() - 20) : found.start()].rstrip("{ ~\n")
    command = before[before.rfind("\\") + 1 :].isalpha() and "\\" in before
    if before[-1:].isalnum() and not command:
        return not before[-4:].isdigit()
    if found[3] is not None and after[:1].isalpha():  # a title that opens with a quotation
        return not after.startswith(("In ", "in ", "In:"))
    return (
        found[3] is None
        and after[:1].islower()
        and inside.rstrip()[-1:] not in ",.?!"
        and (not after.startswith("in "))
    )


def _after_marked_names(printed: str) -> str | None:
    r"""Return what follows the colon after ``\oauthor{..}``, where Springer marks no title."""
    at = printed.rfind("\\oauthor")
    start = printed.find("{", at) if at >= 0 else -1
    end = group_end(printed, start, limit=500) if start >= 0 else -1
    if end < 0:
        return None
    rest = AFTER_NAMES.sub("", cleaned(printed[end:]), count=1)
    title = region_title(rest)
    return checked_title(title) if title else None
