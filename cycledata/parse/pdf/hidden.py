"""Texts in a PDF that a reader of the page cannot see, by PDFium's objects.

A text is hidden if its render mode paints nothing, if its letters are under one and a half points,
if it is outside of the page or of its clip path, or if it has the color of what is painted
beneath it. Text beneath an image, as OCR adds it to a scan, is not reported.
"""

import ctypes
import math
from collections.abc import Iterator
from itertools import chain, groupby, islice
from typing import Any, NamedTuple

from cycledata.parse.pdf.calls import PlainCalls, address_of
from cycledata.parse.pdf.convert import HiddenSpan

MAX_SPANS = 50
"""Texts that are reported of one PDF."""
MAX_GROUNDS = 500
"""Filled shapes of one page that are looked at; plots have thousands, of which few are large."""
MAX_TEXTS = 1_000
"""Hidden texts of one PDF whose words are asked for, each of which takes a search of its page."""
MAX_OBJECTS = 200_000
"""Objects of one page that are looked at; a page full of formulas has 5,000."""
MAX_NESTED = 2_000
"""Objects in the figures of one page that are looked at; a scatter plot has 60,000."""
MIN_LETTERS = 8
"""Letters of a text; a hidden letter or number is no message."""
MIN_SIZE_PT = 1.5
_WHITE = (255, 255, 255)
_NEAR = 6
"""Difference of a color's channels, of 255, too small to see."""

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""


class _Ground(NamedTuple):
    """A painted area."""

    bounds: Bounds
    color: tuple[int, int, int] | None
    """None for an image or a shading."""


def hidden_spans(payload: bytes) -> Iterator[HiddenSpan]:
    """Yield the hidden texts of a PDF, at most ``MAX_SPANS``; neighbors are joined."""
    import pypdfium2  # type: ignore[import-untyped]  # ships no stubs

    document = pypdfium2.PdfDocument(payload)
    finder = HiddenTexts(pypdfium2.raw)
    pages = (document[number] for number in range(len(document)))
    spans = (finder.spans(page, page.get_textpage(), at) for at, page in enumerate(pages))
    return islice(chain.from_iterable(spans), MAX_SPANS)


class HiddenTexts:
    """Finds the hidden texts of the pages of one open document."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._calls = PlainCalls(raw)
        self._colors = (ctypes.c_uint * 4)()
        self._numbers = (ctypes.c_int * 2)()
        self._left = MAX_TEXTS

    def spans(self, page: Any, text_page: Any, number: int) -> Iterator[HiddenSpan]:
        """Yield the hidden texts of a page; neighbors are joined."""
        found = self._texts(page, address_of(text_page))
        for why, texts in groupby(found, key=lambda each: each[0]):
            if not why:
                continue
            text = " ".join(" ".join(each[1] for each in texts).split())
            if sum(map(str.isalpha, text)) >= MIN_LETTERS:
                yield HiddenSpan(number, why, text[:250])

    def _texts(self, page: Any, text_page: int) -> Iterator[tuple[str, str]]:
        """Yield why each text of a page is hidden (``""`` if it is not), and the text."""
        raw = self._raw
        width, height = page.get_size()
        left, bottom, _, _ = page.get_cropbox()
        sheet = (left, bottom, left + width, bottom + height)
        grounds: dict[int, list[_Ground]] = {}
        for item, kind, level in self._objects(address_of(page)):
            painted = grounds.setdefault(level, [])
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                why = self._why(item, level, sheet, painted)
                # PDFium searches all of a page for each text, so only hidden ones are asked for.
                text = self._text(item, text_page) if why and self._left else ""
                self._left -= bool(text)
                yield (why if text.strip() else ""), text
            elif kind == raw.FPDF_PAGEOBJ_FORM:
                grounds[level + 1] = []
            elif len(painted) < MAX_GROUNDS and (ground := self._ground(item, kind)):
                painted.append(ground)

    def _objects(self, page: int) -> Iterator[tuple[int, int, int]]:
        """Yield address, kind and level of the objects of a page, then those of its figures.

        Of the figures those as far as ``MAX_NESTED`` and four levels.
        """
        calls = self._calls
        forms: list[int] = []
        for at in range(min(calls.FPDFPage_CountObjects(page), MAX_OBJECTS)):
            item = calls.FPDFPage_GetObject(page, at)
            kind = calls.FPDFPageObj_GetType(item)
            if kind == self._raw.FPDF_PAGEOBJ_FORM:
                forms.append(item)
            yield item, kind, 0
        inside = (each for form in forms for each in self._inside(form, 1))
        yield from islice(inside, MAX_NESTED)

    def _inside(self, form: int, level: int) -> Iterator[tuple[int, int, int]]:
        calls = self._calls
        for at in range(calls.FPDFFormObj_CountObjects(form)):
            item = calls.FPDFFormObj_GetObject(form, at)
            kind = calls.FPDFPageObj_GetType(item)
            yield item, kind, level
            if kind == self._raw.FPDF_PAGEOBJ_FORM and level < 3:
                yield from self._inside(item, level + 1)

    def _why(self, item: int, level: int, sheet: Bounds, painted: list[_Ground]) -> str:
        """Return why a text is hidden, or ``""`` if it is not."""
        calls = self._calls
        bounds = calls.bounds(item)
        if bounds is None:
            return ""
        if calls.FPDFTextObj_GetTextRenderMode(item) in (3, 7):
            scanned = any(ground.color is None for ground in painted)
            return "" if scanned else "invisible"
        if level == 0 and _apart(bounds, sheet):
            return "off-page"
        clip = self._clip_bounds(item)
        if clip is not None and _apart(bounds, clip):
            return "clipped"
        if level == 0:
            matrix = calls.object_matrix(item)
            if calls.object_size(item) * math.hypot(matrix.c, matrix.d) < MIN_SIZE_PT:
                return "tiny"
        color, beneath = self._color(item), _beneath(bounds, painted)
        if color is not None and beneath is not None:
            near = all(abs(one - two) <= _NEAR for one, two in zip(color, beneath, strict=True))
            return "color of its ground" if near else ""
        return ""

    def _text(self, item: int, text_page: int) -> str:
        n_bytes = self._calls.FPDFTextObj_GetText(item, text_page, None, 0)
        buffer = (ctypes.c_ushort * (n_bytes // 2 + 1))()
        self._calls.FPDFTextObj_GetText(item, text_page, ctypes.addressof(buffer), n_bytes)
        return bytes(buffer)[: max(n_bytes - 2, 0)].decode("utf-16-le", "replace")

    def _color(self, item: int) -> tuple[int, int, int] | None:
        """Return an object's fill color, or None if it has none that is plain."""
        at = ctypes.addressof(self._colors)
        if not self._calls.FPDFPageObj_GetFillColor(item, at, at + 4, at + 8, at + 12):
            return None
        red, green, blue, _ = self._colors
        return (red, green, blue)

    def _ground(self, item: int, kind: int) -> _Ground | None:
        """Return the area that an object paints, or None if it is small or not filled."""
        bounds = self._calls.bounds(item)
        if bounds is None or bounds[2] - bounds[0] < 8 or bounds[3] - bounds[1] < 4:
            return None
        if kind != self._raw.FPDF_PAGEOBJ_PATH:
            return _Ground(bounds, None)
        at = ctypes.addressof(self._numbers)
        self._calls.FPDFPath_GetDrawMode(item, at, at + 4)
        return _Ground(bounds, self._color(item)) if self._numbers[0] else None

    def _clip_bounds(self, item: int) -> Bounds | None:
        """Return the bounds of what an object's clip paths leave, or None if it is not clipped."""
        calls = self._calls
        path = calls.FPDFPageObj_GetClipPath(item)
        n_paths = calls.FPDFClipPath_CountPaths(path) if path else -1
        if n_paths <= 0:
            return None
        left, bottom, right, top = -1e9, -1e9, 1e9, 1e9
        for at in range(min(n_paths, 20)):
            xs, ys = [], []
            for number in range(min(calls.FPDFClipPath_CountPathSegments(path, at), 200)):
                segment = calls.FPDFClipPath_GetPathSegment(path, at, number)
                if (point := calls.point(segment)) is not None:
                    xs.append(point[0])
                    ys.append(point[1])
            if xs:
                left, right = max(left, min(xs)), min(right, max(xs))
                bottom, top = max(bottom, min(ys)), min(top, max(ys))
        return (left, bottom, right, top)


def _beneath(bounds: Bounds, painted: list[_Ground]) -> tuple[int, int, int] | None:
    """Return the color painted last beneath the middle of a text; white where nothing is."""
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    for ground in reversed(painted):
        left, bottom, right, top = ground.bounds
        if left <= x <= right and bottom <= y <= top:
            return ground.color
    return _WHITE


def _apart(one: Bounds, two: Bounds) -> bool:
    """Return whether two areas have nothing in common."""
    return one[2] < two[0] or two[2] < one[0] or one[3] < two[1] or two[3] < one[1]
