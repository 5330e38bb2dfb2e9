"""Commands about snapshots: fetch, status, forget, seal."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.cli.options import Dataset, OpenSnapshotOption, Snapshot
from cycledata.cli.output import print_estimate, print_fetch, print_inventory
from cycledata.console import AsJson, note, print_json, step_progress
from cycledata.errors import FetchError, SnapshotError

if TYPE_CHECKING:
    from cycledata.snapshot.reply import Replies


def fetch(
    dataset: Annotated[
        Dataset, typer.Argument(metavar="DATASET", help="review-5k or research-14k.")
    ],
    snapshot: OpenSnapshotOption,
    venue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VENUE",
            help="ICLR.cc/2024/Conference for review-5k; acl/2023 or acl for research-14k. Repeat"
            " for several.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Papers per venue, at most.")
    ] = None,
    history: Annotated[bool, typer.Option(help="Also fetch the edits of every review.")] = False,
    pdfs: Annotated[
        bool, typer.Option(help="Also fetch PDFs of papers without e-print, about 34 per hour.")
    ] = False,
    not_after: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Use the last arXiv version up to this day, such as 2023-10-01.",
        ),
    ] = None,
    max_requests: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after this many requests.")
    ] = None,
    max_hours: Annotated[
        float | None, typer.Option(min=0.0, metavar="HOURS", help="Stop after this many hours.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Print the estimated requests and duration; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the sources of a dataset into an open snapshot.

    May be stopped and run again at any time; no successful request is repeated.
    """
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


def status(folder: Snapshot, as_json: AsJson = False) -> None:
    """Print what a snapshot has, what no paper uses, and what each config still lacks.

    Every gap comes with the command that fills it.
    """
    from cycledata.builds.inventory import take_inventory

    with _opened(folder) as (snapshot, not_understood):
        inventory = take_inventory(snapshot, str(folder))
    print_inventory(inventory, not_understood, as_json)


@contextmanager
def _opened(folder: Path) -> "Iterator[tuple[Replies, dict[tuple[str, str], str]]]":
    """Open a snapshot for reading, sealed or not; also give the replies not understood."""
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.snapshot.reply import DATABASE, MANIFEST
    from cycledata.snapshot.sealed import SealedSnapshot

    if (folder / DATABASE).is_file() and not (folder / MANIFEST).is_file():
        with OpenSnapshot(folder) as snapshot:
            yield snapshot, snapshot.not_understood()
    else:
        with SealedSnapshot.open(folder, verify=False) as sealed:
            yield sealed, {}


def forget(
    folder: Snapshot,
    service: Annotated[
        str | None,
        typer.Option(
            metavar="SERVICE",
            help="openreview, arxiv, semantic_scholar, proceedings, ratings or outline.",
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Key of a reply, such as forum/ID. Repeat for several."),
    ] = None,
    not_understood: Annotated[
        bool,
        typer.Option("--not-understood", help="All replies that could not be understood."),
    ] = False,
    taken_down: Annotated[
        bool,
        typer.Option(
            "--taken-down", help="All replies about the works in the snapshot's tombstones.json."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder for a sealed snapshot without the works that were taken down.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove replies from an open snapshot, so that the next fetch asks again.

    Without --key or --not-understood, all replies of the service are removed. With --taken-down,
    everything about works that were taken down is removed, and fetches leave them out.
    """
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.snapshot.reply import DATABASE

    if taken_down:
        if service or key or not_understood:
            raise typer.BadParameter("give --taken-down alone, or with --out")
        _forget_taken_down(folder, out, as_json)
        return
    if service is None or out is not None:
        raise typer.BadParameter("give --service; --out is for --taken-down")
    if key and not_understood:
        raise typer.BadParameter("give --key or --not-understood, not both")
    if not (folder / DATABASE).is_file():
        raise SnapshotError(f"{folder}: no {DATABASE}, so this is not an open snapshot")
    with OpenSnapshot(folder) as snapshot:
        if key:
            missing = [name for name in key if snapshot.sha256(service, name) is None]
            if missing:
                raise SnapshotError(f"{folder}: no reply {service} {missing[0]}; nothing removed")
            names = key
        elif not_understood:
            names = [name for _, name in snapshot.not_understood(service)]
        else:
            names = list(snapshot.keys(service))
            if not names:
                known = ", ".join(snapshot.counts()) or "none"
                raise SnapshotError(f"{folder}: no replies of {service!r}; it has {known}")
        n_removed = snapshot.forget(service, names)
        # Listings start again, so that they ask for what is no longer there.
        snapshot.forget_marks(f"{service} ")
    if as_json:
        print_json({"removed": n_removed})
    else:
        print(f"removed {n_removed:,} replies of {service}")


def _forget_taken_down(folder: Path, out: Path | None, as_json: bool) -> None:
    from cycledata.builds.erase import erase_works

    report = erase_works(folder, out)
    if as_json:
        removed = {"removed": report.n_removed, "digest": report.digest}
        print_json({**removed, "snapshot": str(report.folder)})
        return
    print(f"removed {report.n_removed:,} replies about works that were taken down")
    if report.digest is not None:
        print(f"digest {report.digest}")
        note(f"{folder} still has them; move {report.folder}, with its tombstones, to its place")


def seal(
    folder: Snapshot,
    as_json: AsJson = False,
) -> None:
    """Seal a snapshot: write Parquet shards, then snapshot.json with the digest that builds pin."""
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.snapshot.reply import DATABASE
    from cycledata.snapshot.seal import seal as seal_snapshot

    odd = 0
    if (folder / DATABASE).is_file():
        with OpenSnapshot(folder, reopen=True) as snapshot:
            odd = len(snapshot.not_understood())
    manifest = seal_snapshot(folder)
    if odd:
        note(
            f"{odd:,} replies were not understood; fetch again before sealing, or see"
            f" `cycledata status {folder}`"
        )
    if as_json:
        print_json(manifest.model_dump(mode="json"))
    else:
        print(f"sealed {manifest.n_replies} replies in {len(manifest.files)} shards")
        print(f"digest {manifest.digest}")
