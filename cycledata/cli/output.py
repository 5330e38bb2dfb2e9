"""What a person sees: tables, rows and progress bars; and JSON for machines."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cycledata.console import print_json, printable

if TYPE_CHECKING:
    from cycledata.builds.explain import PaperExplanation
    from cycledata.load import BuildManifest
    from cycledata.sources.dumps import ImportReport
    from cycledata.sources.estimate import Estimate
    from cycledata.sources.fetch import FetchSummary


def print_import(report: "ImportReport", as_json: bool) -> None:
    """Print what came in; exit 1 when something could not be read."""
    counts = {
        "added": report.n_added,
        "merged": report.n_merged,
        "same": report.n_same,
        "unreadable": report.n_unreadable,
    }
    if as_json:
        rows = [
            {"file": row.file, "place": row.place, "reason": row.reason}
            for row in report.unreadable
        ]
        print_json({"counts": counts, "unreadable": rows})
    else:
        print(", ".join(f"{n} {name}" for name, n in counts.items()))
        for row in report.unreadable:
            print(printable(f"{row.file}: {row.place}: {row.reason}"), file=sys.stderr)
    if report.n_unreadable:
        raise typer.Exit(1)


def print_estimate(rows: "list[Estimate]", as_json: bool) -> None:
    """Print requests and hours, by service and in all."""
    total = sum(row.hours for row in rows)
    if as_json:
        by_lane = {row.lane: {"requests": row.requests, "hours": row.hours} for row in rows}
        print_json({"services": by_lane, "hours": total})
        return
    print(f"{'service':<18}{'requests':>10}{'hours':>9}")
    for row in rows:
        print(f"{row.lane:<18}{row.requests:>10,}{row.hours:>9.1f}")
    print(f"{'total':<18}{sum(row.requests for row in rows):>10,}{total:>9.1f}")


def print_fetch(summary: "FetchSummary", as_json: bool) -> None:
    """Print what a run did; exit 1 when something is missing or it was stopped."""
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
        print(f"{'unmatched':<9} {summary.unmatched:,} papers that arXiv does not have")
        print(f"{'missing':<9} {len(summary.missing):,}")
        print(f"{'seconds':<9} {summary.seconds:,.0f}")
    for row in summary.missing:
        print(printable(f"missing: {row.step}: {row.item}: {row.reason}"), file=sys.stderr)
    if summary.stopped:
        print(f"stopped: {summary.stopped}", file=sys.stderr)
    if summary.missing or summary.stopped:
        raise typer.Exit(1)


def print_build(out: Path, manifest: "BuildManifest") -> None:
    """Print what a build holds, what it left out and what it withheld."""
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
        print(printable(f"{name}: {fact}"))
    for heading, rules in (("left out", manifest.dropped), ("withheld", manifest.withheld)):
        for rule, n_rows in rules.items():
            print(printable(f"{heading}: {rule}: {n_rows:,}"))


def print_explanation(explanation: "PaperExplanation") -> None:
    """Print one paper's story: where it is, what left it out, every verdict and its evidence."""
    places = f" ({', '.join(explanation.places)})" if explanation.places else ""
    lines = [f"{explanation.paper_id}: {explanation.outcome}{places}"]
    if explanation.tombstone:
        lines.append(
            f"  taken down on {explanation.tombstone.date}: {explanation.tombstone.reason}"
        )
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
