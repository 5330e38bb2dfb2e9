"""Read and verify finished builds."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cycledata.errors import VerifyError
from cycledata.manifest import (
    FilePin,
    Manifest,
    checksum_of,
    fingerprint,
    manifest_bytes,
    read_manifest,
    verify_files,
)
from cycledata.parquet_files import iterate_parquet

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

MANIFEST = "manifest.json"
_REMEDY = "run `cycledata build` again, into another folder"


class BuildManifest(Manifest):
    """Manifest of a build: its inputs, counts and files."""

    kind: Literal["build"]
    dataset: str
    """``"review-5k"`` or ``"research-14k"``."""
    fingerprint: str
    """sha256 over ``inputs``; equal fingerprints mean equal bytes."""
    inputs: dict[str, Any]
    """Snapshot digest, recipe, policy digest, tombstones, schema and package versions."""
    invented: bool
    """True if the snapshot is invented: no paper, person or review in it is real."""
    shareable: bool
    """True if the build may be published: no component is for private use only."""
    policy_name: str
    configs: dict[str, dict[str, int]]
    """Config to split to number of rows; splits without rows are left out."""
    counts: dict[str, int]
    """Papers and notes in, kept and dropped."""
    dropped: dict[str, int]
    """``"<stage>: <rule>"`` to rows of ``dropped.parquet``."""
    withheld: dict[str, int]
    """``"<component>: <rule>"`` to rows of ``consent.parquet`` that withhold."""
    published: dict[str, int]
    """``"<component>: <rule>"`` to rows of ``consent.parquet`` that publish."""
    checksum: str = ""
    """sha256 of all other fields, so that a damaged or edited manifest is noticed."""
    facts: dict[str, Any]
    """Further facts for the card, e.g. rating scales or the last day of train."""

    def files_of(self, config: str, split: str) -> list[FilePin]:
        """Return the pins of the files of one split, in order.

        Raises:
            ValueError: the build has no such config or split.
        """
        if config not in self.configs:
            raise ValueError(f"no config {config!r} here; there are {sorted(self.configs)}")
        if split not in self.configs[config]:
            found = sorted(self.configs[config]) or "it is empty"
            raise ValueError(f"no split {split!r} in {config}: {found}")
        return [pin for pin in self.files if pin.path.startswith(f"{config}/{split}-")]


def read_build(folder: Path | str) -> BuildManifest:
    """Return the manifest of a finished build.

    Raises:
        VerifyError: not a build, an unfinished one, or one with a damaged manifest; or an older
            version of this package wrote it in another form.
        NewerSchemaError: a newer version of this package wrote it.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise VerifyError(
            f"{folder}: no {MANIFEST}, so this is not a finished build; run `cycledata build`"
        )
    manifest = read_manifest(path, BuildManifest, remedy=_REMEDY)
    if manifest.checksum != checksum_of(manifest):
        raise VerifyError(
            f"{path}: expected the checksum {checksum_of(manifest)[:12]} over its content, found "
            f"{manifest.checksum[:12] or 'none'}: it was damaged or edited; {_REMEDY}"
        )
    if path.read_bytes() != manifest_bytes(manifest):
        raise VerifyError(f"{path}: not written by cycledata in this form; {_REMEDY}")
    return manifest


def verify_build(folder: Path | str) -> BuildManifest:
    """Compare every file of a build with its pin, and find files without a pin.

    Raises:
        VerifyError: the first file that is missing, changed or unknown.
    """
    folder = Path(folder)
    manifest = read_build(folder)
    verify_files(folder, manifest.files, remedy=_REMEDY)
    _verify_statements(folder, manifest)
    pinned = {pin.path for pin in manifest.files} | {MANIFEST}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    unknown = sorted(found - pinned)
    if "tombstones.json" in unknown:
        raise VerifyError(
            f"tombstones.json: not in {MANIFEST}; keep the file, and build again into another "
            "folder beside this one, so that the new build obeys it"
        )
    if unknown:
        raise VerifyError(f"{unknown[0]}: not in {MANIFEST}; move it out of the build")
    return manifest


def _verify_statements(folder: Path, manifest: BuildManifest) -> None:
    """Compare everything that a manifest states with what the files of the build give.

    Raises:
        VerifyError: the first statement that differs.
    """

    def require(what: str, stated: object, found: object) -> None:
        if stated != found:
            raise VerifyError(
                f"{MANIFEST}: {what}: states {stated}, the files give {found}; {_REMEDY}"
            )

    require("fingerprint", manifest.fingerprint, fingerprint(manifest.inputs))
    rows: Counter[str] = Counter()
    kept: set[str] = set()
    for pin in manifest.files:
        require(f"size of {pin.path}", pin.size_bytes, (folder / pin.path).stat().st_size)
        config, slash, file = pin.path.partition("/")
        if not pin.path.endswith(".parquet"):
            continue
        paper_ids = [row["paper_id"] for row in iterate_parquet(folder / pin.path, ["paper_id"])]
        require(f"rows of {pin.path}", pin.rows, len(paper_ids))
        if slash:
            rows[f"{config}/{file.partition('-')[0]}"] += len(paper_ids)
            kept.update(map(str, paper_ids))
    stated = {f"{c}/{s}": n for c, splits in manifest.configs.items() for s, n in splits.items()}
    require("rows of the splits", stated, dict(rows))
    counts = manifest.counts
    n_dropped = counts.get("papers_dropped", 0)
    require("papers kept", counts.get("papers_kept"), len(kept))
    require("papers", counts.get("papers"), len(kept) + n_dropped)
    drops = Counter(
        f"{row['stage']}: {row['rule']}" for row in iterate_parquet(folder / "dropped.parquet")
    )
    require("reasons", manifest.dropped, dict(drops))
    verdicts = {"publish": Counter[str](), "withhold": Counter[str]()}
    rules: set[str] = set()
    for row in iterate_parquet(folder / "consent.parquet"):
        verdicts[str(row["verdict"])][f"{row['component']}: {row['rule']}"] += 1
        rules.add(str(row["rule"]))
    require("published", manifest.published, dict(verdicts["publish"]))
    require("withheld", manifest.withheld, dict(verdicts["withhold"]))
    require("shareable", manifest.shareable, manifest.inputs.get("shareable"))
    if manifest.shareable and "private-use" in rules:
        raise VerifyError(f"{MANIFEST}: states shareable, but some texts are for private use only")


def load_split(
    folder: Path | str, config: str, split: str, columns: list[str] | None = None
) -> Iterator["pa.Table"]:
    """Yield the tables of a split, one file at a time, each verified before it is read.

    Args:
        folder: a finished build.
        config: e.g. ``"scores"``.
        split: e.g. ``"test"``.
        columns: columns to read; None for all.

    Raises:
        ValueError: the build has no such config, split or column, or a column is named twice.
        VerifyError: a file differs from its pin.
    """
    import pyarrow.parquet as pq

    from cycledata.parquet_files import read_parquet

    folder = Path(folder)
    for pin in read_build(folder).files_of(config, split):
        verify_files(folder, [pin], remedy=_REMEDY)
        if columns is not None:
            _require_columns(columns, pq.read_schema(folder / pin.path).names, config)
        yield read_parquet(folder / pin.path, columns)


def _require_columns(columns: Sequence[str], known: list[str], config: str) -> None:
    """Require a list of different columns that a config has."""
    if isinstance(columns, str):
        raise TypeError(f"columns: expected a list of names, found the text {columns!r}")
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise ValueError(f"no column {unknown[0]!r}; {config} has {', '.join(known)}")
    repeated = [name for name in columns if columns.count(name) > 1]
    if repeated:
        raise ValueError(f"columns: {repeated[0]!r} is named twice")


def load_frame(
    folder: Path | str, config: str, split: str | None = None, columns: list[str] | None = None
) -> "pl.DataFrame":
    """Return rows of a build as a polars frame, each file verified before it is read.

    Args:
        folder: a finished build.
        config: e.g. ``"scores"``.
        split: e.g. ``"test"``; None for all splits, one after another.
        columns: columns to read; None for all.

    Raises:
        ValueError: the build has no such config, split or column, a column is named twice, or the
            config has no rows.
        VerifyError: a file differs from its pin.
    """
    import polars as pl

    manifest = read_build(folder)
    if config not in manifest.configs:
        raise ValueError(f"no config {config!r} here; there are {sorted(manifest.configs)}")
    splits = list(manifest.configs[config]) if split is None else [split]
    if not splits:
        raise ValueError(f"{config}: no rows in this build")
    tables = (table for name in splits for table in load_split(folder, config, name, columns))
    frame = pl.concat([pl.DataFrame(pl.from_arrow(table)) for table in tables])
    return frame if columns is None else frame.select(columns)


def iterate_rows(
    folder: Path | str, config: str, split: str, columns: list[str] | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a split as dictionaries, in the order of the build; see `load_split`."""
    for table in load_split(folder, config, split, columns):
        for batch in table.to_batches(max_chunksize=200):
            yield from batch.to_pylist()
