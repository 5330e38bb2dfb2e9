"""Command that looks for what gives decisions away in texts."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.console import AsJson, examples, print_json, print_table

if TYPE_CHECKING:
    from cycledata.builds.audit import Audit

EPILOG = examples(
    "cycledata audit review-5k", "cycledata audit papers.parquet --text abstract --decision outcome"
)


def audit(
    table: Annotated[
        Path,
        typer.Argument(exists=True, help="Finished build, or a Parquet, CSV or JSON Lines file."),
    ],
    config: Annotated[str, typer.Option(help="Config of a build.")] = "default",
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Column to audit; repeat for several."),
    ] = None,
    decision: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column with the decision.")
    ] = "decision",
    limit: Annotated[int, typer.Option(min=1, help="Clues to print; --json prints all.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Find phrases, links and lengths that give a paper's decision away.

    Exits with 1 if at least one of them is a leak.
    """
    from cycledata.builds.audit import audit_papers
    from cycledata.builds.audit_tables import papers_of
    from cycledata.errors import AuditError

    papers = papers_of(table, config=config, text_columns=text or (), decision=decision)
    try:
        found = audit_papers(papers)
    except AuditError as error:
        raise AuditError(f"{table}: {error}; {_advice(table, config, decision)}") from error
    if as_json:
        facts = {
            "n_papers": found.n_papers,
            "n_accepted": found.n_accepted,
            "base_rate": found.base_rate,
            "n_tried": found.n_tried,
            "n_leaks": len(found.leaks),
            "detectable_accepted": found.detectable_accepted,
            "detectable_rejected": found.detectable_rejected,
        }
        print_json({**facts, "clues": [asdict(clue) for clue in found.clues]})
    else:
        _print_audit(found, limit)
    if found.leaks:
        raise typer.Exit(1)


def _advice(table: Path, config: str, decision: str) -> str:
    """Return how to audit more papers."""
    if table.is_dir() and config not in ("scores", "reviews"):
        return "the config `scores` has more papers (--config scores --text title)"
    stated = f"decisions come from the column `{decision}` and start with accept or reject"
    return f"{stated}; add papers"


def _print_audit(found: "Audit", limit: int) -> None:
    columns = {
        "verdict": "left",
        "field": "left",
        "clue": "left",
        "accepted": "right",
        "rejected": "right",
        "accuracy": "right",
        "AUROC": "right",
        "95% interval": "left",
    }
    rows = [
        (
            clue.verdict,
            clue.field,
            f"{clue.kind}: {clue.name}",
            "" if clue.share_accepted is None else f"{clue.share_accepted:.1%}",
            "" if clue.share_rejected is None else f"{clue.share_rejected:.1%}",
            f"{clue.accuracy:.3f}",
            f"{clue.auroc:.3f}",
            f"[{clue.low:.3f}, {clue.high:.3f}]",
        )
        for clue in found.clues[:limit]
    ]
    if rows:
        print_table(columns, rows)
    if len(found.clues) > limit:
        print(f"{len(found.clues) - limit} more; use --json or --limit")
    n_hints = len(found.clues) - len(found.leaks)
    print(
        f"{found.n_papers} papers, {found.n_accepted} accepted; base rate {found.base_rate:.3f}; "
        f"{found.n_tried} clues tried: {len(found.leaks)} leaks, {n_hints} hints"
    )
    parts = (
        (found.detectable_accepted, found.n_accepted, "accepted"),
        (found.detectable_rejected, found.n_papers - found.n_accepted, "rejected"),
    )
    for least, n, label in parts:
        shown = f"at least {least} of {n}" if least else f"more than {n}, so none is found"
        print(f"a phrase of {label} papers alone is listed if {shown} have it")
