"""Replies of data services, and how recorded replies are read."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cycledata.files import sha256_bytes

DATABASE = "replies.sqlite"
"""File of an open snapshot."""
MANIFEST = "snapshot.json"
"""File that makes a snapshot sealed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Response of a data service to one request, negative responses included."""

    service: str
    """For example `"openreview"`; `cycledata.snapshot.keys` lists services and keys."""
    key: str
    """Name of the request, unique within the service, for example `"forum/014CgNPAGy"`."""
    url: str
    """Where it came from, without credentials; `file:NAME#KEY` for an imported file."""
    retrieved_at: dt.datetime | None
    """When, in UTC; None for an imported file without a date."""
    status: int
    """HTTP status; 200 for imported files."""
    media_type: str
    """For example `"application/json"`."""
    payload: bytes
    """Body of the response."""

    def __post_init__(self) -> None:
        if not self.service or not self.key:
            raise ValueError(f"reply from {self.url!r}: service and key must not be empty")
        if self.retrieved_at is not None:
            if self.retrieved_at.tzinfo is None:
                raise ValueError(
                    f"{self.key}: retrieved_at has no time zone; pass an aware datetime"
                )
            object.__setattr__(self, "retrieved_at", self.retrieved_at.astimezone(dt.UTC))

    @property
    def sha256(self) -> str:
        """Hex sha256 of the payload."""
        return sha256_bytes(self.payload)


class Replies(Protocol):
    """Reading side of a snapshot, open or sealed."""

    def get(self, service: str, key: str) -> Reply | None:
        """Return the reply under a key, or None if there is none."""

    def keys(self, service: str, prefix: str = "") -> Iterator[str]:
        """Yield the keys of a service that begin with `prefix`, in order."""

    def iter(self, service: str, prefix: str = "") -> Iterator[Reply]:
        """Yield the replies of a service whose key begins with `prefix`, in order of key."""
