"""Words about a leaderboard and its models, from TOML files in the submissions folder.

`NAME.toml` beside the predictions file `NAME.jsonl` describes the model; `leaderboard.toml`
describes the leaderboard. A file that cannot be read is reported and never ends the run, since a
submission must not be able to remove the board.
"""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError

from cycledata.records import Record, first_problem
from cycledata.toml_files import read_toml
from cycleeval.leaderboard.folder import is_regular_file

BOARD_FILE = "leaderboard.toml"
"""Name of the file about the leaderboard itself."""
MAX_FILE_BYTES = 64 * 1024
"""Maximum size of a file of words."""


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected an address that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without a user name and password")
    return url


Line = Annotated[str, Field(min_length=1, max_length=200)]
Paragraph = Annotated[str, Field(min_length=1, max_length=5_000)]
Link = Annotated[str, Field(max_length=500), AfterValidator(_web_address)]


class AboutModel(Record):
    """Description of one model; every key is optional."""

    name: Line | None = None
    """Name to show in place of the file's."""
    organization: Line | None = None
    """Who submits it."""
    date: dt.date | None = None
    """Day of the submission."""
    link: Link | None = None
    """Paper, code or model page."""
    kind: Literal["open-weights", "closed", "baseline", "human"] | None = None
    """Kind of reviewer."""
    training_cutoff: dt.date | None = None
    """Last day of the training data; papers before it may have been trained on."""
    hub_id: Annotated[str, Field(pattern=r"^[\w.-]{1,96}/[\w.-]{1,96}$")] | None = None
    """`ORG/NAME` of the model on the Hugging Face Hub."""


class AboutBoard(Record):
    """Description of a leaderboard; every key is optional."""

    title: Line = "Leaderboard of automated reviewers"
    introduction: Paragraph = (
        "How close model reviewers come to human reviewers on the same papers, beside the"
        " baselines that a model must beat. Every number has a 95% interval; models that share a"
        " place are not shown to differ."
    )
    how_to_submit: Paragraph | None = None
    """Paragraphs are separated by blank lines."""
    citation: Paragraph | None = None
    """Text or BibTeX, shown as it is."""
    contact: Link | None = None


T = TypeVar("T", AboutModel, AboutBoard)


def read_about(path: Path, model: type[T]) -> T | str:
    """Return the words of a TOML file, the defaults if it is missing, or why it is invalid."""
    if not path.is_symlink() and not path.exists():
        return model()
    if not is_regular_file(path):
        return f"{path.name}: expected a regular file"
    if path.stat().st_size > MAX_FILE_BYTES:
        return f"{path.name}: expected at most {MAX_FILE_BYTES} bytes"
    try:
        return model.model_validate(read_toml(path), strict=True)
    except ValidationError as error:
        return f"{path.name}: {first_problem(error)}"[:300]
    except (OSError, ValueError) as error:
        return f"{path.name}: expected a TOML file: {error}"[:300]
