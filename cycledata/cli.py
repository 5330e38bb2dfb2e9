"""Command line of the builders: parse arguments, call one public function, print.

Results go to stdout, everything else to stderr. Exit 0, 1 when something failed, 2 when misused.
"""

import datetime as dt
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.errors import CycleDataError, FetchError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from cycledata.load import BuildManifest
    from cycledata.sources.dumps import ImportReport
    from cycledata.sources.estimate import Estimate
    from cycledata.sources.fetch import FetchSummary, Progress

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
import_app = typer.Typer(no_args_is_help=True, help="Import replies that somebody else saved.")
app.add_typer(import_app, name="import")


class DatasetName(StrEnum):
    """What can be built."""

    REVIEW_5K = "review-5k"


class EngineName(StrEnum):
    """Where papers are made."""

    LOCAL = "local"
    RAY = "ray"


Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="Files to read.", show_default=False),
]
Snapshot = Annotated[
    Path, typer.Option("--snapshot", help="Folder of the open snapshot; made when missing.")
]
RetrievedAt = Annotated[
    dt.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="When the files were saved, in UTC, where that is known. Not part of the digest.",
    ),
]
SealedFolder = Annotated[
    Path | None,
    typer.Option(
        "--snapshot", help="Folder of a sealed snapshot; without it the embedded, invented sample."
    ),
]
Out = Annotated[Path, typer.Option(help="Folder to make; must be new, empty or this very build.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def cli() -> None:
    """Build Review-5k and Research-14k from snapshots, with the evidence for every row."""


@import_app.command("openreview-notes")
def import_openreview_notes(
    files: Files, snapshot: Snapshot, retrieved_at: RetrievedAt = None, as_json: AsJson = False
) -> None:
    """Import raw OpenReview notes, API v1 or v2: .json or .jsonl, also .gz, .xz, .zst."""
    from cycledata.replies import OpenSnapshot
    from cycledata.sources.dumps import import_notes

    with OpenSnapshot(snapshot) as into, _bar("Importing") as bar:
        report = import_notes(files, into, retrieved_at=_utc(retrieved_at), on_progress=bar)
    _print_import(report, as_json)


@import_app.command("openreview-ratings")
def import_openreview_ratings(
    files: Files,
    snapshot: Snapshot,
    venue: Annotated[
        str | None, typer.Option(help="Venue id of rows without one, ICLR.cc/2024/Conference.")
    ] = None,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import tables of ratings and decisions: .parquet or .csv, one row a paper."""
    from cycledata.replies import OpenSnapshot
    from cycledata.sources.dumps import import_ratings

    with OpenSnapshot(snapshot) as into, _bar("Importing") as bar:
        report = import_ratings(
            files, into, venue=venue, retrieved_at=_utc(retrieved_at), on_progress=bar
        )
    _print_import(report, as_json)


@import_app.command("eprints")
def import_eprint_files(
    files: Files, snapshot: Snapshot, retrieved_at: RetrievedAt = None, as_json: AsJson = False
) -> None:
    """Import e-print archives, named after their arXiv id and version or freely."""
    from cycledata.replies import OpenSnapshot
    from cycledata.sources.dumps import import_eprints

    with OpenSnapshot(snapshot) as into, _bar("Importing") as bar:
        report = import_eprints(files, into, retrieved_at=_utc(retrieved_at), on_progress=bar)
    _print_import(report, as_json)


class Dataset(StrEnum):
    """What is fetched or built."""

    REVIEW_5K = "review-5k"
    RESEARCH_14K = "research-14k"


@app.command()
def fetch(
    dataset: Annotated[Dataset, typer.Argument(help="Whose sources to ask.")],
    snapshot: Snapshot,
    venue: Annotated[
        list[str] | None,
        typer.Option(
            help="ICLR.cc/2024/Conference for review-5k, acl/2023 or acl for research-14k."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Papers per venue, at most.")] = None,
    history: Annotated[bool, typer.Option(help="Also the edits of every review.")] = False,
    pdfs: Annotated[bool, typer.Option(help="Also PDFs where arXiv has none, 34 an hour.")] = False,
    not_after: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last arXiv version up to this day."),
    ] = None,
    max_requests: Annotated[int | None, typer.Option(min=1, help="Requests of this run.")] = None,
    max_hours: Annotated[float | None, typer.Option(min=0.0, help="Hours of this run.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Print requests and hours; ask nobody.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch what a dataset is built from; stop and run again at will, nothing is asked twice."""
    from cycledata.replies import OpenSnapshot
    from cycledata.sources.schedule import Budget, Scheduler, SystemClock
    from cycledata.sources.venues import find_listings

    try:
        from cycledata.sources import estimate
        from cycledata.sources.fetch import Run, Wish
        from cycledata.sources.services import Endpoints, Services
    except ModuleNotFoundError as error:
        raise FetchError(f"{error.name} is missing: pip install 'cyclekit[fetch]'") from error
    wish = Wish(limit, history, pdfs, not_after.date() if not_after else None)
    reviews = dataset is Dataset.REVIEW_5K
    venues = venue or ["ICLR.cc/2024/Conference"]
    try:
        listings = () if reviews else find_listings(tuple(venue or ()))
        if dry_run:
            plan = (
                estimate.plan_review5k(venues, wish)
                if reviews
                else estimate.plan_research14k(listings, wish)
            )
            _print_estimate(estimate.estimate(plan), as_json)
            return
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    budget = Budget(max_requests, None if max_hours is None else max_hours * 3600)
    services = Services(Scheduler(clock=SystemClock(), budget=budget), Endpoints(), os.environ)
    # SIGTERM stops as cleanly as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with OpenSnapshot(snapshot) as into, _steps_bar() as bar:
        run = Run(into, services, wish, bar)
        summary = run.review5k(venues) if reviews else run.research14k(listings)
    _print_fetch(summary, as_json)


@app.command()
def seal(
    folder: Annotated[Path, typer.Argument(help="Folder of the open snapshot.")],
    as_json: AsJson = False,
) -> None:
    """Freeze a snapshot: Parquet shards, then snapshot.json with the digest builds pin."""
    from cycledata.snapshot import seal as seal_snapshot

    manifest = seal_snapshot(folder)
    if as_json:
        _print_json(manifest.model_dump(mode="json"))
    else:
        print(f"sealed {manifest.n_replies} replies in {len(manifest.files)} shards")
        print(f"digest {manifest.digest}")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of a sealed snapshot or of a build.")],
    as_json: AsJson = False,
) -> None:
    """Compare a sealed snapshot or a build with its manifest, byte by byte."""
    from cycledata.load import MANIFEST, verify_build
    from cycledata.snapshot import verify_snapshot

    if (folder / MANIFEST).is_file():
        kind, pins = "build", verify_build(folder).files
    else:
        kind, pins = "snapshot", verify_snapshot(folder).files
    if as_json:
        _print_json({"kind": kind, "n_files": len(pins), "ok": True})
    else:
        print(f"{folder.name}: {kind} as pinned, {len(pins)} files")


@app.command()
def build(
    dataset: DatasetName,
    out: Out,
    snapshot: SealedFolder = None,
    policy: Annotated[
        Path | None, typer.Option(help="Consent policy (TOML); the built-in one without it.")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Where papers are made.")] = EngineName.LOCAL,
    workers: Annotated[int, typer.Option(min=1, help="Processes, or Ray tasks at a time.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Make a dataset repository from a sealed snapshot."""
    from cycledata import build as builder
    from cycledata import sample
    from cycledata.consent.policy import read_policy

    if snapshot is None and policy is None:
        policy = sample.POLICY
    with _bar("Making papers") as on_progress:
        report = builder.build(
            builder.DATASETS[dataset.value],
            snapshot or sample.SNAPSHOT,
            out,
            policy=read_policy(policy),
            engine=engine.value,
            n_workers=workers,
            on_progress=on_progress,
        )
    if as_json:
        _print_json({"unchanged": report.unchanged, **report.manifest.model_dump(mode="json")})
        return
    if report.unchanged:
        print(f"{out}: nothing has changed since it was built, every byte verified")
    _print_build(out, report.manifest)


@app.command()
def explain(
    build: Annotated[Path, typer.Argument(help="Folder of a finished build.")],
    paper_id: Annotated[str, typer.Argument(help="Forum id, or the id of an accepted list.")],
    as_json: AsJson = False,
) -> None:
    """Say why a paper is in, out, or in part: every rule and its evidence."""
    from cycledata.explain import explain as tell

    story = tell(build, paper_id)
    if as_json:
        verdicts = [asdict(verdict) for verdict in story.verdicts]
        stone = story.tombstone.model_dump() if story.tombstone else None
        dropped = [asdict(drop) for drop in story.dropped]
        _print_json(
            {
                "paper_id": paper_id,
                "outcome": story.outcome,
                "places": list(story.places),
                "dropped": dropped,
                "consent": verdicts,
                "tombstone": stone,
            }
        )
        return
    print(
        f"{paper_id}: {story.outcome}" + (f" ({', '.join(story.places)})" if story.places else "")
    )
    if story.tombstone:
        print(f"  taken down on {story.tombstone.date}: {story.tombstone.reason}")
    for drop in story.dropped:
        print(f"  left out by {drop.stage}: {drop.rule}: {drop.detail}")
    for verdict in story.verdicts:
        evidence = f": {verdict.evidence!r}" if verdict.evidence else ""
        source = f" ({verdict.source}{', ' + verdict.date if verdict.date else ''})"
        print(f"  {verdict.verdict:8} {verdict.component}: {verdict.rule}{evidence}{source}")


@app.command()
def takedown(
    build: Annotated[Path, typer.Argument(help="Folder of a finished build; left as it is.")],
    ids: Annotated[Path, typer.Option(help="Text file with one paper id a line.")],
    reason: Annotated[str, typer.Option(help="Why; stands in the tombstone, readable by all.")],
    out: Out,
    date: Annotated[
        str | None, typer.Option(help="Day of the takedown, YYYY-MM-DD; today without it.")
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(help="Also lay the tombstones beside this snapshot, for all later builds."),
    ] = None,
) -> None:
    """Make a build without some papers, and tombstones that later builds obey."""
    from cycledata.build import write_tombstones
    from cycledata.consent.tombstones import merge_tombstones, read_tombstones
    from cycledata.takedown import take_down

    day = dt.date.fromisoformat(date) if date else dt.datetime.now(tz=dt.UTC).date()
    lines = ids.read_text(encoding="utf-8").split("\n")
    paper_ids = sorted({line.strip() for line in lines if line.strip()})
    manifest = take_down(build, paper_ids, out, reason=reason, date=day.isoformat())
    if snapshot is not None:
        stones = merge_tombstones(read_tombstones(snapshot), read_tombstones(out))
        write_tombstones(snapshot, stones)
    _print_build(out, manifest)
    print(
        f"{len(paper_ids)} taken down; builds beside {out} obey its tombstones"
        + (f", and so do all builds from {snapshot}" if snapshot else ""),
        file=sys.stderr,
    )


@app.command()
def publish(
    build: Annotated[Path, typer.Argument(help="Folder of a finished build.")],
    repo: Annotated[str, typer.Option(help="Dataset repository on the hub: ORG/NAME.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be pushed; push nothing.")
    ] = False,
) -> None:
    """Push a verified build to the hub; the token comes from HF_TOKEN."""
    from cycledata.publish import publish as push

    plan = push(build, repo, dry_run=dry_run)
    print(f"{'would push' if dry_run else 'pushed'} {len(plan.files)} files to {plan.repo}:")
    print("\n".join(f"  {name}" for name in plan.files))
    print(f"  {plan.n_bytes:,} bytes")


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.replace(tzinfo=dt.UTC)


def _print_json(value: object) -> None:
    print(json.dumps(value, sort_keys=True))


def _print_import(report: "ImportReport", as_json: bool) -> None:
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
        _print_json({"counts": counts, "unreadable": rows})
    else:
        print(", ".join(f"{n} {name}" for name, n in counts.items()))
        for row in report.unreadable:
            print(f"{row.file}: {row.place}: {row.reason}", file=sys.stderr)
    if report.n_unreadable:
        raise typer.Exit(1)


def _print_estimate(rows: "list[Estimate]", as_json: bool) -> None:
    total = sum(row.hours for row in rows)
    if as_json:
        by_lane = {row.lane: {"requests": row.requests, "hours": row.hours} for row in rows}
        _print_json({"services": by_lane, "hours": total})
        return
    print(f"{'service':<18}{'requests':>10}{'hours':>9}")
    for row in rows:
        print(f"{row.lane:<18}{row.requests:>10,}{row.hours:>9.1f}")
    print(f"{'total':<18}{sum(row.requests for row in rows):>10,}{total:>9.1f}")


def _print_fetch(summary: "FetchSummary", as_json: bool) -> None:
    """Print what a run did; exit 1 when something is missing or it was stopped."""
    if as_json:
        _print_json(asdict(summary))
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
        print(f"missing: {row.step}: {row.item}: {row.reason}", file=sys.stderr)
    if summary.stopped:
        print(f"stopped: {summary.stopped}", file=sys.stderr)
    if summary.missing or summary.stopped:
        raise typer.Exit(1)


@contextmanager
def _steps_bar() -> "Iterator[Callable[[Progress], None] | None]":
    """A bar for each step on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TextColumn("{task.fields[left]}"), console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: "Progress") -> None:
            if progress.step not in tasks:
                tasks[progress.step] = bars.add_task(progress.step, left="")
            eta_s = progress.eta_s
            left = "" if eta_s is None else f"about {dt.timedelta(seconds=round(eta_s))} left"
            bars.update(
                tasks[progress.step], completed=progress.done, total=progress.total, left=left
            )

        yield show


def _print_build(out: Path, manifest: "BuildManifest") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    label = " (invented sample)" if manifest.invented else ""
    console.print(f"{manifest.dataset}{label} in {out}, fingerprint {manifest.fingerprint[:12]}")
    table = Table("config", "split", "rows", box=None, pad_edge=False)
    for config, splits in manifest.configs.items():
        for split, n_rows in splits.items():
            table.add_row(config, split, str(n_rows))
    console.print(table)
    console.print(", ".join(f"{k.replace('_', ' ')} {n}" for k, n in manifest.counts.items()))
    for heading, rules in (("left out", manifest.dropped), ("withheld", manifest.withheld)):
        for rule, n_rows in rules.items():
            console.print(f"{heading}: {rule}: {n_rows}")


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr, where that is a terminal; told what is done and what there is."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@app.command()
def parse(files: Files) -> None:
    """Read e-prints as text: one JSON object a file, on one line each.

    A file that cannot be read gives `file` and `error`, and exit code 1 at the end.
    """
    from cycledata.errors import ParseError
    from cycledata.parse.latex import parse_eprint

    failed = False
    for path in files:
        try:
            print(parse_eprint(path.read_bytes(), file=path.name).model_dump_json())
        except ParseError as error:
            failed = True
            row = {"file": path.name, "error": {"rule": error.rule, "detail": error.detail}}
            print(json.dumps(row, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; the console script's entry point."""
    try:
        app()
    except CycleDataError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except ImportError as error:
        # Ours name the extra to install; any other is a defect, and its traceback is wanted.
        if "cyclekit[" not in str(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
