"""The embedded sample: sealed as its sources say, labelled as invented, every quirk in place."""

import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.formats.unreadable import Unreadable
from cycledata.outlines.quality import check_outline
from cycledata.outlines.read import choose_outlines, recorded_outline
from cycledata.parse.latex.paper import parse_eprint
from cycledata.records import Outline
from cycledata.sample import SNAPSHOT, SOURCE
from cycledata.sample.compose import compose, gzip_stored, sample_replies
from cycledata.sample.typeset import typeset
from cycledata.snapshot.sealed import SealedSnapshot, verify_snapshot

REPLIES = {(reply.service, reply.key): reply for reply in sample_replies()}
FORUMS: dict[str, list[dict[str, Any]]] = {
    key.removeprefix("forum/"): json.loads(reply.payload)["notes"]
    for (service, key), reply in REPLIES.items()
    if service == "openreview" and key.startswith("forum/")
}


def _kind(note: dict[str, Any]) -> str:
    return str(note["invitations"][0]).rsplit("/", 1)[-1]


def _reviews(forum: str) -> list[dict[str, Any]]:
    return [n["content"] for n in FORUMS[forum] if _kind(n) == "Official_Review"]


def _texts(reviews: list[dict[str, Any]]) -> str:
    return "".join(str(field.get("value", "")) for r in reviews for field in r.values())


def _eprint(name: str) -> dict[str, str]:
    data = gzip.decompress(REPLIES["arxiv", f"eprint/{name}"].payload)
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return {m.name: archive.extractfile(m).read().decode() for m in archive}  # type: ignore[union-attr]  # only files are packed
    except tarfile.ReadError:
        return {"": data.decode()}


def _licence(arxiv_id: str) -> str:
    record = REPLIES["arxiv", f"record/{arxiv_id}"].payload.decode()
    found = re.search(r"<license>(.*?)</license>", record)
    assert found is not None
    return found.group(1)


def test_committed_snapshot_is_what_the_sources_give(tmp_path: Path) -> None:
    manifest = compose(tmp_path / "out")
    committed = verify_snapshot(SNAPSHOT)
    assert committed.digest == manifest.digest, "run `make sample` and commit cycledata/sample"
    assert committed.n_replies == len(REPLIES)
    for name in ("replies-00000.parquet", "snapshot.json"):
        assert (SNAPSHOT / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_committed_snapshot_holds_nothing_but_shards_and_manifest() -> None:
    assert sorted(p.name for p in SNAPSHOT.iterdir()) == ["replies-00000.parquet", "snapshot.json"]


def test_whole_sample_stays_small() -> None:
    assert sum(p.stat().st_size for p in SOURCE.parent.rglob("*") if p.is_file()) < 1_500_000


def test_committed_pdf_is_what_its_markdown_gives() -> None:
    pytest.importorskip("reportlab", reason="comes with the extra 'pdf'")
    for source in SOURCE.rglob("*.md"):
        assert source.with_suffix(".pdf").read_bytes() == typeset(source.read_text("utf-8"))


@given(st.one_of(st.binary(max_size=300), st.sampled_from([65_534, 65_535, 65_536]).map(bytes)))
@settings(max_examples=30)
def test_stored_gzip_reads_back(data: bytes) -> None:
    assert gzip.decompress(gzip_stored(data)) == data


def test_unknown_ending_in_the_sources_is_refused(tmp_path: Path) -> None:
    (tmp_path / "arxiv" / "eprint").mkdir(parents=True)
    (tmp_path / "arxiv" / "notes.docx").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"arxiv/notes\.docx: expected one of .* found '\.docx'"):
        list(sample_replies(tmp_path))


def test_every_submission_note_says_that_it_is_invented() -> None:
    for forum, notes in FORUMS.items():
        assert forum.startswith("SAMPLE5k"), forum
        assert "Invented" in notes[0]["content"]["TLDR"]["value"], forum
        assert "invented sample" in notes[0]["content"]["keywords"]["value"], forum


def test_every_paper_says_that_it_is_invented() -> None:
    names = [key for service, key in REPLIES if service == "arxiv" and key.startswith("eprint/")]
    assert names
    for name in names:
        payload = REPLIES["arxiv", name].payload
        text = payload if payload.startswith(b"%PDF") else gzip.decompress(payload)
        assert b"nvented" in text, name


def test_arxiv_ids_cannot_exist() -> None:
    for (service, key), reply in REPLIES.items():
        found = re.findall(rb"\b\d{4}\.\d{4,5}\b(?=v\d|</id>|,|\s|$)", reply.payload)
        if service == "arxiv" and not key.startswith("eprint/"):
            assert all(b".999" in arxiv_id for arxiv_id in found), (key, found)


def test_note_ids_are_unique_and_belong_to_their_forum() -> None:
    versions = [(note["id"], note["tmdate"]) for notes in FORUMS.values() for note in notes]
    assert len(set(versions)) == len(versions)
    ids = [note_id for note_id, _ in versions]
    assert {note_id for note_id in ids if ids.count(note_id) > 1} == {"s01Review4"}
    assert all(n["forum"] == forum for forum, notes in FORUMS.items() for n in notes)


def _entries() -> dict[str, dict[str, Any]]:
    return {
        key: json.loads(reply.payload)
        for (service, key), reply in REPLIES.items()
        if service == "proceedings"
    }


def _paper(name: str) -> dict[str, Any]:
    return dict(json.loads(REPLIES["semantic_scholar", f"paper/{name}"].payload))


def test_every_listed_paper_was_searched_for_on_arxiv() -> None:
    for key in _entries():
        entry = key.split("/", 2)[2]
        assert ("arxiv", f"match/{entry}") in REPLIES, key


def test_every_cited_work_was_asked_for() -> None:
    listed = [key for service, key in REPLIES if service == "semantic_scholar"]
    for key in listed:
        reply = REPLIES["semantic_scholar", key]
        for cited in (json.loads(reply.payload) or {}).get("references", []):
            name = cited["paperId"]
            assert name is None or ("semantic_scholar", f"paper/{name}") in REPLIES, cited


def test_recorded_outlines_keep_to_their_paper() -> None:
    replies = {key: r for (service, key), r in REPLIES.items() if service == "outline"}
    chosen = choose_outlines([reply.payload for _, reply in sorted(replies.items())])
    for key, reply in zip(sorted(replies), chosen.values(), strict=True):
        assert key == f"{reply.model}/{reply.paper_id}/{reply.prompt_hash}"
        payload = REPLIES["arxiv", f"eprint/{reply.source}"].payload
        paper = parse_eprint(payload, file=reply.source)
        outline = recorded_outline(reply)
        if reply.outcome == "refused":
            assert isinstance(outline, Unreadable)
            continue
        assert isinstance(outline, Outline)
        told = check_outline(
            outline, title=paper.title, abstract=paper.abstract, sections=paper.sections
        )
        assert told.numbers_not_in_paper == told.copied_sentences == ()
    outcomes = [reply.outcome for reply in chosen.values()]
    assert (outcomes.count("outline"), outcomes.count("refused")) == (9, 1)


Quirk = Callable[[], bool]
QUIRKS: dict[str, Quirk] = {
    "oral": lambda: FORUMS["SAMPLE5k01"][-1]["content"]["decision"]["value"] == "Accept (oral)",
    "ten": lambda: any(r["rating"]["value"][:3] == "10:" for r in _reviews("SAMPLE5k01")),
    "several-files": lambda: len(_eprint("2309.99901v2")) == 7,
    "iffalse": lambda: "\\iffalse" in _eprint("2309.99901v2")["sections/intro.tex"],
    "leak": lambda: "\n\\iclrfinalcopy" in _eprint("2310.99902v3")["paper.tex"],
    "acknowledgments": lambda: "Acknowledgments" in _eprint("2310.99902v3")["paper.tex"],
    "bbl-only": lambda: set(_eprint("2310.99903v1")) == {"main.bbl", "main.tex"},
    "non-exclusive": lambda: "nonexclusive" in _licence("2310.99903"),
    "cc-by": lambda: "/by/4.0" in _licence("2309.99901"),
    "cc0": lambda: "/zero/" in _licence("2310.99902"),
    "no-derivatives": lambda: "/by-nc-nd/" in _licence("2310.99904"),
    "share-alike": lambda: "/by-sa/" in _licence("2309.99905"),
    "first-time-without-value": lambda: any(
        "value" not in r.get("first_time_reviewer", {"value": ""}) for r in _reviews("SAMPLE5k03")
    ),
    "entities": lambda: "&epsilon;" in _texts(_reviews("SAMPLE5k06")),
    "control-character": lambda: "\x07" in _texts(_reviews("SAMPLE5k06")),
    "line-separator": lambda: "\u2028" in _texts(_reviews("SAMPLE5k06")),
    "near-blank": lambda: any(r["questions"]["value"] == "N/A" for r in _reviews("SAMPLE5k06")),
    "pdf-only": lambda: REPLIES["openreview", "pdf/SAMPLE5k07"].payload.startswith(b"%PDF"),
    "near-duplicate": lambda: (
        FORUMS["SAMPLE5k08"][0]["content"]["title"]["value"].lower()[:18]
        == FORUMS["SAMPLE5k06"][0]["content"]["title"]["value"].lower()[:18]
    ),
    "withdrawn": lambda: _kind(FORUMS["SAMPLE5k09"][-1]) == "Withdrawal",
    "desk-rejected": lambda: _kind(FORUMS["SAMPLE5k10"][-1]) == "Desk_Rejection",
    "no-reviews": lambda: not _reviews("SAMPLE5k11"),
    "blank-review": lambda: any(r["summary"]["value"] == "." for r in _reviews("SAMPLE5k12")),
    "comment-for-review": lambda: any(
        _kind(n) == "Official_Comment" and "Reviewer" in n["signatures"][0]
        for n in FORUMS["SAMPLE5k12"]
        if n.get("replyto") == "SAMPLE5k12"
    ),
    "lone-tex": lambda: set(_eprint("2310.99912v1")) == {""},
    "opt-out": lambda: "SAMPLE5k13" in (SOURCE.parent / "policy.toml").read_text(),
    "same-paper-twice": lambda: (
        _entries()["acl/2023/2023.acl-long.9919"]["title"].lower()
        == _entries()["emnlp/2023/2023.emnlp-main.9919"]["title"].lower()
    ),
    "german": lambda: "ngerman" in _eprint("2210.99920v1")["komposita.tex"],
    "too-short": lambda: len(_eprint("2209.99923v1")["short.tex"]) < 1_000,
    "pdf-eprint": lambda: REPLIES["arxiv", "eprint/2308.99922v1"].media_type == "application/pdf",
    "no-eprint": lambda: (
        b"<entry>"
        not in REPLIES["arxiv", "match/Voorbeeld_A_Camera_That_Blinks_CVPR_2023_paper"].payload
    ),
    "known-by-title-only": lambda: (
        REPLIES["semantic_scholar", "paper/ARXIV:2301.99918"].status == 404
    ),
    "abstract-missing": lambda: any(
        service == "semantic_scholar" and b'"abstract":null' in reply.payload
        for (service, _), reply in REPLIES.items()
    ),
    "reference-without-id": lambda: any(
        cited["paperId"] is None for cited in _paper("ARXIV:2305.99917")["references"]
    ),
    "cites-a-listed-paper": lambda: (
        _paper("ARXIV:2310.99915")["paperId"]
        in [cited["paperId"] for cited in _paper("ARXIV:2312.99924")["references"]]
    ),
    "titled-test": lambda: FORUMS["SAMPLE5k14"][0]["content"]["title"]["value"] == "test",
}


@pytest.mark.parametrize("quirk", QUIRKS.values(), ids=QUIRKS.keys())
def test_quirk_is_in_the_sample(quirk: Quirk) -> None:
    assert quirk()


def test_sealed_sample_answers_by_key() -> None:
    with SealedSnapshot.open(SNAPSHOT) as snapshot:
        reply = snapshot.get("openreview", "forum/SAMPLE5k01")
    assert reply is not None
    assert json.loads(reply.payload)["forum"] == "SAMPLE5k01"
