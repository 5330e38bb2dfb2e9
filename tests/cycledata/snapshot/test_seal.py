"""Open and sealed snapshots."""

import datetime as dt
import json
import pickle
import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.errors import (
    ChangedFileError,
    CycleDataError,
    HalfWrittenError,
    LockedError,
    MissingFileError,
    NewerSchemaError,
    NotASnapshotError,
    ReplyConflictError,
    SealedError,
    SnapshotError,
    UnsealedError,
    VerifyError,
)
from cycledata.files import sha256_file
from cycledata.records import SCHEMA_VERSION
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.snapshot.sealed import SealedSnapshot, verify_snapshot

MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def reply(
    key: str, payload: bytes = b"{}", service: str = "openreview", status: int = 200
) -> Reply:
    return Reply(service, key, f"http://h/{key}", MOMENT, status, "application/json", payload)


def many(n: int, size: int = 100) -> list[Reply]:
    dice = random.Random(5)
    services = ("arxiv", "openreview", "ratings")
    return [
        reply(f"{i // 3:05d}", dice.randbytes(dice.randrange(size)), services[i % 3])
        for i in range(n)
    ]


def fill(path: Path, replies: list[Reply]) -> Path:
    with OpenSnapshot(path) as snapshot:
        snapshot.add_many(replies)
    return path


def files(path: Path) -> dict[str, str]:
    sealed = [*path.glob("*.parquet"), path / "snapshot.json"]
    return {file.name: sha256_file(file) for file in sealed}


def test_a_reply_comes_back_as_it_went_in(tmp_path: Path) -> None:
    local = dt.timezone(dt.timedelta(hours=2))
    given_reply = Reply("arxiv", "k", "u", MOMENT.astimezone(local), 404, "text/html", b"\0\xff")
    dateless = Reply("arxiv", "l", "file:a#l", None, 200, "text/html", b"")
    with OpenSnapshot(tmp_path) as snapshot:
        assert snapshot.add(given_reply)
        assert snapshot.add(dateless)
        assert snapshot.get("arxiv", "k") == given_reply
        assert snapshot.get("arxiv", "missing") is None
        assert not snapshot.has("openreview", "k")
    seal(tmp_path)
    with SealedSnapshot.open(tmp_path) as sealed:
        assert sealed.get("arxiv", "k") == given_reply
        assert sealed.get("arxiv", "l") == dateless
        assert sealed.get("arxiv", "missing") is None
        assert sealed.get("openreview", "k") is None


def test_a_reply_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="pass an aware datetime"):
        Reply("a", "b", "u", dt.datetime(2026, 1, 1), 200, "text/plain", b"")  # noqa: DTZ001  the error under test


def test_the_same_reply_again_changes_nothing_and_a_different_one_is_refused(
    tmp_path: Path,
) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        assert snapshot.add(reply("k", b"old"))
        assert not snapshot.add(reply("k", b"old"))
        with pytest.raises(ReplyConflictError, match="openreview k: recorded with sha256"):
            snapshot.add(reply("k", b"new"))
        assert snapshot.add(reply("k", b"new"), replace=True)
        found = snapshot.get("openreview", "k")
    assert found is not None
    assert found.payload == b"new"


def test_equal_payloads_are_stored_once_and_replaced_ones_are_gone(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.add_many([reply("a", b"same"), reply("b", b"same"), reply("c", b"old")])
        snapshot.add(reply("c", b"new"), replace=True)
        snapshot.add(reply("a", b"new"), replace=True)
    database = sqlite3.connect(tmp_path / "replies.sqlite")
    payloads = sorted(row[0] for row in database.execute("SELECT payload FROM payloads"))
    database.close()
    assert payloads == [b"new", b"same"]


def test_a_batch_is_committed_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        with pytest.raises(ReplyConflictError):
            snapshot.add_many([reply("a"), reply("b"), reply("a", b"other")])
        assert snapshot.counts() == {}
        assert snapshot.add_many([reply("a"), reply("b"), reply("a")]) == 2
        assert snapshot.counts() == {"openreview": 2}


def test_keys_are_listed_in_order_by_prefix(tmp_path: Path) -> None:
    keys = ["forum/b", "forum/a", "pdf/a", "forum", "forum/é", "forum/\U0001f600"]
    fill(tmp_path, [reply(key) for key in keys] + [reply("forum/x", service="arxiv")])
    with OpenSnapshot(tmp_path) as snapshot:
        expected = ["forum/a", "forum/b", "forum/é", "forum/\U0001f600"]
        assert list(snapshot.keys("openreview", "forum/")) == expected
        assert list(snapshot.keys("openreview")) == ["forum", *expected, "pdf/a"]
        assert [found.key for found in snapshot.iter("openreview", "forum/")] == expected
    seal(tmp_path)
    with SealedSnapshot.open(tmp_path) as sealed:
        assert list(sealed.keys("openreview", "forum/")) == expected
        assert [found.key for found in sealed.iter("openreview", "pdf")] == ["pdf/a"]
        assert list(sealed.keys("nobody")) == []


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path):
        with pytest.raises(LockedError, match="another process is writing to this snapshot"):
            OpenSnapshot(tmp_path)
        with pytest.raises(LockedError):
            seal(tmp_path)
    OpenSnapshot(tmp_path).close()


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_arrival(
    tmp_path_factory: pytest.TempPathFactory, dice: random.Random
) -> None:
    replies = many(30)
    reference = seal(fill(tmp_path_factory.mktemp("a"), replies))
    dice.shuffle(replies)
    shuffled = tmp_path_factory.mktemp("b")
    with OpenSnapshot(shuffled) as snapshot:
        for one in replies:
            snapshot.add(one)
    assert seal(shuffled) == reference


def test_the_digest_depends_on_replies_and_not_on_when_or_whence(tmp_path: Path) -> None:
    base = reply("k", b"body")
    later = Reply("openreview", "k", "http://mirror", None, 200, "application/json", b"body")
    status = reply("k", b"body", status=404)
    digests = [
        seal(fill(tmp_path / str(index), [one])).digest
        for index, one in enumerate((base, later, status))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_sealing_twice_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.snapshot.seal._GROUP_BYTES", 2000)
    fill(tmp_path, many(300))
    first = seal(tmp_path, shard_bytes=5000)
    before = files(tmp_path)
    assert len(before) > 3
    assert seal(tmp_path, shard_bytes=5000) == first
    assert files(tmp_path) == before
    (tmp_path / "replies.sqlite").unlink()
    assert seal(tmp_path) == first


def test_sealing_with_fewer_shards_leaves_no_stale_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.snapshot.seal._GROUP_BYTES", 2000)
    fill(tmp_path, many(300))
    seal(tmp_path, shard_bytes=5000)
    assert len(files(tmp_path)) > 3
    seal(tmp_path)
    assert sorted(files(tmp_path)) == ["replies-00000.parquet", "snapshot.json"]
    verify_snapshot(tmp_path)


def test_replies_are_found_whatever_the_shard_and_row_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.snapshot.seal._GROUP_BYTES", 500)
    replies = many(300)
    seal(fill(tmp_path, replies), shard_bytes=3000)
    with SealedSnapshot.open(tmp_path) as sealed:
        random.Random(1).shuffle(replies)
        for one in replies:
            assert sealed.get(one.service, one.key) == one
        expected = sorted((one for one in replies if one.service == "arxiv"), key=lambda r: r.key)
        assert list(sealed.iter("arxiv")) == expected


def test_an_empty_snapshot_seals(tmp_path: Path) -> None:
    assert seal(fill(tmp_path, [])).n_replies == 0
    assert list(SealedSnapshot.open(tmp_path).keys("openreview")) == []


def test_a_sealed_snapshot_travels_to_workers(tmp_path: Path) -> None:
    seal(fill(tmp_path, many(9)))
    sealed = SealedSnapshot.open(tmp_path)
    sealed.get("arxiv", "00000")
    copy = pickle.loads(pickle.dumps(sealed))
    assert copy.digest == sealed.digest
    assert copy.get("arxiv", "00001") == sealed.get("arxiv", "00001")


def test_a_sealed_snapshot_does_not_grow_unless_reopened(tmp_path: Path) -> None:
    digest = seal(fill(tmp_path, [reply("a")])).digest
    with pytest.raises(SealedError, match="sealed, so no replies can be added"):
        OpenSnapshot(tmp_path)
    with OpenSnapshot(tmp_path, reopen=True) as snapshot:
        snapshot.add(reply("b"))
    with pytest.raises(HalfWrittenError):
        SealedSnapshot.open(tmp_path)
    assert seal(tmp_path).digest != digest


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_every_wrong_state_has_its_own_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.snapshot.seal._GROUP_BYTES", 2000)
    with pytest.raises(NotASnapshotError, match=r"expected snapshot.json"):
        SealedSnapshot.open(tmp_path)
    with pytest.raises(NotASnapshotError, match="nothing to seal"):
        seal(tmp_path)
    fill(tmp_path, many(300))
    with pytest.raises(UnsealedError, match="run `cycledata seal` first"):
        SealedSnapshot.open(tmp_path)
    seal(tmp_path, shard_bytes=5000)
    manifest = (tmp_path / "snapshot.json").read_bytes()
    (tmp_path / "snapshot.json").unlink()
    with pytest.raises(HalfWrittenError, match=r"interrupted; run `cycledata seal`"):
        SealedSnapshot.open(tmp_path)
    database = (tmp_path / "replies.sqlite").rename(tmp_path / "elsewhere")
    with pytest.raises(HalfWrittenError, match=r"copy snapshot.json or replies.sqlite from where"):
        SealedSnapshot.open(tmp_path)
    database.rename(tmp_path / "replies.sqlite")
    (tmp_path / "snapshot.json").write_bytes(manifest)
    shard = (tmp_path / "replies-00001.parquet").read_bytes()
    (tmp_path / "replies-00001.parquet").write_bytes(shard[:100])
    with pytest.raises(ChangedFileError, match=r"expected a whole Parquet file; restore the file"):
        SealedSnapshot.open(tmp_path, verify=False).get("arxiv", "00000")
    (tmp_path / "replies-00001.parquet").write_bytes(shard)
    _flip(tmp_path / "replies-00001.parquet")
    with pytest.raises(ChangedFileError, match=r"replies-00001.parquet: manifest pins sha256"):
        SealedSnapshot.open(tmp_path)
    (tmp_path / "replies-00001.parquet").unlink()
    with pytest.raises(MissingFileError, match=r"replies-00001.parquet: pinned"):
        SealedSnapshot.open(tmp_path)
    (tmp_path / "replies-00001.parquet").write_bytes(shard)
    newer = {**json.loads(manifest), "schema_version": SCHEMA_VERSION + 1}
    (tmp_path / "snapshot.json").write_text(json.dumps(newer))
    with pytest.raises(NewerSchemaError, match="upgrade cyclekit"):
        SealedSnapshot.open(tmp_path)


def test_a_manifest_that_lies_about_its_shards_is_found_out(tmp_path: Path) -> None:
    seal(fill(tmp_path, many(9)))
    path = tmp_path / "snapshot.json"
    lie = {**json.loads(path.read_bytes()), "digest": "0" * 64}
    path.write_text(json.dumps(lie))
    with pytest.raises(ChangedFileError, match="states digest 000000000000"):
        verify_snapshot(tmp_path)


def test_a_shard_that_nobody_pinned_is_found_out(tmp_path: Path) -> None:
    seal(fill(tmp_path, many(9)))
    (tmp_path / "replies-00007.parquet").write_bytes(b"x")
    with pytest.raises(VerifyError, match=r"replies-00007.parquet: not pinned by snapshot.json"):
        verify_snapshot(tmp_path)


def test_a_payload_changed_in_the_open_database_is_not_sealed(tmp_path: Path) -> None:
    fill(tmp_path, [reply("a", b"abc")])
    database = sqlite3.connect(tmp_path / "replies.sqlite")
    database.execute("UPDATE payloads SET payload = x'00'")
    database.commit()
    database.close()
    with pytest.raises(ChangedFileError, match="openreview a: committed with sha256"):
        seal(tmp_path)
    assert not (tmp_path / "snapshot.json").exists()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        pytest.param("CREATE TABLE t (a)", NotASnapshotError, id="another program's"),
        pytest.param(f"PRAGMA user_version = {SCHEMA_VERSION + 1}", NewerSchemaError, id="newer"),
    ],
)
def test_a_foreign_database_is_refused(tmp_path: Path, make: str, error: type[Exception]) -> None:
    if error is NewerSchemaError:
        fill(tmp_path, [])
    database = sqlite3.connect(tmp_path / "replies.sqlite")
    database.execute(make)
    database.commit()
    database.close()
    with pytest.raises(error, match=r"replies.sqlite"):
        OpenSnapshot(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "replies.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(NotASnapshotError, match="found another file"):
        OpenSnapshot(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotASnapshotError, match="expected a folder, found a file"):
        OpenSnapshot(tmp_path / "file")


def _reply(key: str = "a", payload: bytes = b"{}") -> Reply:
    return Reply("openreview", f"forum/{key}", "file:x", None, 200, "application/json", payload)


def test_a_reply_that_was_not_understood_is_asked_for_again(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.add(_reply(payload=b"odd"), problem="no notes")
        assert not snapshot.has("openreview", "forum/a")
        assert snapshot.not_understood() == {("openreview", "forum/a"): "no notes"}
    with OpenSnapshot(tmp_path) as snapshot:
        assert snapshot.add(_reply())
        assert snapshot.has("openreview", "forum/a")
        assert snapshot.not_understood() == {}
        reply = snapshot.get("openreview", "forum/a")
        assert reply is not None
        assert reply.payload == b"{}"


def test_a_forgotten_reply_leaves_no_payload_unless_it_is_shared(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.add_many([_reply("a"), _reply("b"), _reply("c", b"other")])
        assert snapshot.forget("openreview", ["forum/a", "forum/c", "forum/none"]) == 2
        assert [reply.key for reply in snapshot.all_in_order()] == ["forum/b"]
    with closing(sqlite3.connect(tmp_path / "replies.sqlite")) as database:
        assert database.execute("SELECT COUNT(*) FROM payloads").fetchone() == (1,)


def test_a_lost_payload_is_an_error_and_not_a_missing_reply(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.add_many([_reply("a"), _reply("b", b"other")])
    with sqlite3.connect(tmp_path / "replies.sqlite") as database:
        database.execute("DELETE FROM payloads WHERE payload = ?", (b"other",))
    database.close()
    with pytest.raises(ChangedFileError, match=r"forum/b: the payload .* is lost; run `cycledata"):
        seal(tmp_path)
    with (
        OpenSnapshot(tmp_path) as snapshot,
        pytest.raises(ChangedFileError, match="forum/b: the payload"),
    ):
        snapshot.get("openreview", "forum/b")


def test_a_full_disk_is_named_and_keeps_what_was_committed(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.add(_reply("a"))
        snapshot._execute("PRAGMA max_page_count = 20")
        with pytest.raises(SnapshotError, match=r"replies.sqlite: .*full; free some disk space"):
            snapshot.add(_reply("b", b"x" * 1_000_000))
        assert [reply.key for reply in snapshot.all_in_order()] == ["forum/a"]
    assert seal(tmp_path).n_replies == 1


def test_an_open_snapshot_follows_no_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "replies.sqlite").symlink_to(tmp_path / "target")
    with pytest.raises(NotASnapshotError, match="is a symbolic link"):
        OpenSnapshot(tmp_path / "s")
    assert not (tmp_path / "target").exists()


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_bit_of_the_manifest_is_found(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        seal(fill(path, many(5)))
        manifest = bytearray((path / "snapshot.json").read_bytes())
        bit = data.draw(st.integers(0, len(manifest) * 8 - 1))
        manifest[bit // 8] ^= 1 << bit % 8
        (path / "snapshot.json").write_bytes(manifest)
        with pytest.raises(CycleDataError):
            verify_snapshot(path)
