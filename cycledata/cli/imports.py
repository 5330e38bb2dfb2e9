"""Commands that import files into an open snapshot."""

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.cli.options import OpenSnapshotOption, Paths
from cycledata.cli.output import print_import, print_metadata_import
from cycledata.console import AsJson, StepProgress, progress, step_progress
from cycledata.errors import SnapshotError

if TYPE_CHECKING:
    from cycledata.sources.dumps import ImportReport

RetrievedAt = Annotated[
    dt.datetime | None,
    typer.Option(
        metavar="DATE",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="Day (UTC) on which the files were saved, such as 2024-01-31. Not part of the digest.",
    ),
]


class Pairs(StrEnum):
    """Meaning of a cell such as `5;6`."""

    REVIEWERS = "reviewers"
    STATES = "states"


def import_openreview_notes(
    files: Paths,
    snapshot: OpenSnapshotOption,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import raw OpenReview notes of API v1 or v2.

    Accepts .json and .jsonl files (also .gz, .xz, .zst), .parquet and .csv files with a row per
    note, folders of them, and .zip and .tar archives. Replies may be in lines of their own, under
    `details`, or in `replies`.
    """
    from cycledata.sources.dumps import import_notes

    _run(import_notes, files, snapshot, retrieved_at, as_json)


def import_openreview_ratings(
    files: Paths,
    snapshot: OpenSnapshotOption,
    venue: Annotated[
        str | None,
        typer.Option(
            metavar="VENUE", help="Venue id of rows without one, such as ICLR.cc/2024/Conference."
        ),
    ] = None,
    pairs: Annotated[
        Pairs | None,
        typer.Option(
            help="Meaning of a cell such as 5;6: two reviewers, or the initial and final rating"
            " (states) of one."
        ),
    ] = None,
    rating_column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with ratings under another name, such as rates; give it several times if"
            " each column has one review's, such as r1.",
        ),
    ] = None,
    allow_contradictions: Annotated[
        bool,
        typer.Option(
            "--allow-contradictions",
            help="Import a table even if most of its ratings differ from the notes.",
        ),
    ] = False,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import tables of ratings and decisions: .parquet, .csv, .tsv, .json or .jsonl.

    Ratings are in `rating`, `ratings`, `rating_YYYYMMDD` or `recommendation`, in a column per
    review (`rating_1`), in a row per review with a column `reviewer`, or in lists `reviews`.
    """
    from cycledata.sources.import_ratings import import_ratings

    _run(
        import_ratings,
        files,
        snapshot,
        retrieved_at,
        as_json,
        venue=venue,
        pairs=None if pairs is None else pairs.value,
        rating_columns=rating_column or (),
        allow_contradictions=allow_contradictions,
    )


def import_openreview_invitations(
    files: Paths,
    snapshot: OpenSnapshotOption,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import invitations saved from OpenReview (JSON), which state the review forms of a venue."""
    from cycledata.sources.dumps import import_invitations

    _run(import_invitations, files, snapshot, retrieved_at, as_json)


def import_arxiv_ids_of_papers(
    files: Paths,
    snapshot: OpenSnapshotOption,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import a table of arXiv ids, which win over matches by title: .csv, .jsonl or .parquet.

    Columns: paper_id and arxiv_id (with or without version); optionally license, license_source,
    title and published.
    """
    from cycledata.sources.import_papers import import_arxiv_ids

    _run(import_arxiv_ids, files, snapshot, retrieved_at, as_json)


def import_arxiv_metadata_files(
    files: Paths,
    snapshot: OpenSnapshotOption,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import arXiv's metadata (CC0): the Kaggle snapshot, Parquet of it, or OAI-PMH pages.

    Keeps the rows that may be a paper of the snapshot or that a paper cites, so import or fetch the
    lists of papers first. JSON Lines may be plain, .gz, .xz, .zst or .zip.
    """
    from cycledata.datasets.research14k.citations import wanted_papers
    from cycledata.files import cache_folder
    from cycledata.snapshot.open import OpenSnapshot
    from cycledata.sources.import_metadata import import_arxiv_metadata

    with OpenSnapshot(snapshot) as into, step_progress() as show:
        steps = [
            None if show is None else partial(_show_step, show, step)
            for step in ("Reading citations", "Importing")
        ]
        wanted = wanted_papers(into, cache_folder(), on_progress=steps[0])
        if not wanted.papers:
            raise SnapshotError(
                f"{snapshot}: has no papers to match; run `cycledata fetch DATASET --only lists"
                f" --snapshot {snapshot}`, or import notes or lists of accepted papers first"
            )
        moment = None if retrieved_at is None else retrieved_at.replace(tzinfo=dt.UTC)
        report = import_arxiv_metadata(
            files, into, wanted, retrieved_at=moment, on_progress=steps[1]
        )
    print_metadata_import(report, snapshot, as_json)


def _show_step(show: StepProgress, step: str, done: int, total: int) -> None:
    show(step, done, total, None)


def import_lists_of_accepted_papers(
    files: Paths,
    snapshot: OpenSnapshotOption,
    listing: Annotated[
        str | None,
        typer.Option(
            "--list",
            metavar="LIST",
            help="Name of the list, such as acl/2023; by default the venue and year of a row.",
        ),
    ] = None,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import the accepted papers of a venue for research-14k: .csv, .jsonl, .parquet or .bib.

    Columns: title; optionally paper_id, authors, abstract, url, doi, arxiv_id, decision or
    accepted, and list, or venue and year.
    """
    from cycledata.sources.import_papers import import_accepted_papers

    _run(import_accepted_papers, files, snapshot, retrieved_at, as_json, listing=listing)


def import_eprint_files(
    files: Paths,
    snapshot: OpenSnapshotOption,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import e-prints from files, folders or archives, each named by arXiv id or paper id.

    For example 2310.01234v2.tar.gz, arXiv_src_2310_001.tar, or a folder of unpacked sources.
    """
    from cycledata.sources.import_texts import import_eprints

    _run(import_eprints, files, snapshot, retrieved_at, as_json)


def import_pdf_files(
    files: Paths,
    snapshot: OpenSnapshotOption,
    retrieved_at: RetrievedAt = None,
    as_json: AsJson = False,
) -> None:
    """Import PDFs of submissions from files, folders or archives, each named by its paper id."""
    from cycledata.sources.import_texts import import_pdfs

    _run(import_pdfs, files, snapshot, retrieved_at, as_json)


def _run(
    importer: "Callable[..., ImportReport]",
    files: list[Path],
    snapshot: Path,
    retrieved_at: dt.datetime | None,
    as_json: bool,
    **options: object,
) -> None:
    """Import files into an open snapshot and print the result."""
    from cycledata.snapshot.open import OpenSnapshot

    saved = None if retrieved_at is None else retrieved_at.replace(tzinfo=dt.UTC)
    with OpenSnapshot(snapshot) as into, progress("Importing") as on_progress:
        report = importer(files, into, retrieved_at=saved, on_progress=on_progress, **options)
    print_import(report, snapshot, as_json)
