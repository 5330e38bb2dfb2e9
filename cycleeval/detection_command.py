"""The command ``cycleeval detection``."""

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

DETECTION_EXAMPLES = examples("cycleeval detection criteria.jsonl --threshold 2.5")


def detection(
    criteria: Annotated[
        Path, typer.Argument(metavar="CRITERIA", help="JSON Lines, one text per line.")
    ],
    *,
    threshold: Annotated[
        list[float] | None,
        typer.Option(
            metavar="VALUE",
            help="Fixed threshold to evaluate as well, in units of the criterion; repeatable.",
        ),
    ] = None,
    per_paper: PerPaperOption = None,
    form: FormatOption = "table",
    metrics: MetricsOption = None,
    signature: SignatureOption = None,
    as_json: AsJson = False,
) -> None:
    """Compute Table 6: accuracy, F1 and AUROC of detecting generated texts."""
    from cycleeval.detection import read_detection
    from cycleeval.output.formats import rendered_detection
    from cycleeval.output.frames import judged_texts_frame, write_frame

    shown = chosen_format(form, as_json=as_json)
    report = read_detection(criteria, thresholds=threshold or ())
    if per_paper is not None:
        write_frame(judged_texts_frame(report), per_paper)
    print(rendered_detection(report, shown, metrics, signature))
