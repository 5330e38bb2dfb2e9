"""The command `cycleeval leaderboard`."""

from pathlib import Path
from typing import Annotated

import typer

from cycledata.console import hub_name, note, printable, progress, warn
from cycleeval.cli_options import (
    AuditOption,
    BaselinesOption,
    BoardPolicyOption,
    DecideOption,
    ReferenceArgument,
    ResamplesOption,
    ScaleOption,
    SeedOption,
    SplitOption,
    ThresholdOption,
    VenueOption,
    scoring_config,
    trivial_baselines,
    warn_of_ignored_fields,
)


def leaderboard(
    submissions: Annotated[
        Path,
        typer.Argument(
            metavar="SUBMISSIONS_DIR", help="Folder of predictions, one file per model."
        ),
    ],
    reference: ReferenceArgument,
    *,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder of the site: new, empty, or an earlier leaderboard."
        ),
    ],
    rank_by: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC", help="Metric of the places.  [default: proxy_mse_n1 if it exists]"
        ),
    ] = None,
    hub_id: Annotated[
        str | None,
        typer.Option(
            metavar="ORG/NAME",
            callback=hub_name,
            help="Hub id of the dataset; also writes eval.yaml and one entry per model.",
        ),
    ] = None,
    split: SplitOption = "test",
    venue: VenueOption = None,
    threshold: ThresholdOption = None,
    decide_by: DecideOption = "stated",
    policy: BoardPolicyOption = "worst",
    scale: ScaleOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    audit: AuditOption = None,
    baselines: BaselinesOption = True,
) -> None:
    """Write a static site that ranks a folder of submissions.

    A file NAME.toml beside NAME.jsonl describes a model, leaderboard.toml the leaderboard.
    """
    config = scoring_config(
        threshold=threshold,
        scale=scale,
        decide_by=decide_by,
        policy=policy,
        resamples=resamples,
        seed=seed,
    )
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.leaderboard.folder import write_site
    from cycleeval.leaderboard.gather import RANKABLE, gather
    from cycleeval.leaderboard.hub import hub_files
    from cycleeval.leaderboard.site import build_site

    if rank_by is not None and rank_by not in RANKABLE:
        raise typer.BadParameter(f"--rank-by: expected one of {', '.join(RANKABLE)}")
    humans = read_human_ratings(reference, split=split, venue=venue)
    trivial = trivial_baselines(
        reference, humans, config, split=split, venue=venue, wanted=baselines, audit=audit
    )
    with progress("scoring and comparing") as on_progress:
        board = gather(
            submissions, humans, config, rank_by=rank_by, trivial=trivial, on_progress=on_progress
        )
    for name in board.ignored:
        warn(f"{submissions / name}: not a predictions file, ignored")
    problems = [board.about_problem, *(entry.about_problem for entry in board.entries)]
    for problem in problems:
        if problem is not None:
            warn(f"{submissions}: {problem}")
    warn_of_ignored_fields([entry.submission for entry in board.entries])
    site = build_site(board)
    if hub_id is not None:
        site |= hub_files(board, hub_id, split=split)
    for name in write_site(site, out):
        note(f"removed {out / name}")
    n_ranked = sum(entry.standing is not None for entry in board.entries)
    print(f"{out}: {len(site)} files; {n_ranked} ranked, {len(board.entries) - n_ranked} not")
    for entry in board.entries:
        place = str(entry.standing or "-")
        line = f"{place:>4}  {entry.submission.name}  {entry.why_unranked or ''}"
        print(printable(line.rstrip()))
