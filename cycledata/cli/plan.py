"""Command that plans a dataset before its texts are fetched."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.cli.options import DatasetArgument, PolicyOption
from cycledata.console import AsJson, examples, print_json, print_table, printable, progress

if TYPE_CHECKING:
    from cycledata.builds.plan import DatasetPlan
    from cycledata.sources.schedule import Pace

EPILOG = examples(
    "cycledata plan review-5k",
    "cycledata plan research-14k --snapshot snap --policy mine.toml --svg plan.svg",
)
_SHOWN = 12
"""Groups of a table; the rest is in the JSON."""


def plan(
    dataset: DatasetArgument,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Folder of a snapshot, open or sealed; if not given, the embedded sample.",
        ),
    ] = None,
    policy: PolicyOption = None,
    venue: Annotated[
        list[str] | None,
        typer.Option(metavar="VENUE", help="Venue id, or list such as acl/2023. Repeat."),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="Write the bars as an SVG file too."),
    ] = None,
    arxiv_burst: Annotated[
        bool, typer.Option("--arxiv-burst", help="Estimate with the pace of `fetch --arxiv-burst`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print how many papers may be published, by license, venue and year, and what is to fetch.

    Sends no request. Hours and gigabytes are for the texts on arXiv, without failures.
    """
    from cycledata import sample
    from cycledata.builds.plan import plan_dataset
    from cycledata.builds.plan_chart import draw_plan
    from cycledata.cli.snapshots import opened_snapshot
    from cycledata.consent.policy import read_policy
    from cycledata.consent.tombstones import read_tombstones
    from cycledata.files import write_file
    from cycledata.sources.schedule import paces

    if snapshot is None and policy is None:
        policy = sample.POLICY
    folder = snapshot or sample.SNAPSHOT
    gone = {stone.paper_id for stone in read_tombstones(folder)}
    with opened_snapshot(folder) as (replies, _), progress("Planning") as on_progress:
        planned = plan_dataset(
            replies,
            dataset.value,
            read_policy(policy),
            venues=venue or (),
            tombstones=gone,
            on_progress=on_progress,
        )
    if svg is not None:
        write_file(svg, draw_plan(planned))
    limits = paces(arxiv_burst=arxiv_burst)
    if as_json:
        print_json(_as_json(planned, limits))
    else:
        _print_plan(planned, limits)
    if not planned.papers:
        raise typer.Exit(1)


def _print_plan(planned: "DatasetPlan", limits: "Mapping[str, Pace]") -> None:
    from cycledata.builds.plan import STATES
    from cycledata.builds.plan_chart import bar, legend

    print(printable(f"{planned.dataset}: {len(planned.papers):,} papers, policy {planned.policy}"))
    states = planned.count(lambda _: "")[""] if planned.papers else {}
    rows = [(words, states[state]) for state, words in STATES.items() if states.get(state)]
    print_table({"papers": "left", "number": "right"}, rows)
    ascii_only = not _can_print("█▒·")
    for heading, by in _GROUPS.items():
        groups = planned.count(by)
        if heading == "year":
            groups = dict(sorted(groups.items()))
        largest = max((counts.total() for counts in groups.values()), default=0)
        print()
        print_table(
            {heading: "left", "papers": "right", legend(ascii_only=ascii_only): "left"},
            [
                (name, counts.total(), bar(counts, largest, ascii_only=ascii_only))
                for name, counts in list(groups.items())[:_SHOWN]
            ],
        )
        if len(groups) > _SHOWN:
            print(f"and {len(groups) - _SHOWN:,} more; --json lists all")
    print()
    costs = [
        (name, fact["requests"], f"{fact['hours']:,.1f}", f"{fact['gigabytes']:,.1f}")
        for name, fact in _costs(planned, limits).items()
    ]
    columns = {"to fetch from arXiv": "left", "requests": "right", "hours": "right"}
    print_table({**columns, "gigabytes": "right"}, costs)


_GROUPS = {
    "license": lambda paper: paper.license,
    "venue": lambda paper: paper.venue or "unknown",
    "year": lambda paper: str(paper.year or "unknown"),
}


def _costs(planned: "DatasetPlan", limits: "Mapping[str, Pace]") -> dict[str, dict[str, float]]:
    """Return requests, hours and gigabytes of all texts, and of those that may be published."""
    found = {}
    for name, only in (("all texts", False), ("--only publishable", True)):
        requests = planned.requests(only_publishable=only)
        seconds = sum(limits[lane].seconds(n) for lane, n in requests.items())
        found[name] = {
            "requests": requests.total(),
            "hours": seconds / 3600,
            "gigabytes": planned.n_bytes(only_publishable=only) / 1e9,
        }
    return found


def _as_json(planned: "DatasetPlan", limits: "Mapping[str, Pace]") -> dict[str, object]:
    states = planned.count(lambda _: "")[""] if planned.papers else {}
    return {
        "dataset": planned.dataset,
        "policy": planned.policy,
        "papers": len(planned.papers),
        "states": dict(states),
        **{f"by_{name}": planned.count(by) for name, by in _GROUPS.items()},
        "rules": planned.count(lambda paper: paper.rule),
        "costs": _costs(planned, limits),
    }


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
