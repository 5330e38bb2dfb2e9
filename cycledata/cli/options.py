"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dataset(StrEnum):
    """Name of a dataset."""

    REVIEW_5K = "review-5k"
    RESEARCH_14K = "research-14k"


Files = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, metavar="FILE...", help="Files to read.", show_default=False
    ),
]
Paths = Annotated[
    list[Path],
    typer.Argument(
        exists=True,
        metavar="FILE...",
        help="Files to read, or folders of them.",
        show_default=False,
    ),
]
Build = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, metavar="BUILD", help="Folder of a build."),
]
Snapshot = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, metavar="SNAPSHOT", help="Folder of a snapshot."),
]
OpenSnapshotOption = Annotated[
    Path,
    typer.Option(
        "--snapshot",
        file_okay=False,
        metavar="DIR",
        help="Folder of the open snapshot; made if missing.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        file_okay=False,
        metavar="DIR",
        help="Folder to write; must be new, empty, or have the same result already.",
    ),
]
DatasetArgument = Annotated[
    Dataset, typer.Argument(metavar="DATASET", help="review-5k or research-14k.")
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="Consent policy (TOML); if not given, the built-in one.",
    ),
]
