"""The audit of a build's own texts in manifest and card."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from cycledata.builds.audit_facts import audit_facts, audit_line
from cycledata.parquet_files import write_parquet

PRIVATE = 'left by "me" <b>`|'


def written(folder: Path, text_of: Callable[[int, bool], str]) -> Path:
    """A file of 60 papers, every third accepted, with these texts."""
    rows = [
        {
            "paper_id": f"p{number}",
            "decision": "accept" if number % 3 == 0 else "reject",
            "title": f"Title {number}",
            "abstract": "We fold.",
            "paper_text": text_of(number, number % 3 == 0),
            "sections": [{"title": "A"}],
            "license": PRIVATE,
        }
        for number in range(60)
    ]
    folder.mkdir()
    write_parquet(folder / "texts.parquet", pa.Table.from_pylist(rows))
    return folder / "texts.parquet"


def test_a_planted_leak_is_stated_and_a_clean_build_passes(tmp_path: Path) -> None:
    def leaky(number: int, accepted: bool) -> str:
        return f"words {number} " + (
            "published in proceedings" if accepted else "anonymous authors"
        )

    facts = audit_facts([written(tmp_path / "a", leaky)])
    assert facts is not None
    assert facts["state"] == "leaks found"
    assert (facts["n_papers"], facts["n_accepted"]) == (60, 20)
    assert "paper_text: phrase: anonymous authors" in facts["leaks"]
    assert "They predict the decision by themselves: paper_text" in audit_line(facts)
    clean = audit_facts([written(tmp_path / "b", lambda n, _: f"words {n % 7}")])
    assert clean is not None
    assert (clean["state"], clean["leaks"]) == ("passed", [])
    assert "passed (" in audit_line(clean)


def test_files_without_texts_or_decisions_state_no_audit(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", pa.table({"paper_id": ["p"]}))
    assert audit_facts([tmp_path / "a.parquet"]) is None
    assert audit_facts([]) is None
    write_parquet(tmp_path / "b.parquet", pa.table({"paper_id": ["p"], "decision": ["accept"]}))
    few = audit_facts([tmp_path / "b.parquet"])
    assert few == {"state": "too few decisions to tell", "leaks": []}
    assert audit_line(few) == (
        "Leak check of titles, abstracts and texts: too few decisions to tell."
    )
