"""No byte of a build has words that its policy withholds, whatever is wrong with a reply."""

import json
import logging
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.evidence import COMPONENTS
from cycledata.consent.policy import Policy
from cycledata.errors import EmptyBuildError
from cycledata.snapshot.reply import Reply

Forums = Callable[..., Reply]
Snapshots = Callable[[Path, Iterable[Reply]], Path]
BASES = [[], ["public"], ["licence"], ["public", "licence"], ["private-use"]]
LICENSES = ["CC BY 4.0", "CC0", "CC BY-NC-ND 4.0", "All rights reserved", None]
OWN = [name for name in COMPONENTS if name != "reference_abstracts"]


@pytest.fixture
def plain_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write Parquet without compression, so that every value is visible in the bytes."""
    writer = pq.ParquetWriter
    plain = {"compression": "none", "compression_level": None}
    monkeypatch.setattr(pq, "ParquetWriter", lambda *a, **k: writer(*a, **{**k, **plain}))


def bytes_of(*folders: Path) -> bytes:
    """Return the bytes of all files, unpacked, and the values of all tables."""
    found = b""
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        found += data
        if path.suffix == ".zst":
            found += zstandard.ZstdDecompressor().decompress(data[32:])
        if path.suffix == ".parquet":
            found += json.dumps(pl.read_parquet(path).to_dicts(), default=str).encode()
    return found


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any bases, opt-outs of parts and written consents; of one paper under two of its ids."""
    names = st.sampled_from([["p01"], ["2301.00001"], ["arxiv:2301.00001", "someone-else"]])
    some = st.lists(st.sampled_from(COMPONENTS), min_size=1, unique=True)
    asked = st.builds(lambda ids, parts: {"paper_ids": ids, "components": parts}, names, some)
    dated: dict[str, Any] = {"date": "2026-01-15"}
    consent = {"publisher": "Example Press", "document": "letter.pdf", "sha256": "0" * 64, **dated}
    granted = st.builds(lambda parts: {**consent, "paper_ids": ["p01"], "components": parts}, some)
    return Policy.model_validate(
        {
            "name": "random",
            "components": {name: draw(st.sampled_from(BASES)) for name in COMPONENTS},
            "opt_out": [
                {**o, **dated, "source": "mail"} for o in draw(st.lists(asked, max_size=2))
            ],
            "written_consent": draw(st.lists(granted, max_size=1)),
        }
    )


ALL_IDS = frozenset({"p01", "2301.00001", "arxiv:2301.00001"})


def withheld(folder: Path, policy: Policy, ids: frozenset[str] = ALL_IDS) -> AbstractSet[str]:
    """Return the components of which no verdict publishes anything; opt-outs of an id count."""
    rows = pl.read_parquet(folder / "consent.parquet").to_dicts()
    shown = {row["component"] for row in rows if row["verdict"] == "publish"}
    for name in OWN:
        assert policy.opted_out(name).isdisjoint(ids) or name not in shown, name
    return {*COMPONENTS} - shown


def forum_of(make_forum: Forums, licence: str | None, meta: str | None, broken: str) -> Reply:
    forum = make_forum(
        "p01",
        title="titlecanary in a Title of Some Length" if broken != "test title" else "test",
        abstract="abstractcanary is what it is about" if broken != "blank" else "N/A",
        review="reviewcanary is what we think of it",
        licence=licence,
    )
    value = json.loads(forum.payload)
    head, *reviews, meta_review, decision = value["notes"]
    head["content"]["keywords"] = {"value": ["abstractcanary"]}
    for note in reviews:
        note["content"]["limitations"] = {"value": "reviewcanary of limits"}
    meta_review.update(license=meta, content={"metareview": {"value": "metacanary"}})
    comment = {**reviews[0], "id": "c1", "content": {"comment": {"value": "commentcanary"}}}
    comment["invitations"] = ["ICLR.cc/2024/Conference/Submission1/-/Official_Comment"]
    value["notes"].append(comment)
    match broken:
        case "rating":
            reviews[0]["content"]["rating"] = {"value": "nevercanary: 6"}
        case "rating type":
            reviews[0]["content"]["rating"] = {"value": {"nevercanary": "nevercanary"}}
        case "review type":
            reviews[0]["content"]["summary"] = {"value": {"nevercanary": ["nevercanary"]}}
        case "title type":
            head["content"]["title"] = {"value": {"nevercanary": 1}}
        case "no ratings":
            for note in reviews:
                note["content"]["rating"] = {"value": ""}
        case "decision":
            decision["content"]["decision"] = {"value": "nevercanary says no"}
        case "decision words":
            decision["content"]["decision"] = {"value": "Accept, though nevercanary"}
        case "note without id":
            del reviews[0]["id"]
            reviews[0]["nevercanary"] = "nevercanary"
        case "note without content":
            reviews[0]["content"] = "nevercanary"
        case "deleted":
            reviews[0].update(ddate=1700000009999)
            reviews[0]["content"]["summary"] = {"value": "nevercanary"}
        case "not public":
            reviews[0].update(readers=["nevercanary"])
            reviews[0]["content"]["summary"] = {"value": "nevercanary"}
        case "two venues":
            reviews[0]["invitations"] = ["Other.cc/2024/Conference/Submission1/-/Official_Review"]
    payload = json.dumps(value).encode()
    if broken == "cut":
        payload = payload[: payload.index(b"reviewcanary") + 12]
    return replace(forum, payload=payload)


BROKEN_FORUMS = [
    "nothing", "rating", "rating type", "review type", "title type", "no ratings", "decision",
    "decision words", "note without id", "note without content", "deleted", "not public",
    "two venues", "cut", "test title", "blank",
]  # fmt: skip
BROKEN_TABLES = [
    {"rating": [7, 7, 7, 7], "status": "Reject", "title": "titlecanary"},
    {"rating": "nevercanary"},
    {"rating_20231101": {"nevercanary": 1}},
    {"status": "nevercanary"},
    {"decision": ["nevercanary"], "abstract": 1},
]
BROKEN_ARXIV = ["nothing", "feed", "no entry id", "licence record", "e-print", "no e-print"]


def broken_arxiv(replies: list[Reply], broken: str) -> list[Reply]:
    match, record, eprint = replies
    canary = b"nevercanary"
    if broken == "feed":
        match = replace(match, payload=b"<nevercanary>nevercanary")
    if broken == "no entry id":
        match = replace(match, payload=match.payload.replace(b"<id>", b"<id>nevercanary "))
    if broken == "licence record":
        record = replace(record, payload=b"<OAI-PMH><error code='nevercanary'>nevercanary</error>")
    if broken == "e-print":
        eprint = replace(eprint, payload=b"\x1f\x8b" + canary)
    return [match, record] if broken == "no e-print" else [match, record, eprint]


@settings(
    max_examples=15,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    policy=policies(),
    licence=st.sampled_from(LICENSES),
    meta=st.sampled_from(LICENSES),
    eprint=st.sampled_from(LICENSES[:-1]),
    broken=st.sampled_from(BROKEN_FORUMS),
    table=st.none() | st.sampled_from(BROKEN_TABLES),
    arxiv=st.sampled_from(BROKEN_ARXIV),
)
def test_review_5k_writes_no_word_that_is_withheld(
    policy: Policy,
    licence: str | None,
    meta: str | None,
    eprint: str,
    broken: str,
    table: dict[str, Any] | None,
    arxiv: str,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
    make_forum: Forums,
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Snapshots,
    plain_parquet: None,
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG, logger="cycledata")
    title = "titlecanary in a Title of Some Length"
    texts = make_arxiv("p01", "2301.00001", title=title, text="textcanary words ", licence=eprint)
    replies = [forum_of(make_forum, licence, meta, broken), *broken_arxiv(texts, arxiv)]
    if table is not None:
        row = json.dumps({"paper_id": "p01", **table}).encode()
        replies.append(Reply("ratings", "v/p01", "file:t", None, 200, "application/json", row))
    folder = tmp_path_factory.mktemp("policies")
    snapshot = make_snapshot(folder / "snapshot", replies)
    try:
        build(
            DATASETS["review-5k"],
            snapshot,
            folder / "out",
            policy=policy,
            cache=folder / "cache",
            allow_empty=True,
        )
    except EmptyBuildError as error:
        refused = str(error)
    else:
        refused = ""
    assert "canary" not in refused
    if refused:
        return
    # Without a search result, nothing links the paper to its arXiv id; the build warns of the id.
    ids = ALL_IDS if arxiv not in {"feed", "no entry id"} else frozenset({"p01"})
    closed = withheld(folder / "out", policy, ids)
    written = bytes_of(folder / "out", folder / "cache") + caplog.text.encode()
    of = {"title": "ratings", "abstract": "abstract", "review": "reviews", "meta": "reviews"}
    of |= {"text": "paper_text", "comment": "discussion"}
    for word, component in of.items():
        assert component not in closed or f"{word}canary".encode() not in written, word
    assert b"nevercanary" not in written
    assert b"7, 7, 7" not in written


BROKEN_LISTED = [
    ("entry", b'{"list": "iclr/nevercanary", "entry": "p01", "title": "nevercanary"}'),
    ("entry", b'{"list": "iclr/2023", "entry": "nevercanary", "title": "nevercanary"}'),
    ("entry", b'{"list": "iclr/2023", "entry": "p01", "title": {"nevercanary": "nevercanary"}}'),
    ("entry", b'{"nevercanary": "nevercanary'),
    ("match", b"<nevercanary>nevercanary"),
    ("record", b"<nevercanary/>"),
    ("eprint", b"nevercanary"),
    ("own", b'{"paperId": {"nevercanary": 1}, "title": "nevercanary"}'),
    ("cited", b'{"paperId": "c1", "year": "nevercanary"}'),
    ("outline", b'{"paper_id": "nevercanary", "nevercanary": 1}'),
    ("outline", b"nevercanary"),
]


@settings(
    max_examples=15,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    policy=policies(),
    licence=st.sampled_from(LICENSES[:-1]),
    cited=st.sampled_from(LICENSES),
    broken=st.none() | st.sampled_from(BROKEN_LISTED),
    outline=st.sampled_from(["none", "good", "refused", "stale"]),
    language=st.sampled_from(["", "das Wort textcanary und die Sache ist hier der Fall "]),
)
def test_research_14k_writes_no_word_that_is_withheld(
    policy: Policy,
    licence: str,
    cited: str | None,
    broken: tuple[str, bytes] | None,
    outline: str,
    language: str,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
    make_listed: Callable[..., dict[str, Reply]],
    make_conversation: Callable[..., Reply],
    make_outline: Callable[[str], str],
    make_snapshot: Snapshots,
    plain_parquet: None,
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG, logger="cycledata")
    words = "textcanary shows that the loss of the model is small on all of the data we have."
    listed = make_listed(
        1,
        licence=licence,
        abstract="abstractcanary.",
        text=language or words,
        cited_abstract="citedcanary.",
        cited_licence=cited,
        entry_abstract="nevercanary",
    )
    entry = {**json.loads(listed["entry"].payload), "abstract": "nevercanary"}
    listed["entry"] = replace(listed["entry"], payload=json.dumps(entry).encode())
    if outline != "none":
        text = make_outline("outlinecanary") if outline == "good" else "nevercanary"
        source = "2301.00001v1" if outline != "stale" else "2301.00001v9"
        problem = "nevercanary: nevercanary" if outline == "refused" else None
        listed["outline"] = make_conversation("p01", text, source=source, problem=problem)
    if broken is not None and broken[0] in listed:
        listed[broken[0]] = replace(listed[broken[0]], payload=broken[1])
    folder = tmp_path_factory.mktemp("policies")
    snapshot = make_snapshot(folder / "snapshot", listed.values())
    out, cache = folder / "out", folder / "cache"
    build(DATASETS["research-14k"], snapshot, out, policy=policy, cache=cache, allow_empty=True)
    ids = ALL_IDS if broken is None or broken[0] != "match" else frozenset({"p01"})
    closed = withheld(out, policy, ids)
    written = bytes_of(out) + caplog.text.encode()
    of = {"text": "paper_text", "outline": "outline", "abstract": "abstract"}
    for word, component in {**of, "cited": "reference_abstracts"}.items():
        assert component not in closed or f"{word}canary".encode() not in written, word
    if not policy.opted_out("ratings").isdisjoint(ids):
        assert b"Paper 01 of many" not in written
    if not policy.opted_out("paper_text").isdisjoint(ids):
        assert b"textcanary" not in bytes_of(cache)
    assert b"nevercanary" not in written
