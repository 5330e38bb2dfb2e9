"""Manifests: what they pin, and what they say when bytes have changed."""

import json
from pathlib import Path

import pytest

from cycledata.errors import ChangedFileError, MissingFileError, NewerSchemaError, VerifyError
from cycledata.manifest import (
    FilePin,
    Manifest,
    pin_file,
    read_manifest,
    read_pins,
    verify_files,
    write_manifest,
)
from cycledata.records import SCHEMA_VERSION

VERSION = f'"schema_version": {SCHEMA_VERSION}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_bytes(b"two")
    pins = (pin_file(tmp_path, "a.txt"), pin_file(tmp_path, "b/c.txt", rows=1))
    write_manifest(tmp_path / "manifest.json", Manifest(kind="build", files=pins))
    return tmp_path


def test_a_manifest_reads_back_and_its_files_verify(folder: Path) -> None:
    manifest = read_manifest(folder / "manifest.json", Manifest)
    assert [(pin.path, pin.size_bytes, pin.rows) for pin in manifest.files] == [
        ("a.txt", 3, None),
        ("b/c.txt", 3, 1),
    ]
    assert read_pins(folder / "manifest.json") == manifest.files
    verify_files(folder, manifest.files, remedy="build it again")


def test_a_changed_file_is_named_with_both_digests_and_the_remedy(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"onE")
    with pytest.raises(
        ChangedFileError,
        match=r"a.txt: manifest pins sha256 7692c3ad3540 \(3 bytes\),"
        r" file has [0-9a-f]{12} \(3 bytes\); build it again",
    ):
        verify_files(folder, read_pins(folder / "manifest.json"), remedy="build it again")


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "b" / "c.txt").unlink()
    with pytest.raises(MissingFileError, match=r"b/c.txt: pinned .* no such file; fetch it"):
        verify_files(folder, read_pins(folder / "manifest.json"), remedy="fetch it")


def test_a_newer_manifest_is_refused_with_its_own_error(folder: Path) -> None:
    path = folder / "manifest.json"
    newer = {**json.loads(path.read_bytes()), "schema_version": SCHEMA_VERSION + 1, "news": 1}
    path.write_text(json.dumps(newer))
    for read in (lambda: read_manifest(path, Manifest), lambda: read_pins(path)):
        with pytest.raises(NewerSchemaError, match="upgrade cyclekit"):
            read()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "not JSON", id="truncated"),
        pytest.param("[]", "expected an object with a schema_version", id="list"),
        pytest.param(f'{{{VERSION}, "files": 3}}', "not a Manifest", id="fields"),
        pytest.param(
            f'{{"kind": "build", {VERSION}, "files": [], "more": 1}}', "more", id="unknown"
        ),
        pytest.param(
            '{"kind": "build", "schema_version": 1, "files": [], "more": 1}',
            r"an older version of cyklekit wrote it \(schema version 1, this one writes"
            rf" {SCHEMA_VERSION}\); restore the file",
            id="older",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(VerifyError, match=message):
        read_manifest(tmp_path / "manifest.json", Manifest)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../../b", "", "a\\b"])
def test_a_pin_stays_inside_its_folder(path: str) -> None:
    with pytest.raises(ValueError, match="leaves the manifest's folder"):
        FilePin(path=path, sha256="0" * 64, size_bytes=0)
