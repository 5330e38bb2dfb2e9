"""Find and remove the replies of a snapshot that are about works that were taken down."""

import json
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from cycledata.consent.harvest import forget_records
from cycledata.consent.tombstones import read_tombstones
from cycledata.errors import ParseError
from cycledata.parse.semantic_scholar import parse_match
from cycledata.snapshot import keys
from cycledata.snapshot.keys import ReplyKey
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Replies, Reply

OUTLINE = "outline"


def tombstone_names(snapshot: OpenSnapshot) -> frozenset[str]:
    """Return the paper ids and keys of all works with a tombstone in the folder of a snapshot."""
    return frozenset[str]().union(*(stone.names for stone in read_tombstones(snapshot.path)))


def forget_works(snapshot: OpenSnapshot, names: AbstractSet[str]) -> int:
    """Remove the replies about works from an open snapshot; return how many were removed.

    Their records are removed from harvested pages of arXiv's metadata too, and are not counted.
    """
    found = sorted(replies_about(snapshot, names))
    forget_records(snapshot.path, arxiv_ids_in(names))
    with snapshot.transaction():
        return sum(snapshot.forget(reply.service, [reply.key]) for reply in found)


def replies_about(replies: Replies, names: AbstractSet[str]) -> set[ReplyKey]:
    """Return the keys of all replies about works: notes, texts, metadata, ratings and outlines.

    Lists of many papers, such as the page of a conference, are not about one work and stay.

    Args:
        replies: an open or sealed snapshot.
        names: paper ids and keys of the works, see `works`.
    """
    if not names:
        return set()
    arxiv_ids = arxiv_ids_in(names)
    scholar_ids = {name.removeprefix("s2:") for name in names if name.startswith("s2:")}
    papers = {name for name in names if ":" not in name}
    found = set(_notes(replies, papers))
    for key in replies.keys(keys.ARXIV):
        kind, _, name = key.partition("/")
        plain = name.rpartition("v")[0] if kind in {"eprint", "abs"} and "v" in name else name
        if name in papers or plain.lower() in arxiv_ids or name.lower() in arxiv_ids:
            found.add(ReplyKey(keys.ARXIV, key))
    for key in replies.keys(keys.SEMANTIC_SCHOLAR, keys.WORKS):
        name = key.removeprefix(keys.WORKS).lower()
        if name in scholar_ids or name.removeprefix("arxiv:") in arxiv_ids:
            found.add(ReplyKey(keys.SEMANTIC_SCHOLAR, key))
    for reply in replies.iter(keys.SEMANTIC_SCHOLAR, "match/"):
        if _matched_work(reply) in scholar_ids:
            found.add(ReplyKey(keys.SEMANTIC_SCHOLAR, reply.key))
    for service in (keys.PROCEEDINGS, keys.RATINGS):
        for key in replies.keys(service):
            if key.rpartition("/")[2] in papers and not key.startswith("list/"):
                found.add(ReplyKey(service, key))
    for key in replies.keys(OUTLINE):
        if key.rpartition("/")[0].rpartition("/")[2] in papers:
            found.add(ReplyKey(OUTLINE, key))
    return found


def arxiv_ids_in(names: AbstractSet[str]) -> frozenset[str]:
    """Return the arXiv ids among the keys of works."""
    return frozenset(n.removeprefix("arxiv:") for n in names if n.startswith("arxiv:"))


def _matched_work(reply: Reply) -> str:
    """Return the Semantic Scholar id that a title match found, or "" if it found none."""
    try:
        return (parse_match(reply.payload) or "").lower() if reply.status == 200 else ""
    except ParseError:
        return ""


def _notes(replies: Replies, papers: Iterable[str]) -> Iterator[ReplyKey]:
    """Yield the forums, PDFs and edit histories of papers."""
    for paper_id in papers:
        for key in (keys.forum(paper_id), keys.submission_pdf(paper_id)):
            reply = replies.get(*key)
            if reply is None:
                continue
            yield key
            if key == keys.forum(paper_id):
                for note_id in _note_ids(reply.payload):
                    if replies.get(*keys.edits(note_id)) is not None:
                        yield keys.edits(note_id)


def _note_ids(payload: bytes) -> list[str]:
    """Return the ids of all notes of a forum, nested replies included."""
    found: list[str] = []

    def collect(item: dict[str, object]) -> dict[str, object]:
        if isinstance(item.get("id"), str):
            found.append(str(item["id"]))
        return item

    try:
        json.loads(payload, object_hook=collect)
    except (ValueError, RecursionError):
        return []
    return found
