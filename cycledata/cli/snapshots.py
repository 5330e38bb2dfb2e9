"""Commands about snapshots: fetch and import replies, seal them."""

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from cycledata.cli.options import AsJson, Dataset, Files
from cycledata.cli.output import (
    print_estimate,
    print_fetch,
    print_import,
)
from cycledata.console import print_json, progress, step_progress
from cycledata.errors import FetchError

Snapshot = Annotated[
    Path,
    typer.Option(file_okay=False, help="Folder of the open snapshot; made when missing."),
]
RetrievedAt = Annotated[
    dt.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="When the files were saved, in UTC, where that is known. Not part of the digest.",
    ),
]


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
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.sources.schedule import Budget, Scheduler, SystemClock
    from cycledata.sources.venues import find_listings

    try:
        from cycledata.sources import estimate
        from cycledata.sources.fetch import FetchOptions, FetchRun
        from cycledata.sources.services import Endpoints, Services
    except ModuleNotFoundError as error:
        raise FetchError(f"{error.name} is missing: pip install 'cyclekit[fetch]'") from error
    options = FetchOptions(limit, history, pdfs, not_after.date() if not_after else None)
    reviews = dataset is Dataset.REVIEW_5K
    venues = venue or ["ICLR.cc/2024/Conference"]
    try:
        listings = () if reviews else find_listings(tuple(venue or ()))
        if dry_run:
            plan = (
                estimate.plan_review5k(venues, options)
                if reviews
                else estimate.plan_research14k(listings, options)
            )
            print_estimate(estimate.estimate(plan), as_json)
            return
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    budget = Budget(max_requests, None if max_hours is None else max_hours * 3600)
    services = Services(Scheduler(clock=SystemClock(), budget=budget), Endpoints(), os.environ)
    with OpenSnapshot(snapshot) as into, step_progress() as show:
        on_progress = None if show is None else lambda p: show(p.step, p.done, p.total, p.eta_s)
        run = FetchRun(into, services, options, on_progress)
        summary = run.review5k(venues) if reviews else run.research14k(listings)
    print_fetch(summary, as_json)


def import_openreview_notes(
    files: Files, snapshot: Snapshot, retrieved_at: RetrievedAt = None, as_json: AsJson = False
) -> None:
    """Import raw OpenReview notes, API v1 or v2: .json or .jsonl, also .gz, .xz, .zst."""
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.sources.dumps import import_notes

    with OpenSnapshot(snapshot) as into, progress("Importing") as on_progress:
        report = import_notes(files, into, retrieved_at=_utc(retrieved_at), on_progress=on_progress)
    print_import(report, as_json)


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
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.sources.import_ratings import import_ratings

    with OpenSnapshot(snapshot) as into, progress("Importing") as on_progress:
        report = import_ratings(
            files, into, venue=venue, retrieved_at=_utc(retrieved_at), on_progress=on_progress
        )
    print_import(report, as_json)


def import_eprint_files(
    files: Files, snapshot: Snapshot, retrieved_at: RetrievedAt = None, as_json: AsJson = False
) -> None:
    """Import e-print archives, named after their arXiv id and version or freely."""
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.sources.import_papers import import_eprints

    with OpenSnapshot(snapshot) as into, progress("Importing") as on_progress:
        report = import_eprints(
            files, into, retrieved_at=_utc(retrieved_at), on_progress=on_progress
        )
    print_import(report, as_json)


def seal(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder of the open snapshot.")
    ],
    as_json: AsJson = False,
) -> None:
    """Freeze a snapshot: Parquet shards, then snapshot.json with the digest builds pin."""
    from cycledata.snapshot.seal import seal as seal_snapshot

    manifest = seal_snapshot(folder)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
    else:
        print(f"sealed {manifest.n_replies} replies in {len(manifest.files)} shards")
        print(f"digest {manifest.digest}")


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.replace(tzinfo=dt.UTC)
