"""Texts that were read before, kept by the digest of what they were read from and of the reader.

A build gives the same bytes with and without it. The folder may be deleted at any time, and a file
in it that cannot be read is made again.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache as once
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import zstandard
from pydantic import ValidationError

import cycledata
from cycledata.files import write_file
from cycledata.manifest import fingerprint
from cycledata.records import PaperText

MAX_BYTES = 256 << 20
"""A cached text larger than this is not read."""


@once
def code_digest() -> str:
    """Digest of this package's sources: other code may read the same bytes otherwise."""
    folder = Path(cycledata.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@once
def package_versions() -> dict[str, str | None]:
    """Versions of the packages that decide a build's bytes; None for an extra that is not there."""
    found: dict[str, str | None] = {}
    for name in ("cyclekit", "bibtexparser", "datasets", "docvortex", "pyarrow", "pydantic"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def remember(
    folder: Path | None, identity: Sequence[object], make: Callable[[], PaperText]
) -> PaperText:
    """The text of this identity, from the cache or made now and put there.

    Args:
        folder: the cache; None makes it afresh and keeps nothing.
        identity: what the text depends on besides the code that reads it.
        make: reads the text; what it raises is not kept.
    """
    if folder is None:
        return make()
    key = fingerprint([code_digest(), package_versions(), *identity])
    path = folder / "texts" / key[:2] / f"{key}.zst"
    try:
        packed = path.read_bytes()
        unpacked = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BYTES)
        return PaperText.model_validate_json(unpacked)
    except (OSError, zstandard.ZstdError, ValidationError):
        # Absent or damaged: either way it is made again.
        text = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, zstandard.ZstdCompressor().compress(text.model_dump_json().encode()))
    return text
