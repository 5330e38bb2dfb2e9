"""Letters from the codes that PDFium gives: halves of characters joined, ligatures named.

Some fonts have their ligatures at places where text has control codes, and each font at others.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_LIGATURES = ("fi", "ff", "fl", "ffi", "ffl")
_COMMON = """
field fields final finally find finding findings fine finite first fix fixed figure fit five
benefit benefits classification classifier configuration configurations confidence confirm
define defined definition definitions identified identify modified profile scientific
significant significantly simplified specific specifically specification specified verified
verification file files different difference differences differ differs differential affect
affected buffer diffusion effect effects effective effectively effort efforts off offer offers
staff tradeoff conflict conflicts flat flexible flexibility float flow flows fluid influence
influenced influences inflation overflow reflect reflected reflects workflow workflows affine
coefficient coefficients difficult difficulty efficiency efficient efficiently inefficient
office official sufficient sufficiently insufficient traffic offline shuffle shuffled shuffling
baffle
"""
_WORDS = frozenset(_COMMON.split())
_UNKNOWN = re.compile("[\ue000-\ue01f]")
_IN_WORD = re.compile("(?<![^\\W_])([^\\W\\d_]*)([\ue000-\ue01f])([^\\W\\d_]*)(?![^\\W_])")


def characters(codes: Sequence[int]) -> list[str]:
    """Return the text of each code: of the second half of a character nothing.

    A control code becomes a private character, so that ``known_ligatures`` may name it.
    """
    letters = [chr(code) if 0x20 <= code < 0xAD else _character(code) for code in codes]
    for at, code in enumerate(codes) if max(codes, default=0) >= 0xD800 else ():
        if 0xD800 <= code < 0xDC00 and at + 1 < len(codes) and 0xDC00 <= codes[at + 1] < 0xE000:
            whole = chr(0x10000 + ((code - 0xD800) << 10) + codes[at + 1] - 0xDC00)
            letters[at : at + 2] = [unicodedata.normalize("NFKC", whole), ""]
    return letters


def _character(code: int) -> str:
    if code in (0x02, 0xAD):
        return "-"  # at the end of a line
    if code == 0xFFFE:
        return ""
    if code in (0x09, 0x0A, 0x0D):
        return " "
    if code < 0x20:
        return chr(0xE000 + code)
    if 0xD800 <= code < 0xF900 or code > 0x10FFFF:
        return "\ufffd"
    return chr(code)


def known_ligatures(texts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return what the private characters of each font are: ligatures where words say so.

    Args:
        texts: font and text of each run of a document.

    >>> known_ligatures([("F", "di\ue01derent e\ue01dects"), ("F", "x \ue003 y")])
    {('F', '\ue01d'): 'ff', ('F', '\ue003'): '�'}
    """
    found = [(font, text) for font, text in texts if not text.isascii() and _UNKNOWN.search(text)]
    hits: dict[tuple[str, str], Counter[str]] = {}
    for font, text in found:
        for unknown in _UNKNOWN.findall(text):
            hits.setdefault((font, unknown), Counter())
        for before, unknown, after in _IN_WORD.findall(text):
            words = ((each, f"{before}{each}{after}".lower()) for each in _LIGATURES)
            hits[font, unknown].update(each for each, word in words if word in _WORDS)
    return {key: _most(counts) for key, counts in hits.items()}


def _most(counts: Counter[str]) -> str:
    return counts.most_common(1)[0][0] if counts else "\ufffd"


def with_ligatures(text: str, font: str, known: dict[tuple[str, str], str]) -> str:
    """Return a text with its private characters replaced."""
    return _UNKNOWN.sub(lambda unknown: known.get((font, unknown[0]), "\ufffd"), text)
