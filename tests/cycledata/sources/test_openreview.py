"""OpenReview through its own client: logins, versions, history, paging."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import GaveUpError, RefusedError
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.fetch import FetchRun, FetchSummary
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.openreview import invitations, is_v1
from cycledata.sources.services import Services

V2, V1 = "ICLR.cc/2024/Conference", "ICLR.cc/2023/Conference"
USER = {"OPENREVIEW_USERNAME": "ada@x.org", "OPENREVIEW_PASSWORD": "pa55-word"}
MakeServices = Callable[..., Services]


def listing(path: Path, services: Services, venue: str = V2, limit: int | None = None) -> list[str]:
    with OpenSnapshot(path) as snapshot:
        return services.openreview(venue).list_submissions(snapshot, venue, limit=limit)


def run(path: Path, services: Services, options: FetchOptions) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, options).review5k([V2])


@pytest.mark.parametrize(
    ("venue", "v1"),
    [
        ("ICLR.cc/2024/Conference", False), ("ICLR.cc/2023/Conference", True),
        ("NeurIPS.cc/2023/Conference", False), ("NeurIPS.cc/2022/Conference", True),
        ("ICML.cc/2023/Conference", False), ("Other.cc/2019/Workshop", False),
    ],
)  # fmt: skip
def test_each_venue_is_asked_for_by_its_own_api(venue: str, v1: bool) -> None:
    assert is_v1(venue) == v1
    assert invitations(venue)[0] == f"{venue}/-/{'Blind_Submission' if v1 else 'Submission'}"


def test_the_first_api_serves_plain_content_and_withdrawn_papers_apart(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    assert len(listing(tmp_path, services(server), V1)) == 12
    asked = [seen.what for seen in server.state.seen if seen.service == "v1"]
    for kind in ("Blind_Submission", "Withdrawn_Submission", "Desk_Rejected_Submission"):
        assert any(kind in what for what in asked)
    with OpenSnapshot(tmp_path) as snapshot:
        reply = snapshot.get("openreview", "forum/forum00002")
    assert reply is not None
    assert json.loads(reply.payload)["notes"][0] == server.state.world.note(2, V1, replies=True)


def test_a_login_comes_from_the_environment(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    server = new_server(password=USER["OPENREVIEW_PASSWORD"])
    assert len(listing(tmp_path, services(server, environment=USER))) == 12


def test_a_login_that_expires_half_way_is_renewed(
    tmp_path: Path, new_server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.sources.openreview.PAGE_SIZE", 2)
    server = new_server(password=USER["OPENREVIEW_PASSWORD"], token_lasts=3)
    assert len(listing(tmp_path, services(server, environment=USER))) == 12
    logins = [seen for seen in server.state.seen if "/login" in seen.what]
    assert len(logins) == 3


@pytest.mark.parametrize(
    ("state", "environment", "message"),
    [
        pytest.param({"closed": True}, {}, "set OPENREVIEW_USERNAME and", id="challenge"),
        pytest.param({"password": "x"}, {}, "or import a dump with `cycledata", id="no-login"),
        pytest.param({"password": "x"}, USER, "refused the login of OPENREVIEW_U", id="wrong"),
        pytest.param(
            {"password": "pa55-word", "login": "mfa"}, USER,
            "multi-factor authentication, which a script cannot pass", id="mfa",
        ),
        pytest.param({"password": "x"}, {"OPENREVIEW_TOKEN": "old"}, "asks for a", id="token"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do_and_ends_the_asking(
    tmp_path: Path, new_server: Any, services: MakeServices, state: dict[str, Any],
    environment: dict[str, str], message: str,
) -> None:  # fmt: skip
    server = new_server(**state)
    with pytest.raises(RefusedError, match=message) as caught:
        listing(tmp_path, services(server, environment=environment))
    assert "pa55-word" not in str(caught.value)
    assert len(server.state.seen) <= 2


def test_a_token_is_used_as_it_is(tmp_path: Path, new_server: Any, services: MakeServices) -> None:
    server = new_server(password="x", tokens={"given": 100})
    assert len(listing(tmp_path, services(server, environment={"OPENREVIEW_TOKEN": "given"}))) == 12


def test_an_unknown_venue_is_refused(tmp_path: Path, server: Any, services: MakeServices) -> None:
    with pytest.raises(GaveUpError, match=r"status 404: NotFoundError .*; is the venue id right"):
        listing(tmp_path, services(server), "ICLR.cc/2099/Conference")


def test_a_venue_without_withdrawn_papers_is_a_venue(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (f"{V1}/-/Blind_Submission", "Other.cc/2020/-/Withdrawn_Submission")
    monkeypatch.setattr("cycledata.sources.openreview.invitations", lambda _: names)
    assert len(listing(tmp_path, services(server), V1)) == 12


def test_a_limit_asks_for_no_more_than_it_needs_and_a_later_run_goes_on(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    assert listing(tmp_path, services(server), limit=5) == [f"forum{i:05d}" for i in range(5)]
    (first,) = (seen.what for seen in server.state.seen)
    assert "limit=5" in first
    assert len(listing(tmp_path, services(server))) == 12
    assert "after=forum00004" in server.state.seen[1].what


def test_a_count_that_changes_between_listings_is_believed_the_last_time(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    server = new_server(extra_count=1)

    def shrink(_: str, what: str) -> None:
        # The first listing counts 13, of which one is withdrawn while we read.
        if len(server.state.seen) > 3:
            server.state.extra_count = 0

    server.state.choose = shrink
    assert len(listing(tmp_path, services(server))) == 12


def test_a_listing_that_stays_short_is_tried_afresh_by_the_next_run(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    server = new_server(extra_count=1)
    with pytest.raises(GaveUpError, match="counts 13 submissions, 3 listings gave 12"):
        listing(tmp_path, services(server))
    server.state.extra_count = 0
    assert len(listing(tmp_path, services(server))) == 12


def test_history_and_pdfs_are_fetched_when_asked_for_and_refusals_are_kept(
    tmp_path: Path, server: Any, services: MakeServices, haste: float
) -> None:
    assert run(tmp_path, services(server), FetchOptions(history=True, pdfs=True)).missing == []
    with OpenSnapshot(tmp_path) as snapshot:
        edits = {reply.key: reply for reply in snapshot.iter("openreview", "edits/")}
        pdfs = {reply.key: reply for reply in snapshot.iter("openreview", "pdf/")}
    assert len(edits) == 36
    assert edits["edits/review00001x0"].status == 200
    refused = edits["edits/review00001x2"]
    assert (refused.status, refused.payload) == (403, b"")
    # Papers 4 and 9 are not on arXiv; the rest needs no PDF.
    assert {key: reply.status for key, reply in pdfs.items()} == {
        "pdf/forum00004": 200,
        "pdf/forum00009": 200,
    }
    assert pdfs["pdf/forum00004"].media_type == "application/pdf"
    waits = [seen.at for seen in server.state.seen if "/pdf" in seen.what]
    assert (waits[1] - waits[0]) * haste >= 10.0


def test_the_same_snapshot_comes_of_one_listing_or_of_many_pages(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing(tmp_path / "one", services(server))
    monkeypatch.setattr("cycledata.sources.openreview.PAGE_SIZE", 5)
    listing(tmp_path / "many", services(server))
    assert seal(tmp_path / "one").digest == seal(tmp_path / "many").digest
