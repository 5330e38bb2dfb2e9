"""Printed results: tables and lines for people, JSON for scripts."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cycledata.builds.audit_facts import NAME as AUDIT
from cycledata.builds.audit_facts import audit_line
from cycledata.console import note, print_json, print_table, printable
from cycledata.errors import SnapshotError
from cycledata.jsonl import write_jsonl

if TYPE_CHECKING:
    from cycledata.builds.explain import PaperExplanation
    from cycledata.builds.inventory import SnapshotInventory
    from cycledata.load import BuildManifest
    from cycledata.matching.version import MatchRecord
    from cycledata.sources.dumps import ImportReport
    from cycledata.sources.estimate import Estimate
    from cycledata.sources.fetch import FetchSummary
    from cycledata.sources.import_metadata import MetadataReport


_SHOWN = 10
"""Problems that are printed; the rest is in a file."""


def print_import(
    report: "ImportReport",
    snapshot: Path,
    as_json: bool,
    facts: Mapping[str, int] | None = None,
) -> None:
    """Print the result of an import; exit 1 if something could not be used.

    Args:
        report: the result.
        snapshot: folder of the snapshot, for the list of problems.
        as_json: print one JSON object.
        facts: further counts for the JSON object.

    Raises:
        SnapshotError: the files have no entry at all.
    """
    if not report.n_read and not (facts or {}).get("rows"):
        found = report.hint or "expected files with at least one entry, found none; check the paths"
        raise SnapshotError(f"{snapshot}: nothing imported: {found}")
    counts = {
        "added": report.n_added,
        "merged": report.n_merged,
        "same": report.n_same,
        "unreadable": report.n_unreadable,
    }
    if as_json:
        rows = [asdict(row) for row in report.unreadable]
        not_read = list(report.columns_not_read)
        result = {"counts": counts, "unreadable": rows, "columns_not_read": not_read}
        print_json({**result, **(facts or {})})
    else:
        print(", ".join(f"{n:,} {name}" for name, n in counts.items()))
        if report.columns_not_read:
            note(f"columns not used: {', '.join(report.columns_not_read)}")
        if report.hint:
            note(report.hint)
        for row in report.unreadable[:_SHOWN]:
            note(f"{row.file}: {row.place}: {row.reason}")
        if report.n_unreadable > _SHOWN:
            path = snapshot / "import-problems.jsonl"
            write_jsonl(path, (asdict(row) for row in report.unreadable))
            n_listed = len(report.unreadable)
            note(f"{report.n_unreadable - _SHOWN:,} more; the first {n_listed:,} are in {path}")
    if report.n_unreadable:
        raise typer.Exit(1)


def print_metadata_import(report: "MetadataReport", snapshot: Path, as_json: bool) -> None:
    """Print how many rows were read and how many papers they may be, then as `print_import`."""
    if not as_json:
        print(
            f"{report.n_rows:,} rows read; {report.n_with_candidates:,} of {report.n_papers:,}"
            " papers have a candidate"
        )
        if not report.is_complete:
            note("a file was not read to its end, so papers without a candidate stay open")
    facts = {
        "rows": report.n_rows,
        "papers": report.n_papers,
        "papers_with_candidates": report.n_with_candidates,
    }
    print_import(report.replies, snapshot, as_json, facts)


def print_inventory(
    inventory: "SnapshotInventory", not_understood: dict[tuple[str, str], str], as_json: bool
) -> None:
    """Print what a snapshot has and lacks; exit 1 if it has no papers."""
    odd = {f"{service} {key}": problem for (service, key), problem in not_understood.items()}
    if as_json:
        print_json({**asdict(inventory), "not_understood": odd})
    else:
        rows = list(inventory.n_replies.items())
        print_table({"replies": "left", "number": "right"}, rows)
        for item in inventory.unused:
            print(
                printable(
                    f"not used: {item.n_replies:,} {item.kind}, such as {item.example}:"
                    f" {item.reason}"
                )
            )
        for gap in inventory.missing:
            papers = "1 paper: " if gap.n_papers == 1 else f"{gap.n_papers:,} papers: "
            papers = papers if gap.n_papers else ""
            print(printable(f"{gap.config}: {papers}{gap.what}: {gap.command}"))
        for key, problem in list(odd.items())[:_SHOWN]:
            print(printable(f"not understood: {key}: {problem}"))
        if len(odd) > _SHOWN:
            print(f"not understood: {len(odd) - _SHOWN:,} more; --json lists all")
    if not inventory.n_submissions and not inventory.n_listed:
        raise typer.Exit(1)


def print_estimate(rows: "list[Estimate]", unknown: "Iterable[str]", as_json: bool) -> None:
    """Print requests and hours, per service and in total; what is unknown is not in the total.

    Args:
        rows: one per service.
        unknown: reasons why something is unknown.
        as_json: print one JSON object.
    """
    total = sum(row.hours or 0.0 for row in rows)
    reasons = sorted(set(unknown))
    if as_json:
        by_lane = {row.lane: {"requests": row.requests, "hours": row.hours} for row in rows}
        print_json({"services": by_lane, "hours": None if reasons else total, "unknown": reasons})
        return
    cells: list[tuple[object, ...]] = [
        (r.lane, "unknown", "unknown")
        if r.requests is None or r.hours is None
        else (r.lane, r.requests, f"{r.hours:,.1f}")
        for r in rows
    ]
    n_known = sum(row.requests or 0 for row in rows)
    cells.append(
        ("total", "unknown", "unknown") if reasons else ("total", n_known, f"{total:,.1f}")
    )
    print_table({"service": "left", "requests": "right", "hours": "right"}, cells)
    for reason in reasons:
        note(f"unknown: {reason}")


def print_fetch(summary: "FetchSummary", as_json: bool) -> None:
    """Print the result of a run; exit 1 if something is missing or it was stopped."""
    if as_json:
        print_json(asdict(summary))
    else:
        for title, counts in (
            ("requests", summary.requests),
            ("retries", summary.retries),
            ("added", summary.added),
        ):
            listed = ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()))
            print(f"{title:<9} {listed or 'none'}")
        print(f"{'unmatched':<9} {summary.unmatched:,} papers without a match on arXiv")
        print(f"{'missing':<9} {len(summary.missing):,}")
        print(f"{'seconds':<9} {summary.seconds:,.0f}")
    for row in summary.missing:
        print(printable(f"missing: {row.step}: {row.item}: {row.reason}"), file=sys.stderr)
    if summary.stopped:
        print(f"stopped: {summary.stopped}", file=sys.stderr)
    if summary.missing or summary.stopped:
        raise typer.Exit(1)


def print_build(out: Path, manifest: "BuildManifest") -> None:
    """Print the rows of a build, what was left out and what was withheld."""
    from cycledata.builds.cards import in_words

    label = " (invented sample)" if manifest.invented else ""
    print(f"{manifest.dataset}{label} in {out}, fingerprint {manifest.fingerprint[:12]}")
    print(f"{'config':<9}{'split':<9}{'rows':>7}")
    for config, splits in manifest.configs.items():
        for split, n_rows in splits.items():
            print(f"{config:<9}{split:<9}{n_rows:>7,}")
    # How the open part differs from the whole is a table of the card, too long for a terminal.
    counts = [(k, n) for k, n in manifest.counts.items() if not k.startswith("coverage: ")]
    print(", ".join(f"{k.replace('_', ' ')} {n:,}" for k, n in counts))
    for name, fact in manifest.facts.items():
        print(printable(audit_line(fact) if name == AUDIT else f"{name}: {in_words(fact)}"))
    for heading, rules in (("left out", manifest.dropped), ("withheld", manifest.withheld)):
        for rule, n_rows in rules.items():
            print(printable(f"{heading}: {rule}: {n_rows:,}"))


def print_explanation(explanation: "PaperExplanation") -> None:
    """Print where a paper is, what left it out, and every verdict with its evidence."""
    places = f" ({', '.join(explanation.places)})" if explanation.places else ""
    lines = [f"{explanation.paper_id}: {explanation.outcome}{places}"]
    if explanation.tombstone:
        lines.append(
            f"  taken down on {explanation.tombstone.date}: {explanation.tombstone.reason}"
        )
    lines += _match_lines(explanation.match)
    lines += [
        f"  left out by {drop.stage}: {drop.rule}: {drop.detail}" for drop in explanation.dropped
    ]
    for verdict in explanation.verdicts:
        evidence = f": {verdict.evidence!r}" if verdict.evidence else ""
        source = ", ".join(part for part in (verdict.source, verdict.date) if part)
        lines.append(
            f"  {verdict.verdict:8} {verdict.component}: {verdict.rule}{evidence}"
            + (f" ({source})" if source else "")
        )
    print("\n".join(map(printable, lines)))


def _match_lines(match: "MatchRecord | None") -> list[str]:
    """Return the lines about the arXiv paper that a paper is."""
    if match is None:
        return []
    score = "" if match.score is None else f", score {match.score:g}"
    source = ", ".join(part for part in (match.source, match.date) if part)
    day = f" of {match.version_day}" if match.version_day else ""
    deadline = f", deadline {match.deadline}" if match.deadline else ""
    license_ = match.version_license or "license unknown"
    version = "unknown" if match.version is None else f"v{match.version}{day}"
    return [
        f"  arXiv    {match.arxiv_id}: {match.rule}{score}: {match.title!r} ({source})",
        f"  version  {version}: {match.version_rule}{deadline}: {license_}",
    ]
