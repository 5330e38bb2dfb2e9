"""Rows of a reference: a build, a Parquet or JSON Lines file, or a dataset on the hub."""

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cycledata.formats.file_kinds import other_format
from cycledata.jsonl import read_jsonl
from cycleeval.prediction_lines import ASPECTS

if TYPE_CHECKING:
    from datasets import DatasetDict

Rows = list[dict[str, object]]
_COLUMNS = (
    "paper_id",
    "ratings",
    "decision",
    *ASPECTS,
    "split",
    "venue",
    "title",
    "rating_scale",
    "accept_threshold",
    "ratings_state",
)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def reference_rows(source: str, split: str) -> Rows:
    """Return the rows of the split to score, and of ``train``; all rows of a file.

    Raises:
        ValueError: a file that is not readable, or a build without the split.
        OSError: no such file and no such dataset.
    """
    path = Path(source)
    if path.is_dir():
        return _build_rows(path, split)
    return _file_rows(path) if path.is_file() else _hub_rows(source, split)


def has_no_splits(source: str) -> bool:
    """Return True for a file whose rows state no split; its rows are all read as ``test``."""
    path = Path(source)
    return path.is_file() and all(row.get("split") is None for row in _file_rows(path))


def history_rows(source: str, split: str) -> list[Mapping[str, object]]:
    """Return the rows of ``history`` of the split to score and of ``train``; none for a file."""
    path = Path(source)
    names = dict.fromkeys((split, "train"))
    if path.is_file():
        return []
    if not path.is_dir():
        splits = _loaded_from_hub(source, "history")
        return [row for name in names if name in splits for row in splits[name].to_list()]
    from cycledata.load import iterate_rows, read_build

    known = read_build(path).configs.get("history", {})
    return [row for name in names if name in known for row in iterate_rows(path, "history", name)]


def _build_rows(folder: Path, split: str) -> Rows:
    """Return the verified rows of a build's ``scores``: the split to score, and ``train``."""
    from cycledata.load import iterate_rows, read_build

    build = read_build(folder)
    splits = build.configs.get("scores", {})
    if split not in splits:
        raise ValueError(f"expected a config scores with a split {split!r}, found {sorted(splits)}")
    rows: Rows = []
    for name in dict.fromkeys((split, "train")):
        if name in splits:
            for row in iterate_rows(folder, "scores", name):
                stated = {"split": name, "numbers": other_numbers(build.facts, row["venue"])}
                rows.append({c: row[c] for c in _COLUMNS if c in row} | stated)
    return rows


def other_numbers(facts: Mapping[str, object], venue: str) -> object:
    """Return what a manifest states about aspect ratings and confidence: name to values."""
    return facts.get(f"Other numbers of {venue}")


def _file_rows(path: Path) -> Rows:
    if path.suffix == ".parquet":
        return _parquet_rows(path)
    if path.suffix != ".jsonl":
        raise ValueError(f"expected a .parquet or .jsonl file, found {path.suffix or path.name!r}")
    _require_lines(path)
    return list(read_jsonl(path))


def _require_lines(path: Path) -> None:
    """Check that a file does not begin as one of another format.

    Raises:
        ValueError: names the format.
    """
    with path.open("rb") as file:
        start = file.read(1024)
    if found := other_format(start):
        raise ValueError(f"expected JSON Lines, found {found}")
    if start.lstrip().startswith(b"["):
        raise ValueError("expected JSON Lines, one object per paper, found a JSON array")


def _parquet_rows(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            found = file.schema_arrow.names
            if missing := [name for name in ("paper_id", "ratings") if name not in found]:
                raise ValueError(
                    f"expected a column {missing[0]!r}, found {', '.join(found)[:300]}; "
                    "rename yours"
                )
            columns = [name for name in _COLUMNS if name in found]
            return cast("Rows", file.read(columns=columns).to_pylist())
    except pa.ArrowException as error:
        raise ValueError(f"{path.name}: expected a Parquet file: {error}"[:300]) from error


def _hub_rows(source: str, split: str) -> Rows:
    if not _HUB_ID.fullmatch(source) or source.endswith((".parquet", ".jsonl")):
        raise FileNotFoundError(
            f"{source}: expected a build directory, a .parquet or .jsonl file, or a hub id ORG/NAME"
        )
    splits = _loaded_from_hub(source)
    rows: Rows = []
    for name in dict.fromkeys((split, "train")):
        if name in splits:
            columns = [column for column in _COLUMNS if column in splits[name].column_names]
            table = splits[name].select_columns(columns).to_list()
            rows += [{**row, "split": name} for row in table]
    return rows


def _loaded_from_hub(source: str, config: str = "scores") -> "DatasetDict":
    """Return the splits of one config of a hub dataset; without a network, those in the cache."""
    import datasets

    from cycledata.errors import ParseError

    with _offline_if_unreachable():
        try:
            return cast("DatasetDict", datasets.load_dataset(source, config))
        except (ConnectionError, FileNotFoundError) as error:
            raise ParseError(
                "no-such-dataset",
                f"{source}: no such folder or file, and no dataset of that name on the hub or in "
                f"its cache ({error}); give a path, or connect to the network",
            ) from error


@contextmanager
def _offline_if_unreachable() -> Iterator[None]:
    """Switch the hub clients to their offline mode if the hub's name is not found.

    They would otherwise retry for half a minute before they fail.
    """
    import datasets
    from huggingface_hub import constants

    host = re.sub(r"^https?://([^/:]+).*$", r"\1", constants.ENDPOINT)
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
        datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
        try:
            yield
        finally:
            datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before
    else:
        yield
