"""What reviewers reward without substance, counted in the text of a paper.

In a simulated paper nothing was proved and nothing was run, so none of these is evidence of a
better paper. They are counted by rule, so that the count can be repeated.
"""

import re
from dataclasses import astuple, dataclass, fields

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[A-Za-z][A-Za-z-]*")
_PROOF = re.compile(r"\b(?:prov(?:e[sdn]?|ing|abl[ey])|proofs?|theorems?|lemmas?)\b", re.IGNORECASE)
_ABLATION = re.compile(r"\bablat(?:ion|ions|e[sd]?|ing)\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:no|not|never|neither|nor|without|lacks?|cannot)\b|n['’]t\b", re.IGNORECASE
)
_NUMBERS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
        start=1,
    )
} | {"twelve": 12, "fifteen": 15, "twenty": 20}
_DATASETS = re.compile(
    rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+(?:[a-z-]+\s+){{0,3}}"
    r"(?:data ?sets?|benchmarks?|corpora|corpus|tasks)\b",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"\b(?:novel|state-of-the-art|significant(?:ly)?|remarkabl[ey]|outstanding|superior|impressive"
    r"|groundbreaking|comprehensive(?:ly)?|extensive(?:ly)?|rigorous(?:ly)?|robust(?:ly)?|powerful"
    r"|elegant|unprecedented|substantial(?:ly)?|considerabl[ey]|outperform(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:may|might|could|perhaps|possib(?:le|ly)|probab(?:le|ly)|likely|suggests?|seems?"
    r"|appears?|potential(?:ly)?|tends?|roughly|somewhat)\b",
    re.IGNORECASE,
)
MOST_DATASETS = 50
"""Larger numbers of datasets count as this one, so that one paper does not decide a slope."""


@dataclass(frozen=True, slots=True)
class PaperCounts:
    """Features of one paper that are no evidence of a better paper."""

    proof_claims: float
    """Sentences that claim a proof and have no negation."""
    ablation_claims: float
    """Sentences that claim an ablation and have no negation."""
    datasets: float
    """Largest stated number of datasets, benchmarks or tasks, at most ``MOST_DATASETS``."""
    length: float
    """Thousands of characters."""
    praise: float
    """Words of praise per thousand words."""
    hedges: float
    """Hedges per thousand words."""

    @property
    def row(self) -> tuple[float, ...]:
        """The values in the order of the fields."""
        return astuple(self)


FEATURES = (
    *(field.name for field in fields(PaperCounts)),
    "repetition",
    "copies",
    "unknown_citations",
)
"""Names of the features: counts, then measures of `repetition` in percent."""
MEANINGS = {
    "proof_claims": "claims of proofs",
    "ablation_claims": "claims of ablations",
    "datasets": "number of datasets",
    "length": "length in thousand characters",
    "praise": "praise per thousand words",
    "hedges": "hedges per thousand words",
    "repetition": "repeated 4-grams in percent",
    "copies": "8-grams copied from the references in percent",
    "unknown_citations": "cited keys that were not given in percent",
}
"""Name of each feature for people."""


def count_features(text: str) -> PaperCounts:
    """Return the features of one paper.

    >>> count_features("We prove it. We have no proof of the rest. Ten datasets are used.").row[:3]
    (1.0, 0.0, 10.0)
    """
    sentences = _SENTENCE.split(text)
    thousand_words = max(1, len(_WORD.findall(text))) / 1000
    numbers = [_number(match[1]) for match in _DATASETS.finditer(text)]
    return PaperCounts(
        proof_claims=_count_claims(_PROOF, sentences),
        ablation_claims=_count_claims(_ABLATION, sentences),
        datasets=float(min(max(numbers, default=0), MOST_DATASETS)),
        length=len(text) / 1000,
        praise=len(_PRAISE.findall(text)) / thousand_words,
        hedges=len(_HEDGE.findall(text)) / thousand_words,
    )


def _count_claims(claim: re.Pattern[str], sentences: list[str]) -> float:
    return float(
        sum(
            claim.search(sentence) is not None and _NEGATION.search(sentence) is None
            for sentence in sentences
        )
    )


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]
