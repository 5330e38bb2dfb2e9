"""Runs of characters on the pages of a PDF, by PDFium: text, place and type.

A run is what one drawing command printed: mostly a line, or its part in one font. Coordinates are
points from the top left corner of the page, turned so that most of the page's text is upright.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, repeat
from typing import Any, NamedTuple

from cycledata.parse.pdf.calls import PlainCalls, address_of
from cycledata.parse.pdf.letters import characters

MAX_CHARACTERS = 200_000
"""Characters of one page that are read; a full page of a journal has 10,000."""
MAX_FORMS = 2_000
"""Objects of one page that are looked at for figures."""
MAX_OBJECTS = 20_000
"""Objects of a page with figures that are looked at for text."""

_ITALIC = re.compile(r"(?i:ital|obli|cmti|cmsl|ptmri|slant|-it\b)|[a-z]T?I\d*$")
_BOLD = re.compile(
    r"(?i:bold|black|heavy|-medi|cmbx|cmssbx|cmb10|sfbx|ecbx|ptmb|utmb|-bd\b)|[a-z]TB\d*$"
)
_NUMBER = re.compile(r"[\d.]*[):]?|[A-Z][\d.]{0,8}[):]?|[IVX]{1,5}[.):]?")
_MATHEMATICS = re.compile(
    r"cmmi|cmsy|cmex|cmmib|cmbsy|msbm|msam|txmi|txsy|txex|pxmi|pxsy|math|symbol|eufm|eusm|rsfs|stmary|bbm|dsrom",
    re.IGNORECASE,
)


Bounds = tuple[float, float, float, float]
"""Of a page turned as it is read: left, top, right, bottom; in a PDF's own coordinates: left,
bottom, right, top."""


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
    nested: bool = False
    """Known to be inside of an embedded drawing."""


class Page(NamedTuple):
    """A page as it is read: turned until most of its text is upright."""

    width: float
    height: float
    runs: list[Run]
    figures: list[Bounds]
    """Left, top, right, bottom of embedded drawings and images."""
    n_turned: int
    """Characters that are not upright beside the others; they are in no run."""
    n_unmapped: int
    """Characters of fonts that do not say which letters they are."""


class _Font(NamedTuple):
    """Font of a page."""

    name: str
    bold: bool
    italic: bool
    mathematical: bool


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
    nested: bool
    """It is inside of an embedded drawing."""


class PageReader:
    """Reads the pages of one open document; ``raw`` is PDFium's interface."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._calls = PlainCalls(raw)
        self._unnamed: dict[int, str] = {}

    def read(self, page: Any, text_page: Any) -> Page:
        """Return one page, see ``Page``."""
        at = address_of(page)
        left, bottom, right, top = page.get_cropbox()
        wide, high = max(right - left, 1.0), max(top - bottom, 1.0)
        drawings, on_page = _drawings_and_texts(at, self._raw, self._calls, wide * high)
        pieces = list(_pieces(address_of(text_page), self._calls, self._unnamed, on_page))
        weights = Counter[int | None]()
        for piece in pieces:
            weights[piece[1].quarter] += len(piece[0])
        quarters = [quarter for quarter, _ in weights.most_common() if quarter is not None]
        # A page without upright text keeps its own direction.
        quarter = quarters[0] if quarters else 0
        sheet = (left, bottom, right, top)
        runs = [
            _run(text, kind, _place(first, last, origin, quarter, sheet), spaced)
            for text, kind, first, last, origin, spaced in pieces
            if kind.quarter == quarter
        ]
        if quarter % 2:
            wide, high = high, wide
        figures = [_turned(box, quarter, sheet) for box in drawings]
        unmapped = sum(len(piece[0]) for piece in pieces if piece[1].unmapped)
        turned = sum(n for other, n in weights.items() if other != quarter)
        return Page(wide, high, runs, figures, turned, unmapped)


def _run(text: str, kind: _Type, place: tuple[float, float, float], spaced: bool) -> Run:
    left, right, base = place
    font = (kind.size, kind.font, kind.bold, kind.italic)
    return Run(text, left, right, base, *font, spaced, kind.nested)


_Piece = tuple[str, _Type, Bounds, Bounds, tuple[float, float], bool]
"""Text, type, bounds of the first and last character, origin of the first, a space follows."""


def _pieces(
    text: int, calls: PlainCalls, unnamed: dict[int, str], on_page: set[int] | None
) -> Iterator[_Piece]:
    """Yield what each drawing command of a page printed.

    Characters that PDFium adds itself (spaces, ends of lines) belong to no command. ``on_page`` has
    the text objects that are in no embedded drawing; None for all.
    """
    n = min(calls.FPDFText_CountChars(text), MAX_CHARACTERS)
    addresses = list(map(calls.FPDFText_GetTextObject, repeat(text, n), range(n)))
    codes = list(map(calls.FPDFText_GetUnicode, repeat(text, n), range(n)))
    letters = characters(codes)
    types: dict[int, _Type] = {}
    fonts: dict[int, _Font] = {}
    at, start, last, current = 0, 0, 0, 0
    parts: list[str] = []

    def piece() -> _Piece:
        written = "".join(parts)
        # A space before the first letter is part of the distance to the run before.
        begin = start + next((at for at, part in enumerate(parts) if part.strip()), 0)
        begin = min(begin, last)
        first = calls.loose_box(text, begin)
        end = first if last == begin else calls.loose_box(text, last)
        origin = calls.origin(text, begin)
        return (written.strip(), types[current], first, end, origin, written.endswith(" "))

    for address, group in groupby(addresses):
        end = at + len(list(group))
        if address is None:
            parts.append(" " * codes[at:end].count(0x20))
        else:
            if address != current:
                if current:
                    yield piece()
                current, start, parts = address, at, []
                if address not in types:
                    nested = on_page is not None and address not in on_page
                    found = _type(text, at, address, calls, fonts, unnamed)
                    types[address] = found._replace(nested=True) if nested else found
            for begin, stop in _cells(text, range(at, end), codes, types[address], calls):
                if begin > at:
                    parts.append(" ")
                    yield piece()
                    start, parts = begin, []
                parts += letters[begin:stop]
                last = stop - 1
        at = end
    if current:
        yield piece()


def _cells(
    text: int, places: range, codes: Sequence[int], kind: _Type, calls: PlainCalls
) -> Iterator[tuple[int, int]]:
    """Yield the parts of a bold text between wide spaces: of headings none, of a table's head many.

    Most text is not bold, so this costs little.
    """
    begin = places.start
    if kind.bold and kind.quarter == 0:
        for at in places[1:-1]:
            if codes[at] != 0x20:
                continue
            if at == begin or _NUMBER.fullmatch("".join(map(chr, codes[begin:at]))):
                continue  # the number of a heading
            space = calls.loose_box(text, at + 1)[0] - calls.loose_box(text, at - 1)[2]
            if space > kind.size:
                yield begin, at
                begin = at + 1
    yield begin, places.stop


def _type(
    text: int,
    index: int,
    item: int,
    calls: PlainCalls,
    fonts: dict[int, _Font],
    unnamed: dict[int, str],
) -> _Type:
    """Return the type of a text object, by the character at an index, which it printed."""
    matrix = calls.character_matrix(text, index)
    quarter = _quarter(matrix.a, matrix.b)
    size = calls.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
    if size < 2.5:  # bitmap fonts have a size of one and their own scale
        _, bottom, _, top = calls.loose_box(text, index)
        size = max(size, min(top - bottom, 40.0) / 1.2)
    address = calls.FPDFTextObj_GetFont(item) or 0
    if address not in fonts:
        fonts[address] = _font(address, calls, unnamed)
    font = fonts[address]
    stroked = calls.FPDFTextObj_GetTextRenderMode(item) == 2
    bold = (font.bold or stroked) and not font.mathematical
    unmapped = not font.mathematical and calls.FPDFText_HasUnicodeMapError(text, index) == 1
    size = min(max(round(size, 1), 0.1), 10_000.0) if math.isfinite(size) else 0.1
    return _Type(size, font.name, bold, font.italic, quarter, unmapped, nested=False)


def _font(address: int, calls: PlainCalls, unnamed: dict[int, str]) -> _Font:
    name, weight = "", 0
    if address:
        buffer = ctypes.create_string_buffer(128)
        calls.FPDFFont_GetBaseFontName(address, ctypes.addressof(buffer), len(buffer))
        name = buffer.value.decode("utf-8", "replace").rpartition("+")[2]
        weight = calls.FPDFFont_GetWeight(address)
        if not name:
            name = unnamed.setdefault(address, f"unnamed-{len(unnamed)}")
    bold = 600 <= weight <= 1_000 or is_bold(name)
    return _Font(name, bold, bool(_ITALIC.search(name)), is_mathematical(name))


def is_bold(font: str) -> bool:
    """Return whether a font's name says that it is bold."""
    return bool(_BOLD.search(font))


@lru_cache(maxsize=4096)
def is_mathematical(font: str) -> bool:
    """Return whether a font has signs and variables, not text."""
    return bool(_MATHEMATICS.search(font))


def _quarter(a: float, b: float) -> int | None:
    """Return the quarter turns of a direction, or None if it is oblique."""
    along, across = abs(a), abs(b)
    if min(along, across) > 0.1 * max(along, across):
        return None
    if along >= across:
        return 0 if a >= 0 else 2
    return 1 if b > 0 else 3


def _place(
    first: Bounds, last: Bounds, origin: tuple[float, float], quarter: int, sheet: Bounds
) -> tuple[float, float, float]:
    """Return left, right and baseline of a run on the turned page."""
    head, tail = _turned(first, quarter, sheet), _turned(last, quarter, sheet)
    x, base, _, _ = _turned((*origin, *origin), quarter, sheet)
    return min(head[0], x), max(tail[2], head[2]), base


def _turned(box: Bounds, quarter: int, sheet: Bounds) -> Bounds:
    """Return left, top, right, bottom on the turned page of a box in PDF's coordinates."""
    left, bottom, right, top = box
    if quarter == 0:
        return (left - sheet[0], sheet[3] - top, right - sheet[0], sheet[3] - bottom)
    if quarter == 1:
        return (bottom - sheet[1], left - sheet[0], top - sheet[1], right - sheet[0])
    if quarter == 2:
        return (sheet[2] - right, bottom - sheet[1], sheet[2] - left, top - sheet[1])
    return (sheet[3] - top, sheet[2] - right, sheet[3] - bottom, sheet[2] - left)


def _drawings_and_texts(
    page: int, raw: Any, calls: PlainCalls, area: float
) -> tuple[list[Bounds], set[int] | None]:
    """Return the bounds of drawings and images, and the text objects that are in none of them.

    A drawing fills a part of the page. Instead of the text objects, None is returned if there is no
    drawing, or if the page has too many objects.
    """
    kinds = (raw.FPDF_PAGEOBJ_FORM, raw.FPDF_PAGEOBJ_IMAGE)
    is_text = raw.FPDF_PAGEOBJ_TEXT
    drawings: list[Bounds] = []
    texts: set[int] = set()
    n = calls.FPDFPage_CountObjects(page)
    for at in range(min(n, MAX_OBJECTS)):
        if at >= MAX_FORMS and not drawings:
            break
        item = calls.FPDFPage_GetObject(page, at)
        kind = calls.FPDFPageObj_GetType(item)
        if kind == is_text:
            texts.add(item)
        elif kind in kinds and at < MAX_FORMS and (bounds := calls.bounds(item)) is not None:
            left, bottom, right, top = bounds
            if 0.004 * area < (right - left) * (top - bottom) < 0.7 * area:
                drawings.append(bounds)
    return drawings, texts if drawings and n <= MAX_OBJECTS else None
