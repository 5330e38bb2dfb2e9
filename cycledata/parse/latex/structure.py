"""Title, abstract and sections of a flat text, by the marks that expansion left."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from cycledata.parse.latex.expand import Flat
from cycledata.parse.latex.names import ABSTRACTS, ACKS, APART, HEADINGS, TITLES
from cycledata.parse.latex.plain import readable
from cycledata.parse.latex.scan import argument, optional, skip_inline_space, skip_space, star

_ACK_TITLE = re.compile(
    r"^\W*(?:\d+\W+)?ack?nowled?ge?m[a-z]{0,5}\b|^\W*acknowledging\b", re.IGNORECASE
)
_APART = re.compile(
    r"^\W*(?:references|bibliography|references cited|literature cited|contents|table of contents|"
    r"abstract|key ?words?|index terms|keywords and phrases)\W*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"(\\[A-Za-z@]++)(\s*+)")
_ABSTRACT_TITLE = re.compile(r"^\W*abstract\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """One sectioning command with its place in the flat text."""

    level: int
    title: str
    starred: bool
    start: int
    end: int
    appendix: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the flat text; ``start`` is its first character, ``end`` one past its last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Structure:
    """What a flat text holds, by place."""

    title: str
    title_spans: tuple[Span, ...]
    abstract: Span | None
    """Contents of the abstract, its command or environment not included."""
    abstract_whole: Span | None
    """The abstract with its command or environment."""
    headings: tuple[Heading, ...]
    acknowledgments: tuple[Span, ...]
    apart: tuple[Span, ...]
    """Bibliographies, and other pieces that belong to no section."""


def read_structure(flat: Flat) -> Structure:
    """Places of title, abstract, headings, acknowledgments and bibliography."""
    headings = read_headings(flat)
    title, title_spans = read_title(flat)
    abstract, whole = read_abstract(flat, headings)
    apart = environments(flat, APART)
    return Structure(
        title=title,
        title_spans=title_spans,
        abstract=abstract,
        abstract_whole=whole,
        headings=tuple(heading for heading in headings if heading.level),
        acknowledgments=tuple(read_acknowledgments(flat, headings)),
        apart=tuple(apart),
    )


def read_headings(flat: Flat) -> list[Heading]:
    """Every sectioning command of the body, in order."""
    headings: list[Heading] = []
    appendix = False
    text = flat.text
    until = 0
    for offset, name in flat.marks:
        if offset < flat.body:
            continue
        if name in ("\\appendix", "\\appendices", "\\begin{appendices}", "\\begin{appendix}"):
            appendix = True
        level = HEADINGS.get(name)
        if level is None or offset < until:
            continue
        starred, pos = star(text, offset + len(name))
        _, pos = optional(text, pos)
        found = argument(text, pos)
        if found is None:
            continue
        title = readable(in_full(found[0], flat.kept))
        if len(title) > 600 and text[skip_space(text, pos)] == "{":
            continue
        until = found[1]
        headings.append(Heading(level, title, starred, offset, found[1], appendix))
    return headings


def read_title(flat: Flat) -> tuple[str, tuple[Span, ...]]:
    r"""The paper's title and the places of all title commands.

    The first non-empty one counts: a second ``\icmltitle`` heads a supplement.
    """
    spans: list[Span] = []
    titles: list[str] = []
    for offset, name in flat.marks:
        if name not in TITLES:
            continue
        _, pos = star(flat.text, offset + len(name))
        _, pos = optional(flat.text, pos)
        found = argument(flat.text, pos)
        if found is None:
            continue
        spans.append(Span(offset, found[1]))
        titles.append(readable(in_full(found[0], flat.kept)))
    named = [title for title in titles if title]
    return (named[0] if named else "", tuple(spans))


def in_full(latex: str, kept: Mapping[str, str]) -> str:
    """A heading with the mathematical macros in it replaced too: a reader knows no macros."""
    for _ in range(3):
        if "\\" not in latex or len(latex) > 2_000:
            break
        latex = _WORD.sub(lambda match: _body(match, kept), latex)
    return latex


def _body(match: re.Match[str], kept: Mapping[str, str]) -> str:
    body = kept.get(match[1])
    return match[0] if body is None else body + " " * body[-1:].isalpha() * bool(match[2])


def environments(flat: Flat, names: frozenset[str]) -> list[Span]:
    """Places of whole environments with these names, outermost first."""
    spans: list[Span] = []
    marks = flat.marks
    until = 0
    for index, (offset, name) in enumerate(marks):
        if offset < until or not name.startswith("\\begin{") or name[7:-1] not in names:
            continue
        closing = "\\end{" + name[7:]
        for later, other in marks[index + 1 :]:
            if other == closing:
                until = later + len(closing)
                break
        else:
            until = len(flat.text)
        spans.append(Span(offset, until))
    return spans


def read_abstract(flat: Flat, headings: list[Heading]) -> tuple[Span | None, Span | None]:
    """Place of the abstract: an environment, a command, or a heading of that name."""
    text = flat.text
    for whole in environments(flat, ABSTRACTS):
        start = text.index("}", whole.start) + 1
        _, start = optional(text, start)
        end = text.rfind("\\end", start, whole.end)
        inner = Span(start, end if end >= start else whole.end)
        if text[inner.start : inner.end].strip():
            return inner, whole
    found = abstract_command(flat)
    if found[0] is not None:
        return found
    for index, heading in enumerate(headings):
        if _ABSTRACT_TITLE.match(heading.title):
            later = [other.start for other in headings[index + 1 :]]
            end = later[0] if later else len(text)
            return Span(heading.end, end), Span(heading.start, end)
    return None, None


def abstract_command(flat: Flat) -> tuple[Span | None, Span | None]:
    r"""``\abstract{...}``, or ``\abstract ... \endabstract``."""
    text = flat.text
    for index, (offset, name) in enumerate(flat.marks):
        if name != "\\abstract":
            continue
        start = skip_space(text, offset + len(name))
        if text.startswith("{", start):
            found = argument(text, start)
            if found and found[0].strip():
                return Span(start + 1, found[1] - 1), Span(offset, found[1])
            continue
        closers = [
            (place, other)
            for place, other in flat.marks[index + 1 :]
            if other in ("\\endabstract", "\\maketitle", "\\end{abstract}") or other in HEADINGS
        ]
        if closers and offset >= flat.body:
            place, other = closers[0]
            end = place + len(other) if other == "\\endabstract" else place
            return Span(start, place), Span(offset, end)
    return None, None


def is_acknowledgment(title: str) -> bool:
    """Whether a heading opens acknowledgments."""
    return _ACK_TITLE.match(title) is not None


def is_apart(title: str) -> bool:
    """Whether a heading belongs to no section of its own (references, contents, abstract)."""
    return _APART.match(title) is not None


def read_acknowledgments(flat: Flat, headings: list[Heading]) -> list[Span]:
    """Places of acknowledgments: sections, paragraphs, environments and commands."""
    spans = environments(flat, ACKS)
    for index, heading in enumerate(headings):
        if is_acknowledgment(heading.title):
            later = [
                other.start
                for other in headings[index + 1 :]
                if other.level <= heading.level or heading.level >= 4
            ]
            end = min([*later[:1], *stops_after(flat, heading.end)[:1], len(flat.text)])
            spans.append(Span(heading.start, end))
    starts = [heading.start for heading in headings]
    for offset, name in flat.marks:
        if name[1:] not in ACKS or offset < flat.body:
            continue
        pos = skip_inline_space(flat.text, offset + len(name))
        _, pos = star(flat.text, pos)
        if flat.text.startswith("{", pos):
            found = argument(flat.text, pos)
            given = found[1] if found and found[0].strip() else None
        else:
            given = None
        if given is not None:
            end = given
        else:
            place = bisect_left(starts, offset)
            following = starts[place : place + 1]
            end = min([*following, *stops_after(flat, offset)[:1], len(flat.text)])
        spans.append(Span(offset, end))
    return sorted(spans, key=lambda span: span.start)


def stops_after(flat: Flat, offset: int) -> list[int]:
    """Places after ``offset`` at which running text ends: the bibliography or the appendix."""
    index = bisect_left(flat.marks, (offset, ""))
    for place, name in flat.marks[index:]:
        if name in (
            "\\bibliography",
            "\\printbibliography",
            "\\appendix",
            "\\begin{thebibliography}",
        ):
            return [place]
    return []
