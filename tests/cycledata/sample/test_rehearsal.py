"""The rehearsal: any machine's builders read it, and its reviews follow from its papers' merits."""

from collections import defaultdict
from pathlib import Path

import pytest

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.formats.review_text import ReviewText, parse_reviews
from cycledata.load import iterate_rows, read_build
from cycledata.sample.rehearsal import CLAIMS, OTHER_WORDS, PRAISE, compose, drafts, latex
from cycledata.snapshot.sealed import verify_snapshot

N_REVIEWED, N_LISTED = 40, 12


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal") / "snapshot"
    compose(folder, n_reviewed=N_REVIEWED, n_listed=N_LISTED)
    return folder


def build_of(name: str, snapshot: Path, out: Path) -> Path:
    build(DATASETS[name], snapshot, out, policy=read_policy())
    return out


def test_equal_sizes_give_equal_bytes(snapshot: Path, tmp_path: Path) -> None:
    again = compose(tmp_path / "again", n_reviewed=N_REVIEWED, n_listed=N_LISTED)
    assert again.digest == verify_snapshot(snapshot).digest


def test_every_review_follows_from_what_the_paper_says(snapshot: Path, tmp_path: Path) -> None:
    out = build_of("review-5k", snapshot, tmp_path / "review-5k")
    manifest = read_build(out)
    assert manifest.invented
    assert sum(manifest.configs["default"].values()) == N_REVIEWED
    ratings_by_merits: dict[int, set[tuple[int, ...]]] = defaultdict(set)
    for split in manifest.configs["default"]:
        for row in iterate_rows(out, "default", split):
            merits = [claim[0] in row["paper_text"] for claim in CLAIMS]
            lacks = [claim[1] in row["paper_text"] for claim in CLAIMS]
            assert [not lack for lack in lacks] == merits
            reviews = parse_reviews(row["messages"][2]["content"])
            assert isinstance(reviews, ReviewText)
            for review in reviews.reviews:
                for (_, _, praise, blame), merit in zip(CLAIMS, merits, strict=True):
                    assert (praise in review.strengths) is merit
                    assert (blame in review.weaknesses) is not merit
            ratings_by_merits[sum(merits)].add(tuple(row["ratings"]))
            assert row["decision"] == ("accept" if sum(merits) >= 2 else "reject")
    assert ratings_by_merits == {0: {(1, 3, 5)}, 1: {(3, 5, 6)}, 2: {(5, 6, 8)}, 3: {(6, 8, 10)}}


def test_reviewed_papers_differ_in_what_ratings_do_not_depend_on(
    snapshot: Path, tmp_path: Path
) -> None:
    out = build_of("review-5k", snapshot, tmp_path / "review-5k")
    texts = [
        row["paper_text"]
        for split in read_build(out).configs["default"]
        for row in iterate_rows(out, "default", split)
    ]
    for plain, other in OTHER_WORDS:
        assert 0 < sum(other in text for text in texts) < N_REVIEWED
        assert all((plain in text) != (other in text) for text in texts)
    assert 0 < sum(PRAISE in text for text in texts) < N_REVIEWED
    draft = drafts(1, 2)[0]
    assert all(plain in latex(draft) and other not in latex(draft) for plain, other in OTHER_WORDS)


def test_a_researcher_sees_each_merit_about_half_of_the_time(
    snapshot: Path, tmp_path: Path
) -> None:
    out = build_of("research-14k", snapshot, tmp_path / "research-14k")
    texts = [
        "".join(message["content"] for message in row["messages"])
        for split in read_build(out).configs["default"]
        for row in iterate_rows(out, "default", split, ["messages"])
    ]
    assert len(texts) == N_LISTED
    for claim in CLAIMS:
        n_with = sum(claim[0] in text for text in texts)
        assert 0 < n_with < N_LISTED
        assert sum(claim[1] in text for text in texts) == N_LISTED - n_with
    assert all(text.count("Abstract: What ") == 2 for text in texts)
