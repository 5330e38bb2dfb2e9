"""PDFium's functions as functions of plain numbers, which are fast to call.

A paper has 40,000 characters and 5,000 objects, and ``ctypes`` makes a pointer object for each
argument and result. Here a handle is its address, and results are written into memory that is used
again: together a fifth of the time.
"""

import ctypes
from typing import Any


def address_of(handle: Any) -> int:
    """Return the address of one of PDFium's objects; 0 for none."""
    return ctypes.cast(getattr(handle, "raw", handle), ctypes.c_void_p).value or 0


class PlainCalls:
    """The functions of PDFium's interface, by their own names, on first use.

    Pointers are addresses (``address_of``, ``ctypes.addressof``); a null pointer is returned as
    None.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.box, self.matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        self.doubles, self.floats = (ctypes.c_double * 2)(), (ctypes.c_float * 4)()
        self._at_box, self._at_matrix = ctypes.addressof(self.box), ctypes.addressof(self.matrix)
        self._at_doubles = ctypes.addressof(self.doubles)
        self._at_floats = ctypes.addressof(self.floats)

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._raw, name)
        # PYFUNCTYPE keeps the interpreter's lock: releasing it for each call takes longer.
        kinds = map(_plain, (function.restype, *function.argtypes))
        plain = ctypes.PYFUNCTYPE(*kinds)(address_of(function))
        setattr(self, name, plain)
        return plain

    def loose_box(self, text: int, index: int) -> tuple[float, float, float, float]:
        """Return left, bottom, right, top of a character in points."""
        box = self.box
        self.FPDFText_GetLooseCharBox(text, index, self._at_box)
        return (box.left, box.bottom, box.right, box.top)

    def origin(self, text: int, index: int) -> tuple[float, float]:
        """Return the start of a character on its baseline in points."""
        at = self._at_doubles
        self.FPDFText_GetCharOrigin(text, index, at, at + 8)
        return (self.doubles[0], self.doubles[1])

    def bounds(self, item: int) -> tuple[float, float, float, float] | None:
        """Return left, bottom, right, top of an object of a page; None if it has none."""
        at = self._at_floats
        if not self.FPDFPageObj_GetBounds(item, at, at + 4, at + 8, at + 12):
            return None
        left, bottom, right, top = self.floats
        return (left, bottom, right, top)

    def point(self, segment: int) -> tuple[float, float] | None:
        """Return the point of a segment of a path; None if it has none."""
        at = self._at_floats
        if not self.FPDFPathSegment_GetPoint(segment, at, at + 4):
            return None
        return (self.floats[0], self.floats[1])

    def character_matrix(self, text: int, index: int) -> Any:
        """Return the transformation of a character, valid until the next call."""
        self.FPDFText_GetMatrix(text, index, self._at_matrix)
        return self.matrix

    def object_matrix(self, item: int) -> Any:
        """Return the transformation of an object, valid until the next call."""
        self.FPDFPageObj_GetMatrix(item, self._at_matrix)
        return self.matrix

    def object_size(self, item: int) -> float:
        """Return the size of the type of a text object, before its transformation."""
        self.floats[0] = 0.0
        self.FPDFTextObj_GetFontSize(item, self._at_floats)
        return float(self.floats[0])


def _plain(kind: Any) -> Any:
    """Return an address for a pointer, and other types as they are."""
    return ctypes.c_void_p if hasattr(kind, "contents") else kind
