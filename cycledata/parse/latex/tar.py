"""The members of a tar, read forward.

``tarfile`` is not used: on untrusted bytes it keeps extended headers of any size in memory and,
before the fix of CVE-2024-6232, matches them with expressions of quadratic cost. What is needed
here, names and sizes of ustar, GNU and pax archives, takes a page.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from cycledata.errors import ParseError
from cycledata.parse.latex.limits import Limits
from cycledata.parse.latex.stream import Stream

_BLOCK = 512
_EMPTY = bytes(_BLOCK)
_REFUSED = {b"1": "link", b"2": "link", b"3": "device", b"4": "device", b"6": "device"}
_OCTAL = re.compile(rb" *+([0-7]{1,12}) *+(?:\0|\Z)")
_FILES = frozenset({b"0", b"\0", b"5", b"7"})
_WITHOUT_DATA = frozenset(_REFUSED) | {b"5"}


class TarMember(NamedTuple):
    """Read one header; the stream is then at its data."""

    name: bytes
    """Path as stored, ending in ``/`` for a folder."""
    size: int
    """Bytes of data that follow."""
    refusal: str | None
    """``"link"``, ``"device"`` or ``"special-file"``; None for a file or folder."""


def is_tar(head: bytes) -> bool:
    """Return whether bytes begin with a tar header, or with the empty blocks of an empty tar."""
    return head[:_BLOCK] == _EMPTY or _is_header(head[:_BLOCK])


def tar_members(stream: Stream, limits: Limits) -> Iterator[TarMember]:
    """Members in order; the caller may read a member's data from the stream before the next.

    Raises:
        ParseError: ``truncated-tar``, ``damaged-tar`` or ``oversized-header``.
    """
    long_name: bytes | None = None
    long_size: int | None = None
    while (block := stream.read(_BLOCK)) and block != _EMPTY:
        start = stream.position
        at = start - len(block)
        if len(block) < _BLOCK:
            raise ParseError("truncated-tar", f"the data ends in a header at byte {at}")
        if not _is_header(block):
            raise ParseError("damaged-tar", f"no member header at byte {at}; fetch it again")
        kind = block[156:157]
        size = 0 if kind in _WITHOUT_DATA else max(_number(block[124:136]), 0)
        if kind in b"LKxXg":
            if size > limits.header_bytes:
                raise ParseError("oversized-header", f"a header of {size} bytes at byte {at}")
            end = start + size + -size % _BLOCK
            if kind == b"L":
                long_name = stream.read(size).rstrip(b"\0")
            elif kind in b"xX":
                named, sized = _pax(stream.read(size))
                long_name, long_size = named or long_name, sized
        else:
            size = size if long_size is None else long_size
            end = start + size + -size % _BLOCK
            name = long_name or _short_name(block)
            refusal = _REFUSED.get(kind, None if kind in _FILES else "special-file")
            if kind == b"5":
                name += b"/"
            long_name = long_size = None
            yield TarMember(name, size, refusal)
        if not stream.skip(end - stream.position):
            raise ParseError("truncated-tar", f"the data ends in the member at byte {at}")


def _is_header(block: bytes) -> bool:
    if len(block) != _BLOCK:
        return False
    # Adler-32's lower half is one more than the sum of the bytes, modulo 65,521: C adds for us.
    # The sum was taken when there were blanks in place of its own digits.
    digits = block[148:156]
    found = (zlib.adler32(block) & 0xFFFF) - sum(digits) + 8 * 32
    return (_number(digits) + 1 - found) % 65_521 == 0


def _number(digits: bytes) -> int:
    """Octal, or base 256 where the first bit is set; -1 where it is neither."""
    if digits[:1] == b"\x80":
        return int.from_bytes(digits[1:], "big")
    found = _OCTAL.match(digits)
    return int(found[1], 8) if found else -1


def _short_name(block: bytes) -> bytes:
    name = block[:100].partition(b"\0")[0]
    # GNU's own format keeps times, not a prefix, in these bytes.
    if not block[345] or block[257:263] != b"ustar\0":
        return name
    return block[345:500].partition(b"\0")[0] + b"/" + name


def _pax(header: bytes) -> tuple[bytes | None, int | None]:
    """Path and size in a pax header, a run of lines ``<length> <key>=<value>``."""
    path: bytes | None = None
    size: int | None = None
    at = 0
    while found := re.compile(rb"(\d{1,6}) ").match(header, at):
        end = at + int(found[1])
        key, _, value = header[found.end() : end].rstrip(b"\n").partition(b"=")
        if key == b"path":
            path = value
        elif key == b"size" and re.fullmatch(rb"\d{1,15}", value):
            size = int(value)
        if end <= found.end():
            break
        at = end
    return path, size
