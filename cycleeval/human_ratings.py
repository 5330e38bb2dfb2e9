"""What humans said: a build directory, a hub id, or a Parquet or JSON Lines file -> HumanRatings.

A reference is ours or the organiser's, so a invalid in it is an error, not something to count.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cycledata.files import canonical_json, sha256_bytes
from cycleeval.predictions import ASPECTS, DecisionLabel

Marks = tuple[tuple[float, ...], ...]
_COLUMNS = ("paper_id", "ratings", "decision", *ASPECTS, "split")
_DECISIONS: dict[object, DecisionLabel | None] = {
    "accept": "accept",
    "reject": "reject",
    "withdrawn": None,
    None: None,
}


@dataclass(frozen=True, slots=True)
class HumanRatings:
    """Human ratings and decisions of the papers to be judged, in the order of their ids."""

    name: str
    """Where it came from."""
    paper_ids: tuple[str, ...]
    """Ascending, each once."""
    ratings: Marks
    """Human ratings of each paper, as many as it has."""
    decisions: tuple[DecisionLabel | None, ...]
    """What the venue decided; None where unknown or withdrawn."""
    aspects: Mapping[str, Marks]
    """Human marks by aspect; an aspect that no paper has is left out."""
    train: "HumanRatings | None" = None
    """The training split, where the reference has one."""

    @property
    def other_ids(self) -> tuple[str, ...]:
        """Papers of the training split, which are not judged."""
        return () if self.train is None else self.train.paper_ids

    @property
    def digest(self) -> str:
        """First 12 hex digits of sha256 over ids, ratings and decisions."""
        rows = [self.paper_ids, self.ratings, self.decisions, sorted(self.aspects.items())]
        return sha256_bytes(canonical_json(rows).encode())[:12]


def human_ratings_of(
    ratings: Mapping[str, Sequence[float]],
    decisions: Mapping[str, DecisionLabel | None] | None = None,
    aspects: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    *,
    name: str = "given",
    train: HumanRatings | None = None,
) -> HumanRatings:
    """A reference from plain mappings by paper id; papers without a rating are kept and counted.

    Raises:
        ValueError: no papers, or a mark that is not finite.
    """
    if not ratings:
        raise ValueError(f"{name}: expected at least one paper, found none")
    ids = tuple(sorted(ratings))
    by_aspect = {aspect: _tuples(ids, marks) for aspect, marks in (aspects or {}).items()}
    reference = HumanRatings(
        name,
        ids,
        _tuples(ids, ratings),
        tuple((decisions or {}).get(paper_id) for paper_id in ids),
        {aspect: marks for aspect, marks in by_aspect.items() if any(marks)},
        train,
    )
    for marks in (reference.ratings, *reference.aspects.values()):
        for paper_id, values in zip(ids, marks, strict=True):
            if not all(map(math.isfinite, values)):
                raise ValueError(
                    f"{name}: paper {paper_id} holds {values}; leave unknown marks out"
                )
    return reference


def read_human_ratings(source: str, *, split: str = "test") -> HumanRatings:
    """Read a reference.

    Args:
        source: a build directory, a ``.parquet`` or ``.jsonl`` file, or a hub id ``ORG/NAME``.
        split: which split to judge; of a file, only where it has a column ``split``. The split
            ``train``, where there is one besides, gives constants and thresholds.

    Raises:
        ParseError: a file that cannot be read as a reference.
        OSError: no such file and no such dataset.
    """
    from cycledata.errors import ParseError

    path = Path(source)
    try:
        if path.is_dir():
            rows = _build_rows(path, split)
        elif path.is_file():
            rows = _file_rows(path)
        else:
            rows = _hub_rows(source, split)
        return _reference(rows, name=source, split=split)
    except ValueError as error:
        raise ParseError("bad-reference", f"{source}: {error}") from error


Rows = list[dict[str, object]]


def _reference(rows: Rows, *, name: str, split: str) -> HumanRatings:
    chosen = [row for row in rows if row.get("split") in (None, split)]
    train = [row for row in rows if row.get("split") == "train"] if split != "train" else []
    if not chosen:
        held = sorted({str(row.get("split")) for row in rows})
        raise ValueError(f"expected papers in split {split!r}, found splits {held}")
    known = _from_rows(train, name=f"{name} (train)", train=None) if train else None
    return _from_rows(chosen, name=name, train=known)


def _from_rows(rows: Rows, *, name: str, train: HumanRatings | None) -> HumanRatings:
    ratings: dict[str, Sequence[float]] = {}
    decisions: dict[str, DecisionLabel | None] = {}
    aspects: dict[str, dict[str, Sequence[float]]] = {aspect: {} for aspect in ASPECTS}
    for number, row in enumerate(rows, start=1):
        paper_id = row.get("paper_id")
        if not isinstance(paper_id, str) or not paper_id:
            raise ValueError(f"row {number}: paper_id: expected a string, found {paper_id!r:.60}")
        if paper_id in ratings:
            raise ValueError(f"paper {paper_id} stands there twice; keep one row a paper")
        if "ratings" not in row:
            raise ValueError(f"paper {paper_id}: expected a column 'ratings', found {sorted(row)}")
        ratings[paper_id] = _numbers(paper_id, "ratings", row["ratings"])
        decision = row.get("decision")
        if not isinstance(decision, str | None) or decision not in _DECISIONS:
            raise ValueError(
                f"paper {paper_id}: decision: expected 'accept', 'reject', 'withdrawn' or null, "
                f"found {decision!r:.60}"
            )
        decisions[paper_id] = _DECISIONS[decision]
        for aspect in ASPECTS:
            aspects[aspect][paper_id] = _numbers(paper_id, aspect, row.get(aspect))
    return human_ratings_of(ratings, decisions, aspects, name=name, train=train)


def _numbers(paper_id: str, column: str, values: object) -> tuple[float, ...]:
    """Marks of one paper; a null stands for a review without that mark and is left out."""
    if values is None:
        return ()
    if not isinstance(values, list):
        raise ValueError(f"paper {paper_id}: {column}: expected a list, found {values!r:.60}")  # noqa: TRY004  the file is wrong, not the call
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ValueError(f"paper {paper_id}: {column}: expected numbers, found {value!r:.60}")  # noqa: TRY004  likewise
    return tuple(float(value) for value in values if value is not None)


def _tuples(ids: Iterable[str], marks: Mapping[str, Sequence[float]]) -> Marks:
    return tuple(tuple(float(mark) for mark in marks.get(paper_id, ())) for paper_id in ids)


def _build_rows(folder: Path, split: str) -> Rows:
    """Rows of a build's ``scores``, verified: the split to judge, and ``train`` besides."""
    from cycledata.load import iterate_rows, read_build

    held = read_build(folder).configs.get("scores", {})
    if split not in held:
        raise ValueError(f"expected a config scores with a split {split!r}, found {sorted(held)}")
    columns = [column for column in _COLUMNS if column != "split"]
    return [
        {**row, "split": name}
        for name in dict.fromkeys((split, "train"))
        if name in held
        for row in iterate_rows(folder, "scores", name, columns)
    ]


def _file_rows(path: Path) -> Rows:
    if path.suffix == ".parquet":
        return _parquet_rows(path)
    if path.suffix != ".jsonl":
        raise ValueError(f"expected a .parquet or .jsonl file, found {path.suffix or path.name!r}")
    rows: Rows = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {number}: expected a JSON object: {error}") from error
            if not isinstance(row, dict):
                raise ValueError(f"line {number}: expected a JSON object, found {line[:60]!r}")
            rows.append(row)
    return rows


def _parquet_rows(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
            return cast("Rows", file.read(columns=columns).to_pylist())
    except pa.ArrowException as error:
        raise ValueError(f"{path.name}: cannot be read as Parquet: {error}"[:300]) from error


def _hub_rows(source: str, split: str) -> Rows:
    parts = source.split("/")
    if len(parts) != 2 or not all(parts) or source.endswith((".parquet", ".jsonl")):
        raise FileNotFoundError(
            f"{source}: expected a build directory, a .parquet or .jsonl file, or a hub id ORG/NAME"
        )
    from datasets import load_dataset

    held = load_dataset(source, "scores")
    rows: Rows = []
    for name in dict.fromkeys((split, "train")):
        if name in held:
            columns = [column for column in _COLUMNS if column in held[name].column_names]
            rows += [{**row, "split": name} for row in held[name].select_columns(columns).to_list()]
    return rows
