"""arXiv: queries, versions and licences, e-prints without their figures."""

import datetime as dt
import gzip
import io
import tarfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycledata.parse.arxiv_metadata import version_dates
from cycledata.parse.latex.archive import open_eprint
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.arxiv import title_query, without_figures
from cycledata.sources.fetch import FetchRun
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.services import Services

VENUE = "ICLR.cc/2024/Conference"


def tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]  # a mode
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 12345
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("title", "query"),
    [
        pytest.param("Attention Is All You Need", 'ti:"Attention Is All You Need"', id="plain"),
        pytest.param('A "quoted": title? (2nd ed.)', 'ti:"A quoted title 2nd ed"', id="signs"),
        pytest.param("$O(\\sqrt{T})$ Regret Forever", 'ti:"Regret Forever"', id="mathematics"),
        pytest.param("Über Größe", 'ti:"Über Größe"', id="letters"),
        pytest.param("test", None, id="too little"),
        pytest.param("", None, id="empty"),
        pytest.param("$" * 5000, None, id="dollars"),
    ],
)
def test_a_title_becomes_a_search_for_its_words(title: str, query: str | None) -> None:
    assert title_query(title) == query


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_figures_are_left_out_but_their_names_stay(mode: str) -> None:
    members = {"main.tex": b"\\documentclass{article}", "fig/a.PNG": b"x" * 999, "b.bib": b"@misc"}
    payload, media_type = without_figures(tar(members, mode))
    assert media_type == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(payload)) as archive:
        kept = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]  # files
    assert kept == {**members, "fig/a.PNG": b""}
    assert without_figures(tar(members, "w"))[0] == payload
    opened = open_eprint(payload)
    assert (list(opened.texts), opened.names) == (["main.tex", "b.bib"], ("fig/a.PNG",))


@pytest.mark.parametrize(
    ("payload", "media_type"),
    [
        pytest.param(gzip.compress(b"\\documentclass{article}"), "application/gzip", id="lone tex"),
        pytest.param(b"%PDF-1.5 ...", "application/pdf", id="pdf"),
        pytest.param(b"", "application/octet-stream", id="empty"),
        pytest.param(tar({"a.tex": b"x" * 4000}, "w")[:700], "application/octet-stream", id="cut"),
    ],
)
def test_what_is_no_archive_is_kept_as_it_is(payload: bytes, media_type: str) -> None:
    assert without_figures(payload) == (payload, media_type)


def test_versions_and_their_days_are_read(server: Any) -> None:
    payload = server.state.world.oai("2309.00001", "arXivRaw").encode()
    found = {v.number: v.created.date() for v in version_dates(payload) if v.created}
    assert found == {1: dt.date(2023, 9, 20), 2: dt.date(2024, 2, 1)}
    with pytest.raises(ParseError, match="expected versions with dates"):
        version_dates(payload.replace(b"Wed, 20 Sep", b"someday"))
    with pytest.raises(ParseError, match="document type definition"):
        version_dates(b"<!DOCTYPE x>" + payload)


@pytest.mark.parametrize(
    ("day", "eprints", "requests"),
    [
        pytest.param(dt.date(2024, 3, 1), ["v2"], {"/abs/": 0, "arXivRaw": 0}, id="after the last"),
        pytest.param(dt.date(2023, 9, 28), ["v1"], {"/abs/": 3, "arXivRaw": 3}, id="between"),
        pytest.param(dt.date(2023, 9, 1), [], {"/abs/": 0, "arXivRaw": 0}, id="before the first"),
    ],
)
def test_the_version_nearest_before_the_deadline_is_taken_with_its_own_licence(
    tmp_path: Path, new_server: Any, server_module: Any, services: Callable[..., Services],
    day: dt.date, eprints: list[str], requests: dict[str, int],
) -> None:  # fmt: skip
    server = new_server(world=server_module.World(n=3))
    with OpenSnapshot(tmp_path) as snapshot:
        FetchRun(snapshot, services(server), FetchOptions(not_after=day)).review5k([VENUE])
        found = [key for key in snapshot.keys("arxiv") if key.startswith("eprint/")]
        licences = list(snapshot.keys("arxiv", "abs/"))
    assert {key[-2:] for key in found} == set(eprints)
    assert licences == [key.replace("eprint/", "abs/") for key in found if key.endswith("v1")]
    for part, n in requests.items():
        assert sum(part in seen.what for seen in server.state.seen) == n


def test_search_and_metadata_share_a_pace_and_e_prints_have_their_own(
    tmp_path: Path, server: Any, services: Callable[..., Services], haste: float
) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        FetchRun(snapshot, services(server), FetchOptions()).review5k([VENUE])
    asked = [seen for seen in server.state.seen if seen.service == "arxiv"]
    for is_eprint, n, interval_s in ((False, 12 + 10, 3.0), (True, 10, 1.0)):
        arrivals = [seen.at for seen in asked if ("/e-print/" in seen.what) == is_eprint]
        gaps = [(later - earlier) * haste for earlier, later in pairwise(arrivals)]
        assert len(arrivals) == n
        assert min(gaps) >= interval_s
