"""Commands about builds: make, verify, explain, take down, publish; and read single papers."""

import datetime as dt
import json
import os
import re
import sys
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cycledata.cli.options import AsJson, Build, Dataset, Files, Out
from cycledata.cli.output import print_build, print_explanation
from cycledata.console import print_json, printable, progress, warn
from cycledata.errors import NotASnapshotError

if TYPE_CHECKING:
    from cycledata.datasets.spec import DatasetSpec


class EngineName(StrEnum):
    """Where papers are made."""

    LOCAL = "local"
    RAY = "ray"


def build(
    dataset: Annotated[Dataset, typer.Argument(help="What to build.")],
    out: Out,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of a sealed snapshot; without it the embedded, invented sample.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Consent policy (TOML); the built-in one without it.",
        ),
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Where papers are made.")] = EngineName.LOCAL,
    workers: Annotated[int, typer.Option(min=1, help="Processes, or Ray tasks at a time.")] = 1,
    form: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Review form of a venue: an invitation saved from OpenReview (JSON), or TOML;"
            " overrides the known form. Repeat for several files.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset repository from a sealed snapshot."""
    from cycledata import sample
    from cycledata.builds import runner
    from cycledata.consent.policy import read_policy
    from cycledata.datasets.review5k.forms import inferred_venues
    from cycledata.files import cache_folder

    if snapshot is None and policy is None:
        policy = sample.POLICY
    with progress("Making papers") as on_progress:
        report = runner.build(
            _with_forms(runner.DATASETS[dataset.value], form or []),
            snapshot or sample.SNAPSHOT,
            out,
            policy=read_policy(policy),
            engine=engine.value,
            n_workers=workers,
            cache=cache_folder(),
            on_progress=on_progress,
        )
    if report.unknown_ids:
        shown = ", ".join(report.unknown_ids[:5]) + (", ..." if len(report.unknown_ids) > 5 else "")
        warn(f"the policy names {len(report.unknown_ids)} papers that the snapshot lacks: {shown}")
    for venue in inferred_venues(report.manifest.facts):
        warn(
            f"{venue}: no invitation and no known form; fields and scale were inferred from the"
            " reviews. Import the venue's invitations or give --form to be certain"
        )
    if as_json:
        print_json({"unchanged": report.unchanged, **report.manifest.model_dump(mode="json")})
        return
    if report.unchanged:
        print(f"{out}: nothing has changed since it was built, every byte verified")
    print_build(out, report.manifest)


def _with_forms(dataset: "DatasetSpec[Any]", files: list[Path]) -> "DatasetSpec[Any]":
    """Return the dataset with the review forms of files in its recipe."""
    from cycledata.datasets.review5k.recipe import Review5kRecipe
    from cycledata.parse.openreview import read_form_file

    if not files:
        return dataset
    if not isinstance(dataset.recipe, Review5kRecipe):
        raise typer.BadParameter(f"{dataset.name} reads no reviews", param_hint="--form")
    forms = {venue: form for path in files for venue, form in read_form_file(path).items()}
    recipe = dataset.recipe.model_copy(update={"forms": tuple(forms[v] for v in sorted(forms))})
    return replace(dataset, recipe=recipe)


def explain(
    build: Build,
    paper_id: Annotated[str, typer.Argument(help="Forum id, or the id of an accepted list.")],
    as_json: AsJson = False,
) -> None:
    """Say why a paper is in, out, or in part: every rule and its evidence."""
    from cycledata.builds.explain import explain as explain_paper

    explanation = explain_paper(build, paper_id)
    if not as_json:
        print_explanation(explanation)
        return
    print_json(
        {
            "paper_id": paper_id,
            "outcome": explanation.outcome,
            "places": list(explanation.places),
            "dropped": [asdict(drop) for drop in explanation.dropped],
            "consent": [asdict(verdict) for verdict in explanation.verdicts],
            "tombstone": explanation.tombstone.model_dump() if explanation.tombstone else None,
        }
    )


def takedown(
    build: Build,
    ids: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, help="UTF-8 text file with one paper id a line."),
    ],
    reason: Annotated[str, typer.Option(help="Why; stands in the tombstone, readable by all.")],
    out: Out,
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the takedown, in UTC; today without it."),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Also lay the tombstones beside this snapshot, for all later builds from it.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a build without some papers, and tombstones that later builds obey."""
    from cycledata.builds.takedown import read_paper_ids, take_down

    day = (date or dt.datetime.now(tz=dt.UTC)).date().isoformat()
    paper_ids = read_paper_ids(ids)
    report = take_down(build, paper_ids, out, reason=reason, date=day, snapshot=snapshot)
    if as_json:
        rows = {"taken_down": paper_ids, "not_in_build": list(report.unknown_ids)}
        print_json({**rows, **report.manifest.model_dump(mode="json")})
    else:
        print_build(out, report.manifest)
    for paper_id in report.unknown_ids:
        print(printable(f"{paper_id}: not found in {build}"), file=sys.stderr)
    print(
        f"{len(paper_ids)} taken down; builds beside {out} obey its tombstones"
        + (f", and so do all builds from {snapshot}" if snapshot else ""),
        file=sys.stderr,
    )


def _repo_name(repo: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", repo, re.ASCII):
        raise typer.BadParameter(f"expected ORG/NAME, found {repo!r}")
    return repo


def publish(
    build: Build,
    repo: Annotated[
        str,
        typer.Option(callback=_repo_name, help="Dataset repository on the hub: ORG/NAME."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be pushed; push nothing.")
    ] = False,
) -> None:
    """Push a verified build to the hub; the token comes from HF_TOKEN."""
    from cycledata.builds.publish import publish as push

    plan = push(build, repo, token=os.environ.get("HF_TOKEN"), dry_run=dry_run)
    print(f"{'would push' if dry_run else 'pushed'} {len(plan.files)} files to {plan.repo}:")
    print("\n".join(f"  {name}" for name in plan.files))
    print(f"  {plan.n_bytes:,} bytes")


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, help="Folder of a sealed snapshot or of a build."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare a sealed snapshot or a build with its manifest, byte by byte."""
    from cycledata.load import MANIFEST, verify_build
    from cycledata.snapshot.sealed import verify_snapshot

    if (folder / MANIFEST).is_file():
        kind, pins = "build", verify_build(folder).files
    else:
        try:
            kind, pins = "snapshot", verify_snapshot(folder).files
        except NotASnapshotError as error:
            raise NotASnapshotError(
                f"{folder}: neither a build (no {MANIFEST}) nor a sealed snapshot "
                "(no snapshot.json); is the path right?"
            ) from error
    if as_json:
        print_json({"kind": kind, "n_files": len(pins), "ok": True})
    else:
        print(f"{folder.name}: {kind} as pinned, {len(pins)} files")


def parse(
    files: Files,
    main: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Main file inside the e-print, e.g. paper.tex; by default it is chosen.",
        ),
    ] = None,
) -> None:
    """Read e-prints and PDFs as text: one JSON object per file, each on one line.

    A file that cannot be read gives `file` and `error`, and exit code 1 at the end.
    """
    from cycledata.errors import ParseError
    from cycledata.parse.paper import parse_paper

    failed = False
    for path in files:
        try:
            print(parse_paper(path.read_bytes(), file=path.name, main=main).model_dump_json())
        except ParseError as error:
            failed = True
            row = {"file": path.name, "error": {"rule": error.rule, "detail": error.detail}}
            print(json.dumps(row, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)
