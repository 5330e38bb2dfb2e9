r"""Title, abstract and sections <-> the LaTeX of one block, heading by heading.

``parse_latex_block(render_latex_block(...))`` gives back what went in. A heading opens a line; what
is between two headings is the section's text. Around the title and the abstract a model may
write what it likes (``\documentclass``, ``\maketitle``): it is not kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cycledata.formats.braces import group_end
from cycledata.formats.escapes import Escape
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Section

COMMANDS = ("section", "subsection", "subsubsection", "paragraph", "subparagraph")
"""Heading commands by level, from 1."""
MAX_TITLE_CHARS = 4_000
"""A heading whose group is longer than this counts as never closed."""

_STRUCTURE = (
    r"[ \t]{0,8}+\\(?:"
    r"(?P<heading>(?:sub){0,2}section|(?:sub)?paragraph)(?P<star>\*?)[ \t]{0,4}+(?=\{)"
    r"|(?P<title>title)[ \t]{0,4}+(?=\{)"
    r"|(?P<begin>begin\{abstract\})|(?P<end>end\{abstract\})"
    r"|(?P<appendix>appendix)(?![A-Za-z]))"
)
_LINE = re.compile(rf"^{_STRUCTURE}", re.MULTILINE)
_LATEX = Escape("{}", re.sub(r"\?P<\w+>", "?:", _STRUCTURE))


@dataclass(frozen=True, slots=True)
class LatexBlock:
    """Contents of one block of LaTeX."""

    title: str | None
    """Argument of \\title; None if there is none."""
    abstract: str | None
    """None if there is no abstract environment."""
    sections: tuple[Section, ...]
    """In order; text before the first heading is a section without title."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One structural line, and the text up to the next; the first piece has no line."""

    kind: str
    """Name of the pattern's group, or ``""`` for the text before the first line."""
    level: int
    starred: bool
    title: str
    body: str


def check_latex(title: str, sections: Sequence[Section]) -> None:
    """Check that a title and sections can be written as one block.

    Raises:
        ValueError: the braces of a title are not balanced, a title is too long, LaTeX lacks the
            level, or a section of the body follows after the appendix has begun.
    """
    for group in (title, *(section.title for section in sections)):
        if group_end("{" + group + "}", 0, limit=MAX_TITLE_CHARS) != len(group) + 2:
            raise ValueError(
                f"the title {group[:60]!r} is not a LaTeX group: braces unbalanced, or too long"
            )
    appendix = [section.appendix for section in sections]
    if appendix != sorted(appendix):
        raise ValueError("a section of the body comes after the appendix has begun")
    if any(section.level > len(COMMANDS) for section in sections):
        raise ValueError(f"LaTeX has {len(COMMANDS)} levels of headings, found a section at 6")


def render_latex_block(
    sections: Sequence[Section], *, title: str | None = None, abstract: str | None = None
) -> str:
    """Return LaTeX of sections accepted by ``check_latex``, with title and abstract if given."""
    parts = [] if title is None else [f"\\title{{{title}}}"]
    if abstract is not None:
        parts.append(f"\\begin{{abstract}}\n{_LATEX.write(abstract)}\n\\end{{abstract}}")
    appendix = False
    for place, section in enumerate(sections):
        if section.appendix and not appendix:
            parts.append("\\appendix")
            appendix = True
        bare = Section(level=1, title="", text=section.text)
        if place == 0 and section == bare and section.text:
            parts.append(_LATEX.write(section.text))
        else:
            head = f"\\{COMMANDS[section.level - 1]}{'*' * section.starred}{{{section.title}}}"
            parts.append(f"{head}\n{_LATEX.write(section.text)}".rstrip("\n"))
    return "\n\n".join(parts)


def parse_latex_block(text: str) -> LatexBlock | Unreadable:
    """Return what a block contains; of two titles or abstracts, the first counts."""
    title: str | None = None
    abstract: str | None = None
    sections: list[Section] = []
    lead = ""
    appendix = False
    for piece in _pieces(text):
        if isinstance(piece, Unreadable):
            return piece
        body = _LATEX.read(piece.body)
        appendix |= piece.kind == "appendix"
        if piece.kind == "heading":
            sections.append(
                Section(
                    level=piece.level,
                    title=piece.title,
                    text=body,
                    starred=piece.starred,
                    appendix=appendix,
                )
            )
        elif piece.kind == "begin":
            abstract = body if abstract is None else abstract
        elif piece.kind == "title":
            title = piece.title if title is None else title
        elif piece.kind == "":
            lead = body
        elif body:
            sections.append(Section(level=1, title="", text=body, appendix=appendix))
    if lead and title is None and abstract is None:
        sections.insert(0, Section(level=1, title="", text=lead))
    return LatexBlock(title, abstract, tuple(sections))


def _pieces(text: str) -> Iterator[_Piece | Unreadable]:
    found = _LINE.search(text)
    kind, level, starred, title, start = "", 0, False, "", 0
    while True:
        end = len(text) if found is None else found.start()
        yield _Piece(kind, level, starred, title, text[start:end])
        if found is None:
            return
        kind, start, title = str(found.lastgroup), found.end(), ""
        starred = bool(found["star"])
        if found["heading"]:
            kind, level = "heading", COMMANDS.index(found["heading"]) + 1
        if kind in ("heading", "title"):
            close = group_end(text, start, limit=MAX_TITLE_CHARS)
            if close < 0:
                where = f"latex block, line {text.count(chr(10), 0, start) + 1}"
                yield Unreadable(where, f"the group of {found[0].strip()} is never closed")
                return
            start, title = close, text[start + 1 : close - 1]
        found = _LINE.search(text, start)
