"""Commands about snapshots: fetch, status, forget, seal."""

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.cli.options import (
    Dataset,
    DatasetArgument,
    OpenSnapshotOption,
    PolicyOption,
    Snapshot,
)
from cycledata.cli.output import print_estimate, print_fetch, print_inventory
from cycledata.console import AsJson, note, print_json, refuse_unused, step_progress
from cycledata.errors import FetchError, SnapshotError

if TYPE_CHECKING:
    from cycledata.snapshot.reply import Replies
    from cycledata.sources.estimate import KnownPapers
    from cycledata.sources.fetch_options import FetchOptions


class MetadataSource(StrEnum):
    """Service that lists the metadata of all papers."""

    OAI = "oai"


class FetchScope(StrEnum):
    """Part of a dataset's sources."""

    LISTS = "lists"
    PUBLISHABLE = "publishable"


def fetch(
    context: typer.Context,
    dataset: DatasetArgument,
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
    metadata: Annotated[
        MetadataSource | None,
        typer.Option(
            help="Harvest arXiv's metadata by OAI-PMH (oai) instead of searching for every title;"
            " not needed if a metadata file was imported."
        ),
    ] = None,
    metadata_since: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m"],
            metavar="MONTH",
            help="First month of the harvest, such as 2021-01; by default two years before the"
            " earliest venue.",
        ),
    ] = None,
    only: Annotated[
        FetchScope | None,
        typer.Option(
            help="lists: the lists of papers, no arXiv search and no texts. publishable: texts that"
            " the policy allows to publish."
        ),
    ] = None,
    policy: PolicyOption = None,
    arxiv_burst: Annotated[
        bool,
        typer.Option(
            "--arxiv-burst",
            help="Fetch e-prints in bursts of 4 per second with a pause of 1 second, as"
            " https://info.arxiv.org/help/bulk_data.html allows; otherwise with 1 second between"
            " them.",
        ),
    ] = False,
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
    from cycledata.consent.policy import read_policy
    from cycledata.datasets.research14k.citations import wanted_papers
    from cycledata.files import cache_folder
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.sources.schedule import Budget, Scheduler, SystemClock, paces
    from cycledata.sources.venues import find_listings

    try:
        from cycledata.sources import estimate
        from cycledata.sources.fetch import FetchRun
        from cycledata.sources.fetch_options import FetchOptions
        from cycledata.sources.services import Endpoints, Services
    except ModuleNotFoundError as error:
        raise FetchError(f"{error.name} is missing: pip install 'cyclekit[fetch]'") from error
    of_forums = None if dataset is Dataset.REVIEW_5K else "research-14k has no forums"
    of_texts = "--only lists fetches no texts" if only is FetchScope.LISTS else None
    refuse_unused(
        context,
        {
            "--history": of_forums or of_texts,
            "--pdfs": of_forums or of_texts,
            "--not-after": of_texts,
            "--arxiv-burst": of_texts,
            "--metadata": of_texts,
            "--metadata-since": None if metadata else "give --metadata oai with it",
            "--policy": None if only is FetchScope.PUBLISHABLE else "give --only publishable too",
        },
    )
    limits = paces(arxiv_burst=arxiv_burst)
    options = FetchOptions(
        limit=limit,
        history=history,
        pdfs=pdfs,
        not_after=not_after.date() if not_after else None,
        harvest=metadata is not None,
        harvest_since=metadata_since.date() if metadata_since else None,
        only=None if only is None else only.value,
        policy=read_policy(policy),
    )
    reviews = dataset is Dataset.REVIEW_5K
    venues = venue or ["ICLR.cc/2024/Conference"]
    try:
        listings = () if reviews else find_listings(tuple(venue or ()))
        if dry_run:
            names = venues if reviews else [listing.name for listing in listings]
            known = _known_papers(snapshot, dataset, names, options)
            plan = (
                estimate.plan_review5k(venues, options, known)
                if reviews
                else estimate.plan_research14k(listings, options, known)
            )
            print_estimate(estimate.estimate(plan, limits), plan.unknown.values(), as_json)
            return
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    budget = Budget(max_requests, None if max_hours is None else max_hours * 3600)
    scheduler = Scheduler(clock=SystemClock(), paces=limits, budget=budget)
    services = Services(scheduler, Endpoints(), os.environ)
    with OpenSnapshot(snapshot) as into, step_progress() as show:
        on_progress = None if show is None else lambda p: show(p.step, p.done, p.total, p.eta_s)
        wanted = partial(wanted_papers, cache=cache_folder())
        run = FetchRun(into, services, options, on_progress, wanted)
        summary = run.review5k(venues) if reviews else run.research14k(listings)
    print_fetch(summary, as_json)


def _known_papers(
    folder: Path, dataset: Dataset, venues: Sequence[str], options: "FetchOptions"
) -> "KnownPapers":
    """Return what the snapshot of a dry run has; nothing if there is no snapshot yet."""
    from cycledata.builds.plan import plan_dataset
    from cycledata.consent.policy import read_policy
    from cycledata.matching.find import has_metadata
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.snapshot.reply import DATABASE, MANIFEST
    from cycledata.sources.estimate import KnownPapers
    from cycledata.sources.openreview import n_counted, n_forms

    if not any((folder / name).is_file() for name in (DATABASE, MANIFEST)):
        return KnownPapers()
    policy = options.policy or read_policy()
    with opened_snapshot(folder) as (replies, _):
        planned = plan_dataset(replies, dataset.value, policy, venues=venues)
        counted = n_counted(replies, venues) if isinstance(replies, OpenSnapshot) else {}
        forms = {venue: n_forms(replies, venue) for venue in venues}
        offline = has_metadata(replies)
    only = options.only == "publishable"
    n_papers = dict.fromkeys(venues, 0)
    requests: dict[str, Counter[str]] = {venue: Counter() for venue in venues}
    for paper in planned.papers:
        if options.limit is not None and n_papers[paper.venue] == options.limit:
            continue
        n_papers[paper.venue] += 1
        requests[paper.venue].update(paper.requests_for(only_publishable=only))
    return KnownPapers(n_papers, requests, counted, forms, offline)


def status(folder: Snapshot, as_json: AsJson = False) -> None:
    """Print what a snapshot has, what no paper uses, and what each config still lacks.

    Every gap comes with the command that fills it.
    """
    from cycledata.builds.inventory import take_inventory

    with opened_snapshot(folder) as (snapshot, not_understood):
        inventory = take_inventory(snapshot, str(folder), read_notes=True)
    print_inventory(inventory, not_understood, as_json)


@contextmanager
def opened_snapshot(folder: Path) -> "Iterator[tuple[Replies, dict[tuple[str, str], str]]]":
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
