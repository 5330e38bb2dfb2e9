"""Baselines that read a paper's text without understanding it: constant, length, metadata, text.

A reviewer model that does not beat these has shown no more than what word counts show. Each is
learned on papers other than those it scores, and is saved without pickle, so that a file from
elsewhere cannot run code.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cycledata.errors import ScoringError
from cycleeval.ragged import Floats
from cycleeval.recalibration import draw_folds

Kind = Literal["constant", "length", "metadata", "title", "text"]
"""What a baseline reads: nothing, the number of characters, counts (of the title, abstract,
sections, keywords), the words of the title, or those of title and abstract."""
KINDS: tuple[Kind, ...] = ("constant", "length", "metadata", "title", "text")
_WORDS: tuple[Kind, ...] = ("title", "text")
FORMAT = 2
"""Version of the saved file."""
MAX_FEATURES = 50_000
"""Our choice: words and pairs of words kept by TF-IDF."""
OPENING_CHARACTERS = 5000
"""Characters of a text that TF-IDF reads if there is no abstract."""
RIDGE_ALPHAS = (1.0, 3.0, 10.0, 30.0)
"""Our choice: regularizations to choose from, on a fifth of the papers learned from."""


@dataclass(frozen=True, slots=True)
class PaperFeatures:
    """What a text baseline may read of one paper."""

    title: str
    """Title."""
    abstract: str = ""
    """Abstract, or empty."""
    text: str = ""
    """The paper's text or its first characters, or empty."""
    n_characters: int | None = None
    """Length of the paper's whole text; None for that of `text`, else of title and abstract."""
    n_sections: int = 0
    """Number of sections, 0 where unknown."""
    n_keywords: int = 0
    """Number of keywords, 0 where unknown."""

    @property
    def words(self) -> str:
        """Text for TF-IDF: title and abstract; without an abstract, title and text."""
        return f"{self.title}\n{self.abstract or self.text[:OPENING_CHARACTERS]}"

    @property
    def length(self) -> int:
        """Characters of the text; of title and abstract if there is no text."""
        if self.n_characters:
            return self.n_characters
        return len(self.text) or len(self.title) + len(self.abstract)

    @property
    def has_text(self) -> bool:
        """True if there is an abstract or a text."""
        return bool(self.abstract or self.text)


@dataclass(frozen=True, slots=True, eq=False)
class TextBaseline:
    """A fitted baseline: rating and probability of acceptance from one paper's features."""

    kind: Kind
    """What it reads."""
    vocabulary: tuple[str, ...]
    """Terms of TF-IDF; empty for the other kinds."""
    idf: Floats
    """Inverse document frequency per term, shape (n_terms,)."""
    center: Floats
    """Means that numeric features are centered on, shape (n_features,)."""
    scale: Floats
    """Standard deviations that they are divided by, shape (n_features,)."""
    rating_weights: Floats
    """Regression weights of the rating, shape (n_columns + 1,), the intercept last."""
    accept_weights: Floats | None
    """Weights of the log-odds of acceptance; None if no decision was known."""
    learned_from: str
    """Name of the training data, part of every signature."""
    paper_ids: tuple[str, ...]
    """Papers it was fitted on; it must not be scored on these."""

    @property
    def n_papers(self) -> int:
        """Papers it was fitted on."""
        return len(self.paper_ids)

    @property
    def digest(self) -> str:
        """First 12 hex digits of sha256 over kind, terms and weights."""
        digest = hashlib.sha256(json.dumps([self.kind, self.vocabulary]).encode())
        for array in (self.idf, self.center, self.scale, self.rating_weights, self.accept_weights):
            digest.update(b"-" if array is None else np.round(array, 9).tobytes())
        return digest.hexdigest()[:12]

    def ratings(self, papers: Sequence[PaperFeatures]) -> Floats:
        """Return one rating per paper, shape (n_papers,), in rating points."""
        return _apply(self._columns(papers), self.rating_weights)

    def accept_probabilities(self, papers: Sequence[PaperFeatures]) -> Floats | None:
        """Return the probability of acceptance per paper, or None if no decision was learned."""
        if self.accept_weights is None:
            return None
        return np.asarray(1 / (1 + np.exp(-_apply(self._columns(papers), self.accept_weights))))

    def _columns(self, papers: Sequence[PaperFeatures]) -> Any:
        if self.kind in _WORDS:
            vectorizer = _vectorizer(vocabulary=self.vocabulary)
            vectorizer.idf_ = self.idf
            return vectorizer.transform(_texts(papers, self.kind))
        return (_numbers(papers, self.kind) - self.center) / self.scale


def fit_baseline(
    papers: Sequence[PaperFeatures],
    ratings: Sequence[float] | Floats,
    *,
    kind: Kind,
    accepted: Sequence[bool | None] | None = None,
    learned_from: str,
    paper_ids: Sequence[str] | None = None,
) -> TextBaseline:
    """Fit a baseline: ridge regression for ratings, logistic regression for decisions.

    Args:
        papers: features per paper.
        ratings: mean human rating per paper, shape (n_papers,).
        kind: what to read; ``"text"`` is TF-IDF of words and pairs of words.
        accepted: decisions per paper, None if unknown.
        learned_from: name of the training data, e.g. ``"review-5k/train@1f2e3d"``.
        paper_ids: ids of the papers; None for their positions.

    Raises:
        ValueError: an unknown kind, lengths that differ, fewer than 20 papers, or papers without
            the text that the kind reads.
    """
    from sklearn.linear_model import LogisticRegression

    wanted = np.asarray(ratings, dtype=np.float64)
    _check(papers, wanted, kind)
    vocabulary: tuple[str, ...] = ()
    idf = np.empty(0)
    numbers = _numbers(papers, kind)
    center, scale = numbers.mean(axis=0), numbers.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)  # below that it is the rounding of one value
    columns: Any = (numbers - center) / scale
    if kind in _WORDS:
        vectorizer = _vectorizer()
        columns = vectorizer.fit_transform(_texts(papers, kind))
        vocabulary, idf = tuple(vectorizer.get_feature_names_out()), vectorizer.idf_
    if kind == "constant":
        rating_weights = np.array([wanted.mean()])
    else:
        rating_weights = _fit_ratings(columns, wanted, kind)
    said = [None] * len(papers) if accepted is None else list(accepted)
    known = np.array([decision is not None for decision in said])
    outcome = np.array([bool(decision) for decision in said])
    accept_weights = None
    if known.any():
        share = float(np.clip(outcome[known].mean(), 1e-6, 1 - 1e-6))
        accept_weights = np.append(
            np.zeros(columns.shape[1] if kind != "constant" else 0), np.log(share / (1 - share))
        )
        if kind != "constant" and 0 < outcome[known].sum() < known.sum():
            logistic = LogisticRegression(C=10.0, max_iter=1000).fit(columns[known], outcome[known])
            accept_weights = np.append(logistic.coef_[0], logistic.intercept_)
    return TextBaseline(
        kind,
        vocabulary,
        np.asarray(idf),
        center,
        scale,
        np.asarray(rating_weights),
        accept_weights,
        learned_from,
        tuple(paper_ids or map(str, range(len(papers)))),
    )


def cross_fit(
    papers: Sequence[PaperFeatures],
    targets: Floats,
    *,
    kind: Kind,
    folds: int = 10,
    seed: int = 0,
) -> Floats:
    """Return several targets of papers, predicted from the other folds, in the targets' shape.

    For references without a training split. Terms and their document frequencies come from all
    papers, since they involve no rating.

    Args:
        papers: features per paper.
        targets: shape (n_papers, n_targets); a paper whose target is NaN is predicted, but not
            learned from.
        kind: what to read.
        folds: number of folds.
        seed: of the assignment of papers to folds.

    Returns:
        Predictions, shape (n_papers, n_targets); NaN for a target that no other fold knows.

    Raises:
        ValueError: as ``fit_baseline`` and ``draw_folds`` do.
    """
    _check(papers, targets[:, 0], kind)
    fold = draw_folds(len(targets), folds=folds, seed=seed)
    columns: Any = _numbers(papers, kind)
    if kind in _WORDS:
        columns = _vectorizer().fit_transform(_texts(papers, kind))
    found = np.full(targets.shape, np.nan)
    for place, wanted in enumerate(targets.T):
        known = np.isfinite(wanted)
        for number in range(folds):
            held_out, learned = fold == number, known & (fold != number)
            if learned.any():
                weights = _fit_ratings(columns[learned], wanted[learned], kind)
                found[held_out, place] = _apply(columns[held_out], weights)
    return found


def save_baseline(baseline: TextBaseline, path: Path) -> None:
    """Write a baseline as a NumPy archive without pickled objects."""
    facts = {
        "format": FORMAT,
        "kind": baseline.kind,
        "learned_from": baseline.learned_from,
        "paper_ids": list(baseline.paper_ids),
        "vocabulary": list(baseline.vocabulary),
    }
    arrays = {
        "facts": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
        "idf": baseline.idf,
        "center": baseline.center,
        "scale": baseline.scale,
        "rating_weights": baseline.rating_weights,
    }
    if baseline.accept_weights is not None:
        arrays["accept_weights"] = baseline.accept_weights
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]  # NumPy types one mapping only


def load_baseline(path: Path) -> TextBaseline:
    """Read a baseline written by ``save_baseline``.

    Raises:
        ScoringError: the file is not such a baseline, or of another format version.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        facts = json.loads(bytes(arrays.pop("facts")))
        found = TextBaseline(
            kind=facts["kind"],
            vocabulary=tuple(facts["vocabulary"]),
            learned_from=facts["learned_from"],
            paper_ids=tuple(facts["paper_ids"]),
            accept_weights=arrays.pop("accept_weights", None),
            **arrays,
        )
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError) as error:
        raise ScoringError(
            f"{path}: expected a baseline written by `cycleeval baseline fit` ({str(error)[:80]})"
        ) from error
    if facts.get("format") != FORMAT or found.kind not in KINDS:
        raise ScoringError(
            f"{path}: expected format {FORMAT} and a kind of {', '.join(KINDS)}, "
            f"found {facts.get('format')!r} and {found.kind!r}"
        )
    columns = len(found.vocabulary) if found.kind in _WORDS else len(found.center)
    if len(found.rating_weights) != columns + 1:
        raise ScoringError(
            f"{path}: expected {columns + 1} weights, found {len(found.rating_weights)}"
        )
    return found


def _check(papers: Sequence[PaperFeatures], wanted: Floats, kind: Kind) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, found {kind!r}")
    if wanted.shape != (len(papers),):
        raise ValueError(
            f"expected one rating per paper, found {wanted.shape} for {len(papers)} papers"
        )
    if len(papers) < 20:
        raise ValueError(f"expected at least 20 papers to learn from, found {len(papers)}")
    if not np.isfinite(wanted).all():
        raise ValueError("ratings: expected finite numbers only")
    if kind in ("length", "text") and not any(paper.has_text for paper in papers):
        raise ValueError(f"the baseline {kind!r} needs text, and no paper has any")


def _texts(papers: Sequence[PaperFeatures], kind: Kind) -> list[str]:
    return [paper.title if kind == "title" else paper.words for paper in papers]


def _vectorizer(vocabulary: Sequence[str] | None = None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        vocabulary=vocabulary,
        sublinear_tf=True,
        ngram_range=(1, 2),
        min_df=1 if vocabulary is not None else 3,
        max_features=MAX_FEATURES,
        strip_accents="unicode",
    )


def _numbers(papers: Sequence[PaperFeatures], kind: Kind) -> Floats:
    """Return numeric features per paper, shape (n_papers, n_features); may be none."""
    rows = [_numeric_features(paper, kind) for paper in papers]
    return np.array(rows, dtype=np.float64).reshape(len(papers), -1)


def _numeric_features(paper: PaperFeatures, kind: Kind) -> list[float]:
    if kind == "length":
        return [float(np.log1p(paper.length))]
    if kind == "metadata":
        return [
            float(len(paper.title)),
            float(len(paper.title.split())),
            float(":" in paper.title),
            float("?" in paper.title),
            float(np.log1p(len(paper.abstract))),
            float(np.log1p(paper.n_sections)),
            float(np.log1p(paper.n_keywords)),
        ]
    return []


def _fit_ratings(columns: Any, wanted: Floats, kind: Kind) -> Floats:
    """Return regression weights, shape (n_columns + 1,), the intercept last."""
    if kind == "constant":
        return np.array([wanted.mean()])
    if kind not in _WORDS:
        # Few features: least squares, with just enough regularization for constant ones.
        return _fit_ridge(columns, wanted, 1e-6)
    tried_on = draw_folds(len(wanted), folds=5, seed=0) == 0
    errors = []
    for alpha in RIDGE_ALPHAS:
        weights = _fit_ridge(columns[~tried_on], wanted[~tried_on], alpha)
        errors.append(np.mean((_apply(columns[tried_on], weights) - wanted[tried_on]) ** 2))
    return _fit_ridge(columns, wanted, RIDGE_ALPHAS[int(np.argmin(errors))])


def _fit_ridge(columns: Any, wanted: Floats, alpha: float) -> Floats:
    from sklearn.linear_model import Ridge

    sparse = not isinstance(columns, np.ndarray)
    fitted = Ridge(alpha=alpha, solver="sparse_cg" if sparse else "auto").fit(columns, wanted)
    return np.append(fitted.coef_, fitted.intercept_)


def _apply(columns: Any, weights: Floats) -> Floats:
    return np.asarray(columns @ weights[:-1] + weights[-1], dtype=np.float64).reshape(-1)
