import pytest

from cycledata.parse.semantic_scholar import Work
from cycledata.records import BibEntry
from cycledata.stages.references import resolve_references


def entry(key: str, **known: object) -> BibEntry:
    fields = {
        "title": None,
        "year": None,
        "arxiv_id": None,
        "doi": None,
        "bibtex": f"@misc{{{key}}}",
    }
    return BibEntry.model_validate({"key": key, **fields, **known})


def work(work_id: str, **known: object) -> Work:
    fields = {
        "title": None,
        "abstract": "An abstract.",
        "year": None,
        "arxiv_id": None,
        "doi": None,
        "license": None,
        "cites": (),
    }
    return Work.model_validate({"work_id": work_id, **fields, **known})


TITLE = "A Long Enough Title"


@pytest.mark.parametrize(
    ("cited", "known", "found"),
    [
        ({"arxiv_id": "2301.00001"}, {"arxiv_id": "2301.00001"}, True),
        ({"doi": "10.1/x"}, {"doi": "10.1/x"}, True),
        ({"title": TITLE}, {"title": "a long-enough TITLE."}, True),
        ({"title": TITLE, "year": 2020}, {"title": TITLE, "year": 2021}, True),
        ({"title": TITLE, "year": 2018}, {"title": TITLE, "year": 2021}, False),
        ({"title": "Attention"}, {"title": "Attention"}, False),
        ({"title": TITLE}, {"title": TITLE + "s"}, False),
        ({}, {}, False),
    ],
    ids=["arxiv", "doi", "title", "year-off-by-one", "years-apart", "short", "other", "nothing"],
)
def test_an_entry_and_a_work_are_one_by_id_or_title(
    cited: dict[str, object], known: dict[str, object], found: bool
) -> None:
    resolved = resolve_references("p", ["k"], [entry("k", **cited)], [work("w", **known)])
    assert (resolved.references[0].paper_id == "w") is found
    assert [row.rule for row in resolved.missing] == ([] if found else ["no-record"])


def test_keys_keep_their_order_and_every_gap_has_its_row() -> None:
    entries = [entry("b", title=TITLE), entry("a", arxiv_id="2301.00001")]
    works = [work("w", arxiv_id="2301.00001", abstract=None)]
    resolved = resolve_references("p", ["a", "ghost", "b"], entries, works)
    assert [reference.key for reference in resolved.references] == ["a", "b"]
    assert {(row.rule, row.detail) for row in resolved.missing} == {
        ("no-abstract", "a: w"),
        ("no-bibliography-entry", "ghost"),
        ("no-record", "b"),
    }
