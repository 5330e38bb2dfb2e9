"""Commands that read: single papers, rows of a build, e-prints and PDFs, and names."""

import json
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cycledata.cli.discussion import history_lines, thread_lines
from cycledata.cli.options import Build, Files
from cycledata.console import AsJson, note, print_json, print_table, printable
from cycledata.errors import BuildError
from cycledata.templates import no_formula

if TYPE_CHECKING:
    import polars as pl


_QUOTED = re.compile(r"""[",\r\n\0]|^\s|\s$""")


class ExportFormat(StrEnum):
    """File format of an export."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def show(
    build: Build,
    paper_id: Annotated[str, typer.Argument(metavar="PAPER_ID", help="Id or URL of a paper.")],
    as_json: AsJson = False,
) -> None:
    """Print one paper of a build for reading: ratings, reviews, text, discussion as a tree."""
    from cycledata.builds.explain import find_paper

    paper_id = find_paper(build, paper_id)
    row = _find_row(build, paper_id)
    more = {config: _rows_of(build, paper_id, config) for config in ("history", "threads")}
    if as_json:
        print(json.dumps({**row, **more}, default=str, sort_keys=True))
        return
    for name, value in row.items():
        if value in (None, "", []) or name in {"messages", "paper_text", "text_version"}:
            continue
        if name == "sections":
            for section in value:
                _print_text(f"{'#' * (section['level'] + 1)} {section['title']}")
                _print_text(section["text"])
        elif name == "reviews":
            for review in value:
                _print_text(f"## Review by {review['reviewer']}")
                _print_fields(review)
        elif isinstance(value, str) and len(value) > 100:
            _print_text(f"## {name}")
            _print_text(value)
        else:
            print(printable(f"{name}: {value}"))
    for title, config, lines in (
        ("Ratings over time", "history", history_lines),
        ("Discussion", "threads", thread_lines),
    ):
        if more[config]:
            print(f"\n## {title}\n")
            print("\n".join(lines(more[config])))


def _rows_of(build: Path, paper_id: str, config: str) -> list[dict[str, Any]]:
    """Return the rows of a paper in one config; empty if the build does not have the config."""
    from cycledata.load import iterate_rows, read_build

    return [
        dict(row)
        for split in read_build(build).configs.get(config, ())
        for row in iterate_rows(build, config, split)
        if row["paper_id"] == paper_id
    ]


def _print_fields(review: dict[str, Any]) -> None:
    for name, value in review.items():
        if name not in {"reviewer", "fields"} and value not in (None, ""):
            _print_text(f"{name}: {value}")


def _print_text(text: str) -> None:
    """Print a text with its line ends, other control characters escaped."""
    print("\n".join(printable(line) for line in text.split("\n")) + "\n")


def _find_row(build: Path, paper_id: str) -> dict[str, Any]:
    """Return the fullest row of a paper: of the first config that has it."""
    from cycledata.load import iterate_rows, read_build

    for config, splits in read_build(build).configs.items():
        if config in {"history", "threads"}:  # these have many rows per paper
            continue
        for split in splits:
            for row in iterate_rows(build, config, split):
                if row["paper_id"] == paper_id:
                    return {"config": config, "split": split, **row}
    raise BuildError(
        f"{paper_id}: no rows in {build}; run `cycledata explain {build} {paper_id}` to see why"
    )


def export(
    build: Build,
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="File to write; stdout if not given."),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(metavar="CONFIG", help="Config, such as default; scores or ids if not given."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="Split; all of them if not given.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Columns, separated by commas; all if not given."),
    ] = None,
    paper: Annotated[
        list[str] | None,
        typer.Option(metavar="PAPER_ID", help="Id or URL of a paper to write; repeat for several."),
    ] = None,
    file_format: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="Format; by default that of FILE's ending, or csv."),
    ] = None,
) -> None:
    """Write rows of a build to a file, or to stdout.

    In CSV, a list is a JSON text, null is an empty cell, an empty text is "", and a text that a
    spreadsheet would run as a formula has an apostrophe before it.
    """
    used = _format_of(out, file_format)
    from cycledata.load import load_frame, read_build

    manifest = read_build(build)
    if config is None:
        config = next((name for name in ("scores", "ids") if name in manifest.configs), "default")
    if config not in manifest.configs:
        raise BuildError(f"{build}: no config {config!r}; it has {', '.join(manifest.configs)}")
    found = list(manifest.configs[config])
    if not found:
        raise BuildError(f"{build}: config {config} has no rows")
    if split is not None and split not in found:
        raise BuildError(f"{build}: no split {split!r} in {config}; it has {', '.join(found)}")
    if out is not None and build.resolve() in out.resolve().parents:
        raise BuildError(f"{out}: inside the build, which must not change; use another folder")
    frame = load_frame(build, config, split)
    if paper:
        frame = _of_papers(frame, build, paper)
    if columns is not None:
        frame = frame.select(_known_columns(columns, frame.columns, config))
    _write(frame, out, used)
    if out is not None:
        note(f"{frame.height:,} rows written to {out}")


def _of_papers(frame: "pl.DataFrame", build: Path, names: list[str]) -> "pl.DataFrame":
    """Return the rows of some papers.

    Raises:
        BuildError: the build does not know a paper, or has no such rows of it.
    """
    from cycledata.builds.explain import find_paper

    wanted = list(dict.fromkeys(find_paper(build, name) for name in names))
    missing = sorted(set(wanted) - set(frame["paper_id"]))
    if missing:
        raise BuildError(
            f"{missing[0]}: no rows in this config and split of {build}; "
            f"run `cycledata explain {build} {missing[0]}`"
        )
    return frame.filter(frame["paper_id"].is_in(wanted))


def _known_columns(columns: str, known: list[str], config: str) -> list[str]:
    """Return the names of an option A,B.

    Raises:
        typer.BadParameter: a column is missing from the config, or is named twice.
    """
    names = [name.strip() for name in columns.split(",")]
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"no column {name!r}; {config} has {', '.join(known)}")
        if names.count(name) > 1:
            raise typer.BadParameter(f"column {name} is named twice")
    return names


def _format_of(out: Path | None, wanted: ExportFormat | None) -> ExportFormat:
    """Return the format of an export.

    Raises:
        typer.BadParameter: the ending of the file is that of another format, or of none.
    """
    known = {f".{form.value}": form for form in ExportFormat}
    stated = None if out is None else known.get(out.suffix.lower())
    if wanted is None and out is not None and stated is None:
        raise typer.BadParameter(f"{out}: expected {', '.join(known)}; rename it, or give --format")
    if wanted is not None and stated not in {None, wanted}:
        raise typer.BadParameter(f"{out}: --format {wanted.value} does not fit this ending")
    return wanted or stated or ExportFormat.CSV


def _write(frame: "pl.DataFrame", out: Path | None, file_format: ExportFormat) -> None:
    from cycledata.files import replace_file

    if file_format is ExportFormat.PARQUET:
        if out is None:
            raise typer.BadParameter("parquet is not text; give --out FILE")
        with replace_file(out) as temporary:
            frame.write_parquet(temporary)
        return
    if out is None:
        write_rows(frame, sys.stdout, file_format)
        return
    with replace_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_rows(frame, file, file_format)


def write_rows(frame: "pl.DataFrame", file: Any, file_format: ExportFormat) -> None:
    """Write rows as CSV or JSON Lines; see `export`."""
    if file_format is ExportFormat.JSONL:
        for row in frame.iter_rows(named=True):
            file.write(json.dumps(row, default=str, sort_keys=True) + "\n")
        return
    file.write(",".join(map(_csv_cell, frame.columns)) + "\n")
    for cells in frame.iter_rows():
        file.write(",".join(map(_csv_cell, cells)) + "\n")


def _csv_cell(cell: object) -> str:
    """Return a cell of a CSV file; null is empty, an empty text is quoted.

    The csv module writes both alike, and a lone carriage return without quotes.
    """
    if cell is None:
        return ""
    text = json.dumps(cell, default=str) if isinstance(cell, list | dict) else str(cell)
    if isinstance(cell, str):
        text = no_formula(cell)
    if text and not _QUOTED.search(text):
        return text
    return '"{}"'.format(text.replace('"', '""'))


def list_names(as_json: AsJson = False) -> None:
    """Print the names that commands and files use: datasets, recipes, policies, venues, rules."""
    from cycledata.builds.runner import DATASETS
    from cycledata.consent.policy import read_policy
    from cycledata.rules import RULES
    from cycledata.sample import POLICY
    from cycledata.sources.venues import LISTINGS, SUBMISSIONS

    rows = [("dataset", name, spec.title) for name, spec in DATASETS.items()]
    rows += [
        ("config", f"{name} {config}", f"{len(schema)} columns")
        for name, spec in DATASETS.items()
        for config, schema in spec.schemas.items()
    ]
    rows += [
        ("recipe", name, f"{type(spec.recipe).__name__}; see `cycledata recipe show {name}`")
        for name, spec in DATASETS.items()
    ]
    rows += [
        ("policy", read_policy(path).name, use)
        for path, use in ((None, "built in, for snapshots"), (POLICY, "for the embedded sample"))
    ]
    rows += [("venue", venue, f"about {n:,} submissions") for venue, n in SUBMISSIONS.items()]
    rows += [("list", item.name, f"about {item.n_papers:,} papers") for item in LISTINGS]
    rows += [("rule", rule.name, rule.sentence) for rule in RULES.values()]
    if as_json:
        print_json([{"kind": kind, "name": name, "about": about} for kind, name, about in rows])
    else:
        print_table({"kind": "left", "name": "left", "about": "left"}, rows)


def parse(
    files: Files,
    main: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Main file inside the e-print, such as paper.tex; chosen if not given.",
        ),
    ] = None,
) -> None:
    """Print the text of e-prints and PDFs: one JSON object per file, one per line.

    A file that cannot be read gives `file` and `error`; the exit code is then 1.
    """
    from cycledata.errors import DEFECTS, ParseError, defect_shown_by
    from cycledata.parse.paper import parse_paper

    failed = False
    for path in files:
        try:
            print(parse_paper(path.read_bytes(), file=path.name, main=main).model_dump_json())
        except (ParseError, *DEFECTS) as error:
            failed = True
            reason = error if isinstance(error, ParseError) else defect_shown_by(error)
            row = {"file": path.name, "error": {"rule": reason.rule, "detail": reason.detail}}
            print(json.dumps(row, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)
