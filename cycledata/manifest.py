"""Manifests: the files of a snapshot or build, their digests, and the schema version.

A manifest is the last file written into its folder, so a folder without one is not finished.
"""

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator

from cycledata.errors import ChangedFileError, MissingFileError, NewerSchemaError, VerifyError
from cycledata.files import canonical_json, sha256_bytes, sha256_file, write_file
from cycledata.records import SCHEMA_VERSION, Record, first_problem

__all__ = [
    "FilePin",
    "Manifest",
    "canonical_json",
    "checksum_of",
    "fingerprint",
    "manifest_bytes",
    "pin_file",
    "read_manifest",
    "read_pins",
    "verify_files",
    "write_manifest",
]

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FilePin(Record):
    """Name, size and digest of one file."""

    path: str
    """Relative to the manifest's folder, with forward slashes."""
    sha256: _Sha256
    """Hex digest of the whole file."""
    size_bytes: Annotated[int, Field(ge=0)]
    """Size in bytes."""
    rows: Annotated[int, Field(ge=0)] | None = None
    """Rows of a table; None for files that have none."""

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        parts = PurePosixPath(path)
        if not parts.parts or parts.is_absolute() or ".." in parts.parts or "\\" in path:
            raise ValueError(f"{path!r} leaves the manifest's folder")
        return path


class Manifest(Record):
    """Fields of every manifest; snapshots and builds add their own."""

    kind: Literal["snapshot", "build"]
    """What the folder contains."""
    schema_version: int = SCHEMA_VERSION
    """Version of the layout and the records."""
    files: tuple[FilePin, ...]
    """Every file except the manifest itself, by path."""


M = TypeVar("M", bound=Manifest)


def fingerprint(value: object) -> str:
    """Return the sha256 of a value's canonical JSON; values without one are refused.

    >>> fingerprint({"a": 1, "b": None})[:12]
    '46e0ff59f616'
    """
    return sha256_bytes(canonical_json(value).encode("ascii"))


def pin_file(folder: Path, path: str, rows: int | None = None) -> FilePin:
    """Return the pin of a finished file."""
    file = folder / path
    return FilePin(path=path, sha256=sha256_file(file), size_bytes=file.stat().st_size, rows=rows)


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest's file."""
    return canonical_json(manifest.model_dump(mode="json"), indent=1).encode("ascii") + b"\n"


def write_manifest(path: Path, manifest: M) -> M:
    """Write a manifest in one step, as the last file of its folder; return it as written."""
    if "checksum" in type(manifest).model_fields:
        manifest = manifest.model_copy(update={"checksum": checksum_of(manifest)})
    write_file(path, manifest_bytes(manifest))
    return manifest


def checksum_of(manifest: Manifest) -> str:
    """Return the digest of everything that a manifest states except its own checksum."""
    return fingerprint(manifest.model_dump(mode="json", exclude={"checksum"}))


def read_manifest(path: Path, model: type[M], *, remedy: str = "restore the file") -> M:
    """Read a manifest as a record of its kind.

    Args:
        path: file of the manifest.
        model: its kind.
        remedy: next step for the error message.

    Raises:
        NewerSchemaError: a newer version of this package wrote it.
        VerifyError: the file is not a manifest of this kind, or an older version wrote it.
    """
    content = _read_object(path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problem = f"not a {model.__name__}: {first_problem(error)}"
        version = content["schema_version"]
        if isinstance(version, int) and version < SCHEMA_VERSION:
            problem = (
                f"an older version of cyklekit wrote it (schema version {version}, this one"
                f" writes {SCHEMA_VERSION})"
            )
        raise VerifyError(f"{path}: {problem}; {remedy}") from error


def read_pins(path: Path) -> tuple[FilePin, ...]:
    """Return the pins of a manifest of either kind."""
    listed = _read_object(path).get("files")
    if not isinstance(listed, list):
        raise VerifyError(f"{path.name}: expected a list of files, found {type(listed).__name__}")
    try:
        return tuple(FilePin.model_validate(pin) for pin in listed)
    except ValidationError as error:
        raise VerifyError(f"{path.name}: a pin is malformed: {first_problem(error)}") from error


def _read_object(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise VerifyError(f"{path.name}: not JSON ({error}); restore the file") from error
    version = value.get("schema_version") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(version, int):
        raise VerifyError(f"{path.name}: no manifest: expected an object with a schema_version")
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{path.name}: schema version {version}, this package reads up to {SCHEMA_VERSION};"
            " upgrade cyclekit"
        )
    return value


def verify_files(folder: Path, pins: Iterable[FilePin], *, remedy: str) -> None:
    """Compare every pinned file with its bytes on disk.

    Args:
        folder: folder of the manifest.
        pins: pins to compare.
        remedy: next step for the error message, e.g. "build it again".

    Raises:
        MissingFileError, ChangedFileError: the first file that differs from its pin.
    """
    for pin in pins:
        file = folder / pin.path
        if not file.is_file():
            raise MissingFileError(
                f"{pin.path}: pinned with sha256 {pin.sha256[:12]}, but there is no such file;"
                f" {remedy}"
            )
        found = sha256_file(file)
        if found != pin.sha256:
            raise ChangedFileError(
                f"{pin.path}: manifest pins sha256 {pin.sha256[:12]} ({pin.size_bytes} bytes),"
                f" file has {found[:12]} ({file.stat().st_size} bytes); {remedy}"
            )
