"""Commands about builds: build, verify, explain, takedown, publish."""

import datetime as dt
import os
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cycledata.cli.options import Build, Dataset, DatasetArgument, Out, PolicyOption
from cycledata.cli.output import print_build, print_explanation
from cycledata.console import AsJson, hub_name, note, print_json, printable, progress, warn
from cycledata.errors import NotASnapshotError

if TYPE_CHECKING:
    from cycledata.builds.runner import BuildReport
    from cycledata.datasets.spec import DatasetSpec


class EngineName(StrEnum):
    """Execution backend of a build."""

    LOCAL = "local"
    RAY = "ray"


def build(
    dataset: DatasetArgument,
    out: Out,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Folder of a sealed snapshot; if not given, the embedded, invented sample.",
        ),
    ] = None,
    venue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VENUE",
            help="Venue of review-5k to build, such as ICLR.cc/2024/Conference; repeat for several."
            " Default: all in the snapshot.",
        ),
    ] = None,
    policy: PolicyOption = None,
    engine: Annotated[EngineName, typer.Option(help="Execution backend.")] = EngineName.LOCAL,
    workers: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processes, or Ray tasks at a time.")
    ] = 1,
    form: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Review form of a venue: an invitation saved from OpenReview (JSON), or TOML;"
            " overrides the known form. Repeat for several files.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Recipe (TOML); keys that it lacks keep the defaults of `cycledata recipe show`.",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Replace one value of the recipe; the value is TOML or a bare text. Repeat for"
            " several keys; the last one of a key wins.",
        ),
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Config to write, such as scores; repeat for several. Default: all.",
        ),
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Accept configs and splits without rows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build a dataset, a valid Hugging Face repository, from a sealed snapshot.

    The same snapshot, recipe and policy give the same bytes with any number of workers. A config or
    split without rows is an error that names what is missing.
    """
    from cycledata import sample
    from cycledata.builds import runner
    from cycledata.consent.policy import read_policy
    from cycledata.datasets.recipe_file import read_recipe
    from cycledata.files import cache_folder

    if snapshot is None and policy is None:
        policy = sample.POLICY
    spec = runner.DATASETS[dataset.value]
    if venue and dataset is not Dataset.REVIEW_5K:
        raise typer.BadParameter(f"{dataset.value} is chosen by lists", param_hint="--venue")
    used = read_recipe(spec.recipe, recipe, overrides or [], {"venues": venue} if venue else {})
    spec = _with_forms(replace(spec, recipe=used), form or [])
    with progress("Building papers") as on_progress:
        report = runner.build(
            spec,
            snapshot or sample.SNAPSHOT,
            out,
            policy=read_policy(policy),
            engine=engine.value,
            n_workers=workers,
            cache=cache_folder(),
            on_progress=on_progress,
            configs=config,
            allow_empty=allow_empty,
        )
    _warn_about(report, spec)
    if snapshot is not None:
        _warn_unused(snapshot)
    if as_json:
        print_json({"unchanged": report.unchanged, **report.manifest.model_dump(mode="json")})
        return
    if report.unchanged:
        print(f"{out}: unchanged since it was built, every byte verified")
    print_build(out, report.manifest)


def _warn_about(report: "BuildReport", spec: "DatasetSpec[Any]") -> None:
    """Print what the user should know of a finished build: odd ids, guesses, defects, leftovers."""
    from cycledata.datasets.review5k.forms import inferred_venues, unused_venues
    from cycledata.datasets.review5k.recipe import Review5kRecipe

    facts = report.manifest.facts
    if report.unknown_ids:
        shown = ", ".join(report.unknown_ids[:5]) + (", ..." if len(report.unknown_ids) > 5 else "")
        warn(f"the policy names {len(report.unknown_ids)} papers that the snapshot lacks: {shown}")
    for inferred in inferred_venues(facts):
        warn(
            f"{inferred}: no invitation and no known form; fields and scale were inferred from the"
            " reviews. Import the venue's invitations or give --form to be certain"
        )
    defects = sum(n for name, n in report.manifest.dropped.items() if name.endswith(": defect"))
    if defects:
        warn(
            f"{defects:,} texts or papers left out: they show a defect of this package; report the"
            " rows of dropped.parquet with the rule `defect`"
        )
    if isinstance(spec.recipe, Review5kRecipe):
        for unused in unused_venues(spec.recipe, facts):
            warn(f"not used: a form or calendar of {unused}: the build has no papers of this venue")


def _warn_unused(folder: Path) -> None:
    """Print the replies of the snapshot that no paper used, one line per kind."""
    from cycledata.builds.inventory import take_inventory
    from cycledata.snapshot.sealed import SealedSnapshot

    with SealedSnapshot.open(folder, verify=False) as snapshot:
        for item in take_inventory(snapshot, str(folder)).unused:
            warn(f"not used: {item.n_replies:,} {item.kind}, such as {item.example}: {item.reason}")


def recipe_show(
    dataset: DatasetArgument,
) -> None:
    """Print the default recipe of a dataset as TOML, with the meaning of every key."""
    from cycledata.builds import runner
    from cycledata.datasets.recipe_file import show_recipe

    print(show_recipe(runner.DATASETS[dataset.value].recipe), end="")


def _with_forms(dataset: "DatasetSpec[Any]", files: list[Path]) -> "DatasetSpec[Any]":
    """Return the dataset with the review forms of files in its recipe."""
    from cycledata.datasets.review5k.recipe import Review5kRecipe
    from cycledata.parse.openreview import read_form_file

    if not files:
        return dataset
    if not isinstance(dataset.recipe, Review5kRecipe):
        raise typer.BadParameter(f"{dataset.name} reads no reviews", param_hint="--form")
    forms = {form.venue: form for form in dataset.recipe.forms}
    for path in files:
        forms.update(read_form_file(path))
    recipe = dataset.recipe.model_copy(update={"forms": tuple(forms[v] for v in sorted(forms))})
    return replace(dataset, recipe=recipe)


def explain(
    build: Build,
    paper_id: Annotated[
        str,
        typer.Argument(metavar="PAPER_ID", help="OpenReview forum id, or id in a list of papers."),
    ],
    as_json: AsJson = False,
) -> None:
    """Print why a paper is in, left out, or included in part: every rule and its evidence."""
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
            "match": explanation.match_as_json(),
            "tombstone": explanation.tombstone.model_dump() if explanation.tombstone else None,
        }
    )


def takedown(
    build: Build,
    ids: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="UTF-8 text file with one paper id per line.",
        ),
    ],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Reason; published in the tombstones.")
    ],
    out: Out,
    date: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="Day of the takedown (UTC); default today."
        ),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Write the tombstones into this snapshot, for all later builds from it; by default"
            " into the snapshot that the build was made from on this machine.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a build without some papers, with tombstones that later builds apply."""
    from cycledata.builds.takedown import read_paper_ids, take_down
    from cycledata.files import cache_folder

    day = (date or dt.datetime.now(tz=dt.UTC)).date().isoformat()
    paper_ids = read_paper_ids(ids)
    report = take_down(
        build, paper_ids, out, reason=reason, date=day, snapshot=snapshot, cache=cache_folder()
    )
    if as_json:
        rows = {"taken_down": list(report.taken_down), "not_in_build": list(report.not_in_build)}
        print_json({**rows, **report.manifest.model_dump(mode="json")})
    else:
        print_build(out, report.manifest)
    for paper_id in report.not_in_build:
        note(f"{paper_id}: not found in {build}")
    if not report.snapshots and not report.manifest.invented:
        warn(
            f"the snapshot of {build} is not known here: builds from it in other folders do not see"
            f" these tombstones; give --snapshot, or copy {out}/tombstones.json into its folder"
        )
    places = "".join(f", and so do all builds from {place}" for place in report.snapshots)
    note(
        f"{len(report.taken_down)} taken down; builds in the same folder as {out} apply its "
        f"tombstones{places}"
    )


def publish(
    build: Build,
    repo: Annotated[
        str,
        typer.Option(callback=hub_name, metavar="ORG/NAME", help="Dataset repository on the hub."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be pushed; push nothing.")
    ] = False,
    gated: Annotated[
        bool,
        typer.Option(
            "--gated/--ungated",
            help="Gate an open repository first; --ungated leaves its access as it is.",
        ),
    ] = True,
) -> None:
    """Push a verified build to the Hugging Face Hub; the token is read from HF_TOKEN.

    Push again after an interruption: files that have arrived are not sent twice.
    """
    from cycledata.builds.publish import publish as push
    from cycledata.files import cache_folder

    # Publishing needs no tensors, and `datasets` would import torch, which takes 190 MB.
    os.environ.setdefault("USE_TORCH", "0")
    token = os.environ.get("HF_TOKEN")
    plan = push(build, repo, token=token, dry_run=dry_run, gated=gated, cache=cache_folder())
    print(f"{'would push' if dry_run else 'pushed'} {len(plan.files)} files to {plan.repo}:")
    print("\n".join(f"  {name}" for name in plan.files))
    print(f"  {plan.n_bytes:,} bytes")
    print(f"card ({build / 'README.md'}):")
    print("\n".join(f"  {printable(line)}" for line in plan.card))


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Folder of a sealed snapshot or of a build.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare every byte of a sealed snapshot or a build with its manifest."""
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
        print(f"{folder.name or folder}: {kind} as pinned, {len(pins)} files")
