"""Works that the papers of a snapshot cite, to look up in arXiv's metadata."""

from collections.abc import Callable, Iterator
from pathlib import Path

from cycledata.datasets.paper_texts import find_eprint, parse_text
from cycledata.datasets.research14k.select import entry_keys, find_entry, read_entry
from cycledata.errors import ParseError
from cycledata.matching.select_rows import WantedPapers, wanted_of
from cycledata.snapshot.reply import Replies

OnProgress = Callable[[int, int], None]


def wanted_papers(
    snapshot: Replies, cache: Path | None, *, on_progress: OnProgress | None = None
) -> WantedPapers:
    """Return the papers of a snapshot, and the works that they cite, as far as they are known.

    Citations come from the bibliographies of listed papers whose e-prints are in the snapshot, and
    from the records of Semantic Scholar.

    Args:
        snapshot: open or sealed.
        cache: folder of parsed texts, shared with builds; None to parse again.
        on_progress: called with listed papers read and in total.
    """
    return wanted_of(snapshot, _bibliographies(snapshot, cache, on_progress))


def _bibliographies(
    snapshot: Replies, cache: Path | None, on_progress: OnProgress | None
) -> Iterator[tuple[str | None, str | None]]:
    """Yield arXiv id and title of the entries that listed papers cite in their e-prints."""
    entries = sorted(entry_keys(snapshot).values())
    for n_done, key in enumerate(entries, start=1):
        try:
            entry = read_entry(snapshot, key)
            match = find_entry(snapshot, entry)
            text = find_eprint(snapshot, entry.paper_id, match.paper) if match else None
            parsed = parse_text(text, bibliography=True, cache=cache) if text else None
        except ParseError:
            continue  # the build has a row for this paper
        if parsed is not None:
            cited = set(parsed.cited_keys)
            yield from ((e.arxiv_id, e.title) for e in parsed.bibliography if e.key in cited)
        if on_progress:
            on_progress(n_done, len(entries))
