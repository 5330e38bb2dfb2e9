"""Find what gives a paper's decision away before it is read: phrases, links, lengths.

A text that says "Anonymous authors" where the paper was rejected, or links to its code where it was
accepted, lets a model predict decisions without judging papers. Every word, pair of words, link
and length is tried alone; a row per clue says how well it predicts the decision by itself.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cycledata.builds.phrase_counts import (
    BUCKETS,
    MAX_CHARACTERS,
    MIN_PAPERS,
    PhraseTable,
    PhraseWords,
)
from cycledata.errors import AuditError

Verdict = Literal["leak", "hint"]
"""``leak``: predicts the decision too well to be left in; ``hint``: significant, but weak."""
Floats = NDArray[np.float64]

LEAK_AUROC = 0.6
"""AUROC from which on one clue alone is a leak (our choice)."""
LEAK_RATIO = 5.0
"""A phrase this many times as frequent in one class is a leak (our choice)."""
LEVEL = 0.01
"""Significance level after Bonferroni's correction for the number of clues tried."""
_LINK = re.compile(r"https?://([a-z0-9.-]{3,80})")


@dataclass(frozen=True, slots=True)
class AuditedPaper:
    """What an audit reads of one paper."""

    paper_id: str
    """Identifier, for messages."""
    accepted: bool
    """The venue's decision."""
    texts: Mapping[str, str]
    """Text by field, e.g. ``abstract``."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Further numbers by name, e.g. ``n_sections``."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """Further labels by name, e.g. ``text_source``."""


@dataclass(frozen=True, slots=True)
class Clue:
    """How well one property predicts the decision by itself."""

    field: str
    """Field it was found in."""
    kind: Literal["phrase", "link", "number", "category"]
    """What it is."""
    name: str
    """The phrase, host, number or ``column=value``."""
    share_accepted: float | None
    """Share of accepted papers that have it; None for numbers."""
    share_rejected: float | None
    """Share of rejected papers that have it; None for numbers."""
    accuracy: float
    """Accuracy of deciding by it alone, the better way round."""
    auroc: float
    """Area under the ROC curve, above 0.5 if accepted papers have more of it."""
    low: float
    """Lower end of the 95% interval of the AUROC (Newcombe for phrases, DeLong for numbers)."""
    high: float
    """Upper end."""
    p_value: float
    """Two-sided, times the number of clues tried, at most 1."""
    verdict: Verdict
    """See ``Verdict``."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Every significant clue, the strongest first."""

    clues: tuple[Clue, ...]
    """Significant clues by distance of the AUROC from 0.5."""
    n_papers: int
    """Papers with a decision."""
    n_accepted: int
    """Accepted papers among them."""
    n_tried: int
    """Clues tried, the factor of the correction."""
    detectable_accepted: int | None
    """Accepted papers that must share a phrase that no rejected paper has, for it to be listed;
    None if even all of them are too few."""
    detectable_rejected: int | None
    """The same for a phrase of rejected papers."""

    @property
    def base_rate(self) -> float:
        """Accuracy of always giving the more frequent decision."""
        return max(self.n_accepted, self.n_papers - self.n_accepted) / self.n_papers

    @property
    def leaks(self) -> tuple[Clue, ...]:
        """The clues that should be removed."""
        return tuple(clue for clue in self.clues if clue.verdict == "leak")


def audit_papers(papers: Callable[[], Iterable[AuditedPaper]]) -> Audit:
    """Try every clue of the papers against their decisions.

    Args:
        papers: called twice, since texts are not kept in memory; both calls must give the same.

    Raises:
        AuditError: so few accepted or rejected papers that no clue could be significant.
    """
    tables: dict[str, PhraseTable] = {}
    labels = {True: Counter[tuple[str, str, str]](), False: Counter[tuple[str, str, str]]()}
    numbers: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    size = Counter[bool]()
    for paper in papers():
        size[paper.accepted] += 1
        for name, text in paper.texts.items():
            if name not in tables:
                tables[name] = PhraseTable()
            tables[name].add(text, paper.accepted)
            numbers.setdefault((name, "characters"), []).append((len(text), paper.accepted))
        labels[paper.accepted].update(_labels(paper))
        for name, value in paper.numbers.items():
            numbers.setdefault((name, name), []).append((value, paper.accepted))
    n_accepted, n_rejected = size[True], size[False]
    kept = [key for key in labels[True] | labels[False] if _frequent(labels, key)]
    numbers = {
        key: found for key, found in numbers.items() if len({value for value, _ in found}) > 1
    }
    n_tried = sum(table.n_tried() for table in tables.values()) + len(kept) + len(numbers)
    judge = _Judge(n_accepted, n_rejected, n_tried)
    detectable = judge.detectable(n_accepted, n_rejected), judge.detectable(n_rejected, n_accepted)
    if detectable == (None, None):
        raise AuditError(
            f"{n_accepted} accepted and {n_rejected} rejected papers are too few: of {n_tried} "
            "clues tried, not even one that separates them all would be significant"
        )
    clues = [
        clue
        for name, phrase, counts in _exact_phrases(tables, papers, n_accepted, n_rejected)
        if (clue := judge.binary(name, "phrase", phrase, *counts))
    ]
    for key in kept:
        kind: Literal["link", "category"] = "link" if key[1] == "link" else "category"
        clue = judge.binary(key[0], kind, key[2], labels[True][key], labels[False][key])
        clues += [clue] if clue else []
    for (name, what), found in numbers.items():
        clue = judge.number(name, what, found)
        clues += [clue] if clue else []
    ordered = sorted(clues, key=lambda clue: (-abs(clue.auroc - 0.5), clue.field, clue.name))
    return Audit(tuple(ordered), n_accepted + n_rejected, n_accepted, n_tried, *detectable)


@dataclass(frozen=True, slots=True)
class _Judge:
    n_accepted: int
    n_rejected: int
    n_tried: int

    def detectable(self, n_own: int, n_other: int) -> int | None:
        """Return how many of one class must share a phrase that the other lacks."""
        from scipy.stats import fisher_exact

        for count in range(MIN_PAPERS, n_own + 1):
            p_value = float(fisher_exact([[count, n_own - count], [0, n_other]])[1])
            if p_value * max(self.n_tried, 1) < LEVEL:
                return count
        return None

    def binary(
        self,
        name: str,
        kind: Literal["phrase", "link", "category"],
        phrase: str,
        accepted: int,
        rejected: int,
    ) -> Clue | None:
        """Judge a property that papers have or lack."""
        from scipy.stats import fisher_exact

        yes, no = accepted / self.n_accepted, rejected / self.n_rejected
        table = [[accepted, self.n_accepted - accepted], [rejected, self.n_rejected - rejected]]
        p_value = float(fisher_exact(table)[1])
        low, high = _newcombe(accepted, self.n_accepted, rejected, self.n_rejected)
        right = accepted + self.n_rejected - rejected
        n_papers = self.n_accepted + self.n_rejected
        ratio = max(yes, no) / max(min(yes, no), 0.5 / n_papers)
        return self._clue(
            Clue(
                name,
                kind,
                phrase,
                yes,
                no,
                max(right, n_papers - right) / n_papers,
                0.5 + (yes - no) / 2,
                0.5 + low / 2,
                0.5 + high / 2,
                p_value,
                "leak" if ratio >= LEAK_RATIO else "hint",
            )
        )

    def number(self, name: str, what: str, found: list[tuple[float, bool]]) -> Clue | None:
        """Judge a number such as a length."""
        values = np.array([value for value, _ in found], dtype=np.float64)
        accepted = np.array([label for _, label in found])
        if accepted.all() or not accepted.any():
            return None
        auroc, error = _delong(values[accepted], values[~accepted])
        distance = abs(auroc - 0.5) / error if error > 0 else math.inf
        return self._clue(
            Clue(
                name,
                "number",
                what,
                None,
                None,
                _best_cut_accuracy(values, accepted),
                auroc,
                max(0.0, auroc - 1.96 * error),
                min(1.0, auroc + 1.96 * error),
                # DeLong's error is too small for few papers that are well separated.
                max(math.erfc(distance / math.sqrt(2)), _mann_whitney(values, accepted)),
                "hint",
            )
        )

    def _clue(self, clue: Clue) -> Clue | None:
        """Correct the p-value and set the verdict; return None if not significant."""
        p_value = min(1.0, clue.p_value * self.n_tried)
        if p_value >= LEVEL:
            return None
        strong = abs(clue.auroc - 0.5) >= LEAK_AUROC - 0.5
        return replace(clue, p_value=p_value, verdict="leak" if strong else clue.verdict)


def _labels(paper: AuditedPaper) -> set[tuple[str, str, str]]:
    """Return links and categories of a paper, each once."""
    found = {(name, "category", f"{name}={value}") for name, value in paper.categories.items()}
    for name, text in paper.texts.items():
        hosts = set(_LINK.findall(text[:MAX_CHARACTERS].lower()))
        found |= {(name, "link", host.removeprefix("www.").rstrip(".")) for host in hosts}
        if hosts:
            found.add((name, "link", "any link"))
    return found


def _frequent(
    labels: Mapping[bool, Counter[tuple[str, str, str]]], key: tuple[str, str, str]
) -> bool:
    return labels[True][key] + labels[False][key] >= MIN_PAPERS


def _exact_phrases(
    tables: Mapping[str, PhraseTable],
    papers: Callable[[], Iterable[AuditedPaper]],
    n_accepted: int,
    n_rejected: int,
) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Count the phrases behind the strongest buckets, since several may share one."""
    wanted = {name: np.zeros(BUCKETS, dtype=np.bool_) for name in tables}
    for name, table in tables.items():
        wanted[name][table.candidates(n_accepted, n_rejected)] = True
    exact = {name: {True: Counter[str](), False: Counter[str]()} for name in tables}
    for paper in papers():
        for name, text in paper.texts.items():
            exact[name][paper.accepted].update(PhraseWords(text).phrases(wanted[name]))
    for name, counts in exact.items():
        for phrase in sorted(counts[True].keys() | counts[False].keys()):
            found = counts[True][phrase], counts[False][phrase]
            if sum(found) >= MIN_PAPERS:
                yield name, phrase, found


def _wilson(count: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    share, weight = count / n, z * z / n
    center = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return max(0.0, center - half), min(1.0, center + half)


def _newcombe(first: int, n_first: int, second: int, n_second: int) -> tuple[float, float]:
    """Return the interval of a difference of shares (Newcombe 1998, method 10)."""
    a, b = first / n_first, second / n_second
    (low_a, high_a), (low_b, high_b) = _wilson(first, n_first), _wilson(second, n_second)
    difference = a - b
    return (
        difference - math.hypot(a - low_a, high_b - b),
        difference + math.hypot(high_a - a, b - low_b),
    )


def _delong(positive: Floats, negative: Floats) -> tuple[float, float]:
    """Return the AUROC and its standard error (DeLong 1988)."""
    from scipy.stats import rankdata

    m, n = len(positive), len(negative)
    everyone = rankdata(np.concatenate([positive, negative]))
    above = (everyone[:m] - rankdata(positive)) / n
    below = 1 - (everyone[m:] - rankdata(negative)) / m
    variance = (above.var(ddof=1) / m if m > 1 else 0) + (below.var(ddof=1) / n if n > 1 else 0)
    return float(above.mean()), math.sqrt(variance)


def _mann_whitney(values: Floats, accepted: NDArray[np.bool_]) -> float:
    """Return the two-sided p-value of the rank sum test, normal with a correction for ties."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(values[accepted], values[~accepted], method="asymptotic").pvalue)


def _best_cut_accuracy(values: Floats, accepted: NDArray[np.bool_]) -> float:
    """Return the accuracy of the best threshold in hindsight, either way round."""
    order = np.argsort(values, kind="stable")
    below = np.concatenate([[0], np.cumsum(accepted[order])])
    size = np.arange(len(values) + 1)
    ends = np.concatenate([[True], np.diff(values[order]) > 0, [True]])
    right = (size - below) + (accepted.sum() - below)
    right = right[ends]
    return float(max(right.max(), (len(values) - right).max()) / len(values))
