"""Chats and human ratings of a finished build, per paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.errors import BuildError
from cycledata.formats.rating_scales import number_of
from cycledata.load import iterate_rows, read_build
from cycledata.records import Message, RatingScale

Chat = tuple[str, tuple[Message, ...]]
"""Paper id and messages."""


@dataclass(frozen=True, slots=True)
class PaperRatings:
    """Human ratings of one paper of a build."""

    paper_id: str
    ratings: tuple[float, ...]
    scale: RatingScale | None
    """Scale of its venue; None if the build states none."""


def iterate_chats(build: Path, split: str) -> Iterator[Chat]:
    """Yield the chats of the config ``default``, in the build's order.

    Raises:
        BuildError: the split is missing or has no paper.
    """
    for row in _rows(build, split, ["paper_id", "messages"]):
        messages = tuple(Message.model_validate(message) for message in row["messages"])
        yield str(row["paper_id"]), messages


def iterate_ratings(build: Path, split: str) -> Iterator[PaperRatings]:
    """Yield the human ratings of the papers of the config ``default``, in the build's order.

    Raises:
        BuildError: the split is missing or has no paper.
    """
    columns = ["paper_id", "venue", "ratings", "rating_scale", "accept_threshold"]
    for row in _rows(build, split, columns):
        scale = row["rating_scale"] and RatingScale(
            name=str(row["venue"]),
            values=tuple(number_of(str(value)) for value in row["rating_scale"]),
            accept_threshold=row["accept_threshold"],
        )
        yield PaperRatings(str(row["paper_id"]), tuple(map(float, row["ratings"])), scale or None)


def _rows(build: Path, split: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    sizes = read_build(build).configs.get("default", {})
    if not sizes.get(split):
        raise BuildError(
            f"{build}: expected papers in split {split!r} of config default, found"
            f" {dict(sizes) or 'no split'}; choose another split or build"
        )
    for row in iterate_rows(build, "default", split, columns):
        yield dict(row)
