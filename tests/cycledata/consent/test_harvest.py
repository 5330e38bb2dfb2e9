"""A takedown reaches the pages of arXiv's metadata that a harvest keeps beside a snapshot."""

import gzip
from pathlib import Path

import pytest

from cycledata.builds.erase import erase_works
from cycledata.consent.harvest import FOLDER
from cycledata.consent.tombstones import Tombstone, write_tombstones
from cycledata.errors import SnapshotError
from cycledata.parse.arxiv_metadata import read_oai_page
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal

IDS = ("2301.99901", "2301.99902", "cs/0112017")


def record(arxiv_id: str) -> str:
    return f"""
    <record><header><identifier>oai:arXiv.org:{arxiv_id}</identifier>
        <datestamp>2023-06-21</datestamp></header>
      <metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{arxiv_id}</id>
        <title>About {arxiv_id}, like 2301.99901</title></arXiv></metadata></record>"""


def page(*ids: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>{"".join(map(record, ids))}
    <resumptionToken>next</resumptionToken></ListRecords></OAI-PMH>""".encode()


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    folder = tmp_path / "s"
    OpenSnapshot(folder).close()
    (folder / FOLDER / "2023-06").mkdir(parents=True)
    for number, ids in enumerate((IDS, ("2301.99902",)), start=1):
        file = folder / FOLDER / "2023-06" / f"{number:05}.xml.gz"
        file.write_bytes(gzip.compress(page(*ids), mtime=0))
    return folder


def rows(folder: Path) -> list[list[str]]:
    pages = [gzip.decompress(file.read_bytes()) for file in sorted(folder.rglob("*.xml.gz"))]
    assert [read_oai_page(payload).token for payload in pages] == ["next", "next"]
    return [[str(row["id"]) for row in read_oai_page(payload).rows] for payload in pages]


@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
@pytest.mark.parametrize("gone", ["2301.99901", "cs/0112017"])
def test_records_of_works_that_were_taken_down_leave_the_pages(
    snapshot: Path, tmp_path: Path, gone: str, sealed: bool
) -> None:
    untouched = (snapshot / FOLDER / "2023-06" / "00002.xml.gz").read_bytes()
    stone = Tombstone(paper_id="p", reason="asked", date="2026-11-28", keys=(f"arxiv:{gone}",))
    if sealed:
        seal(snapshot)
    write_tombstones(snapshot, [stone])
    erase_works(snapshot, tmp_path / "out" if sealed else None)
    assert rows(snapshot) == [[name for name in IDS if name != gone], ["2301.99902"]]
    assert (snapshot / FOLDER / "2023-06" / "00002.xml.gz").read_bytes() == untouched


def test_a_page_that_cannot_be_read_is_not_passed_over(snapshot: Path) -> None:
    file = snapshot / FOLDER / "2023-06" / "00001.xml.gz"
    file.write_bytes(file.read_bytes()[:-20])
    keys = ("arxiv:2301.99901",)
    write_tombstones(snapshot, [Tombstone(paper_id="p", reason="r", date="2026-11-28", keys=keys)])
    with pytest.raises(SnapshotError, match=r"00001\.xml\.gz: cannot be read .*; delete it"):
        erase_works(snapshot)
