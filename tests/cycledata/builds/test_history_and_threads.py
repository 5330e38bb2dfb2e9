"""Configs ``history`` and ``threads``: what is in them, and what must not be."""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import Policy, read_policy
from cycledata.errors import EmptyBuildError
from cycledata.formats.rebuttal_messages import parse_rebuttal
from cycledata.load import iterate_rows, read_build
from cycledata.records import Message
from cycledata.snapshot.reply import Reply

VENUE = "ICLR.cc/2024/Conference"
REVIEW_5K = DATASETS["review-5k"]
Snapshots = Callable[[Path, Iterable[Reply]], Path]
RELEASED = dt.datetime(2023, 11, 10, tzinfo=dt.UTC)
DAY = 86_400_000


def note(
    name: str,
    kind: str,
    signer: str,
    day: int,
    *,
    changed: int | None = None,
    reply_to: str = "p1",
    licence: str | None = "CC BY 4.0",
    **content: Any,
) -> dict[str, Any]:
    """A note that was written some days after the release of the reviews."""
    start = int(RELEASED.timestamp() * 1000)
    return {
        "id": name,
        "forum": "p1",
        "replyto": reply_to,
        "signatures": [f"{VENUE}/Submission7/{signer}"],
        "readers": ["everyone"],
        "invitations": [f"{VENUE}/Submission7/-/{kind}"],
        "number": 1,
        "tcdate": start + day * DAY,
        "tmdate": start + (day if changed is None else changed) * DAY,
        "license": licence,
        "content": {key: {"value": value} for key, value in content.items()},
    }


def review(name: str, rating: int, *, changed: int = 0, **more: Any) -> dict[str, Any]:
    words = {"summary": f"reviewcanary {name}", "rating": f"{rating}: x", "confidence": "4: x"}
    kind = "Official_Review"
    return note(name, kind, f"Reviewer_{name}", -9, changed=changed, **{**words, **more})


def discussion(licence: str | None = "CC BY 4.0") -> list[dict[str, Any]]:
    """Two reviews, one changed during the discussion, a response, its answer, a decision."""
    return [
        note("p1", "Submission", "Authors", -43, reply_to="", title="A title", abstract="About it"),
        review("aB1c", 3, changed=-9),
        review("aB1c", 6, changed=12),
        review("Zy9x", 5),
        note("a1", "Official_Comment", "Authors", 5, reply_to="aB1c", licence=licence,
             comment="Dear Reviewer aB1c: talkcanary"),
        note("c1", "Official_Comment", "Reviewer_aB1c", 6, reply_to="a1", comment="I raise it."),
        note("a2", "Official_Comment", "Authors", 7, reply_to="c1", comment="Thank you."),
        note("d1", "Decision", "Program_Chairs", 66, decision="Reject", comment="Too early."),
    ]  # fmt: skip


def reply_of(notes: list[dict[str, Any]]) -> Reply:
    payload = json.dumps({"forum": "p1", "notes": notes}).encode()
    return Reply("openreview", "forum/p1", "file:t", None, 200, "application/json", payload)


def table_of(**columns: Any) -> Reply:
    payload = json.dumps({"paper_id": "p1", **columns}).encode()
    key = f"{VENUE}/p1"
    return Reply("ratings", key, "file:t", None, 200, "application/json", payload)


def rows(folder: Path, config: str) -> list[dict[str, Any]]:
    splits = read_build(folder).configs[config]
    return [dict(row) for split in splits for row in iterate_rows(folder, config, split)]


def built(
    folder: Path,
    replies: Iterable[Reply],
    make_snapshot: Snapshots,
    *,
    policy: Policy | None = None,
    **recipe: Any,
) -> Path:
    dataset = replace(REVIEW_5K, recipe=REVIEW_5K.recipe.model_copy(update=recipe))
    snapshot = make_snapshot(folder / "snapshot", replies)
    chosen = policy or read_policy()
    build(dataset, snapshot, folder / "out", policy=chosen, allow_empty=True)
    return folder / "out"


def test_versions_tables_and_decision_give_the_history(
    tmp_path: Path, make_snapshot: Snapshots
) -> None:
    table = table_of(
        rating_20231111=[5, 3],
        reviewer_20231111=["Reviewer_Zy9x", "Reviewer_aB1c"],
        rating_20231120=[6, 6],
        reviewer_20231120=["Reviewer_Zy9x", "Reviewer_aB1c"],
    )
    out = built(tmp_path, [reply_of(discussion()), table], make_snapshot)
    names = ("reviewer", "rating", "state", "source")
    found = [tuple(row[name] for name in names) for row in rows(out, "history")]
    assert sorted(found) == [
        ("R1", 5, "before-discussion", "note"),
        ("R1", 5, "before-discussion", "table rating_20231111"),
        ("R1", 5, "final", "note"),
        ("R2", 3, "before-discussion", "note"),
        ("R2", 3, "before-discussion", "table rating_20231111"),
        ("R2", 3, "initial", "note"),
        ("R2", 6, "during-discussion", "note"),
        ("R2", 6, "during-discussion", "table rating_20231120"),
        ("R2", 6, "final", "note"),
    ]
    assert {row["observed"] for row in rows(out, "history")} <= {
        dt.date(2023, month, day)
        for month, day in [(11, 1), (11, 10), (11, 11), (11, 20), (11, 22)]
    } | {dt.date(2024, 1, 15)}
    dropped = pl.read_parquet(out / "dropped.parquet")
    assert "history-contradiction" in set(dropped["rule"])
    (scores,) = rows(out, "scores")
    assert (scores["ratings"], scores["ratings_state"]) == ([5, 6], "final")


@pytest.mark.parametrize(
    ("which", "ratings", "state"), [("initial", [3, 5], "initial"), ("final", [5, 6], "final")]
)
def test_the_recipe_chooses_the_state_and_renames_the_reviewers(
    which: str, ratings: list[int], state: str, tmp_path: Path, make_snapshot: Snapshots
) -> None:
    out = built(tmp_path, [reply_of(discussion())], make_snapshot, ratings=which)
    (scores,) = rows(out, "scores")
    assert (scores["ratings"], scores["ratings_state"]) == (ratings, state)
    changed = f"R{1 if which == 'initial' else 2}"
    assert {r["reviewer"] for r in rows(out, "history") if r["rating"] == 3} == {changed}
    texts = {r["role"]: r["text"] for r in rows(out, "threads") if r["kind"] == "review"}
    assert texts[changed] == f"### Summary\n\nreviewcanary {changed}"
    assert any(changed in r["text"] for r in rows(out, "threads") if "talkcanary" in r["text"])


def test_a_paper_without_the_state_is_left_out_with_a_reason(
    tmp_path: Path, make_snapshot: Snapshots
) -> None:
    notes = [n for n in discussion() if n["tmdate"] != n["tcdate"] or n["id"] != "aB1c"]
    snapshot = make_snapshot(tmp_path / "snapshot", [reply_of(notes)])
    out = tmp_path / "out"
    recipe = REVIEW_5K.recipe.model_copy(update={"ratings": "initial"})
    with pytest.raises(EmptyBuildError, match="no-initial-ratings"):
        build(replace(REVIEW_5K, recipe=recipe), snapshot, out, policy=read_policy())


def test_a_response_is_a_chat_if_the_recipe_asks_for_it(
    tmp_path: Path, make_snapshot: Snapshots
) -> None:
    out = built(tmp_path, [reply_of(discussion())], make_snapshot, rebuttal_messages=True)
    chats = {row["note_id"]: row["messages"] for row in rows(out, "threads")}
    assert [name for name, chat in chats.items() if chat] == ["N3", "N5"]
    turns = parse_rebuttal([Message(**message) for message in chats["N5"]])
    assert isinstance(turns, tuple)
    assert [(turn.role, turn.kind) for turn in turns] == [
        ("R2", "review"),
        ("authors", "rebuttal"),
        ("R2", "comment"),
        ("authors", "comment"),
    ]
    assert turns[1].text == "Dear Reviewer R2: talkcanary"


def test_a_withheld_note_stays_without_text_where_it_is_answered(
    tmp_path: Path, make_snapshot: Snapshots
) -> None:
    out = built(
        tmp_path, [reply_of(discussion(licence=None))], make_snapshot, rebuttal_messages=True
    )
    found = {row["note_id"]: row for row in rows(out, "threads")}
    assert (found["N3"]["text"], found["N3"]["license"]) == (None, None)
    assert found["N4"]["reply_to"] == "N3"
    assert found["N5"]["messages"] is None
    dropped = pl.read_parquet(out / "dropped.parquet").filter(pl.col("rule") == "note-withheld")
    assert dropped["detail"].to_list() == ["1 of 6 notes: no-evidence"]


@pytest.fixture
def plain_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds write Parquet files whose bytes have the texts as they are."""
    writer, options = pq.ParquetWriter, {"compression": "none", "compression_level": None}
    monkeypatch.setattr(pq, "ParquetWriter", lambda *a, **k: writer(*a, **{**k, **options}))


OPEN = "CC BY 4.0"
LICENSES = (OPEN, "CC BY-NC-ND 4.0", "All rights reserved", None)
REQUESTS = [
    [name for bit, name in enumerate(("ratings", "reviews", "discussion")) if number >> bit & 1]
    for number in range(8)
]
CASES = list(product(LICENSES, LICENSES, REQUESTS))
"""License of the response, license of the reviews, components that were opted out."""


def paper(number: int, talk: str | None, words: str | None) -> Reply:
    """The discussion as the forum of one paper, whose words have the number of the paper."""
    notes = discussion(licence=talk)
    for item in notes:
        if "Official_Review" in item["invitations"][0]:
            item["license"] = words
    text = json.dumps(notes).replace("canary", f"canary{number:03}x")
    for name in ("p1", "a1", "c1", "a2", "d1"):
        text = text.replace(f'"{name}"', f'"{name}-{number:03}"')
    for name in ("aB1c", "Zy9x"):
        text = text.replace(f'"{name}"', f'"n-{name[0]}-{number:03}"')
    forum = f"p1-{number:03}"
    payload = f'{{"forum": "{forum}", "notes": {text}}}'.encode()
    return Reply("openreview", f"forum/{forum}", "file:t", None, 200, "application/json", payload)


def test_no_withheld_word_or_rating_and_no_person_is_in_the_bytes(
    tmp_path: Path, make_snapshot: Snapshots, plain_parquet: None
) -> None:
    requests = [
        {"paper_ids": [f"p1-{i:03}"], "components": opted_out, "date": "2026-01-01", "source": "m"}
        for i, (_, _, opted_out) in enumerate(CASES)
        if opted_out
    ]
    policy = Policy.model_validate(read_policy().model_dump() | {"opt_out": requests})
    papers = [paper(i, talk, words) for i, (talk, words, _) in enumerate(CASES)]
    out = built(tmp_path, papers, make_snapshot, policy=policy, rebuttal_messages=True)
    data = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    published = {config: {row["paper_id"] for row in rows(out, config)} for config in
                 ("history", "threads")}  # fmt: skip
    for i, (talk, words, opted_out) in enumerate(CASES):
        case = f"{i}: {talk}, {words}, {opted_out}"
        rated = "ratings" not in opted_out
        shows_reviews = rated and words == OPEN and "reviews" not in opted_out
        shows_talk = rated and talk == OPEN and not {"reviews", "discussion"} & {*opted_out}
        assert (f"reviewcanary{i:03}x".encode() in data) == shows_reviews, case
        assert (f"talkcanary{i:03}x".encode() in data) == shows_talk, case
        assert (f"p1-{i:03}" in published["history"]) == rated, case
        if not rated:
            assert f"p1-{i:03}" not in published["threads"], case
    for secret in (b"aB1c", b"Zy9x", b"Submission7/"):
        assert secret not in data


def people(token: str, name: str, note_id: str) -> list[dict[str, Any]]:
    """A forum whose words name a person in every way, with a note for every rule of notes."""
    first, last = name.split()
    mail, profile = f"{first}@x.org".lower(), f"~{first}_{last}1"
    words = (
        f"Reviewer {token} and {token} wrote {mail}, {profile} and {note_id}-r1, see "
        f"?noteId={note_id}-r1 and github.com/{last} on orcid.org/0000-0002-1825-0097.\n\n"
        f"Best regards,\n{name}"
    )
    reviewer = f"Reviewer_{token}"

    def written(suffix: str, kind: str, signer: str = reviewer, **more: Any) -> dict[str, Any]:
        return note(f"{note_id}-{suffix}", kind, signer, -9, **more)

    rated = {"rating": "6: x", "confidence": "4: x"}
    bad = written("d1", "Official_Review", "Reviewer_bAd1", summary=words, rating="7: x")
    return [
        note("p1", "Submission", "Authors", -43, reply_to="", title="A title", authors=[name]),
        written("r1", "Official_Review", summary=words, questions=words, limitations=words,
                flag_for_ethics_review=[words], **rated),
        written("r1", "Official_Review", changed=-10, summary=words, **rated),
        bad,
        written("d2", "Official_Review", summary=words, **rated) | {"ddate": 1},
        written("d3", "Official_Review", summary=words, **rated) | {"readers": ["PCs"]},
        written("d4", "Camera_Ready_Verification", summary=words),
        written("d5", "Official_Review", comment=words),
        written("d6", "Official_Review", summary=words, **rated) | {"forum": "other"},
        written("c1", "Official_Comment", comment=words, reply_to=f"{note_id}-d3"),
        written("c2", "Official_Comment", comment=words, reply_to=f"{note_id}-c3"),
        written("c3", "Official_Comment", comment=words, reply_to=f"{note_id}-c2"),
        written("m1", "Meta_Review", "Area_Chair_x1", metareview=words),
        written("d7", "Decision", "Program_Chairs", decision="Accept", changed=-9, comment=words),
        written("d8", "Decision", "Program_Chairs", decision="Reject", changed=1, comment=words),
    ]  # fmt: skip


def test_no_file_of_a_build_names_or_links_a_person(
    tmp_path: Path, make_snapshot: Snapshots, plain_parquet: None
) -> None:
    """Another person with another name gives the same bytes, but for digests of the snapshot."""
    cases = [("aB1c", "Jane Doerr", "kX3d9"), ("Zq7y", "Emil Vogt", "pL5w2")]
    written = []
    for i, (token, name, note_id) in enumerate(cases):
        table = table_of(rating_20231111=[6], reviewer_20231111=[f"Reviewer_{token}"])
        replies = [reply_of(people(token, name, note_id)), table]
        out = built(tmp_path / str(i), replies, make_snapshot, rebuttal_messages=True)
        files = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        for secret in (token, *name.split(), name.split()[0].lower(), note_id, "0097"):
            assert [path for path, data in files.items() if secret.encode() in data] == [], secret
        written.append({path: data for path, data in files.items() if path.suffix == ".parquet"})
    assert written[0] == written[1]
    dropped = pl.read_parquet(tmp_path / "0" / "out" / "dropped.parquet")
    of_notes = dropped.filter(pl.col("stage").is_in(["notes", "threads/notes"]))
    assert set(of_notes["rule"]) == {
        "comment-in-review-slot", "deleted-note", "duplicate-note", "not-public", "other-forum",
        "other-note", "parent-not-shown", "rating-off-scale", "reply-cycle", "superseded",
    }  # fmt: skip
    assert of_notes["detail"].str.contains("^N[0-9]+: ").all()
    (reviews,) = rows(tmp_path / "0" / "out", "reviews")
    fields = {field["name"]: field["text"] for field in reviews["reviews"][0]["fields"]}
    expected = (
        "Reviewer R1 and R1 wrote [address], [profile] and N13, see  and [link] on [link].\n\n"
        "Best regards,\n[author]"
    )
    assert fields["limitations"] == reviews["reviews"][0]["summary"] == expected
    assert reviews["meta_review"] == expected


def test_both_configs_are_loaded_by_datasets_whole_and_streamed(
    tmp_path: Path, make_snapshot: Snapshots
) -> None:
    from datasets import load_dataset

    out = built(tmp_path, [reply_of(discussion())], make_snapshot, rebuttal_messages=True)
    (split,) = read_build(out).configs["threads"]
    for config in ("history", "threads"):
        whole = load_dataset(str(out), config, split=split, cache_dir=str(tmp_path / "cache"))
        streamed = load_dataset(str(out), config, split=split, streaming=True)
        assert list(streamed) == whole.to_list() == rows(out, config)
