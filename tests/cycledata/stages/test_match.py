import datetime as dt

import pytest

from cycledata.parse.arxiv import ArxivPaper
from cycledata.stages.match import match_arxiv

TITLE = "Learning to Count Invented Sheep in Dense Fog"


def paper(title: str = TITLE, *authors: str, arxiv_id: str = "2309.99999") -> ArxivPaper:
    day = dt.date(2023, 9, 28)
    return ArxivPaper(
        arxiv_id=arxiv_id,
        version=1,
        title=title,
        abstract="",
        authors=authors,
        published=day,
        updated=day,
    )


@pytest.mark.parametrize(
    ("title", "authors", "candidate", "rule"),
    [
        (TITLE, ["A. Beispiel"], paper(TITLE.upper(), "Anna Beispiel"), "title-and-author"),
        (TITLE, ["Beispiel, Anna"], paper(TITLE, "A. Beispiel"), "title-and-author"),
        (TITLE, ["Anna Beispiel"], paper(TITLE, "Bo Esempio"), None),
        (TITLE, ["Anna Beispiel"], paper(TITLE + "s", "Anna Beispiel"), "near-title-and-authors"),
        (TITLE, ["A Beispiel", "B Esempio", "C Pavyzdys"], paper(TITLE + "s", "A Beispiel"), None),
        (TITLE, None, paper(TITLE, "Anna Beispiel"), "title"),
        ("Attention", None, paper("Attention", "Anna Beispiel"), None),
        (TITLE, None, paper(TITLE + "s"), None),
        (TITLE, [], paper(TITLE, "Anna Beispiel"), None),
        (None, ["Anna Beispiel"], paper(TITLE, "Anna Beispiel"), None),
        ("!!!", ["Anna Beispiel"], paper("???", "Anna Beispiel"), None),
    ],
    ids=[
        "case",
        "family-name-first",
        "same-title-other-people",
        "one-letter-more",
        "too-few-authors",
        "anonymous",
        "anonymous-short-title",
        "anonymous-near-title",
        "no-authors-listed",
        "no-title",
        "no-letters",
    ],
)
def test_a_candidate_is_accepted_by_rule(
    title: str | None, authors: list[str] | None, candidate: ArxivPaper, rule: str | None
) -> None:
    match = match_arxiv(title, authors, [candidate])
    assert (match.rule if match else None) == rule


def test_the_best_title_wins_whatever_the_order() -> None:
    near = paper(TITLE + "s", "Anna Beispiel", arxiv_id="2309.99990")
    exact = paper(TITLE, "Anna Beispiel", arxiv_id="2309.99991")
    for candidates in ([near, exact], [exact, near]):
        match = match_arxiv(TITLE, ["Anna Beispiel"], candidates)
        assert match is not None
        assert (match.paper, match.score) == (exact, 1.0)
