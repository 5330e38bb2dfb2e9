"""Audit of a build's own texts, as the manifest states it and the card shows it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cycledata.errors import AuditError
from cycledata.load import BuildManifest
from cycledata.parquet_files import iterate_parquet

if TYPE_CHECKING:
    from cycledata.builds.audit import AuditedPaper

CONFIG = "default"
"""Config that is audited: the one with texts."""
NAME = "audit"
"""Name of the fact."""
MAX_LISTED = 50
"""Leaks that a manifest lists."""
_COLUMNS = ("title", "abstract", "paper_text")


def text_files(folder: Path, manifest: BuildManifest) -> list[Path]:
    """Return the files of a build that have texts; the manifest may be unfinished."""
    return [
        folder / pin.path
        for split in sorted(manifest.configs.get(CONFIG, {}))
        for pin in manifest.files_of(CONFIG, split)
    ]


def audit_facts(paths: Sequence[Path]) -> dict[str, Any] | None:
    """Return what an audit of Parquet files finds, or None without texts that have a decision."""
    from cycledata.builds.audit import audit_papers
    from cycledata.builds.audit_tables import audited_paper

    if not paths or "decision" not in _names(paths[0]):
        return None
    names = [name for name in _names(paths[0]) if name in _AUDITED]

    def papers() -> "Iterator[AuditedPaper]":
        for path in paths:
            for number, row in enumerate(iterate_parquet(path, names)):
                if (paper := audited_paper(row, _COLUMNS, "decision", number)) is not None:
                    yield paper

    try:
        found = audit_papers(papers)
    except AuditError:
        return {"state": "too few decisions to tell", "leaks": []}
    leaks = [f"{clue.field}: {clue.kind}: {clue.name}" for clue in found.leaks]
    return {
        "state": "leaks found" if leaks else "passed",
        "n_papers": found.n_papers,
        "n_accepted": found.n_accepted,
        "n_tried": found.n_tried,
        "n_leaks": len(leaks),
        "n_hints": len(found.clues) - len(leaks),
        "detectable_accepted": found.detectable_accepted,
        "detectable_rejected": found.detectable_rejected,
        "leaks": leaks[:MAX_LISTED],
    }


def audit_line(facts: dict[str, Any]) -> str:
    """Return the sentence of the card about an audit.

    >>> audit_line({"state": "too few decisions to tell", "leaks": []})
    'Leak check of titles, abstracts and texts: too few decisions to tell.'
    """
    what = f"Leak check of titles, abstracts and texts: {facts['state']}"
    if "n_tried" not in facts:
        return f"{what}."
    tried = (
        f"{what} ({facts['n_tried']} clues tried on {facts['n_papers']} papers, "
        f"{facts['n_accepted']} accepted; {facts['n_leaks']} leaks, {facts['n_hints']} hints)."
    )
    if not facts["leaks"]:
        return tried + _limits(facts)
    shown = ", ".join(facts["leaks"][:5])
    return f"{tried} They predict the decision by themselves: {shown}."


def _limits(facts: dict[str, Any]) -> str:
    """Return what an audit without leaks could have missed; manifests before it lack the facts."""
    n_accepted = facts["n_accepted"]
    sizes = (("accepted", n_accepted), ("rejected", facts["n_papers"] - n_accepted))
    least = [(facts.get(f"detectable_{label}"), n, label) for label, n in sizes]
    shown = " or ".join(f"{k} of {n} {label} papers" for k, n, label in least if k is not None)
    return f" A phrase in fewer than {shown}, and in no others, is not found." if shown else ""


_AUDITED = (
    "paper_id", "decision", "sections", "keywords", "text_source", "license", *_COLUMNS,
)  # fmt: skip


def _names(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)
