"""The bytes of an e-print, opened: text members decoded, everything else by name only.

Input is untrusted bytes: a gzipped tar, a tar, a single gzipped .tex, a zip, a bare .tex, or a
PDF in their place. Nothing touches a disk and figures are never held in memory. A hostile *member*
(a path that climbs out, a link, a device, a text past the limits) is refused and named in the
warnings; an archive that is hostile or damaged *as a whole* raises ``ParseError``.
"""

import io
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Literal

from cycledata.errors import ParseError
from cycledata.parse.latex.encoding import decode_texts, utf16_codec
from cycledata.parse.latex.limits import LIMITS, Limits
from cycledata.parse.latex.stream import GZIP, Stream, gzip_name, inflate, pieces_of
from cycledata.parse.latex.tar import is_tar, tar_members
from cycledata.records import ParseWarning

ContainerKind = Literal["tar", "gzip-tar", "zip", "tex", "gzip-tex", "pdf"]


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened e-print."""

    kind: ContainerKind
    """What the bytes were."""
    texts: dict[str, str]
    """Decoded text by normalized path, in the archive's order, lines ended by a line feed."""
    names: tuple[str, ...]
    """Every other member (figures, data, fonts, nested archives), never unpacked."""
    warnings: tuple[ParseWarning, ...]
    """Members refused and encodings guessed."""
    pdf: bytes = b""
    """The PDF where ``kind`` is ``"pdf"``, else empty."""


def open_eprint(payload: bytes, *, limits: Limits = LIMITS) -> Archive:
    """Return an e-print's text members, whatever container they came in.

    Args:
        payload: the bytes as the service sent them.
        limits: bounds on members, sizes, ratio and nesting.

    Returns:
        The opened archive; a lone text has one entry, under the gzip header's name or ``main.tex``.

    Raises:
        ParseError: empty, damaged or truncated bytes, no text inside, or a limit passed.
    """
    if not payload:
        raise ParseError("empty-payload", "expected an e-print, found no bytes; fetch it again")
    members = _Members(limits)
    if payload.startswith(b"PK"):
        _read_zip(payload, members)
        return members.archive("zip")
    stream = Stream(pieces_of(payload), limits.total_bytes)
    name, layers = b"main.tex", 0
    while stream.peek(2) == GZIP:
        layers += 1
        if layers > limits.nesting:
            raise ParseError("nested-archive", f"more than {limits.nesting} layers of gzip")
        name = gzip_name(stream.peek(limits.name_bytes)) or name
        stream = Stream(inflate(stream, limits), limits.total_bytes)
    head = stream.peek(1024)
    for magic, rule, found in _REFUSED:
        if head.startswith(magic):
            raise ParseError(rule, f"expected an e-print, found {found}; unpack or convert it")
    if head.lstrip().startswith(b"%PDF-"):
        pdf = stream.read(limits.pdf_bytes + 1)
        if len(pdf) > limits.pdf_bytes:
            raise ParseError("oversized-pdf", f"a PDF of more than {limits.pdf_bytes} bytes")
        return Archive("pdf", {}, (), (), pdf)
    if is_tar(head):
        _read_tar(stream, members)
        return members.archive("gzip-tar" if layers else "tar")
    _read_lone(stream, name, members)
    return members.archive("gzip-tex" if layers else "tex")


_REFUSED = (
    (b"PK\3\4", "nested-archive", "a zip inside a gzip"),
    (b"BZh", "unsupported-compression", "bzip2"),
    (b"\xfd7zXZ", "unsupported-compression", "xz"),
    (b"7z\xbc\xaf", "unsupported-compression", "7z"),
    (b"Rar!", "unsupported-compression", "rar"),
    (b"\x1f\x9d", "unsupported-compression", "compress (.Z)"),
    (b"%!PS", "postscript", "PostScript"),
)


# --- Readers -------------------------------------------------------------------------------------


def _read_tar(stream: Stream, members: "_Members") -> None:
    for member in tar_members(stream, members.limits):
        name = members.offer(member.name, member.size, member.refusal)
        if name is not None:
            members.add(name, stream.read(member.size))
    # What follows the last member is read for its checksum: a cut download must not pass.
    stream.skip(members.limits.total_bytes)


def _read_zip(payload: bytes, members: "_Members") -> None:
    limits = members.limits
    try:
        _check_zip_directory(payload, limits)
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            for info in archive.infolist():
                refusal = "link" if stat.S_ISLNK(info.external_attr >> 16) else None
                if info.flag_bits & 1:
                    refusal = "encrypted-member"
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    # lzma and bzip2 let the archive choose how much memory to use.
                    refusal = "unsupported-compression"
                path = info.filename.encode("utf-8", "replace")
                name = members.offer(path, info.file_size, refusal)
                if name is not None:
                    with archive.open(info) as member:
                        members.add(name, member.read(info.file_size))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise ParseError("damaged-zip", f"{error}; fetch it again") from error


def _check_zip_directory(payload: bytes, limits: Limits) -> None:
    """Refuse a directory too large to read: ``zipfile`` reads all of it before we see a name."""
    end = payload.rfind(b"PK\5\6")
    if end < 0:
        raise ParseError("damaged-zip", "no directory at its end: cut short; fetch it again")
    n_members = int.from_bytes(payload[end + 10 : end + 12], "little")
    n_bytes = int.from_bytes(payload[end + 12 : end + 16], "little")
    if n_members > limits.members or n_bytes > limits.members * (46 + limits.name_bytes):
        raise ParseError("too-many-members", f"a zip directory of {n_members} in {n_bytes} bytes")


def _read_lone(stream: Stream, name: bytes, members: "_Members") -> None:
    limit = members.limits.member_bytes
    data = stream.read(limit + 1)
    if not data.strip(b"\0 \t\r\n"):
        raise ParseError("empty-archive", "the archive has no member and no text")
    if len(data) > limit:
        raise ParseError("oversized-text", f"a lone text of more than {limit} bytes")
    if re.match(rb"\s{0,99}<(?:!doctype|html|\?xml)", data, re.IGNORECASE):
        raise ParseError("html-page", "expected an e-print, found a web page; fetch it again")
    if not is_text(data):
        raise ParseError("not-text", "neither an archive nor a PDF nor text; fetch it again")
    members.add(_safe_path(name[: members.limits.name_bytes]) or "main.tex", data)


# --- What is text --------------------------------------------------------------------------------

_FIGURES = (
    "png jpg jpeg jpe gif bmp tif tiff webp ico pdf eps epsf epsi ps svg svgz emf wmf ai psd fig"
    " drawio vsd vsdx xcf mp4 avi mov mkv webm mp3 wav"
)
_DATA = (
    "csv tsv dat fits fit fz json jsonl xml html htm npy npz mat h5 hdf5 pkl pickle parquet xls"
    " xlsx ods doc docx odt rtf ppt pptx key ipynb py r c h cpp java js css sh"
)
_TEX_TREE = (
    "bst bbx cbx lbx dbx log aux out blg bcf fls fdb_latexmk synctex toc lof lot idx ilg ind dvi"
    " xdv nav snm vrb run tfm vf pfb pfm afm ttf otf woff woff2 map enc"
)
_TEX = (".tex", ".ltx", ".latex", ".sty", ".cls", ".clo", ".def", ".bbl", ".tikz")
_PLAIN = re.compile(rb"(?:[\w-][\w. -]*+/)*+[\w-][\w. -]*+", re.ASCII)
_PACKED = "zip gz tgz tar bz2 xz 7z rar z"
_NOT_TEX = frozenset(f"{_FIGURES} {_DATA} {_TEX_TREE} {_PACKED}".split())
_BINARY = (
    b"%PDF-",
    b"SIMPLE  =",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\3\4",
    b"\x1f\x8b",
    b"BZh",
)
"""Beginnings of figures and data that come without the ending of their name."""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r")


def _may_hold_tex(path: str) -> bool:
    """Return whether TeX could read a file in: authors do so with any ending, or with none."""
    if path.startswith(".") or "/." in path:
        return False
    dot = path.rfind(".")
    if dot >= 0 and path[dot + 1 :].lower() in _NOT_TEX:
        return path.rpartition("/")[2].startswith("00README") and not _is_of_mac(path)
    return not _is_of_mac(path)


def _is_of_mac(path: str) -> bool:
    """Return True if a file is one that macOS keeps beside another file."""
    return "__MACOSX" in path and "__MACOSX" in path.split("/")


def is_text(data: bytes) -> bool:
    """Return whether bytes read as text: UTF-16, or one control character in twenty at most."""
    if data.startswith(_BINARY):
        return False
    head = data[:4096]
    n_controls = len(head) - len(head.translate(None, _CONTROLS))
    return utf16_codec(head) is not None or n_controls * 20 <= len(head)


# --- Members within the limits -------------------------------------------------------------------


@dataclass(slots=True)
class _Members:
    """What a reader has found so far."""

    limits: Limits
    raw: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)
    n_members: int = 0
    n_text_bytes: int = 0
    n_bib_bytes: int = 0

    def offer(self, path: bytes, size: int, refusal: str | None) -> str | None:
        """Return Normalized path under which to add a member's bytes; None if they are not wanted.

        Args:
            path: as stored; a folder ends in ``/``.
            size: bytes the member claims.
            refusal: the reader's reason to leave it out, if any.
        """
        self.n_members += 1
        if self.n_members > self.limits.members:
            raise ParseError("too-many-members", f"more than {self.limits.members} members")
        name = _safe_path(path)
        refusal = refusal or self._path_refusal(path, name)
        if refusal is None:
            if path.endswith(b"/"):
                return None
            if not _may_hold_tex(name):
                self.names[name] = None
                return None
            if size <= self._room(name):
                return name
            refusal = "oversized-text"
        self._refuse(refusal, path)
        return None

    def add(self, name: str, data: bytes) -> None:
        """Keep a member's bytes; of two with one name the later wins, as when unpacked."""
        if not is_text(data):
            self.names[name] = None
            return
        if name in self.raw:
            self._refuse("duplicate-member", name.encode())
        if name.lower().endswith(".bib"):
            self.n_bib_bytes += len(data)
        else:
            self.n_text_bytes += len(data)
        self.raw[name] = data

    def _room(self, name: str) -> int:
        """Bytes that a text of this name may still have."""
        if name.lower().endswith(".bib"):
            return self.limits.bib_bytes - self.n_bib_bytes
        room = self.limits.text_bytes - self.n_text_bytes
        if not name.lower().endswith(_TEX):  # data may not crowd out the paper
            room -= self.limits.text_bytes // 2
        return min(self.limits.member_bytes, room)

    def archive(self, kind: ContainerKind) -> Archive:
        """Return what was collected, decoded.

        Raises:
            ParseError: there was no text; the rule says what there was instead.
        """
        warnings = tuple(
            ParseWarning(rule=rule, detail=f"{len(paths)} members, first {', '.join(paths[:3])}")
            for rule, paths in self.refused.items()
        )
        if self.raw:
            texts, guesses = decode_texts(self.raw)
            return Archive(kind, texts, tuple(self.names), warnings + guesses)
        if warnings:
            raise ParseError(warnings[0].rule, f"no text beside {warnings[0].detail}")
        if nested := [
            name for name in self.names if name.rpartition(".")[2].lower() in _PACKED.split()
        ]:
            raise ParseError("nested-archive", f"no text beside {nested[0]}; unpack it first")
        if self.names:
            raise ParseError("no-text", f"expected TeX, found {len(self.names)} other members")
        raise ParseError("empty-archive", "the archive has no member")

    def _path_refusal(self, path: bytes, name: str) -> str | None:
        if len(path) > self.limits.name_bytes:
            return "long-name"
        if path.startswith((b"/", b"\\")) or path[1:2] == b":":
            return "absolute-path"
        if not name and not path.endswith(b"/"):
            return "path-traversal"
        return None

    def _refuse(self, rule: str, path: bytes) -> None:
        self.refused.setdefault(rule, []).append(path[:80].decode("utf-8", "replace"))


def _safe_path(path: bytes) -> str:
    """Path without ``.`` and empty parts; ``""`` where it climbs out or names nothing."""
    if _PLAIN.fullmatch(path):
        return path.decode("ascii")
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = path.decode("latin-1")
    parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
    return "" if ".." in parts else "/".join(parts)
