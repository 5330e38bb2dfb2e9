r"""Headings, acknowledgments and bibliographies of a flat text, by the marks expansion left."""

import re
from bisect import bisect_right
from dataclasses import dataclass

from cycledata.formats.section_titles import (
    is_about_authors,
    is_acknowledgments,
    is_foreign_acknowledgments,
)
from cycledata.parse.latex.flat_text import FlatText, TextSpan
from cycledata.parse.latex.known_commands import (
    ACKS,
    APPENDICES,
    CHAPTERS,
    HEADINGS,
    UNNUMBERED,
)
from cycledata.parse.latex.title_abstract import in_full
from cycledata.parse.latex.to_plain_text import readable

_RUN_IN = re.compile(
    r"(?:\A|\n[ \t]*\n|\\noindent|\\par|\\(?:med|small|big)skip|\\vspace\*?\{[^{}]{0,20}\}"
    r"|\\item|\}|\\\\)\s{0,20}"
    r"(\{?\\(?:textbf|textit|textsc|emph|bf|it|sc|bfseries|itshape|scshape|subparagraph|textsf)"
    r"(?![A-Za-z])\s{0,9}\{?\s{0,9}(?:\\(?:textbf|textit|bf|it|sc|bfseries)\s{0,9}\{?)?[AaFf]?)\Z"
)
_ACK_WORD = re.compile(r"cknowled?ge?m[a-z]{0,5}|unding")
_SUPPORT = re.compile(
    r"\b(?:[Ss]upported (?:in part )?by|[Ff]unded by|[Gg]rants?\b|[Nn]o (?:external )?funding)"
)
_AFTER_WORD = re.compile(r"\s{0,3}(?:[.:—–]|-{1,3}|\}|\\\\|\n)")
_APPENDIX_MARKS = frozenset(
    {
        "\\appendix",
        "\\appendices",
        "\\maketitlesupplementary",
        *(f"\\begin{{{name}}}" for name in APPENDICES),
    }
)
_ENDS = _APPENDIX_MARKS | {
    "\\bibliography",
    "\\printbibliography",
    "\\begin{thebibliography}",
}
"""Where running text ends."""
_CONTRIBUTIONS = re.compile(
    r"(?:core |lead |team |group |individual )?contribut(?:ions?|ors?)(?: (?:and|&) .{0,40})?\Z",
    re.IGNORECASE,
)
MIN_NAMED = 3
"""Authors whom a section on contributions names."""
MAX_TITLE = 600
"""Characters of a heading; a longer one is text that a brace ran away with."""
MAX_HEADINGS = 2_000
"""Headings of one paper; real ones have up to a hundred. What follows is the last one's text."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One sectioning command with its place in the flat text."""

    level: int
    title: str
    starred: bool
    start: int
    end: int
    appendix: bool


def read_headings(flat: FlatText) -> list[Heading]:
    """Every sectioning command of the body, in order."""
    headings: list[Heading] = []
    has_chapters = any(name in CHAPTERS for place, name in flat.marks if place >= flat.body)
    appendix = False
    until = 0
    for offset, name in flat.marks:
        if offset < flat.body:
            continue
        appendix = appendix or name in _APPENDIX_MARKS
        level = HEADINGS.get(name)
        if level is None or offset < until:
            continue
        if has_chapters and (level or name in CHAPTERS):
            level += 1
        starred, pos = flat.after_star(offset + len(name))
        option, pos = flat.option(pos)
        if option is not None:  # memoir has a second one
            _, pos = flat.option(pos)
        found = flat.printed_argument(pos)
        if found is None or found[1] - pos > 20 * MAX_TITLE:
            continue
        title = readable(in_full(found[0], flat.macros))
        if len(title) > MAX_TITLE or (level >= 4 and not title):
            continue
        until = found[1]
        starred = starred or name in UNNUMBERED
        headings.append(Heading(level, title, starred, offset, found[1], appendix))
        if len(headings) == MAX_HEADINGS:
            break
    return headings


def read_acknowledgments(
    flat: FlatText, headings: list[Heading], names: tuple[str, ...] = ()
) -> list[TextSpan]:
    """Places of acknowledgments: sections, paragraphs, environments, commands, bold words.

    Args:
        flat: the paper.
        headings: its headings.
        names: full names of the authors; a section "Contributions" that has several is about them.
    """
    spans = flat.environments(ACKS)
    stops = [place for place, name in flat.marks if name in _ENDS] + [len(flat.text)]
    starts = sorted([*(heading.start for heading in headings), *stops])
    for index, heading in enumerate(headings):
        title = heading.title
        foreign = is_foreign_acknowledgments(title) or is_about_authors(title)
        may_name = bool(names) and _CONTRIBUTIONS.match(title) is not None
        if foreign or may_name or is_acknowledgments(title):
            level = 6 if heading.level >= 4 else heading.level
            later = range(index + 1, len(headings))
            end = next((headings[at].start for at in later if headings[at].level <= level), None)
            stop = stops[bisect_right(stops, heading.end - 1)]
            end = stop if end is None else min(end, stop)
            if not may_name or _n_named(flat.text[heading.end : end], names) >= MIN_NAMED:
                start = heading.end if foreign or may_name else heading.start
                spans.append(TextSpan(start, end))
    for offset, name in flat.marks:
        if name[1:] not in ACKS or offset < flat.body:
            continue
        _, pos = flat.after_star(offset + len(name))
        group = flat.group(pos)
        inside = flat.text[group.start : group.end] if group is not None else ""
        if group is not None and inside.strip() and not is_acknowledgments(readable(inside)):
            spans.append(TextSpan(offset, group.end + 1))
        else:
            spans.append(TextSpan(offset, starts[bisect_right(starts, offset)]))
    spans += run_in_acknowledgments(flat, starts)
    return sorted(spans, key=lambda span: span.start)


def _n_named(text: str, names: tuple[str, ...]) -> int:
    """Return how many of the authors' full names a text has."""
    return sum(name in text for name in names)


def run_in_acknowledgments(flat: FlatText, starts: list[int]) -> list[TextSpan]:
    r"""Paragraphs that open with a bold or slanted "Acknowledgments" or "Funding"."""
    spans: list[TextSpan] = []
    for word in ("cknowledg", "unding"):
        spans += _run_in(flat, starts, word)
    return spans


def _run_in(flat: FlatText, starts: list[int], word: str) -> list[TextSpan]:
    """Paragraphs that open with a bold word; one on funding must name what it was."""
    spans: list[TextSpan] = []
    at = flat.text.find(word, flat.body)
    while at >= 0 and len(spans) < 20:
        before = max(flat.body, at - 90)
        opening = _RUN_IN.search(flat.text[before:at])
        names_it = word != "unding" or _SUPPORT.search(flat.text, at, at + 300)
        if opening and names_it and _closes_after_word(flat.text, at):
            blank = flat.text.find("\n\n", at)
            end = starts[bisect_right(starts, at)]
            spans.append(
                TextSpan(before + opening.start(1), min(end, blank) if blank >= 0 else end)
            )
        at = flat.text.find(word, at + len(word))
    return spans


def _closes_after_word(text: str, at: int) -> bool:
    """Return whether the word at ``at`` is all that the bold or slanted text says."""
    word = _ACK_WORD.match(text, at)
    return word is not None and _AFTER_WORD.match(text, word.end()) is not None
