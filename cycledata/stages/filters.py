"""Rules that a submission must pass; the row of a dropped paper names the rule.

The recipe of a dataset lists which rules apply, and in which order. Details never quote a note: the
words of a note may be published only where its license permits.
"""

import re
from collections.abc import Collection

from cycledata.records import Dropped, Review, Submission

_MAX_PLACEHOLDER = 160
"""Characters; a longer text is never a placeholder."""
_PLACEHOLDER_WORDS = frozenset(
    """
    n a na nan nil no none nothing not any applicable omitted tbd do don t wish have there
    see refer check read look address answer mentioned listed stated shown discussed provided
    included given please pls kindly as in to of at for on from with the this my these all and also
    same is are i above below previous following other further more additional specific major
    summary strength strengths weakness weaknesses question questions review comment comments
    point points section sections part parts field box detail details detailed full main
    """.split()  # noqa: SIM905  a paragraph of words reads better than a column of quoted ones
)
"""A text of only these words has no content or points elsewhere: "N/A", "see weaknesses above"."""

_TEST_WORDS = frozenset({"test", "tests", "testing", "dummy", "placeholder"})
_TEST_FILLERS = frozenset({"a", "the", "this", "is", "my", "paper", "submission", "title", "only"})
_ALL_TEST_WORDS = _TEST_WORDS | _TEST_FILLERS
_WORD = re.compile(r"[^\W_]+")


def is_blank(text: str) -> bool:
    """Return True if a text of a review is empty, punctuation, or points to another field.

    >>> [is_blank(t) for t in ("", "-", "N/A", "See Weaknesses.", "Please refer to the above.")]
    [True, True, True, True, True]
    >>> is_blank("See [3] for a simpler proof.")
    False
    """
    if len(text) > _MAX_PLACEHOLDER:
        return False
    return all(word in _PLACEHOLDER_WORDS for word in _WORD.findall(text.casefold()))


def is_test_title(title: str) -> bool:
    """Return True if a title was typed to try the form: "Test", "this is a test", "xxx".

    >>> [is_test_title(t) for t in ("Test", "Test submission 2", "xxx", "Test-Time Adaptation")]
    [True, True, True, False]
    """
    words = {word for word in _WORD.findall(title.casefold()) if not word.isdecimal()}
    if words <= _ALL_TEST_WORDS and not words.isdisjoint(_TEST_WORDS):
        return True
    return len(set("".join(words))) <= 1


def require_venue(submission: Submission, *, venues: Collection[str]) -> Submission | Dropped:
    """Drop a submission to none of some venues; no venues permit all."""
    if not venues or submission.venue in venues:
        return submission
    detail = f"expected {' or '.join(sorted(venues))}, found {submission.venue}"
    return _drop(submission, "other-venue", detail[:200])


def drop_test_submissions(submission: Submission) -> Submission | Dropped:
    """Drop a submission if its title was typed to try the form; an unknown title passes."""
    if submission.title is None or not is_test_title(submission.title):
        return submission
    return _drop(submission, "test-submission", "the title was typed to try the form")


def require_reviews(submission: Submission, *, at_least: int) -> Submission | Dropped:
    """Drop a submission with too few reviews."""
    found = len(submission.reviews)
    if found >= at_least:
        return submission
    rule = "too-few-reviews" if found else "no-reviews"
    return _drop(submission, rule, f"expected at least {at_least} reviews, found {found}")


def require_ratings(submission: Submission, *, at_least: int) -> Submission | Dropped:
    """Drop a submission with too few reviews that have a rating."""
    found = sum(review.rating is not None for review in submission.reviews)
    if found >= at_least:
        return submission
    return _drop(
        submission, "too-few-ratings", f"expected at least {at_least} ratings, found {found}"
    )


def require_decision(submission: Submission) -> Submission | Dropped:
    """Drop a submission without a decision or withdrawal."""
    if submission.decision is not None:
        return submission
    return _drop(submission, "no-decision", "expected a decision or a withdrawal, found neither")


def require_title_and_abstract(submission: Submission) -> Submission | Dropped:
    """Drop a submission without a title or abstract, or with a placeholder for one."""
    for name, text in (("title", submission.title), ("abstract", submission.abstract)):
        if text is None or is_blank(text):
            return _drop(
                submission,
                f"no-{name}",
                f"expected a text, found {'none' if text is None else 'a placeholder'}",
            )
    return submission


def require_review_texts(submission: Submission) -> Submission | Dropped:
    """Drop a submission with a review that has no summary, no strengths and no weaknesses."""
    blank = [review.reviewer for review in submission.reviews if _is_blank_review(review)]
    if not blank:
        return submission
    return _drop(submission, "blank-review", f"no text from {', '.join(blank)}")


def _is_blank_review(review: Review) -> bool:
    return all(is_blank(text) for text in (review.summary, review.strengths, review.weaknesses))


def _drop(submission: Submission, rule: str, detail: str) -> Dropped:
    return Dropped(submission.paper_id, rule=rule, detail=detail, stage="filter")
