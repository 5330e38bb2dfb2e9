"""Count the words and pairs of words of many texts by hash, in fixed memory."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MIN_PAPERS = 10
"""Papers that a phrase must occur in to be tried."""
BUCKETS = 1 << 22
"""Counters per class; a phrase is counted in that of its hash."""
_CANDIDATES = 3000
_CANDIDATE_STRENGTH = 3.5  # standard errors; the correction asks for more than 4 from 200 clues on
MAX_CHARACTERS = 1_000_000
"""Characters of a text that are read."""
_IS_WORD = np.zeros(256, dtype=np.bool_)
_IS_WORD[[*b"abcdefghijklmnopqrstuvwxyz0123456789"]] = True


class PhraseWords:
    """Words of a text by position, with a hash per word and per pair of adjacent words."""

    def __init__(self, text: str) -> None:
        self.letters = text[:MAX_CHARACTERS].lower().encode("ascii", "replace")
        codes = np.frombuffer(self.letters, dtype=np.uint8)
        edges = np.diff(_IS_WORD[codes].view(np.int8), prepend=0, append=0)
        self.starts, self.ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
        # Prefix sums of code * base^place, so that a word is a difference, times base^-start.
        powers, inverses = _powers(len(codes) + 1)
        sums = np.concatenate([[np.uint64(0)], np.cumsum(codes * powers[: len(codes)])])
        words = (sums[self.ends] - sums[self.starts]) * inverses[self.starts]
        mixed = (words ^ (words >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        pairs = (mixed[:-1] ^ (mixed[1:] * np.uint64(0xC2B2AE3D27D4EB4F))) * np.uint64(0x9E3779B1)
        shift = np.uint64(42)
        self.single = (mixed >> shift).astype(np.int64)
        self.pairs = (pairs >> shift).astype(np.int64)

    def word(self, place: int) -> str:
        """Return the word at a place."""
        return self.letters[self.starts[place] : self.ends[place]].decode("ascii")

    def phrases(self, wanted: NDArray[np.bool_]) -> set[str]:
        """Return the words and pairs whose bucket is wanted."""
        found = {self.word(int(place)) for place in np.flatnonzero(wanted[self.single])}
        return found | {
            f"{self.word(int(place))} {self.word(int(place) + 1)}"
            for place in np.flatnonzero(wanted[self.pairs])
        }


@lru_cache(maxsize=1)
def _all_powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return base^i and base^-i modulo 2^64; an odd base has an inverse."""
    base = 0x5851F42D4C957F2D
    tables = []
    for factor in (base, pow(base, -1, 2**64)):
        factors = np.full(MAX_CHARACTERS + 1, factor, dtype=np.uint64)
        factors[0] = 1
        tables.append(np.cumprod(factors))
    return tables[0], tables[1]


def _powers(n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    powers, inverses = _all_powers()
    return powers[:n], inverses[:n]


class PhraseTable:
    """Papers per class that contain each word or pair of words, by hash."""

    def __init__(self) -> None:
        self.counts = np.zeros((2, BUCKETS), dtype=np.uint16)

    def add(self, text: str, accepted: bool) -> None:
        """Count the phrases of one text, each once."""
        words = PhraseWords(text)
        row = self.counts[int(accepted)]
        # A bucket that occurs twice is written twice with the same value, so it counts once.
        found = np.concatenate([words.single, words.pairs])
        row[found] += row[found] < np.iinfo(np.uint16).max

    def n_tried(self) -> int:
        """Return the number of buckets with enough papers to be tried."""
        return int((self.counts.sum(axis=0, dtype=np.int64) >= MIN_PAPERS).sum())

    def candidates(self, n_accepted: int, n_rejected: int) -> NDArray[np.int64]:
        """Return the buckets whose shares differ most between classes, in standard errors."""
        used = np.flatnonzero(self.counts.sum(axis=0, dtype=np.int64) >= MIN_PAPERS)
        rejected, accepted = self.counts[:, used].astype(np.float64)
        pooled = (accepted + rejected) / (n_accepted + n_rejected)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n_accepted + 1 / n_rejected))
        apart = np.abs(accepted / n_accepted - rejected / n_rejected)
        strength = np.divide(apart, error, out=np.zeros_like(apart), where=error > 0)
        strongest = np.argsort(-strength, kind="stable")[:_CANDIDATES]
        return np.sort(used[strongest[strength[strongest] > _CANDIDATE_STRENGTH]])
