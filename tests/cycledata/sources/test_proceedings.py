"""Lists of accepted papers, each site in its own form."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import GaveUpError
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.services import Services
from cycledata.sources.venues import find_listings

MakeServices = Callable[..., Services]


def fetch(path: Path, services: Services, name: str) -> dict[str, Any]:
    (listing,) = find_listings((name,))
    client = services.openreview(listing.places[0]) if listing.site == "openreview" else None
    with OpenSnapshot(path) as snapshot:
        services.proceedings.fetch(snapshot, listing, client)
        replies = {reply.key: reply for reply in snapshot.iter("proceedings", f"{name}/")}
        assert all(reply.url for reply in replies.values())
        return {key: json.loads(reply.payload) for key, reply in replies.items()}


def test_openreview_lists_the_papers_of_a_venue_id(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.sources.openreview.PAGE_SIZE", 4)
    for name in ("iclr/2024", "iclr/2023"):
        found = fetch(tmp_path, services(server), name)
        assert list(found) == [f"{name}/forum{i:05d}" for i in range(0, 12, 2)]
        entry = found[f"{name}/forum00004"]
        assert entry["title"] == server.state.world.title(4)
        assert entry["authors"] == ["Ada Family4", "Bo Other4"]
        assert entry["url"] == "https://openreview.net/forum?id=forum00004"


def test_the_anthology_lists_the_papers_of_its_volumes(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    found = fetch(tmp_path, services(server), "acl/2023")
    assert list(found) == [
        f"acl/2023/2023.acl-{kind}.{i}" for kind in ("long", "short") for i in (1, 5, 9)
    ]
    assert found["acl/2023/2023.acl-long.5"] == {
        "list": "acl/2023",
        "entry": "2023.acl-long.5",
        "title": server.state.world.title(4),
        "authors": ["Ada Family4"],
        "abstract": "We do things.",
        "url": "https://aclanthology.org/2023.acl-long.5/",
        "doi": "10.1/x4",
    }


def test_open_access_lists_titles_authors_and_arxiv_links(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    found = fetch(tmp_path, services(server), "cvpr/2023")
    assert len(found) == 4
    assert found["cvpr/2023/F3_CVPR2023_paper"] == {
        "list": "cvpr/2023",
        "entry": "F3_CVPR2023_paper",
        "title": server.state.world.title(3),
        "authors": ["Ada Family3", "Bo Other3"],
        "url": f"{server.url}/content/CVPR2023/html/F3_CVPR2023_paper.html",
        "arxiv_id": "2309.00003",
    }
    assert found["cvpr/2023/F6_CVPR2023_paper"]["arxiv_id"] is None


def test_pmlr_lists_titles_and_authors(tmp_path: Path, server: Any, services: MakeServices) -> None:
    found = fetch(tmp_path, services(server), "icml/2022")
    assert list(found) == [f"icml/2022/f{i}a" for i in (10, 1, 4, 7)]
    assert found["icml/2022/f4a"]["authors"] == ["Ada Family4", "Bo Other4"]


def test_a_list_is_asked_for_once_and_its_page_is_kept(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    fetch(tmp_path, services(server), "cvpr/2023")
    fetch(tmp_path, services(server), "cvpr/2023")
    assert [seen.what for seen in server.state.seen] == ["/cvf/CVPR2023?day=all"]
    with OpenSnapshot(tmp_path) as snapshot:
        page = snapshot.get("proceedings", "list/cvpr/2023/CVPR2023")
    assert page is not None
    assert page.payload.startswith(b"<html>")


@pytest.mark.parametrize(
    ("name", "service", "body", "message"),
    [
        pytest.param("cvpr/2023", "_cvf", "<p>", "has the layout of the page changed", id="cvf"),
        pytest.param("cvpr/2023", "_cvf", '<dt class="ptitle">x', "without a link", id="cvf-link"),
        pytest.param("icml/2022", "_pmlr", '<div class="paper">', "without title", id="pmlr"),
        pytest.param("emnlp/2023", "_acl", "", "no volume 2023.emnlp-main", id="acl"),
        pytest.param("emnlp/2022", "_acl", "", "expected the collection", id="acl-other"),
        pytest.param("emnlp/2023", "_acl", '<volume id="main"><paper/></volume>',
                     "a paper without id or title", id="acl-paper"),
    ],
)  # fmt: skip
def test_a_page_in_another_form_is_an_error_and_nothing_is_kept(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch,
    name: str, service: str, body: str, message: str,
) -> None:  # fmt: skip
    forms = {"_acl": f'<collection id="2023.emnlp">{body}</collection>'}
    page = forms.get(service, f"<html><body><div>{body}</div></body></html>")
    monkeypatch.setattr(
        f"services_server.Handler.{service}", lambda *_: (200, "text/html", page.encode())
    )
    with pytest.raises(GaveUpError, match=message):
        fetch(tmp_path, services(server), name)
    with OpenSnapshot(tmp_path) as snapshot:
        assert snapshot.counts() == {}
