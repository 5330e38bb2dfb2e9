"""Review forms come from the service, of API v2 and v1, whatever it answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.load import iterate_rows
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.fetch import FetchRun, FetchSummary
from cycledata.sources.fetch_options import FetchOptions

V2, V1 = "ICLR.cc/2024/Conference", "ICLR.cc/2023/Conference"
KINDS = ("Decision", "Meta_Review", "Official_Review")


def fetch(path: Path, services: Any, venue: str) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, FetchOptions(limit=3)).review5k([venue])


def statuses(path: Path) -> dict[str, int]:
    with OpenSnapshot(path) as snapshot:
        found = snapshot.iter("openreview", "invitation/")
        return {reply.key.removeprefix("invitation/"): reply.status for reply in found}


@pytest.mark.parametrize("venue", [V2, V1])
@pytest.mark.parametrize("place", ["", "/Submission0"])
def test_the_form_of_a_venue_is_fetched_and_used(
    venue: str, place: str, tmp_path: Path, new_server: Any, services: Any
) -> None:
    server = new_server(form_place=place)
    assert fetch(tmp_path / "s", services(server), venue).missing == []
    places = dict.fromkeys(("", place))
    assert statuses(tmp_path / "s") == {
        f"{venue}{p}/-/{kind}": 200 if (p, kind) == (place, "Official_Review") else 404
        for p in places
        for kind in KINDS
    }
    # The next run does not ask again.
    n_before = len(server.state.seen)
    fetch(tmp_path / "s", services(server), venue)
    assert not any("/invitations" in seen.what for seen in server.state.seen[n_before:])
    seal(tmp_path / "s")
    out = tmp_path / "out"
    report = build(
        DATASETS["review-5k"], tmp_path / "s", out, policy=read_policy(), allow_empty=True
    )
    row = next(iterate_rows(out, "scores", next(iter(report.manifest.configs["scores"]))))
    # The shipped form of this venue has 1 to 10; that of the service has four values.
    assert (row["rating_scale"], row["accept_threshold"]) == ([3, 5, 6, 8], 6)
    assert report.manifest.facts[f"Review form of {venue}"].startswith("invitation")


@pytest.mark.parametrize(
    "body",
    [b'{"invitations": [null]}', b'{"invitations": [{"id": "Other.org/-/Official_Review"}]}',
     b'{"invitations": {}}', b'{"invitations": ["x"]}', b"null", b"[]", b"{}", b"<html>", b""],
)  # fmt: skip
def test_another_reply_is_a_row_and_is_asked_for_again(
    body: bytes, tmp_path: Path, server: Any, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as change:
        odd: Callable[..., Any] = lambda *_: (200, "application/json", body)  # noqa: E731  one of several replies of one form
        change.setattr("services_server.Handler._invitation", odd)
        summary = fetch(tmp_path, services(server), V2)
    assert {row.step for row in summary.missing} == {"review forms"}
    assert statuses(tmp_path) == {}
    assert fetch(tmp_path, services(server), V2).missing == []
    assert 200 in statuses(tmp_path).values()


def test_an_empty_list_says_that_there_is_no_invitation(
    tmp_path: Path, server: Any, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = json.dumps({"invitations": [], "count": 0}).encode()
    monkeypatch.setattr(
        "services_server.Handler._invitation", lambda *_: (200, "application/json", empty)
    )
    assert fetch(tmp_path, services(server), V2).missing == []
    assert set(statuses(tmp_path).values()) == {404}
