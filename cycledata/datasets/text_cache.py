"""Cache of parsed texts, keyed by the digest of the payload and of the code that parses it.

A build gives the same bytes with and without the cache. The folder may be deleted at any time; a
damaged entry is parsed again.
"""

import hashlib
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import cache as cache_forever
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import zstandard
from pydantic import ValidationError

import cycledata
from cycledata.files import sha256_bytes, write_file
from cycledata.manifest import fingerprint
from cycledata.records import PaperText

logger = logging.getLogger(__name__)

MAX_BYTES = 256 << 20
"""Largest uncompressed entry that is read."""
_DIGEST_BYTES = 32
_VERSION = re.compile(r"(?<=\d)v\d{1,3}$")


@cache_forever
def code_digest() -> str:
    """Return the digest of this package's sources: other code may parse bytes differently."""
    folder = Path(cycledata.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@cache_forever
def package_versions() -> dict[str, str | None]:
    """Return the versions of the packages that affect the bytes of a build; None if missing."""
    found: dict[str, str | None] = {}
    for name in ("cyclekit", "bibtexparser", "datasets", "pyarrow", "pydantic", "pypdfium2"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def parse_cached(
    folder: Path | None, file: str, identity: Sequence[object], parse: Callable[[], PaperText]
) -> PaperText:
    """Return the text of this identity from the cache, or parse it and add it to the cache.

    Args:
        folder: the cache; None to parse again and keep nothing.
        file: name of the e-print with its version, or id of the paper; names the subfolder.
        identity: everything that the text depends on, except the code that parses it.
        parse: parses the text; an exception is not cached.
    """
    if folder is None:
        return parse()
    key = fingerprint([code_digest(), package_versions(), file, *identity])
    path = folder / "texts" / _folder_name(file) / f"{key}.zst"
    cached = _read_entry(path)
    if cached is not None:
        return cached
    text = parse()
    data = text.model_dump_json().encode()
    packed = zstandard.ZstdCompressor().compress(data)
    write_file(path, hashlib.sha256(packed).digest() + packed)
    return text


def _folder_name(file: str) -> str:
    """Return a name for the folder of one work; versions of an e-print share it."""
    return sha256_bytes(_VERSION.sub("", file.lower()).encode())[:32]


def forget_texts(cache: Path, names: Iterable[str]) -> None:
    """Delete the cached texts of works, given by paper ids and keys."""
    for name in names:
        folder = cache / "texts" / _folder_name(name.removeprefix("arxiv:"))
        if folder.is_dir():
            shutil.rmtree(folder)


def _read_entry(path: Path) -> PaperText | None:
    """Return a cached text, or None if it is absent or damaged."""
    try:
        entry = path.read_bytes()
    except OSError:
        return None
    digest, packed = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        logger.warning("%s: cache entry with a wrong digest; parsing the text again", path)
        return None
    try:
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BYTES)
        return PaperText.model_validate_json(data)
    except (zstandard.ZstdError, ValidationError) as error:
        # The error would quote the text.
        kind = type(error).__name__
        logger.warning("%s: damaged cache entry (%s); parsing the text again", path, kind)
        return None
