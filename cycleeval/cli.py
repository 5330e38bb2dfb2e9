"""Command line of the metrics: parse arguments, call one public function, print."""

import dataclasses
import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, every digit, for machines.")]


@app.callback()
def cli() -> None:
    """Score, compare and rank automated peer review."""


@app.command()
def claims(*, as_json: Json = False) -> None:
    """Recompute the paper's claims from its own tables and say which hold."""
    from cycleeval.claims import check_claims, render_claims

    checked = check_claims()
    if as_json:
        print(json.dumps([dataclasses.asdict(claim) for claim in checked], ensure_ascii=False))
    else:
        print(render_claims(checked))


def main() -> None:
    """Run the command line; the console script's entry point."""
    app()
