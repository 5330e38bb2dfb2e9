"""Names of the formats of results; apart from the writers, which take long to import."""

from typing import Literal

Format = Literal["table", "markdown", "latex", "csv", "json", "jsonl"]
