from pathlib import Path

import pytest

from cycledata.consent.tombstones import Tombstone, merge_tombstones, read_tombstones
from cycledata.consent.tombstones import standing_tombstones as standing
from cycledata.errors import PolicyError


def stone(paper_id: str, date: str = "2026-01-15") -> Tombstone:
    return Tombstone(paper_id=paper_id, reason="asked", date=date)


def lay(folder: Path, *stones: Tombstone) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = ",".join(s.model_dump_json() for s in stones)
    (folder / "tombstones.json").write_text(f'{{"tombstones": [{rows}]}}')


def test_of_two_tombstones_the_earlier_stays() -> None:
    assert merge_tombstones([stone("b"), stone("a", "2026-02-01")], [stone("a")]) == (
        stone("a"),
        stone("b"),
    )


def test_tombstones_bind_builds_beside_them_and_builds_from_their_snapshot(tmp_path: Path) -> None:
    lay(tmp_path / "builds" / "first", stone("a"))
    lay(tmp_path / "snapshot", stone("b"))
    lay(tmp_path / "elsewhere" / "build", stone("c"))
    found = standing(tmp_path / "builds" / "second", tmp_path / "snapshot")
    assert [s.paper_id for s in found] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"tombstones": [{"paper_id": 1}]}', "\x00"])
def test_an_unreadable_tombstone_file_stops_everything(tmp_path: Path, text: str) -> None:
    (tmp_path / "tombstones.json").write_text(text)
    with pytest.raises(PolicyError, match="a paper that was taken down may return"):
        read_tombstones(tmp_path)
