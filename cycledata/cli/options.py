"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dataset(StrEnum):
    """What is fetched or built."""

    REVIEW_5K = "review-5k"
    RESEARCH_14K = "research-14k"


Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="Files to read.", show_default=False),
]
Build = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder of a finished build.")
]
Out = Annotated[
    Path,
    typer.Option(
        file_okay=False, help="Folder to make; must be new, empty or already hold the result."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]
