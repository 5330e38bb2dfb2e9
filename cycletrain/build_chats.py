"""Chats of a finished build: paper id and messages per row."""

from collections.abc import Iterator
from pathlib import Path

from cycledata.errors import BuildError
from cycledata.load import iterate_rows, read_build
from cycledata.records import Message

Chat = tuple[str, tuple[Message, ...]]
"""Paper id and messages."""


def iterate_chats(build: Path, split: str) -> Iterator[Chat]:
    """Yield the chats of the config ``default``, in the build's order.

    Raises:
        BuildError: the split is missing or has no paper.
    """
    sizes = read_build(build).configs.get("default", {})
    if not sizes.get(split):
        raise BuildError(
            f"{build}: expected papers in split {split!r} of config default, found"
            f" {dict(sizes) or 'no split'}; choose another split or build"
        )
    for row in iterate_rows(build, "default", split, ["paper_id", "messages"]):
        messages = tuple(Message.model_validate(message) for message in row["messages"])
        yield str(row["paper_id"]), messages
