"""What a snapshot has, what no paper uses, and what each config still lacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cycledata.errors import ParseError
from cycledata.matching.find import candidate_ids, read_metadata
from cycledata.matching.papers import ratings_keys, submission_to_match
from cycledata.parse.arxiv import parse_atom, parse_named_id, split_arxiv_id
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies

_KINDS = {
    (keys.OPENREVIEW, keys.FORUMS): "forums with notes",
    (keys.OPENREVIEW, keys.EDITS): "edit histories",
    (keys.OPENREVIEW, keys.PDFS): "PDFs of submissions",
    (keys.ARXIV, keys.MATCHES): "arXiv searches",
    (keys.ARXIV, keys.NAMED_IDS): "arXiv ids from files",
    (keys.ARXIV, keys.RECORDS): "arXiv records with licenses",
    (keys.ARXIV, keys.METADATA): "rows of arXiv's metadata",
    (keys.ARXIV, keys.EPRINTS): "e-prints",
    (keys.SEMANTIC_SCHOLAR, keys.WORKS): "works of Semantic Scholar",
    (keys.PROCEEDINGS, ""): "entries of accepted papers",
    (keys.RATINGS, ""): "rows of rating tables",
}


@dataclass(frozen=True, slots=True)
class UnusedReplies:
    """Replies of one kind that no paper of the snapshot uses."""

    kind: str
    """For example `"e-prints"`."""
    n_replies: int
    reason: str
    """Why, and the command that would change it."""
    example: str
    """Key of one of them."""


@dataclass(frozen=True, slots=True)
class MissingInput:
    """Input that a config lacks for some papers."""

    config: str
    """For example `"review-5k default"`."""
    n_papers: int
    """Papers that lack it."""
    what: str
    command: str
    """Command that supplies it."""


@dataclass(frozen=True, slots=True)
class SnapshotInventory:
    """Contents of a snapshot."""

    n_replies: Mapping[str, int]
    """Replies by kind."""
    n_submissions: int
    """Papers with OpenReview notes."""
    n_listed: int
    """Papers of lists of accepted papers."""
    unused: tuple[UnusedReplies, ...]
    missing: tuple[MissingInput, ...]


def take_inventory(
    snapshot: Replies, folder: str = "DIR", *, read_notes: bool = False
) -> SnapshotInventory:
    """Return what a snapshot has, what no paper uses, and what each config lacks.

    Args:
        snapshot: open or sealed.
        folder: its folder, for the commands in the result.
        read_notes: also read the notes of every paper, to find those without a title.
    """
    counts = {
        kind: sum(1 for key in snapshot.keys(service, prefix) if not key.startswith("list/"))
        for (service, prefix), kind in _KINDS.items()
    }
    forums = {key.removeprefix(keys.FORUMS) for key in snapshot.keys(keys.OPENREVIEW, keys.FORUMS)}
    listed = {
        key.rsplit("/", 1)[1]
        for key in snapshot.keys(keys.PROCEEDINGS)
        if not key.startswith("list/")
    }
    matched = dict(_arxiv_ids(snapshot, forums | listed))
    texts = _Texts(snapshot, matched, forums, listed)
    return SnapshotInventory(
        n_replies={kind: n for kind, n in counts.items() if n},
        n_submissions=len(forums),
        n_listed=len(listed),
        unused=tuple(_unused(snapshot, forums, listed, texts, folder)),
        missing=(
            *(_without_title(snapshot, forums, folder) if read_notes else ()),
            *_missing(snapshot, forums, listed, texts, folder),
        ),
    )


def _arxiv_ids(snapshot: Replies, papers: set[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield each paper with the arXiv ids that a file, a search or metadata offers for it."""
    for paper in sorted(papers):
        found: set[str] = set()
        stated = snapshot.get(*keys.arxiv_named(paper))
        searched = snapshot.get(*keys.arxiv_match(paper))
        try:
            if stated is not None:
                found.add(parse_named_id(stated.payload).arxiv_id)
            elif searched is not None and searched.status == 200:
                found.update(entry.arxiv_id for entry in parse_atom(searched.payload))
            if stated is None:
                found.update(candidate_ids(snapshot, paper) or ())
        except ParseError:
            continue  # the build keeps this paper
        if found:
            yield paper, found


class _Texts:
    """E-prints and PDFs of a snapshot, by the papers that use them."""

    def __init__(
        self, snapshot: Replies, matched: Mapping[str, set[str]], forums: set[str], listed: set[str]
    ) -> None:
        eprints = {
            key.removeprefix(keys.EPRINTS) for key in snapshot.keys(keys.ARXIV, keys.EPRINTS)
        }
        by_id: dict[str, set[str]] = {}
        for name in eprints:
            by_id.setdefault(_without_version(name), set()).add(name)
        self.matched = matched
        self.with_text: set[str] = set()
        self.used: set[str] = set()
        for paper in forums | listed:
            for name in {paper, *matched.get(paper, ())}:
                self.used |= by_id.get(name, set())
                if by_id.get(name):
                    self.with_text.add(paper)
        self.unused = eprints - self.used
        pdfs = snapshot.keys(keys.OPENREVIEW, keys.PDFS)
        self.pdfs = {key.removeprefix(keys.PDFS) for key in pdfs}


def _without_version(name: str) -> str:
    head, v, number = name.rpartition("v")
    return head if v and head and number.isdecimal() else name


def _is_arxiv_id(name: str) -> bool:
    try:
        split_arxiv_id(name)
    except ValueError:
        return False
    return True


def _unused(
    snapshot: Replies, forums: set[str], listed: set[str], texts: _Texts, folder: str
) -> Iterator[UnusedReplies]:
    papers = forums | listed
    named = {key.removeprefix(keys.NAMED_IDS) for key in snapshot.keys(keys.ARXIV, keys.NAMED_IDS)}
    rows = {key.rsplit("/", 1)[1] for key in snapshot.keys(keys.RATINGS)}
    notes = (
        "no notes of these papers; run `cycledata import openreview-notes FILE... --snapshot"
        f" {folder}`"
    )
    ids = (
        "no paper is matched to them; run `cycledata import arxiv-ids FILE --snapshot"
        f" {folder}`, or fetch the matches"
    )
    lists = f"correct the column paper_id, or import the notes or lists with --snapshot {folder}"
    misnamed = {name for name in texts.unused if name not in papers and not _is_arxiv_id(name)}
    names = "named by neither an arXiv id nor a paper id; rename the files and import them again"
    for kind, found, reason in (
        ("e-prints", texts.unused - misnamed, ids),
        ("e-prints", misnamed, names),
        ("PDFs of submissions", texts.pdfs - forums, notes),
        (
            "arXiv ids from files",
            named - papers,
            f"no paper in the snapshot has this paper id; {lists}",
        ),
        ("rows of rating tables", rows - forums, notes),
    ):
        if found:
            yield UnusedReplies(kind, len(found), reason, min(found))


def _missing(
    snapshot: Replies, forums: set[str], listed: set[str], texts: _Texts, folder: str
) -> Iterator[MissingInput]:
    at = f"--snapshot {folder}"
    if not forums and not listed:
        yield MissingInput(
            "review-5k", 0, "no submissions", f"cycledata import openreview-notes FILE... {at}"
        )
        yield MissingInput(
            "research-14k", 0, "no accepted papers", f"cycledata import accepted-papers FILE {at}"
        )
    for name, papers in (("review-5k default", forums), ("research-14k default", listed)):
        without_id = papers - texts.matched.keys() - texts.with_text - texts.pdfs
        if without_id:
            yield MissingInput(
                name, len(without_id), "no arXiv match", f"cycledata import arxiv-ids FILE {at}"
            )
        without_text = (papers & texts.matched.keys()) - texts.with_text - texts.pdfs
        if without_text:
            yield MissingInput(
                name,
                len(without_text),
                "matched, but no e-print",
                f"cycledata import eprints FILE... {at}",
            )
        without_license = {
            paper
            for paper in papers & texts.with_text
            if not _has_license(snapshot, paper, texts.matched.get(paper, set()))
        }
        if without_license:
            yield MissingInput(
                name,
                len(without_license),
                "no license of the e-print",
                f"cycledata import arxiv-ids FILE {at} (column license)",
            )


def _has_license(snapshot: Replies, paper: str, arxiv_ids: set[str]) -> bool:
    stated = snapshot.get(*keys.arxiv_named(paper))
    if stated is not None and parse_named_id(stated.payload).license is not None:
        return True
    if any(
        next(snapshot.keys(keys.ARXIV, prefix), None) is not None
        for name in arxiv_ids
        for prefix in (keys.arxiv_record(name).key, f"abs/{name}v")
    ):
        return True
    return any(_license_in_metadata(snapshot, name) is not None for name in arxiv_ids)


def _license_in_metadata(snapshot: Replies, arxiv_id: str) -> str | None:
    try:
        metadata = read_metadata(snapshot, arxiv_id)
    except ParseError:
        return None
    return None if metadata is None else metadata.license


def _without_title(snapshot: Replies, forums: set[str], folder: str) -> Iterator[MissingInput]:
    """Yield how many papers have a title neither in their notes nor in a table of ratings."""
    tables = ratings_keys(snapshot)
    titles = (submission_to_match(snapshot, i, tables.get(i)).title for i in sorted(forums))
    n_without = sum(title is None for title in titles)
    if n_without:
        yield MissingInput(
            "review-5k default and reviews",
            n_without,
            "no title",
            f"cycledata import openreview-notes FILE... --snapshot {folder} (the submissions), or"
            " import openreview-ratings with a column title",
        )
