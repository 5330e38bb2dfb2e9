from collections.abc import Iterable

import numpy as np
import pytest
from scipy.stats import fisher_exact, mannwhitneyu

from cycledata.builds.audit import AuditedPaper, Clue, audit_papers
from cycledata.errors import AuditError

WORDS = [f"word{number}" for number in range(400)]


def papers_of(
    n_papers: int, *, seed: int = 0, mark: str = "", share: float = 1.0, longer: int = 0
) -> list[AuditedPaper]:
    """Papers of random words; ``mark`` is put into a share of the rejected ones."""
    generator = np.random.default_rng(seed)
    papers = []
    for number in range(n_papers):
        accepted = number % 3 == 0
        words = list(generator.choice(WORDS, size=60 + generator.integers(30) + longer * accepted))
        if mark and not accepted and generator.random() < share:
            words.insert(5, mark)
        papers.append(AuditedPaper(f"p{number}", accepted, {"text": " ".join(words)}))
    return papers


def clue(clues: Iterable[Clue], name: str) -> Clue:
    return next(found for found in clues if found.name == name)


def test_texts_without_a_leak_pass() -> None:
    audit = audit_papers(lambda: papers_of(600))
    assert audit.clues == ()
    assert audit.base_rate == pytest.approx(2 / 3)
    assert audit.n_tried > 400


def test_a_phrase_that_only_rejected_papers_have_is_a_leak() -> None:
    audit = audit_papers(lambda: papers_of(600, mark="Anonymous authors", share=0.99))
    found = clue(audit.clues, "anonymous authors")
    assert found.verdict == "leak"
    assert found.share_accepted == 0
    assert found.share_rejected == pytest.approx(0.99, abs=0.01)
    assert found.accuracy > 0.98
    assert found.low <= found.auroc <= found.high < 0.05


def test_a_rare_phrase_leaks_when_it_is_found_on_one_side_alone() -> None:
    audit = audit_papers(lambda: papers_of(900, mark="xyzzy", share=0.12))
    assert clue(audit.leaks, "xyzzy").auroc > 0.43


def test_length_is_tried_and_equals_the_mann_whitney_statistic() -> None:
    papers = papers_of(600, longer=25)
    found = clue(audit_papers(lambda: papers).clues, "characters")
    lengths = [[len(p.texts["text"]) for p in papers if p.accepted == side] for side in (1, 0)]
    expected = mannwhitneyu(*lengths).statistic / len(lengths[0]) / len(lengths[1])
    assert found.auroc == pytest.approx(expected)
    assert (found.kind, found.verdict) == ("number", "leak")


def test_links_numbers_and_categories_are_tried() -> None:
    papers = [
        AuditedPaper(
            f"p{number}",
            number % 2 == 0,
            {
                "abstract": f"Text. https://www.github.com/a/b{number}"
                if number % 4 == 0
                else "Text."
            },
            numbers={"n_sections": number % 2 * 5 + number % 3},
            categories={"text_source": "arxiv-latex" if number % 2 else "pdf-markdown"},
        )
        for number in range(200)
    ]
    found = {(clue.kind, clue.name) for clue in audit_papers(lambda: papers).leaks}
    assert {
        ("link", "github.com"),
        ("link", "any link"),
        ("number", "n_sections"),
        ("category", "text_source=arxiv-latex"),
    } <= found


def test_chance_alone_rarely_passes_the_correction() -> None:
    audits = [audit_papers(lambda seed=seed: papers_of(300, seed=seed)) for seed in range(12)]  # type: ignore[misc]  # a default in a lambda
    assert sum(audit.clues != () for audit in audits) <= 2


def test_few_papers_are_audited_as_far_as_they_allow() -> None:
    papers = papers_of(57, mark="Anonymous authors")  # 19 accepted
    audit = audit_papers(lambda: papers)
    assert clue(audit.leaks, "anonymous authors").share_accepted == 0
    for least, n, label in (
        (audit.detectable_accepted, 19, True),
        (audit.detectable_rejected, 38, False),
    ):
        assert least is not None
        for count in (least, least - 1):
            marked = {p.paper_id for p in papers if p.accepted == label}
            chosen = sorted(marked)[:count]
            planted = [
                AuditedPaper(
                    p.paper_id, p.accepted, {"text": "xyzzy" if p.paper_id in chosen else "plain"}
                )
                for p in papers
            ]
            p_value = fisher_exact([[count, n - count], [0, 57 - n]])[1]
            assert (count >= 10 and p_value * audit.n_tried < 0.01) == (count == least)
            found = [c.name for c in audit_papers(lambda planted=planted: planted).clues]  # type: ignore[misc]  # a default in a lambda
            assert ("xyzzy" in found) or count < least


def test_a_few_long_papers_are_no_evidence() -> None:
    # Complete separation of 3 papers has a chance of 1 in 4,960, and DeLong's error is 0.
    papers = [
        AuditedPaper(str(n), n % 11 == 0, {"text": "word " * (90 if n % 11 == 0 else n + 1)})
        for n in range(33)
    ]
    audit = audit_papers(lambda: papers)
    assert (audit.clues, audit.detectable_accepted) == ((), None)


def test_too_few_papers_of_one_kind_are_refused() -> None:
    with pytest.raises(AuditError, match="2 accepted and 4 rejected papers are too few"):
        audit_papers(lambda: papers_of(6))
