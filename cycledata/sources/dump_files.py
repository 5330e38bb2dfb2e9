"""Read imported files value by value, each with its position in the file.

One value is in memory at a time. Lines and values beyond ``MAX_VALUE_BYTES`` are reported, not
read. Lines end at a line feed only, because texts contain all other line separators.
"""

import bz2
import codecs
import gzip
import io
import json
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from cycledata.formats.file_kinds import other_format

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_VALUE_BYTES = 64 << 20
"""Limit of one line or JSON value; the largest known forum has less than one megabyte."""
_CHUNK_CHARS = 1 << 16
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods"})

BROKEN_STREAM = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""Errors of a compressed stream that is cut or damaged; zstandard has one of its own."""

OnBytesRead = Callable[[int], None]
"""Callback that gets the number of bytes read from the file on disk."""


@dataclass(frozen=True, slots=True)
class FileValue:
    """JSON value or row of a table."""

    place: str
    """E.g. ``"line 7"``."""
    value: object


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """Entry of a file that cannot be used, with the reason."""

    file: str
    """File name without folder."""
    place: str
    """E.g. ``"line 7"`` or ``"line 7, note 2"``."""
    reason: str


class _Broken(Exception):  # noqa: N818  raised and caught in this module only
    """The rest of the file cannot be read."""


def kind_of(value: object) -> str:
    """Return the kind of a JSON value, for messages."""
    return "nothing" if value is None else f"a {type(value).__name__}"


def list_files(paths: Sequence[Path]) -> list[Path]:
    """Return the given files and those below the given folders, sorted, without hidden files."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            # A link to a file that does not exist is kept, so that it is named.
            inside = sorted(f for f in path.rglob("*") if f.is_file() or not f.exists())
            found += [f for f in inside if not any(p[0] == "." for p in f.relative_to(path).parts)]
        else:
            found.append(path)
    return found


@contextmanager
def unpacked(paths: Sequence[Path]) -> Iterator[list[Path | InvalidEntry]]:
    """Yield the files of paths, folders, and `.zip` and `.tar` archives.

    Members of archives are written to a temporary folder under their own base names, so no path
    inside an archive has any effect. Of a damaged archive, the members before the damage are
    yielded, and then an entry with the reason.
    """
    with tempfile.TemporaryDirectory(prefix="cycledata-") as name:
        found: list[Path | InvalidEntry] = []
        for number, file in enumerate(list_files(paths)):
            if not file.name.lower().endswith(ARCHIVES):
                found.append(file)
                continue
            inside: list[Path] = []
            try:
                inside.extend(_unpack(file, Path(name, str(number))))
            except (tarfile.TarError, zipfile.BadZipFile, *BROKEN_STREAM) as error:
                place = f"after file {len(inside)}"
                found += [*inside, InvalidEntry(file.name, place, damage_of(error))]
            else:
                found += inside
        yield found


def damage_of(error: Exception) -> str:
    """Return the reason of an archive that cannot be read to its end."""
    first_line = str(error).partition("\n")[0].rstrip(":")
    return f"damaged-archive: {first_line}; pack or fetch it again"


def _unpack(archive: Path, folder: Path) -> Iterator[Path]:
    """Write the regular files of an archive to a folder of their own each, and yield them."""
    for position, (member, _, stream) in enumerate(archive_members(archive)):
        inside = folder / str(position) / Path(member).name
        inside.parent.mkdir(parents=True)
        with inside.open("wb") as out:
            shutil.copyfileobj(stream, out, _CHUNK_CHARS)
        yield inside


def archive_members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield the regular files of an archive: name, bytes, content.

    Raises:
        EOFError: the archive ends early, also where `tarfile` does not notice it.
    """
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    with packed.open(entry) as stream:
                        yield entry.filename, entry.file_size, stream
        return
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, member.size, content
        assert tar.fileobj is not None, "an open archive has a file"
        tar.fileobj.seek(tar.offset)
        if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise EOFError("the archive has no end mark, so it was cut short")


def unknown_kind(file: Path, expected: str) -> str:
    """Return why the kind of a file is not read, for messages."""
    kind, packed = kind_and_packing(file)
    if kind in _SPREADSHEETS:
        return f"its name ends in {kind}, a spreadsheet; save it as .csv"
    found = (
        f"its name ends in {kind}"
        if kind
        else f"its name has no ending{' before ' + packed if packed else ''}"
    )
    return f"{found}; expected {expected}"


def read_values(
    file: Path, tell: OnBytesRead, *, expected: str = ".json or .jsonl"
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the values of a ``.jsonl`` file, or the values or array items of a ``.json`` file.

    A comma after a line of a ``.jsonl`` file is left out; one that begins with an array or an
    indented object is read as ``.json``.

    Args:
        file: the file.
        tell: called with the bytes read.
        expected: endings that the caller reads, for the entry about a file with another.
    """
    kind, _ = kind_and_packing(file)
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_stream}
    if kind not in readers:
        yield InvalidEntry(file.name, "file", unknown_kind(file, expected))
        return
    yield from guarded(file, readers[kind], tell)


def kind_and_packing(file: Path) -> tuple[str, str]:
    """Return the suffix of the format and the suffix of the compression."""
    packed = file.suffix.lower()
    if packed in {".gz", ".xz", ".zst", ".bz2"}:
        return Path(file.stem).suffix.lower(), packed
    return packed, ""


@contextmanager
def opened(file: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Yield the file on disk and the stream of its decompressed bytes."""
    _, packed = kind_and_packing(file)
    with ExitStack() as stack:
        raw = stack.enter_context(file.open("rb"))
        if packed == ".gz":
            stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=raw)))
        elif packed == ".xz":
            stream = cast(BinaryIO, stack.enter_context(lzma.LZMAFile(raw)))
        elif packed == ".bz2":
            stream = cast(BinaryIO, stack.enter_context(bz2.BZ2File(raw)))
        elif packed == ".zst":
            stream = stack.enter_context(io.BufferedReader(_ZstdStream(raw), 1 << 18))
        else:
            stream = raw
        yield raw, stream


class _ZstdStream(io.RawIOBase):
    """Decompressed zstd frames; unlike the library's reader, truncated frames are errors."""

    def __init__(self, raw: BinaryIO) -> None:
        import zstandard

        self._raw = raw
        self._reader = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._frame = self._reader.decompressobj()
        self._ready = memoryview(b"")
        self._in_frame = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: "WriteableBuffer") -> int:
        while not self._ready:
            chunk = self._frame.unused_data if self._frame.eof else b""
            chunk = chunk or self._raw.read(1 << 12)  # 4 KiB decompress to at most 128 MiB
            if self._frame.eof:
                self._frame, self._in_frame = self._reader.decompressobj(), False
            if not chunk:
                if self._in_frame:
                    raise EOFError("the compressed file ends inside a frame")
                return 0
            self._ready = memoryview(self._frame.decompress(chunk))
            self._in_frame = not self._frame.eof
        view = memoryview(target)
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def guarded(
    file: Path,
    read: Callable[[BinaryIO], Iterator[FileValue | str | tuple[str, str]]],
    tell: OnBytesRead,
) -> Iterator[FileValue | InvalidEntry]:
    """Run a reader; a broken stream becomes the last invalid entry of its file."""
    import zstandard

    place = "start"
    try:
        if other := _other_format(file):
            reason = f"its content is {other}, not what its name says; rename or convert it"
            yield InvalidEntry(file.name, "file", reason)
            return
        with opened(file) as (raw, stream):
            for found in read(stream):
                if isinstance(found, FileValue):
                    place = found.place
                    yield found
                elif isinstance(found, tuple):
                    place, reason = found
                    yield InvalidEntry(file.name, place, reason)
                tell(raw.tell())
    except (*BROKEN_STREAM, zstandard.ZstdError, _Broken) as error:
        yield InvalidEntry(file.name, f"after {place}", f"the rest cannot be read: {error}")


def _other_format(file: Path) -> str | None:
    """Return what the first bytes of a file are, if its name says otherwise."""
    _, packed = kind_and_packing(file)
    with file.open("rb") as raw:
        found = other_format(raw.read(64))
    is_read = packed or (found == "text in UTF-16" and file.suffix.lower() in {".csv", ".tsv"})
    return None if is_read else found


def _json_lines(stream: BinaryIO) -> Iterator[FileValue | tuple[str, str]]:
    number = 0
    ahead = [stream.readline(MAX_VALUE_BYTES), stream.readline(MAX_VALUE_BYTES)]
    start = ahead[0].removeprefix(codecs.BOM_UTF8).strip()
    if start == b"[" or (start == b"{" and ahead[1].startswith((b" ", b"\t"))):
        yield from _json_stream(stream, b"".join(ahead))
        return
    while line := ahead.pop(0) if ahead else stream.readline(MAX_VALUE_BYTES):
        number += 1
        place = f"line {number}"
        if len(line) == MAX_VALUE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_VALUE_BYTES)
            yield place, f"longer than {MAX_VALUE_BYTES} bytes"
            continue
        if not line.strip():
            continue
        try:
            yield FileValue(place, json.loads(line.rstrip().removesuffix(b",")))
        except (ValueError, RecursionError) as error:
            yield place, f"not JSON: {error}"


def _json_stream(stream: BinaryIO, first: bytes = b"") -> Iterator[FileValue]:
    """Yield values one after the other, or the items of one array, up to the first broken one."""
    decode = json.JSONDecoder().raw_decode
    text = codecs.getincrementaldecoder("utf-8-sig")()
    buffer, start, number, ended = text.decode(first), 0, 0, False
    in_array = None
    while True:
        while start < len(buffer) and buffer[start] in " \t\r\n,":
            start += 1
        if in_array is None and start < len(buffer):
            in_array = buffer[start] == "["
            start += in_array
            continue
        if start < len(buffer) and buffer[start] == "]" and in_array:
            start, in_array = start + 1, None
            continue
        try:
            value, end = decode(buffer, start)
        except (ValueError, RecursionError) as error:
            if ended and start >= len(buffer):
                if in_array:
                    raise _Broken("the array is not closed") from error
                return
            size = max(_CHUNK_CHARS, len(buffer) - start)
            if ended or size > MAX_VALUE_BYTES or isinstance(error, RecursionError):
                raise _Broken(f"value {number + 1} is not JSON: {error}") from error
            try:
                chunk = stream.read(size)
                buffer = buffer[start:] + text.decode(chunk, final=not chunk)
            except UnicodeDecodeError as broken:
                raise _Broken(f"value {number + 1} is not UTF-8: {broken}") from broken
            start, ended = 0, not chunk
            continue
        number += 1
        start = end
        yield FileValue(f"value {number}", value)
