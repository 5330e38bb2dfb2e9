"""Turn the sample's readable sources into replies and seal them as a snapshot.

The first folder is the service and the rest of the path the key. JSON files are written compactly,
a folder of LaTeX becomes an archive like an arXiv e-print, and other files are copied. The same
sources give the same bytes on every machine.
"""

import datetime as dt
import io
import json
import shutil
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from cycledata.sample import SNAPSHOT, SOURCE
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.snapshot.sealed import SnapshotManifest

RETRIEVED_AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
"""Date of every reply: the day the sources were written, since nothing was retrieved."""

_URLS = {
    "openreview/forum": "https://api2.openreview.net/notes?forum={}",
    "openreview/pdf": "https://openreview.net/pdf?id={}",
    "arxiv/match": "https://export.arxiv.org/api/query?sample={}",
    "arxiv/record": "https://oaipmh.arxiv.org/oai?verb=GetRecord&identifier=oai:arXiv.org:{}",
    "arxiv/eprint": "https://export.arxiv.org/e-print/{}",
    "semantic_scholar/paper": "https://api.semanticscholar.org/graph/v1/paper/{}",
    "semantic_scholar/match": "https://api.semanticscholar.org/graph/v1/paper/search/match?{}",
}
_MEDIA_TYPES = {
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xml": "text/xml",
    ".tex": "application/gzip",
    "": "application/gzip",
}
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no date
_GZIP_BLOCK = 65_535


def sample_replies(source: Path = SOURCE) -> Iterator[Reply]:
    """Yield every reply of the sample, in order of service and key.

    Raises:
        ValueError: a file has an unknown suffix.
    """
    for path in sorted(_units(source)):
        yield _reply(path, path.relative_to(source))


def compose(out: Path = SNAPSHOT, source: Path = SOURCE) -> SnapshotManifest:
    """Seal the sources under ``out``; existing files are replaced."""
    with tempfile.TemporaryDirectory() as folder:
        with OpenSnapshot(Path(folder)) as snapshot:
            snapshot.add_many(sample_replies(source))
        manifest = seal(Path(folder))
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        for name in (*(pin.path for pin in manifest.files), "snapshot.json"):
            shutil.copyfile(Path(folder) / name, out / name)
    return manifest


def _units(source: Path) -> Iterator[Path]:
    """Yield one path per reply: files, and the folders of e-prints."""
    eprints = source / "arxiv" / "eprint"
    for path in (*eprints.iterdir(), *source.rglob("*")):
        inside = eprints in path.parents and path.parent != eprints
        whole = path.is_file() or path.parent == eprints
        if whole and not inside and path.suffix != ".md":
            yield path


def _reply(path: Path, place: Path) -> Reply:
    suffix = "" if path.is_dir() else path.suffix
    if suffix not in _MEDIA_TYPES:
        raise ValueError(f"{place}: expected one of {sorted(_MEDIA_TYPES)}, found {suffix!r}")
    service, *parts = place.parts
    key = unquote("/".join(parts)).removesuffix(
        suffix
    )  # file names cannot contain a colon on Windows
    status = 404 if key.endswith(".404") else 200
    key = key.removesuffix(".404")
    kind, _, name = key.partition("/")
    url = _URLS.get(f"{service}/{kind}", "file:sample/" + place.as_posix())
    return Reply(
        service=service,
        key=key,
        url=url.format(name),
        retrieved_at=RETRIEVED_AT,
        status=status,
        media_type="application/atom+xml"
        if kind == "match" and suffix == ".xml"
        else _MEDIA_TYPES[suffix],
        payload=_payload(path, suffix),
    )


def _payload(path: Path, suffix: str) -> bytes:
    if suffix == "":
        return gzip_stored(_tar(path))
    data = path.read_bytes()
    if suffix == ".tex":
        return gzip_stored(data)
    if suffix == ".json":
        compact = json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":"))
        return compact.encode()
    return data


def _tar(folder: Path) -> bytes:
    """Return the folder as a tar archive, sorted by name, without dates and owners."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size = path.stat().st_size
            archive.addfile(member, io.BytesIO(path.read_bytes()))
    return out.getvalue()


def gzip_stored(data: bytes) -> bytes:
    """Return uncompressed gzip: zlib and zlib-ng compress differently, stored blocks are equal."""
    out = [_GZIP_HEAD]
    for start in range(0, max(len(data), 1), _GZIP_BLOCK):
        block = data[start : start + _GZIP_BLOCK]
        last = start + _GZIP_BLOCK >= len(data)
        out += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    out.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(out)
