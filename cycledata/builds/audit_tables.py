"""Papers for an audit, read from a build or from any table of texts and decisions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cycledata.builds.audit import AuditedPaper
from cycledata.errors import AuditError
from cycledata.formats.rating_scales import decision_kind
from cycledata.load import MANIFEST, iterate_rows, read_build

if TYPE_CHECKING:
    import polars as pl

TEXT_COLUMNS = ("title", "abstract", "paper_text", "text", "content")
"""Columns that are audited where a table has them and none are named."""
_LABELS = ("text_source", "license", "primary_area")
_COUNTS = ("sections", "keywords")
_BATCH_ROWS = 256


def papers_of(
    path: Path,
    *,
    config: str = "default",
    text_columns: Sequence[str] = (),
    decision: str = "decision",
) -> Callable[[], Iterator[AuditedPaper]]:
    """Return a function that reads the papers anew each time it is called.

    Args:
        path: a finished build, or a Parquet, CSV or JSON Lines file.
        config: config of a build.
        text_columns: columns to audit; empty for those of `TEXT_COLUMNS` that exist.
        decision: column with the decision; papers without accept or reject are left out.

    Raises:
        AuditError: a column is missing, or the file has no column of text.
    """
    names = _column_names(path, config)
    if decision not in names:
        raise AuditError(f"{path}: no column {decision!r}; columns are {', '.join(names)}")
    if missing := [name for name in text_columns if name not in names]:
        raise AuditError(f"{path}: no column {missing[0]!r}; columns are {', '.join(names)}")
    audited = list(text_columns) or [name for name in TEXT_COLUMNS if name in names]
    if not audited:
        raise AuditError(
            f"{path}: no column of text among {', '.join(names)}; name one with --text COLUMN"
        )
    wanted = [
        name for name in names if name in {decision, "paper_id", *audited, *_LABELS, *_COUNTS}
    ]

    def read() -> Iterator[AuditedPaper]:
        for number, row in enumerate(_rows(path, config, wanted)):
            paper = audited_paper(row, audited, decision, number)
            if paper is not None:
                yield paper

    return read


def audited_paper(
    row: Mapping[str, Any], audited: Sequence[str], decision: str, number: int
) -> AuditedPaper | None:
    """Return what an audit reads of a row, or None if it is neither accepted nor rejected.

    Args:
        row: one paper.
        audited: columns of text.
        decision: column of the decision.
        number: names a paper without an id.
    """
    accepted = _accepted(row[decision])
    if accepted is None:
        return None
    return AuditedPaper(
        paper_id=str(row.get("paper_id") or number),
        accepted=accepted,
        texts={name: text for name in audited if isinstance(text := row.get(name), str)},
        numbers={
            f"n_{name}": float(len(found))
            for name in _COUNTS
            if isinstance(found := row.get(name), list)
        },
        categories={name: str(found) for name in _LABELS if (found := row.get(name))},
    )


def _accepted(decision: object) -> bool | None:
    """Return True for accept, False for reject, None for anything else.

    >>> [_accepted(said) for said in ("Accept (poster)", "Desk rejected", "withdrawn", None, True)]
    [True, False, None, None, True]
    """
    if isinstance(decision, bool):
        return decision
    kind = decision_kind(decision.strip()) if isinstance(decision, str) else None
    return {"accept": True, "reject": False}.get(kind or "")


def _column_names(path: Path, config: str) -> list[str]:
    if not path.is_dir():
        return _scan(path).collect_schema().names()
    if not (path / MANIFEST).is_file():
        raise AuditError(f"{path}: expected a finished build, found no {MANIFEST}")
    manifest = read_build(path)
    splits = manifest.configs.get(config)
    if not splits:
        raise AuditError(
            f"{path}: no rows in config {config!r}; "
            f"configs are {', '.join(sorted(manifest.configs))}"
        )
    import pyarrow.parquet as pq

    pin = manifest.files_of(config, sorted(splits)[0])[0]
    return list(pq.read_schema(path / pin.path).names)


def _rows(path: Path, config: str, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    if path.is_dir():
        for split in sorted(read_build(path).configs[config]):
            yield from iterate_rows(path, config, split, list(columns))
        return
    for batch in _scan(path).select(columns).collect_batches(chunk_size=_BATCH_ROWS):
        yield from batch.iter_rows(named=True)


def _scan(path: Path) -> "pl.LazyFrame":
    import polars as pl

    readers: dict[str, Callable[..., pl.LazyFrame]] = {
        ".parquet": pl.scan_parquet,
        ".csv": pl.scan_csv,
        ".jsonl": pl.scan_ndjson,
        ".ndjson": pl.scan_ndjson,
    }
    if path.suffix not in readers:
        raise AuditError(f"{path}: expected a build or a file of {', '.join(readers)}")
    if not path.is_file() or not path.stat().st_size:
        raise AuditError(f"{path}: expected a build or a table of papers, found no rows")
    try:
        frame = readers[path.suffix](path)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise AuditError(f"{path}: cannot be read as {path.suffix}: {error}") from error
    return frame
