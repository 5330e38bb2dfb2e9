"""The command ``cycleeval generated``."""

from pathlib import Path
from typing import Annotated

import typer

from cycledata.console import AsJson, examples
from cycleeval.cli_options import (
    FormatOption,
    MetricsOption,
    PerPaperOption,
    SignatureOption,
    chosen_format,
)

GENERATED_EXAMPLES = examples("cycleeval generated rated.jsonl --best-of 5 --best-of 10")


def generated(
    records: Annotated[
        Path, typer.Argument(metavar="RECORDS", help="JSON Lines, one rated paper per line.")
    ],
    *,
    best_of: Annotated[
        list[int] | None,
        typer.Option(
            metavar="PAPERS",
            min=1,
            help="Number of papers to choose the best from; repeatable.  [default: 1, 5, 10, 50,"
            " 100]",
        ),
    ] = None,
    per_paper: PerPaperOption = None,
    form: FormatOption = "table",
    metrics: MetricsOption = None,
    signature: SignatureOption = None,
    as_json: AsJson = False,
) -> None:
    """Compute Tables 2, 3 and 7: ratings, accept rate, references and best of k per source."""
    from cycleeval.generated import BEST_OF, read_generated
    from cycleeval.output.formats import rendered_generated
    from cycleeval.output.frames import rated_papers_frame, write_frame

    shown = chosen_format(form, as_json=as_json)
    report = read_generated(records, ks=best_of or BEST_OF)
    most = max(row.n_papers for row in report.rows)
    if too_many := [k for k in best_of or () if k > most]:
        raise typer.BadParameter(
            f"--best-of: expected at most {most}, the papers of the largest source; found"
            f" {too_many[0]}"
        )
    if per_paper is not None:
        write_frame(rated_papers_frame(report), per_paper)
    print(rendered_generated(report, shown, metrics, signature))
