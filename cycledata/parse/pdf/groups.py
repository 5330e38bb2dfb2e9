"""Groups of lines that become one block, and how headings and captions begin."""

import re
from dataclasses import dataclass, field

from cycledata.parse.pdf.convert import Kind
from cycledata.parse.pdf.lines import TextLine

NUMBER_FIRST = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}|[A-Z](?:\.\d{1,2}){1,3}|[A-Z](?=[.\s])|[IVX]{1,5}(?=\.))[.):]?\s+(?:[|∣│]\s+)?\S"
)
RUN_IN = re.compile(r"[^\W\d_a-z][^.—]{2,80}\s?—")
"""A heading in another font whose paragraph goes on after its dash."""
CAPTION = re.compile(
    r"(?P<what>figure|fig\.?|table|tab\.|algorithm|listing|scheme)\s?(?P<number>[A-Z]?[\d.]{0,5}\d|[IVX]{1,5})"
    r"(?:\s?[:.|—–-]|\s*\Z|(?=\s[A-Z]))",
    re.IGNORECASE,
)


_SMALL_WORD_LAST = re.compile(r"\w-(?:of|the|to|and|by|in|on|for|at|as|or|a|an)-\Z")
_SMALL_WORD_FIRST = re.compile(r"(?:of|the|to|and|by|in|on|for|at|as|or|a|an)-[a-z]")


@dataclass(slots=True)
class Group:
    """Lines that become one block."""

    page: int
    column: int
    """-1 for what spans several columns."""
    lines: list[TextLine]
    above: float
    """Distance of its first baseline from the line above it in its column, in its size."""
    kind: Kind = "text"
    below: float = field(default=9.0)

    @property
    def left(self) -> float:
        """Left edge of its leftmost line."""
        return min(line.left for line in self.lines)

    @property
    def right(self) -> float:
        """Right edge of its rightmost line."""
        return max(line.right for line in self.lines)

    @property
    def top(self) -> float:
        """Upper edge."""
        return min(line.top for line in self.lines)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return max(line.bottom for line in self.lines)


def is_compound(before: str, after: str) -> bool:
    """Return whether a hyphen at a line's end is one of a compound, as in "state-of-" "the-art".

    >>> is_compound("state-of-", "the-art"), is_compound("in-", "put")
    (True, False)
    """
    return bool(_SMALL_WORD_LAST.search(before) or _SMALL_WORD_FIRST.match(after))


def text_of(group: Group) -> str:
    """Return the lines of a group; a hyphen at a line's end goes before a lower-case letter."""
    text = ""
    last: TextLine | None = None
    for line in group.lines:
        printed = line.text()
        if not text:
            text = printed
        elif text.endswith("-") and printed[:1].islower():
            text = (text if is_compound(text, printed) else text[:-1]) + printed
        elif text[-2:-1].isalpha() and text.endswith("-") and printed[:1].isupper():
            text += printed
        elif group.kind == "table" and last is not None and line.base - last.base > 0.3 * line.size:
            text += "\n" + printed
        else:
            text += " " + printed
        last = line
    return text
