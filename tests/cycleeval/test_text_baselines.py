import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from cycleeval.text_baselines import (
    KINDS,
    Kind,
    PaperFeatures,
    cross_fit,
    fit_baseline,
    load_baseline,
    save_baseline,
)


def papers_of(n_papers: int, *, seed: int = 0) -> tuple[list[PaperFeatures], np.ndarray]:
    """Papers whose rating is 8 if they say "theorem" and 4 if they say "demo"; length is noise."""
    generator = np.random.default_rng(seed)
    good = generator.random(n_papers) < 0.5
    filler = ["model", "data", "training", "graph", "policy", "vision"]
    papers = []
    for is_good in good:
        words = [*generator.choice(filler, size=30), "theorem" if is_good else "demo"]
        papers.append(PaperFeatures(title="A title", abstract="", text=" ".join(words)))
    return papers, np.where(good, 8.0, 4.0)


def test_the_text_baseline_learns_a_word_that_gives_the_rating_away() -> None:
    papers, ratings = papers_of(200)
    unseen, wanted = papers_of(100, seed=1)
    fitted = fit_baseline(
        papers, ratings, kind="text", accepted=list(ratings > 5), learned_from="train"
    )
    assert np.mean((fitted.ratings(unseen) - wanted) ** 2) < 0.3
    accept = fitted.accept_probabilities(unseen)
    assert accept is not None
    assert np.array_equal(accept > 0.5, wanted > 5)


def test_the_length_baseline_learns_length_alone() -> None:
    papers = [PaperFeatures("t", text="x" * n) for n in range(1, 400)]
    ratings = np.log1p(np.arange(1, 400))
    fitted = fit_baseline(papers, ratings, kind="length", learned_from="train")
    assert fitted.ratings(papers) == pytest.approx(ratings, abs=1e-4)


def test_terms_are_weighted_as_scikit_learn_weights_them() -> None:
    papers, ratings = papers_of(100)
    fitted = fit_baseline(papers, ratings, kind="text", learned_from="train")
    theirs = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), min_df=3, strip_accents="unicode"
    )
    columns = theirs.fit_transform([paper.words for paper in papers])
    expected = columns @ fitted.rating_weights[:-1] + fitted.rating_weights[-1]
    assert fitted.ratings(papers) == pytest.approx(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_baseline_answers_as_before(kind: Kind, tmp_path: Path) -> None:
    papers, ratings = papers_of(60)
    fitted = fit_baseline(
        papers, ratings, kind=kind, accepted=list(ratings > 5), learned_from="train"
    )
    save_baseline(fitted, tmp_path / "baseline.npz")
    again = load_baseline(tmp_path / "baseline.npz")
    assert np.array_equal(again.ratings(papers), fitted.ratings(papers))
    before, after = fitted.accept_probabilities(papers), again.accept_probabilities(papers)
    assert before is not None
    assert after is not None
    assert np.array_equal(after, before)
    assert (again.digest, again.learned_from) == (fitted.digest, "train")


def test_files_of_other_kinds_are_refused_and_run_no_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    objects = io.BytesIO()
    np.save(objects, np.array([Trap()], dtype=object), allow_pickle=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("facts.npy", objects.getvalue())
    for name, content in {
        "pickle": pickle.dumps(Trap()),
        "archive": archive.getvalue(),
        "empty": b"",
        "text": b"ratings",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="expected a baseline written by"):
            load_baseline(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_cross_fitting_gives_nothing_away_where_there_is_nothing_to_learn() -> None:
    papers, _ = papers_of(300)
    ratings = np.random.default_rng(5).normal(5, 1, 300)
    found = cross_fit(papers, np.asarray(ratings, dtype=float)[:, None], kind="text")[:, 0]
    assert abs(np.corrcoef(found, ratings)[0, 1]) < 0.2


def test_unknown_kinds_short_training_sets_and_missing_text_are_named() -> None:
    papers, ratings = papers_of(30)
    with pytest.raises(ValueError, match="expected one of constant, length, metadata, title, text"):
        fit_baseline(papers, ratings, kind="author", learned_from="x")  # type: ignore[arg-type]  # the error under test
    with pytest.raises(ValueError, match="at least 20 papers to learn from, found 5"):
        fit_baseline(papers[:5], ratings[:5], kind="text", learned_from="x")
    with pytest.raises(ValueError, match="needs text, and no paper has any"):
        fit_baseline([PaperFeatures("t")] * 30, ratings, kind="text", learned_from="x")
