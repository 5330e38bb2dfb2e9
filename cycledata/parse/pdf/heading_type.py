"""How the headings of a paper are printed: their type against that of its running text."""

import re
from dataclasses import dataclass
from itertools import pairwise

from cycledata.formats.section_titles import is_printed_title
from cycledata.parse.pdf.columns import in_capitals
from cycledata.parse.pdf.convert import Block
from cycledata.parse.pdf.numbering import FLOAT, NUMBERED

_STATEMENTS = (
    r"(?:theorem|lemma|definition|corollary|remark|proposition|example|proof|assumption|claim"
    r"|th[ée]or[èe]me?|lemme|d[ée]finition|corollaire|remarque|exemple|preuve|relation|satz"
    r"|beispiel|beweis|bemerkung|korollar|teorema|definici[óo]n|definição|corolario|ejemplo)"
)
_STATEMENT = re.compile(
    rf"{_STATEMENTS}(?:\s*\d|\s*\(|\.|$|\s+of\s+(?:the\s+|our\s+|main\s+){{0,2}}{_STATEMENTS}s?\b)",
    re.IGNORECASE,
)
_CHAPTER = re.compile(r"(?:chapter|chapitre|kapitel|cap[íi]tulo|capitolo)\s\w{1,5}", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}[.)]?\s+(?=[A-Z][a-z])")
_ANY_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+(?=[A-Z][a-z])")
_MATHEMATICS = re.compile(r"[=∈≤≥∑∏∫→←≈∀∃{}|\\]")
MAX_HEADING = 160
_MAX_NUMBERED = 260


@dataclass(frozen=True, slots=True)
class HeadingStyle:
    """How this paper prints, learned from all of its lines."""

    body: float
    """Size of the running text, in points."""
    numbered: bool
    """Its headings carry numbers."""
    roman: bool
    """Top headings are numbered I, II, III; those below A, B."""
    sizes: dict[float, int]
    """Level that headings of a size have; of several, the deepest."""
    marked: bool = False
    """Most of its numbered headings are bold or large; capitals alone do not make one."""
    plain: bool = False
    """All of its headings are in the type of the text."""


def may_be_heading(block: Block, style: HeadingStyle) -> bool:
    """Return whether a block may be a heading by its type, length and place."""
    if block.kind not in ("heading", "title", "text", "figure"):
        return False
    if block.kind != "heading" and _in_cells(block):
        return False
    marked = block.kind == "heading" and NUMBERED.match(block.text)
    if not 2 <= len(block.text) <= (_MAX_NUMBERED if marked else MAX_HEADING):
        return False
    if style.plain and len(block.lines) == 1 and is_printed_title(block.text.strip()):
        return True
    return block.kind == "heading" or stands_out(block, style)


def _in_cells(block: Block) -> bool:
    """Return whether lines of a block are beside each other, as in a row of a table."""
    return any(
        abs(b.box[1] - a.box[1]) < 0.3 * (a.box[3] - a.box[1]) for a, b in pairwise(block.lines)
    )


def reads_as_title(text: str, most_words: int) -> bool:
    """Return whether a text is no sentence, formula, caption or statement."""
    words = text.split()
    if _CHAPTER.fullmatch(text):
        return False
    return (
        (text[0].isdigit() or (text[0].isalpha() and not text[0].islower()))
        and sum(map(str.isalpha, text)) >= (3 if text.isascii() else 2)
        and len(words) <= most_words
        and text[-1] not in ".,;:-"
        and not re.search(r"(?:[a-z]|[^\x00-\x7f]){2}[.?!] ", text)
        and not _MATHEMATICS.search(text)
        and not FLOAT.match(text)
        and not _STATEMENT.match(text)
    )


def stands_out(block: Block, style: HeadingStyle) -> bool:
    """Return whether a block is bold, larger than the running text, or all in capitals."""
    if not block.lines:
        return block.kind == "heading"
    lines = block.lines
    if len(lines) > 4:
        return False
    letters = [char for char in block.text if char.isalpha()]
    capitals = len(letters) > 3 and sum(map(str.isupper, letters)) > 0.9 * len(letters)
    capitals = capitals or in_capitals(block.text)
    small = NUMBERED.match(block.text) and (capitals or is_bold(block))
    least = 0.75 if small else 0.9
    if any(line.size < least * style.body for line in lines):
        return False
    return capitals or all(
        line.bold or line.italic or line.size > 1.08 * style.body for line in lines
    )


def is_plain_heading(block: Block, style: HeadingStyle) -> bool:
    """Return whether a block in the type of the text may be a heading by its number, 3.1 or deeper.

    It is alone on its line and no sentence. Such a number counts only if none is missing before it.
    Where all headings are in the type of the text, 3 is deep enough.
    """
    text = block.text.strip()
    kinds = ("text", "figure") if style.plain else ("text",)
    if block.kind not in kinds or len(block.lines) != 1 or len(text) > 100:
        return False
    found = (_ANY_NUMBER if style.plain else _PLAIN_NUMBER).match(text)
    return found is not None and reads_as_title(text[found.end() :], 12)


def is_marked(block: Block, style: HeadingStyle) -> bool:
    """Return whether a block is bold or larger than the running text."""
    return not block.lines or all(
        line.bold or line.size > 1.08 * style.body for line in block.lines
    )


def is_bold(block: Block) -> bool:
    """Return whether all of a block is bold."""
    return bool(block.lines) and all(line.bold for line in block.lines)


def size_of(block: Block) -> float:
    """Return the size of a block's largest line, in points."""
    return max((line.size for line in block.lines), default=0.0)
