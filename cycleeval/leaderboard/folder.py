"""Folders of a leaderboard: which files of a submissions folder are read, and writing the site.

Neither follows symbolic links. A submissions folder can come from a pull request, and a link in it
could show a private file of this machine; a link in the output folder could replace one.
"""

import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from cycledata.errors import BuildError
from cycledata.files import canonical_json, write_file
from cycledata.records import Record

SITE_FILE = ".cyclekit-leaderboard.json"
"""File of a site that lists the files that were written; it marks the folder as ours."""


class SiteFiles(Record):
    """Content of `SITE_FILE`."""

    files: tuple[str, ...]
    """Paths of every page below the site's root."""


def is_regular_file(path: Path) -> bool:
    """Return True for a regular file; False for a symbolic link, folder, pipe or device."""
    return stat.S_ISREG(path.lstat().st_mode)


def write_site(site: Mapping[str, str], out: Path) -> tuple[str, ...]:
    """Write the pages and remove pages of an earlier site that are no longer part of it.

    Args:
        site: content by path below the site's root.
        out: a new or empty folder, or the folder of an earlier site. Hidden files and files that
            no site has written are left alone.

    Returns:
        Paths of the removed pages.

    Raises:
        BuildError: `out` has files but no site, a page would replace a file that no site has
            written, or a symbolic link is in the way.
    """
    earlier = _earlier_files(out)
    written = set(site)
    for name in sorted(written | earlier):
        _require_own_path(out, name, is_ours=name in earlier)
    # Listed before they are written, so that an interrupted run leaves no page without an owner.
    _write_list(out, written | earlier)
    for name in sorted(written):
        # Names of submissions can have bytes that are not UTF-8.
        write_file(out / name, site[name].encode("utf-8", "backslashreplace"))
    removed = tuple(sorted(name for name in earlier - written if (out / name).exists()))
    for name in removed:
        (out / name).unlink()
        _remove_empty_folders(out, (out / name).parent)
    _write_list(out, written)
    return removed


def _earlier_files(out: Path) -> set[str]:
    marker = out / SITE_FILE
    if marker.is_symlink():
        raise BuildError(f"{marker}: is a symbolic link; remove it or change --out")
    if not out.exists():
        return set()
    if not out.is_dir():
        raise BuildError(f"{out}: a file is where a folder is needed; change --out")
    if not marker.exists():
        others = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
        if others:
            raise BuildError(
                f"{out}: expected an empty folder or an earlier leaderboard, found"
                f" {', '.join(others[:3])}; give --out a new folder"
            )
        return set()
    try:
        return set(SiteFiles.model_validate_json(marker.read_bytes()).files)
    except (ValidationError, OSError) as error:
        raise BuildError(
            f"{marker}: expected the list of the site's files; give --out a new folder"
        ) from error


def _require_own_path(out: Path, name: str, *, is_ours: bool) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path == PurePosixPath():
        raise BuildError(f"{out / SITE_FILE}: {name!r} is outside the site; change --out")
    place = out
    for part in path.parts:
        place /= part
        if place.is_symlink():
            raise BuildError(f"{place}: is a symbolic link; remove it or change --out")
    if place.exists() and not (is_ours and place.is_file()):
        raise BuildError(f"{place}: not written by a leaderboard; move it or change --out")


def _remove_empty_folders(out: Path, folder: Path) -> None:
    while folder != out and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _write_list(out: Path, names: set[str]) -> None:
    write_file(out / SITE_FILE, canonical_json({"files": sorted(names)}, indent=1) + "\n")
