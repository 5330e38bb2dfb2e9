import pytest

from cycledata.consent.works import WorkIndex, read_work_id, work_keys

HEX = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("014CgNPAGy", "014CgNPAGy"),
        ("-abc_12", "-abc_12"),
        ("https://openreview.net/forum?id=014CgNPAGy", "014CgNPAGy"),
        ("http://www.openreview.net/pdf?id=014CgNPAGy", "014CgNPAGy"),
        ("openreview.net/forum?id=014CgNPAGy&noteId=x", "014CgNPAGy"),
        ("https://api2.openreview.net/notes?forum=014CgNPAGy", "014CgNPAGy"),
        ("https://api.openreview.net/notes?id=014CgNPAGy", "014CgNPAGy"),
        ("https://ar5iv.labs.arxiv.org/html/2301.00001", "arxiv:2301.00001"),
        ("ar5iv.org/abs/2301.00001v2", "arxiv:2301.00001"),
        ("https://www.alphaxiv.org/overview/2301.00001", "arxiv:2301.00001"),
        ("https://huggingface.co/papers/2301.00001", "arxiv:2301.00001"),
        ("2301.00001", "arxiv:2301.00001"),
        ("arXiv:2301.00001v3", "arxiv:2301.00001"),
        ("https://arxiv.org/abs/2301.00001v2", "arxiv:2301.00001"),
        ("arxiv.org/pdf/2301.00001", "arxiv:2301.00001"),
        ("cs/9901001", "arxiv:cs/9901001"),
        ("10.1000/ABC.1", "doi:10.1000/abc.1"),
        ("https://doi.org/10.48550/arXiv.2301.00001", "arxiv:2301.00001"),
        (HEX.upper(), f"s2:{HEX}"),
        (f"https://www.semanticscholar.org/paper/A-Title/{HEX}", f"s2:{HEX}"),
    ],
)
def test_ids_and_urls_are_understood(text: str, meaning: str) -> None:
    assert read_work_id(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "abc,",
        '"abc"',
        "'abc'",
        "a bc",
        "abc\u200b",
        "abc # asked",
        "https://example.org/abc",
        "https://huggingface.co/datasets/org/name",
        "https://arxiv.org.example.org/abs/2301.00001",
        "",
        "a;b",
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert read_work_id(text) is None


TITLE = "A Title That Is Long Enough To Identify"


def test_papers_with_an_id_or_title_and_author_in_common_are_one_work() -> None:
    index = WorkIndex.of(
        {
            "a": work_keys(title=TITLE, authors=["Ann Ex", "Bo Wy"]),
            "again": work_keys(title=TITLE.upper(), authors=["Ex, Ann"], arxiv_ids=["2301.1v2"]),
            "same id": work_keys(title="Another", arxiv_ids=["2301.1"]),
            "other": work_keys(title=TITLE, authors=["Cy Zed"]),
        }
    )
    assert index.papers_of("a") == {"a", "again", "same id"}
    assert index.papers_of("arxiv:2301.1") == {"a", "again", "same id"}
    assert index.papers_of("other") == {"other"}
    assert "other" not in index.expand(["a"])


def test_a_title_alone_counts_where_authors_are_unknown() -> None:
    index = WorkIndex.of(
        {"a": work_keys(title=TITLE, authors=["Ann Ex"]), "blind": work_keys(title=TITLE)}
    )
    assert index.papers_of("blind") == {"a", "blind"}
