"""What Research-14k looks up at random, a few dozen times a paper: cited works and outlines.

Compressed shards are slow at that, so a build copies them into a ``Lookup`` once, and with them
what only all papers together can tell: whose entry of a work comes first, which prompts hold.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cycledata.datasets.research14k.lookup import Lookup
from cycledata.datasets.research14k.select import Selected, first_entries
from cycledata.errors import ParseError
from cycledata.outlines.prompt import prompt_hash
from cycledata.outlines.read import Outcome, OutlineReply, goes_before, read_outline_reply
from cycledata.parse.semantic_scholar import Work, parse_match, parse_work
from cycledata.records import Dropped
from cycledata.snapshot.open import Replies, Reply
from cycledata.stages.duplicates import normalise

FILE = "lookup.sqlite"


def write_index(replies: Replies, scratch: Path) -> None:
    """Index cited works, outlines, and who comes first."""
    with Lookup.create(scratch / FILE) as lookup:
        for reply in replies.iter("semantic_scholar", "paper/"):
            if reply.status == 200:
                lookup.put("work", reply.key.removeprefix("paper/"), reply.payload)
        for name, paper_id in first_entries(replies).items():
            lookup.put("first", name, paper_id.encode())
        _index_outlines(replies, lookup)


def open_index(scratch: Path) -> Lookup:
    """The index, for reading."""
    return Lookup.open(scratch / FILE)


def first_entry(lookup: Lookup, name: str) -> str | None:
    """Paper id of the earliest entry of the work with this name."""
    paper_id = lookup.get("first", name)
    return None if paper_id is None else paper_id.decode()


def cited_works(
    replies: Replies, lookup: Lookup, selected: Selected
) -> tuple[list[Work], list[Dropped]]:
    """The works that Semantic Scholar says a paper cites, and a row for every unreadable record.

    The paper's own record is found by its arXiv id, else by the match of its title.
    """
    rows: list[Dropped] = []
    works: list[Work] = []

    def read(name: str) -> Work | None:
        payload = lookup.get("work", name)
        try:
            return None if payload is None else parse_work(payload)
        except ParseError as error:
            rows.append(_unreadable(selected, f"paper/{name}", error))
            return None

    own = read(f"ARXIV:{selected.candidate.arxiv_id}")
    key = title_key(selected.candidate.title)
    match = None if own else replies.get("semantic_scholar", key)
    if match is not None and match.status == 200:
        try:
            work_id = parse_match(match.payload)
        except ParseError as error:
            rows.append(_unreadable(selected, key, error))
        else:
            own = read(work_id) if work_id else None
    for work_id in own.cites if own else ():
        work = read(work_id)
        if work is not None:
            works.append(work)
    return works, rows


def title_key(title: str) -> str:
    """Key of a title match at Semantic Scholar, as the source writes it."""
    return f"match/{sha256(normalise(title).encode()).hexdigest()[:16]}"


def recorded_conversation(lookup: Lookup, selected: Selected) -> OutlineReply | Dropped | None:
    """What a model was asked and said about the text that the build reads.

    A conversation about another version of the e-print, or one that was asked with prompts that do
    not hold, is none about this text: the paper is dropped rather than planned from another one.

    Returns:
        The conversation; a row where there are only stale or unreadable ones; None where no model
        was ever asked.
    """
    paper_id = selected.entry.paper_id
    payload = lookup.get("outline", f"{paper_id} {selected.source}")
    if payload is not None:
        return read_outline_reply(payload)
    asked = lookup.get("asked", paper_id)
    if asked is None:
        return None
    rule, _, detail = asked.decode().partition(": ")
    return Dropped(paper_id, rule, f"the text is {selected.source}, {detail}"[:200], "outline")


def prompts_that_hold(keys: Iterable[str]) -> str:
    """Hash of the prompts whose answers a build takes, so that all papers were asked alike.

    Today's if any paper was asked with them, else those that most papers were asked with.
    """
    n_asked = Counter(_asked(key)[1] for key in keys)
    if prompt_hash() in n_asked:
        return prompt_hash()
    return min(n_asked, key=lambda prompts: (-n_asked[prompts], prompts), default="")


def _index_outlines(replies: Replies, lookup: Lookup) -> None:
    """Keep one conversation for each paper and e-print, and what else there was."""
    holding = prompts_that_hold(replies.keys("outline"))
    kept: dict[str, Outcome] = {}
    for reply in replies.iter("outline"):
        paper_id, prompts = _asked(reply.key)
        try:
            record = _read_conversation(reply)
        except ParseError as error:
            lookup.put("asked", paper_id, f"outline-unreadable: {error.detail}".encode())
            continue
        stale = f"outline-stale: outlined was {record.source} with the prompts {prompts}"
        lookup.put("asked", paper_id, stale.encode())
        name = f"{paper_id} {record.source}"
        if prompts == holding and goes_before(record, kept.get(name)):
            kept[name] = record.outcome
            lookup.put("outline", name, reply.payload)


def _read_conversation(reply: Reply) -> OutlineReply:
    record = read_outline_reply(reply.payload)
    if (record.paper_id, record.prompt_hash) != _asked(reply.key):
        found = f"{record.paper_id} under {record.prompt_hash}"
        raise ParseError("outline-reply", f"{reply.key}: holds a conversation about {found}")
    return record


def _asked(key: str) -> tuple[str, str]:
    """Paper id and hash of the prompts in the key of a conversation."""
    rest, _, prompts = key.rpartition("/")
    return rest.rpartition("/")[2], prompts


def _unreadable(selected: Selected, key: str, error: ParseError) -> Dropped:
    detail = f"{key}: {error.detail}"[:200]
    return Dropped(selected.entry.paper_id, error.rule, detail, "references")
