"""Select the rows of arXiv's metadata that may be a wanted paper or are cited, block by block.

Three million rows are compared with every wanted title, so the comparison is vectorized: equal
titles by a join of their normal forms, and similar ones by unchanged segments of eight letters.
`stages.match` decides on the few rows that pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from cycledata.matching.papers import (
    MIN_CITED_LETTERS,
    PaperToMatch,
    papers_to_match,
    recorded_citations,
)
from cycledata.parse.arxiv import split_arxiv_id
from cycledata.snapshot.reply import Replies
from cycledata.stages.duplicates import normalise
from cycledata.stages.match import MIN_TITLE_RATIO

SEGMENT = 8
"""Letters of a segment; as many bytes as a 64-bit integer has."""
MAX_PAPERS_PER_SEGMENT = 24
"""A segment of more wanted titles, such as "learning", does not tell papers apart."""
MAX_LETTERS = 300
"""Letters of a title that are compared."""
_SHORT = 32
"""Titles of fewer letters are found by any one of their segments."""
_SLOTS = 1 << 22
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LETTERS = 36


@dataclass(frozen=True, slots=True)
class WantedPapers:
    """Papers to match, and works that they cite."""

    papers: Mapping[str, PaperToMatch]
    """By paper id."""
    cited_ids: frozenset[str] = frozenset()
    """arXiv ids of cited works."""
    cited_titles: frozenset[str] = frozenset()
    """Titles of cited works in normal form."""


@dataclass(slots=True)
class SelectedRow:
    """Row of a block that may be wanted."""

    row: int
    """Its position in the block."""
    papers: set[str] = field(default_factory=set)
    """Wanted papers that it may be; empty for a cited work."""


class RowSelector:
    """Selects rows of arXiv's metadata for some papers.

    Args:
        wanted: the papers, and the works that they cite.
    """

    def __init__(self, wanted: WantedPapers) -> None:
        self._ids = [name for name, paper in wanted.papers.items() if paper.title]
        titles = [wanted.papers[name].title for name in self._ids]
        self._keys = pl.DataFrame({"key": normal_forms(pl.Series(titles, dtype=pl.String))})
        self._keys = self._keys.with_row_index("paper").filter(pl.col("key") != "")
        by_arxiv_id = [(p.arxiv_id, name) for name, p in wanted.papers.items() if p.arxiv_id]
        self._stated: dict[str, set[str]] = {}
        for arxiv_id, name in by_arxiv_id:
            self._stated.setdefault(arxiv_id, set()).add(name)
        self._cited_ids = wanted.cited_ids | self._stated.keys()
        cited = [title for title in wanted.cited_titles if len(title) >= MIN_CITED_LETTERS]
        self._cited = pl.Series("key", cited, dtype=pl.String).unique()
        self._segments = _Segments(dict(self._keys.iter_rows()))

    @cached_property
    def is_empty(self) -> bool:
        """True if nothing is wanted."""
        return self._keys.is_empty() and self._cited.is_empty() and not self._cited_ids

    def select(self, block: pl.DataFrame) -> list[SelectedRow]:
        """Return the rows of a block that may be wanted, in order.

        Args:
            block: columns `id` and `title`, texts or null.
        """
        frame = block.select(
            pl.col("id").str.strip_chars(), normal_forms(block["title"]).alias("key")
        ).with_row_index("row")
        found: dict[int, SelectedRow] = {}

        def at(row: int) -> SelectedRow:
            return found.setdefault(row, SelectedRow(row))

        for row, paper in frame.join(self._keys, on="key").select("row", "paper").iter_rows():
            at(row).papers.add(self._ids[paper])
        cited = pl.col("id").is_in(list(self._cited_ids)) | pl.col("key").is_in(
            self._cited.implode()
        )
        for row, arxiv_id in frame.filter(cited).select("row", "id").iter_rows():
            at(row).papers.update(self._stated.get(arxiv_id, ()))
        for row, paper in self._segments.pairs(frame["key"].fill_null("")):
            at(row).papers.add(self._ids[paper])
        return [found[row] for row in sorted(found)]


def normal_forms(texts: pl.Series) -> pl.Series:
    """Return the letters and digits of texts, without case and accents, as `normalise` does."""
    return (
        texts.str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]+", "")
        .str.replace_many(["ß", "ς"], ["ss", "σ"])
    )


class _Segments:
    """Index of the segments of wanted titles, for rows with a similar title.

    A wanted title is cut into segments of eight letters. A row with a similar title has at least
    one third of them unchanged, anywhere in its own title.
    """

    def __init__(self, titles: Mapping[int, str]) -> None:
        grams: dict[int, list[int]] = {}
        of_paper = {paper: _cut(title) for paper, title in titles.items()}
        for paper, own in of_paper.items():
            for gram in own:
                grams.setdefault(gram, []).append(paper)
        kept: dict[int, list[int]] = {}
        n_papers = max(titles, default=-1) + 1
        self._need = np.ones(n_papers, dtype=np.int64)
        for paper, own in of_paper.items():
            rare = [gram for gram in own if len(grams[gram]) <= MAX_PAPERS_PER_SEGMENT]
            # A title of common segments only is found by the least common of them.
            used = rare or sorted(own, key=lambda gram: (len(grams[gram]), gram))[:1]
            if len(titles[paper]) >= _SHORT:
                self._need[paper] = max(1, -(-len(used) // 3))
            for gram in used:
                kept.setdefault(gram, []).append(paper)
        self._grams = np.array(sorted(kept), dtype=np.uint64)
        counts = [len(kept[int(gram)]) for gram in self._grams]
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self._papers = np.array([p for gram in self._grams for p in kept[int(gram)]], np.int64)
        self._slots = np.zeros(_SLOTS, dtype=bool)
        self._slots[_slots_of(self._grams)] = True
        self._gram_of_slot = np.zeros(_SLOTS, dtype=np.int32)
        self._gram_of_slot[_slots_of(self._grams)] = np.arange(len(self._grams))
        self._lengths = np.zeros(n_papers, dtype=np.int64)
        self._letters = np.zeros((n_papers, _LETTERS + 1), dtype=np.int16)
        if titles:
            places = np.array(list(titles), dtype=np.int64)
            self._lengths[places], self._letters[places] = _letter_counts(list(titles.values()))

    def pairs(self, titles: pl.Series) -> list[tuple[int, int]]:
        """Return row and paper of every title that may be similar to a wanted one."""
        if not len(self._grams):
            return []
        rows, papers = self._sharing(titles)
        if not len(rows):
            return []
        distinct, place = np.unique(rows, return_inverse=True)
        lengths, letters = _letter_counts(titles.gather(distinct).to_list())
        # Matching letters are at most the letters in common, whatever their order.
        common = np.minimum(letters[place], self._letters[papers]).sum(axis=1)
        similar = 2 * common >= MIN_TITLE_RATIO * (lengths[place] + self._lengths[papers])
        return list(zip(rows[similar].tolist(), papers[similar].tolist(), strict=True))

    def _sharing(self, titles: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return row and paper of titles of similar length with enough segments of the paper."""
        rows, grams = self._hits(titles)
        sizes = self._starts[grams + 1] - self._starts[grams]
        offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        papers = self._papers[np.repeat(self._starts[grams], sizes) + offsets]
        lengths = titles.str.len_chars().clip(0, MAX_LETTERS).to_numpy().astype(np.int64)
        own, other = np.repeat(lengths[rows], sizes), self._lengths[papers]
        similar = 2 * np.minimum(own, other) >= MIN_TITLE_RATIO * (own + other)
        pairs = np.repeat(rows, sizes)[similar] * len(self._need) + papers[similar]
        firsts = _first_of_runs(pairs)
        counts = np.diff(firsts, append=len(pairs))
        rows, papers = np.divmod(pairs[firsts], len(self._need))
        enough = counts >= self._need[papers]
        return rows[enough], papers[enough]

    def _hits(self, titles: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return row and number of each wanted segment in a title; one that it repeats, once."""
        none = np.zeros(0, dtype=np.int64)
        letters = np.frombuffer("".join(titles.to_list()).encode(), dtype=np.uint8)
        if len(letters) < SEGMENT:
            return none, none
        windows = np.lib.stride_tricks.sliding_window_view(letters, SEGMENT)
        values = np.ascontiguousarray(windows).view(np.uint64).reshape(-1)
        slots = _slots_of(values)
        hits = np.flatnonzero(self._slots[slots])
        values, grams = values[hits], self._gram_of_slot[slots[hits]].astype(np.int64)
        others = np.flatnonzero(self._grams[grams] != values)  # two segments in one slot
        found = np.searchsorted(self._grams, values[others])
        grams[others] = np.minimum(found, len(self._grams) - 1)
        exact = self._grams[grams] == values
        hits, grams = hits[exact], grams[exact]
        ends = np.cumsum(titles.str.len_bytes().to_numpy().astype(np.int64))
        rows = np.searchsorted(ends, hits, side="right")
        inside = hits + SEGMENT <= ends[rows]  # not across two titles
        pairs = rows[inside] * len(self._grams) + grams[inside]
        return np.divmod(pairs[_first_of_runs(pairs)], len(self._grams))


def _first_of_runs(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sort numbers of at least 0 in place; return where each distinct one begins.

    Several times faster than grouping two columns or `np.unique`.
    """
    numbers.sort()
    return np.flatnonzero(np.diff(numbers, prepend=-1))


def _slots_of(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return (values * _SPREAD) >> np.uint64(42)


def _letter_counts(
    titles: Sequence[str],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """Return the length of each title, and how often it has each letter or digit.

    Other letters share the last column, which can only make two titles look more similar.
    """
    cut = [title[:MAX_LETTERS] for title in titles]
    lengths = np.array([len(title) for title in cut], dtype=np.int64)
    codes = np.frombuffer("".join(cut).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    digits = (codes >= ord("0")) & (codes <= ord("9"))
    latin = (codes >= ord("a")) & (codes <= ord("z"))
    column = np.where(latin, codes - ord("a"), np.where(digits, codes - ord("0") + 26, _LETTERS))
    cell = np.repeat(np.arange(len(cut)), lengths) * (_LETTERS + 1) + column
    counts = np.bincount(cell, minlength=len(cut) * (_LETTERS + 1))
    return lengths, counts.reshape(-1, _LETTERS + 1).astype(np.int16)


def _cut(title: str) -> list[int]:
    """Return the segments of a title as integers; those of a short one overlap."""
    letters = title.encode()[:MAX_LETTERS]
    last = len(letters) - SEGMENT
    step = SEGMENT // 2 if len(letters) < _SHORT else SEGMENT
    places = {*range(0, last + 1, step), last} if last >= 0 else set()
    return sorted({int.from_bytes(letters[i : i + SEGMENT], "little") for i in places})


def wanted_of(
    snapshot: Replies, citations: Iterable[tuple[str | None, str | None]] = ()
) -> WantedPapers:
    """Return the papers of a snapshot, and the works that they cite.

    Args:
        snapshot: open or sealed; the records of Semantic Scholar in it name cited works.
        citations: arXiv id and title of further cited works; None for what is not known.
    """
    ids: set[str] = set()
    titles: set[str] = set()
    for arxiv_id, title in (*recorded_citations(snapshot), *citations):
        try:
            ids |= {split_arxiv_id(arxiv_id)[0]} if arxiv_id else set()
        except ValueError:
            continue
        titles |= {title} if title and not arxiv_id else set()
    return WantedPapers(papers_to_match(snapshot), frozenset(ids), normal_titles(titles))


def normal_titles(titles: Iterable[str]) -> frozenset[str]:
    """Return the normal forms of titles that are long enough to identify a work."""
    forms = (normalise(title) for title in titles)
    return frozenset(form for form in forms if len(form) >= MIN_CITED_LETTERS)
