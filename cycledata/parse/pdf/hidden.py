"""Texts in a PDF that a reader of the page cannot see, by PDFium's objects.

A text is hidden if its render mode paints nothing, if its letters are under one and a half points,
if it is outside of the page or of its clip path, or if it has the color of what is painted
beneath it. Text beneath an image, as OCR adds it to a scan, is not reported.
"""

import ctypes
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple

from cycledata.parse.pdf.convert import HiddenSpan

MAX_SPANS = 50
"""Texts that are reported of one PDF."""
MAX_GROUNDS = 500
"""Filled shapes of one page that are looked at; plots have thousands, of which few are large."""
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
    n_found = 0
    for number in range(len(document)):
        found = _hidden_texts(document[number], pypdfium2.raw)
        for why, texts in groupby(found, key=lambda each: each[0]):
            text = " ".join(" ".join(each[1] for each in texts).split())
            if not why or sum(map(str.isalpha, text)) < MIN_LETTERS:
                continue
            yield HiddenSpan(number, why, text[:250])
            n_found += 1
            if n_found == MAX_SPANS:
                return


def _hidden_texts(page: Any, raw: Any) -> Iterator[tuple[str, str]]:
    """Yield why each text of a page is hidden (``""`` if it is not), and the text."""
    text_page = page.get_textpage()
    width, height = page.get_size()
    left, bottom, _, _ = page.get_cropbox()
    sheet = (left, bottom, left + width, bottom + height)
    grounds: dict[int, list[_Ground]] = {}
    for item in _objects(page):
        painted = grounds.setdefault(item.level, [])
        if item.type == raw.FPDF_PAGEOBJ_TEXT:
            why = _why(item, raw, sheet, painted)
            # PDFium searches all of a page for each text, so only hidden ones are asked for.
            text = _text(item, text_page, raw) if why else ""
            yield (why if text.strip() else ""), text
        elif item.type == raw.FPDF_PAGEOBJ_FORM:
            grounds[item.level + 1] = []
        elif len(painted) < MAX_GROUNDS and (ground := _ground(item, raw)):
            painted.append(ground)


def _objects(page: Any) -> Iterator[Any]:
    """Yield the objects of a page, then those of its figures as far as ``MAX_NESTED``."""
    yield from page.get_objects(max_depth=1)
    nested = (item for item in page.get_objects(max_depth=4) if item.level)
    yield from islice(nested, MAX_NESTED)


def _why(item: Any, raw: Any, sheet: Bounds, painted: list[_Ground]) -> str:
    """Return why a text is hidden, or ``""`` if it is not."""
    bounds = item.get_bounds()
    beneath = _beneath(bounds, painted)
    if raw.FPDFTextObj_GetTextRenderMode(item) in (3, 7):
        scanned = any(ground.color is None for ground in painted)
        return "" if scanned else "invisible"
    if item.level == 0 and _apart(bounds, sheet):
        return "off-page"
    clip = _clip_bounds(item, raw)
    if clip is not None and _apart(bounds, clip):
        return "clipped"
    size, matrix = ctypes.c_float(), raw.FS_MATRIX()
    raw.FPDFTextObj_GetFontSize(item, size)
    raw.FPDFPageObj_GetMatrix(item, matrix)
    if item.level == 0 and size.value * (matrix.c**2 + matrix.d**2) ** 0.5 < MIN_SIZE_PT:
        return "tiny"
    color = _color(item, raw)
    if color is not None and beneath is not None:
        near = all(abs(one - two) <= _NEAR for one, two in zip(color, beneath, strict=True))
        return "color of its ground" if near else ""
    return ""


def _text(item: Any, text_page: Any, raw: Any) -> str:
    n_bytes = raw.FPDFTextObj_GetText(item, text_page, None, 0)
    buffer = (ctypes.c_ushort * (n_bytes // 2 + 1))()
    raw.FPDFTextObj_GetText(item, text_page, buffer, n_bytes)
    return bytes(buffer)[: max(n_bytes - 2, 0)].decode("utf-16-le", "replace")


def _color(item: Any, raw: Any) -> tuple[int, int, int] | None:
    """Return an object's fill color, or None if it has none that is plain."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not raw.FPDFPageObj_GetFillColor(item, red, green, blue, alpha):
        return None
    return (red.value, green.value, blue.value)


def _ground(item: Any, raw: Any) -> _Ground | None:
    """Return the area that an object paints, or None if it is small or not filled."""
    bounds = item.get_bounds()
    if bounds[2] - bounds[0] < 8 or bounds[3] - bounds[1] < 4:
        return None
    if item.type != raw.FPDF_PAGEOBJ_PATH:
        return _Ground(bounds, None)
    mode, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(item, mode, stroked)
    return _Ground(bounds, _color(item, raw)) if mode.value else None


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


def _clip_bounds(item: Any, raw: Any) -> Bounds | None:
    """Return the bounds of what an object's clip paths leave, or None if it is not clipped."""
    path = raw.FPDFPageObj_GetClipPath(item)
    n_paths = raw.FPDFClipPath_CountPaths(path) if path else -1
    left, bottom, right, top = -1e9, -1e9, 1e9, 1e9
    x, y = ctypes.c_float(), ctypes.c_float()
    for at in range(min(n_paths, 20)):
        xs, ys = [], []
        for number in range(min(raw.FPDFClipPath_CountPathSegments(path, at), 200)):
            segment = raw.FPDFClipPath_GetPathSegment(path, at, number)
            if raw.FPDFPathSegment_GetPoint(segment, x, y):
                xs.append(x.value)
                ys.append(y.value)
        if xs:
            left, right = max(left, min(xs)), min(right, max(xs))
            bottom, top = max(bottom, min(ys)), min(top, max(ys))
    return (left, bottom, right, top) if n_paths > 0 else None
