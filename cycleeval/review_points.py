"""Points of criticism in review texts, and how far two sets of reviews make the same ones.

A review's weaknesses and questions are split into points by stated rules. Reviews of one paper
share words because the paper does; so its own vocabulary is masked, and what is reported is the
excess of similarity over reviews of other papers of the same area.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from cycleeval.ragged import Floats, Integers

MIN_POINT_WORDS = 3
"""Shorter pieces, such as "N/A" or "See above.", are not points."""
_MAX_CHARACTERS = 100_000
_ITEM = re.compile(
    r"^[ \t]*(?:[-*+\u2022\u2013\u2014](?=[ \t])"
    r"|[([]?(?:[A-Z]{0,2}\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.):\]]{1,2}(?=\s))",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_WORD = re.compile(r"[a-z][a-z-]{2,}")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w|\.\d)")
_POINTER = re.compile(
    r"\b(section|sec\.|figure|fig\.|table|tab\.|equation|eq\.|theorem|lemma|algorithm|appendix|line)"
    r"s?\s*(?:\(|\\ref\{)?([0-9]{1,3}|[A-Z])\b",
    re.IGNORECASE,
)
_COUNTED = {
    "section": re.compile(r"^## |\\section\b", re.MULTILINE),
    "figure": re.compile(r"\\begin\{figure"),
    "table": re.compile(r"\\begin\{(?:table|longtable|wraptable)"),
    "equation": re.compile(r"\\begin\{(?:equation|align|gather|multline|eqnarray)\}|\\\["),
    "theorem": re.compile(r"\\begin\{(?:theorem|thm)\b"),
    "lemma": re.compile(r"\\begin\{(?:lemma|lem)\b"),
    "algorithm": re.compile(r"\\begin\{algorithm"),
}
_NOTHING = re.compile(r"(?!)")
TEMPLATE_WORDS = 8
"""Words of a sequence that counts as template text if several reviews have it (our choice)."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Similarity of two sets of reviews of the same papers, above chance."""

    excess: float
    """Mean similarity on the same paper minus that on other papers of the area."""
    same: float
    """Mean similarity on the same paper, 0 to 1."""
    shuffled: float
    """Mean similarity after papers were exchanged within areas, the control."""
    auroc: float
    """Probability that a same-paper pair is more similar than a shuffled one."""
    low: float
    """Lower end of the 95% interval of the excess (percentiles of resampled papers)."""
    high: float
    """Upper end."""
    n_papers: int
    """Papers compared."""


@dataclass(frozen=True, slots=True)
class Specificity:
    """How much of a review is about this paper in particular."""

    n_points: int
    """Points of criticism."""
    n_words: int
    """Words."""
    n_numbers: int
    """Numbers quoted."""
    n_pointers: int
    """References to sections, figures, tables, equations and the like."""
    n_existing: int | None = None
    """Those of them that the paper has; None if its text is not known."""


def split_points(text: str) -> list[str]:
    r"""Split weaknesses or questions into points.

    A list item is a point; text without items is split at blank lines. Text before the
    first item introduces the list and is a point only if it ends a sentence.

    >>> split_points("1. The proof of Lemma 2 is wrong.\n2. Baselines are missing here.")
    ['The proof of Lemma 2 is wrong.', 'Baselines are missing here.']
    """
    text = text[:_MAX_CHARACTERS]
    starts = list(_ITEM.finditer(text))
    if len(starts) >= 2:
        ends = [match.start() for match in starts[1:]] + [len(text)]
        pieces = [text[match.end() : end] for match, end in zip(starts, ends, strict=True)]
        introduction = text[: starts[0].start()].strip()
        if introduction.endswith((".", "?", "!")):
            pieces.insert(0, introduction)
    else:
        pieces = _BLANK_LINES.split(text)
    points = [" ".join(piece.split()) for piece in pieces]
    return [point for point in points if len(point.split()) >= MIN_POINT_WORDS]


def specificity(texts: Sequence[str], *, paper: str = "") -> Specificity:
    """Count what ties a review's points to one paper.

    Args:
        texts: weaknesses, questions and whatever else is to be judged.
        paper: the paper's text, LaTeX or plain; empty if unknown.

    >>> specificity(["Table 2 reports 71.5% only once."]).n_pointers
    1
    """
    joined = "\n".join(text[:_MAX_CHARACTERS] for text in texts)
    pointers = _POINTER.findall(joined)
    return Specificity(
        n_points=sum(len(split_points(text)) for text in texts),
        n_words=len(joined.split()),
        n_numbers=max(0, len(_NUMBER.findall(joined)) - sum(p[1].isdigit() for p in pointers)),
        n_pointers=len(pointers),
        n_existing=sum(_exists(kind, number, paper) for kind, number in pointers)
        if paper
        else None,
    )


def _exists(kind: str, number: str, paper: str) -> bool:
    """Return True if a paper has, say, a Figure 3.

    It does if its text names it, or has at least that many environments of the kind (for
    sections: headings, as builds write them).
    """
    name = kind.lower().rstrip(".")
    short = {"sec": "section", "fig": "figure", "tab": "table", "eq": "equation"}.get(name, name)
    words = rf"(?:{short}|{short[:3]}\.|{short[:2]}\.)s?[~\s]*\(?{re.escape(number)}\b"
    if re.search(words, paper, re.IGNORECASE):
        return True
    if not number.isdigit():
        return short == "appendix" and "appendix" in paper.lower()
    return 0 < int(number) <= len(_COUNTED.get(short, _NOTHING).findall(paper))


def repeated_shares(texts: Sequence[str], *, words: int = TEMPLATE_WORDS) -> Floats:
    """Return the share of each text's word sequences that another text has too, shape (n_texts,).

    A reviewer that writes "the paper would benefit from a more thorough discussion of" about every
    paper has a high share. NaN for a text of fewer words.

    Args:
        texts: one text per paper.
        words: length of a sequence.

    >>> repeated_shares(["a b c d", "x a b c", "q r s t"], words=3).tolist()
    [0.5, 0.5, 0.0]
    """
    papers: dict[tuple[str, ...], int] = {}
    found = []
    for text in texts:
        tokens = re.findall(r"[a-z0-9]+", text[:_MAX_CHARACTERS].lower())
        grams = {tuple(tokens[i : i + words]) for i in range(len(tokens) - words + 1)}
        found.append(grams)
        for gram in grams:
            papers[gram] = papers.get(gram, 0) + 1
    return np.array(
        [
            sum(papers[gram] > 1 for gram in grams) / len(grams) if grams else np.nan
            for grams in found
        ]
    )


def mask_vocabulary(text: str, paper: str) -> str:
    """Return the words of a text that the paper's own text does not have.

    >>> mask_vocabulary("The pruning baseline is missing", "We study pruning")
    'the baseline missing'
    """
    own = set(_WORD.findall(paper.lower()))
    return " ".join(word for word in _WORD.findall(text.lower()) if word not in own)


def overlap(
    first: Sequence[str],
    second: Sequence[str],
    papers: Sequence[str],
    *,
    areas: Sequence[str] | None = None,
    masked: bool = True,
    resamples: int = 2000,
    seed: int = 0,
) -> Overlap:
    """Compare two reviews per paper with reviews of other papers of the same area.

    Args:
        first: criticism per paper by the one side, e.g. a model.
        second: criticism per paper by the other, e.g. a human reviewer.
        papers: text whose vocabulary is masked per paper, e.g. title and abstract.
        areas: area per paper; papers are exchanged within areas only. None is one area.
        masked: False compares the texts as they are; most of that similarity is topic.
        resamples: bootstrap resamples of papers.
        seed: of the exchange and the resamples.

    Raises:
        ValueError: lengths that differ, or fewer than ten papers in areas of two or more.
    """
    return overlaps(
        {"": first},
        second,
        papers,
        areas=areas,
        masked=masked,
        resamples=resamples,
        seed=seed,
    )[""]


def overlaps(
    firsts: Mapping[str, Sequence[str]],
    second: Sequence[str],
    papers: Sequence[str],
    *,
    areas: Sequence[str] | None = None,
    masked: bool = True,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Overlap]:
    """Compare several sides with the same second reviews, the same shuffle and the same weights.

    See `overlap`. Two sides are called ``A`` and ``B``, say; the result then also has ``A - B``,
    whose excess is the difference of the two, with a paired interval.

    Raises:
        ValueError: as `overlap` does.
    """
    labels = list(areas) if areas is not None else [""] * len(papers)
    lengths = {len(labels), len(second), len(papers), *(len(first) for first in firsts.values())}
    if len(lengths) > 1:
        raise ValueError(
            f"expected equal lengths, found {sorted(lengths)} reviews, papers and areas"
        )
    partner = _exchange(labels, np.random.default_rng(seed))
    used = np.flatnonzero(partner >= 0)
    if len(used) < 10:
        raise ValueError(f"expected at least 10 papers in areas of two or more, found {len(used)}")
    sides = [second, *firsts.values()]
    if masked:
        sides = [
            [mask_vocabulary(text, paper) for text, paper in zip(side, papers, strict=True)]
            for side in sides
        ]
    columns = _tf_idf([text for side in sides for text in side])
    n = len(papers)
    other = columns[:n]
    counts = np.random.default_rng(seed).multinomial(
        len(used), np.full(len(used), 1 / len(used)), size=resamples
    )
    found: dict[str, Overlap] = {}
    gains: list[tuple[str, Floats]] = []
    for place, name in enumerate(firsts, start=1):
        one = columns[place * n : (place + 1) * n]
        same = _cosines(one[used], other[used])
        shuffled = _cosines(one[used], other[partner[used]])
        found[name] = _overlap(same, shuffled, counts)
        gains.append((name, same - shuffled))
    for (a, gain_a), (b, gain_b) in pairwise(gains):
        found[f"{a} - {b}"] = _overlap(gain_a, gain_b, counts)
    return found


def _overlap(same: Floats, shuffled: Floats, counts: Integers) -> Overlap:
    gain = same - shuffled
    low, high = np.quantile(counts @ gain / len(gain), [0.025, 0.975])
    return Overlap(
        excess=float(gain.mean()),
        same=float(same.mean()),
        shuffled=float(shuffled.mean()),
        auroc=_auroc(same, shuffled),
        low=float(low),
        high=float(high),
        n_papers=len(gain),
    )


def _exchange(areas: Sequence[str], generator: np.random.Generator) -> np.ndarray:
    """Draw another paper of the same area for each paper; -1 if it is alone."""
    partner = np.full(len(areas), -1)
    for area in sorted(set(areas)):
        members = np.flatnonzero([label == area for label in areas])
        if len(members) > 1:
            members = generator.permutation(members)
            partner[members] = np.roll(members, 1)
    return partner


def _tf_idf(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, stop_words="english", min_df=2).fit_transform(texts)


def _cosines(first: Any, second: Any) -> Floats:
    """Return cosines row by row; rows are normalized already."""
    return np.asarray(first.multiply(second).sum(axis=1), dtype=np.float64).reshape(-1)


def _auroc(positive: Floats, negative: Floats) -> float:
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    above = ranks.sum() - len(positive) * (len(positive) + 1) / 2
    return float(above / (len(positive) * len(negative)))
