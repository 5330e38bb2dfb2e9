"""A site is written into its own folder only, and removed pages go."""

from pathlib import Path

import pytest

from cycledata.errors import BuildError
from cycleeval.leaderboard.folder import SITE_FILE, is_regular_file, write_site

SITE = {"index.html": "a", "submissions/one.html": "b", "submissions/two.html": "c"}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != SITE_FILE
    }


def test_pages_of_removed_submissions_go(tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert write_site(SITE, out) == ()
    assert contents(out) == SITE
    (out / "CNAME").write_text("mine", "utf-8")
    removed = write_site({"index.html": "d", "submissions/one.html": "b"}, out)
    assert removed == ("submissions/two.html",)
    assert contents(out) == {"CNAME": "mine", "index.html": "d", "submissions/one.html": "b"}
    write_site({"index.html": "e"}, out)
    assert not (out / "submissions").exists()


@pytest.mark.parametrize("name", ["notes.txt", "index.html", "submissions/mine.html"])
def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(BuildError, match="expected an empty folder or an earlier leaderboard"):
        write_site(SITE, tmp_path)
    assert contents(tmp_path) == {name: "mine"}


def test_a_fresh_clone_with_hidden_files_is_used(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write_site(SITE, tmp_path)
    assert contents(tmp_path) == SITE


def test_a_file_that_a_site_did_not_write_is_not_replaced(tmp_path: Path) -> None:
    write_site({"index.html": "a"}, tmp_path)
    (tmp_path / "metrics.html").write_text("mine", "utf-8")
    with pytest.raises(BuildError, match="not written by a leaderboard"):
        write_site({"index.html": "b", "metrics.html": "c"}, tmp_path)
    assert contents(tmp_path) == {"index.html": "a", "metrics.html": "mine"}


@pytest.mark.parametrize("link", ["index.html", "submissions", SITE_FILE])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    out, target = tmp_path / "out", tmp_path / "target"
    write_site(SITE, out)
    if link == "submissions":
        target.mkdir()
        for page in (out / "submissions").iterdir():
            page.rename(target / page.name)
        (out / "submissions").rmdir()
    else:
        target.write_text("private", "utf-8")
        (out / link).unlink()
    (out / link).symlink_to(target)
    with pytest.raises(BuildError, match="is a symbolic link"):
        write_site({"index.html": "new"}, out)
    if link != "submissions":
        assert target.read_text("utf-8") == "private"


@pytest.mark.parametrize("name", ["../victim", "/etc/passwd", "a/../../victim", ""])
def test_a_forged_list_deletes_nothing_outside(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_text("mine", "utf-8")
    (out / SITE_FILE).write_text(f'{{"files": ["{name}"]}}', "utf-8")
    with pytest.raises(BuildError, match="outside the site"):
        write_site(SITE, out)
    assert (tmp_path / "victim").exists()


def test_only_regular_files_are_submissions(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert is_regular_file(tmp_path / "file")
    assert not is_regular_file(tmp_path / "link")
    assert not is_regular_file(tmp_path)
