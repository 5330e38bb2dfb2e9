"""Bytes read forward and counted: what keeps memory bounded while an archive is walked."""

from collections.abc import Iterator

from zlib_ng import zlib_ng

from cycledata.errors import ParseError
from cycledata.parse.latex.limits import Limits

GZIP = b"\x1f\x8b"
PIECE = 128 * 2**10
"""Bytes handled at a time."""


class Stream:
    """A forward reader over pieces of bytes; keeps little more than what was requested.

    Args:
        pieces: the bytes, in order.
        limit: bytes after which the whole is called a bomb.
    """

    def __init__(self, pieces: Iterator[bytes], limit: int) -> None:
        self._pieces = pieces
        self._limit = limit
        self._held = b""
        self._at = 0
        self._dropped = 0

    @property
    def position(self) -> int:
        """Bytes consumed so far."""
        return self._dropped + self._at

    def _more(self) -> bool:
        """Hold one more piece, forgetting what was consumed; False at the end."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._dropped += self._at
        self._held = self._held[self._at :] + piece
        self._at = 0
        if self._dropped + len(self._held) > self._limit:
            raise ParseError("archive-bomb", f"more than {self._limit} bytes once decompressed")
        return True

    def peek(self, size: int) -> bytes:
        """Return the next bytes, not consumed; fewer than ``size`` at the end."""
        while len(self._held) - self._at < size and self._more():
            pass
        return self._held[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """Return the next bytes; fewer than ``size`` at the end."""
        start, end = self._at, self._at + size
        if end <= len(self._held):
            self._at = end
            return self._held[start:end]
        taken: list[bytes] = []
        while size > len(self._held) - self._at:
            taken.append(self._held[self._at :])
            size -= len(taken[-1])
            self._at = len(self._held)
            if not self._more():
                return b"".join(taken)
        taken.append(self._held[self._at : self._at + size])
        self._at += size
        return b"".join(taken)

    def skip(self, size: int) -> bool:
        """Pass over bytes without keeping them; return False if there are fewer."""
        while size > len(self._held) - self._at:
            size -= len(self._held) - self._at
            self._at = len(self._held)
            if not self._more():
                return False
        self._at += size
        return True


def pieces_of(payload: bytes) -> Iterator[bytes]:
    """Yield a payload in pieces."""
    for start in range(0, len(payload), PIECE):
        yield payload[start : start + PIECE]


def inflate(compressed: Stream, limits: Limits) -> Iterator[bytes]:
    """Decompressed pieces of gzip members one after the other; what follows them is ignored.

    Raises:
        ParseError: ``damaged-gzip``, ``truncated-gzip``, or ``archive-bomb`` past the ratio.
    """
    taken = given = 0
    rest = compressed.read(PIECE)
    while rest.startswith(GZIP):
        member = zlib_ng.decompressobj(31)
        while not member.eof:
            if not rest:
                raise ParseError("truncated-gzip", f"the data ends after {given} bytes of content")
            try:
                piece = member.decompress(rest, PIECE)
            except zlib_ng.error as error:  # type: ignore[misc]  # its stub declares an instance
                raise ParseError("damaged-gzip", f"{error}; fetch it again") from error
            taken += len(rest)
            # One of the two is empty: the second fills once the member has ended.
            rest = member.unconsumed_tail + member.unused_data
            taken -= len(rest)
            given += len(piece)
            if given > max(limits.ratio_from, limits.ratio * taken):
                raise ParseError("archive-bomb", f"{taken} bytes of gzip hold {given} or more")
            if piece:
                yield piece
            if not rest:
                rest = compressed.read(PIECE)
        if len(rest) < len(GZIP):
            rest += compressed.read(PIECE)


def gzip_name(head: bytes) -> bytes:
    """File name in a gzip header; empty where it has none."""
    if len(head) < 10 or not head[3] & 8:
        return b""
    extra = 2 + int.from_bytes(head[10:12], "little") if head[3] & 4 else 0
    name, end, _ = head[10 + extra :].partition(b"\0")
    return name if end else b""
