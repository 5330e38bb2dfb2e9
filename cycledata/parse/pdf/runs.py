"""Runs of characters on the pages of a PDF, by PDFium: text, place and type.

A run is what one drawing command printed: mostly a line, or its part in one font. Coordinates are
points from the top left corner of the page, turned so that most of the page's text is upright.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_CHARACTERS = 200_000
"""Characters of one page that are read; a full page of a journal has 10,000."""
MAX_FORMS = 2_000
"""Objects of one page that are looked at for figures."""

_ITALIC = re.compile(r"(?i:ital|obli|cmti|cmsl|ptmri|slant|-it\b)|[a-z]T?I\d*$")
_BOLD = re.compile(
    r"(?i:bold|black|heavy|-medi|cmbx|cmssbx|cmb10|sfbx|ecbx|ptmb|utmb|-bd\b)|[a-z]TB\d*$"
)
_MATHEMATICS = re.compile(
    r"cmmi|cmsy|cmex|cmmib|cmbsy|msbm|msam|txmi|txsy|txex|pxmi|pxsy|math|symbol|eufm|eusm|rsfs|stmary|bbm|dsrom",
    re.IGNORECASE,
)


class Run(NamedTuple):
    """Characters of one font on one baseline."""

    text: str
    left: float
    right: float
    base: float
    """Baseline, downwards from the top of the page."""
    size: float
    font: str
    bold: bool
    italic: bool
    spaced: bool
    """A space follows."""


class Page(NamedTuple):
    """A page as it is read: turned until most of its text is upright."""

    width: float
    height: float
    runs: list[Run]
    figures: list[tuple[float, float, float, float]]
    """Left, top, right, bottom of embedded drawings and images."""
    n_turned: int
    """Characters that are not upright beside the others; they are in no run."""
    n_unmapped: int
    """Characters of fonts that do not say which letters they are."""


class _Type(NamedTuple):
    """Font and size of one drawing command."""

    size: float
    font: str
    bold: bool
    italic: bool
    quarter: int | None
    """Quarter turns of its direction; None if it is oblique."""
    unmapped: bool
    """The font does not say which letters its characters are."""


def read_pages(document: Any, raw: Any) -> Iterator[Page]:
    """Yield the pages of an open document, see ``Page``; ``raw`` is PDFium's interface."""
    fonts: dict[int, str] = {}
    for number in range(len(document)):
        page = document[number]
        yield _read_page(page, raw, fonts)
        page.close()


def _read_page(page: Any, raw: Any, fonts: dict[int, str]) -> Page:
    text_page = page.get_textpage()
    pieces = list(_pieces(text_page.raw, raw, fonts))
    weights = Counter[int | None]()
    for piece in pieces:
        weights[piece[1].quarter] += len(piece[0])
    quarters = [quarter for quarter, _ in weights.most_common() if quarter is not None]
    # A page without upright text keeps its own direction.
    quarter = quarters[0] if quarters else 0
    left, bottom, right, top = page.get_cropbox()
    sheet = (left, bottom, right, top)
    runs = [
        _run(text, kind, _place(first, last, quarter, sheet), spaced)
        for text, kind, first, last, spaced in pieces
        if kind.quarter == quarter
    ]
    wide, high = max(right - left, 1.0), max(top - bottom, 1.0)
    if quarter % 2:
        wide, high = high, wide
    figures = [_turned(box, quarter, sheet) for box in _drawings(page, raw, wide * high)]
    unmapped = sum(len(piece[0]) for piece in pieces if piece[1].unmapped)
    turned = sum(n for other, n in weights.items() if other != quarter)
    text_page.close()
    return Page(wide, high, runs, figures, turned, unmapped)


def _run(text: str, kind: _Type, place: tuple[float, float, float], spaced: bool) -> Run:
    left, right, base = place
    return Run(text, left, right, base, kind.size, kind.font, kind.bold, kind.italic, spaced)


_Corner = tuple[float, float, float, float, float, float]
"""Left, bottom, right, top of a character, then its origin."""


def _pieces(
    text: Any, raw: Any, fonts: dict[int, str]
) -> Iterator[tuple[str, _Type, _Corner, _Corner, bool]]:
    """Yield text, type, first and last character of each drawing command, and if a space follows.

    Characters that PDFium adds itself (spaces, ends of lines) belong to no command.
    """
    types: dict[int, _Type] = {}
    current, start, last = 0, 0, 0
    letters: list[str] = []
    for index in range(min(raw.FPDFText_CountChars(text), MAX_CHARACTERS)):
        pointer = raw.FPDFText_GetTextObject(text, index)
        code = raw.FPDFText_GetUnicode(text, index)
        if not pointer:
            if code == 0x20:
                letters.append(" ")
            continue
        address = ctypes.addressof(pointer.contents)
        if address != current:
            if current:
                yield _piece(letters, types[current], _corner(text, raw, start), text, raw, last)
            current, start, letters = address, index, []
            if address not in types:
                types[address] = _type(pointer, text, raw, index, fonts)
        letters.append(_character(code))
        last = index
    if current:
        yield _piece(letters, types[current], _corner(text, raw, start), text, raw, last)


def _piece(
    letters: list[str], kind: _Type, first: _Corner, text: Any, raw: Any, last: int
) -> tuple[str, _Type, _Corner, _Corner, bool]:
    written = "".join(letters)
    return written.strip(), kind, first, _corner(text, raw, last), written.endswith(" ")


def _character(code: int) -> str:
    if code in (0x02, 0xAD):
        return "-"  # at the end of a line
    if code == 0xFFFE:
        return ""
    if code < 0x20 or 0xD800 <= code < 0xE000 or 0xE000 <= code < 0xF900 or code > 0x10FFFF:
        return "\ufffd" if code not in (0x09, 0x0A, 0x0D) else " "
    return chr(code)


def _corner(text: Any, raw: Any, index: int) -> _Corner:
    box = raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetLooseCharBox(text, index, box)
    raw.FPDFText_GetCharOrigin(text, index, x, y)
    return (box.left, box.bottom, box.right, box.top, x.value, y.value)


def _type(pointer: Any, text: Any, raw: Any, index: int, fonts: dict[int, str]) -> _Type:
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text, index, matrix)
    size = raw.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
    if size < 2.5:  # bitmap fonts have a size of one and their own scale
        box = raw.FS_RECTF()
        raw.FPDFText_GetLooseCharBox(text, index, box)
        size = max(size, min(box.top - box.bottom, 40.0) / 1.2)
    font = raw.FPDFTextObj_GetFont(pointer)
    name, weight = "", 0
    if font:
        buffer = ctypes.create_string_buffer(128)
        raw.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
        name = buffer.value.decode("utf-8", "replace").rpartition("+")[2]
        weight = raw.FPDFFont_GetWeight(font)
        if not name:
            address = ctypes.addressof(font.contents)
            name = fonts.setdefault(address, f"unnamed-{len(fonts)}")
    stroked = raw.FPDFTextObj_GetTextRenderMode(pointer) == 2
    bold = stroked or 600 <= weight <= 1_000 or bool(_BOLD.search(name))
    bold = bold and not is_mathematical(name)
    italic = bool(_ITALIC.search(name))
    unmapped = raw.FPDFText_HasUnicodeMapError(text, index) == 1 and not is_mathematical(name)
    return _Type(round(size, 1), name, bold, italic, _quarter(matrix), unmapped)


def is_mathematical(font: str) -> bool:
    """Return whether a font has signs and variables, not text."""
    return bool(_MATHEMATICS.search(font))


def _quarter(matrix: Any) -> int | None:
    along, across = abs(matrix.a), abs(matrix.b)
    if min(along, across) > 0.1 * max(along, across):
        return None
    if along >= across:
        return 0 if matrix.a >= 0 else 2
    return 1 if matrix.b > 0 else 3


def _place(
    first: _Corner, last: _Corner, quarter: int, sheet: tuple[float, float, float, float]
) -> tuple[float, float, float]:
    """Return left, right and baseline of a run on the turned page."""
    head = _turned(first[:4], quarter, sheet)
    tail = _turned(last[:4], quarter, sheet)
    origin = _turned((first[4], first[5], first[4], first[5]), quarter, sheet)
    return min(head[0], origin[0]), max(tail[2], head[2]), origin[1]


def _turned(
    box: tuple[float, float, float, float], quarter: int, sheet: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom on the turned page of a box in PDF's coordinates."""
    left, bottom, right, top = box
    if quarter == 0:
        return (left - sheet[0], sheet[3] - top, right - sheet[0], sheet[3] - bottom)
    if quarter == 1:
        return (bottom - sheet[1], left - sheet[0], top - sheet[1], right - sheet[0])
    if quarter == 2:
        return (sheet[2] - right, bottom - sheet[1], sheet[2] - left, top - sheet[1])
    return (sheet[3] - top, sheet[2] - right, sheet[3] - bottom, sheet[2] - left)


def _drawings(page: Any, raw: Any, area: float) -> Iterator[tuple[float, float, float, float]]:
    """Yield the bounds of embedded drawings and images that fill a part of the page."""
    kinds = (raw.FPDF_PAGEOBJ_FORM, raw.FPDF_PAGEOBJ_IMAGE)
    for at, item in enumerate(page.get_objects(max_depth=1)):
        if at >= MAX_FORMS:
            return
        if item.type not in kinds:
            continue
        left, bottom, right, top = item.get_bounds()
        if 0.004 * area < (right - left) * (top - bottom) < 0.7 * area:
            yield (left, bottom, right, top)
