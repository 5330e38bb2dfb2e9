"""Measure what moves during the discussion, from raw notes and a table of dated ratings.

    python benchmarks/what_moves.py NOTES RATINGS

The figures of docs/datasets/what-moves.md come from the notes of ICLR 2024 of 27 November 2023 and
a table with the ratings of 11 and 27 November, 3 and 14 December.
"""

import datetime as dt
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.load import iterate_rows, read_build
from cycledata.parquet_files import iterate_parquet
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.dumps import import_notes
from cycledata.sources.import_ratings import import_ratings
from cycleeval.rating_changes import RatingPairs, rating_pairs, score_changes
from cycleeval.scoring_config import ScoringConfig

NOTES_READ = dt.datetime(2023, 11, 27, tzinfo=dt.UTC)


def main(notes: Path, ratings: Path) -> None:
    """Import, build and print every figure."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot, out = Path(folder) / "snapshot", Path(folder) / "out"
        with OpenSnapshot(snapshot) as opened:
            import_notes([notes], opened, retrieved_at=NOTES_READ)
            import_ratings([ratings], opened)
        seal(snapshot)
        build(
            DATASETS["review-5k"],
            snapshot,
            out,
            policy=read_policy(),
            configs=["scores", "history"],
        )
        _print_figures(out)


def _print_figures(out: Path) -> None:
    manifest = read_build(out)
    rows = [
        row for split in manifest.configs["history"] for row in iterate_rows(out, "history", split)
    ]
    papers = {row["paper_id"] for row in rows}
    reviewers = {(row["paper_id"], row["reviewer"]) for row in rows}
    print(f"history: {len(papers):,} papers, {len(reviewers):,} reviewers, {len(rows):,} rows")
    for (source, state), n in sorted(
        Counter((row["source"], str(row["state"])) for row in rows).items()
    ):
        print(f"  {source:22} {state:18} {n:7,}")
    dropped = Counter(
        (str(row["rule"]), str(row["detail"]).partition(":")[0])
        for row in iterate_parquet(out / "dropped.parquet")
        if str(row["stage"]).startswith("history/")
    )
    for (rule, column), n in sorted(dropped.items()):
        print(f"  set aside: {rule}, {column}: {n}")
    for name, fact in manifest.facts.items():
        if name.startswith("Order of"):
            print(f"  {name}: {fact}")
    pairs = rating_pairs(rows, name="ICLR 2024")
    report = score_changes(pairs, ScoringConfig())
    print(
        f"{report.n_papers:,} papers, {report.n_ratings:,} ratings before and after: "
        f"{report.n_raised:,} raised, {report.n_lowered:,} lowered"
    )
    for result in report.metrics.values():
        print(f"  {result.name:22} {result.value:8.4f}  {result.low:.4f} to {result.high:.4f}")
    _print_moves(pairs)
    scores = [
        row for split in manifest.configs["scores"] for row in iterate_rows(out, "scores", split)
    ]
    not_withdrawn = {row["paper_id"] for row in scores if row["decision"] != "withdrawn"}
    in_review = [row for row in rows if row["paper_id"] in not_withdrawn]
    for day in sorted({row["observed"] for row in rows if str(row["source"]).startswith("table")}):
        _print_day("all papers", rows, day)
        _print_day("papers that were not withdrawn", in_review, day)


def _print_moves(pairs: RatingPairs) -> None:
    moves = Counter(
        new - old
        for before, after in zip(pairs.before, pairs.after, strict=True)
        for old, new in zip(before, after, strict=True)
        if new != old
    )
    print(
        "  change of a rating:", ", ".join(f"{move:+g}: {n:,}" for move, n in sorted(moves.items()))
    )
    moved = sum(
        sum(before) != sum(after) for before, after in zip(pairs.before, pairs.after, strict=True)
    )
    print(f"  papers whose mean changed: {moved:,} of {len(pairs.paper_ids):,}")


def _print_day(papers: str, rows: Sequence[Mapping[str, object]], day: dt.date) -> None:
    from cycleeval.proxy import human_error

    by_paper: dict[object, list[float]] = {}
    for row in rows:
        if row["observed"] == day and str(row["source"]).startswith("table"):
            by_paper.setdefault(row["paper_id"], []).append(float(str(row["rating"])))
    lists = [ratings for ratings in by_paper.values() if len(ratings) >= 2]
    mse = float(human_error(lists).mean())
    mean = sum(map(sum, lists)) / sum(map(len, lists))
    print(
        f"  {day}, {papers}: {len(lists):,} with two ratings, mean rating {mean:.3f}, "
        f"human MSE (n-1) {mse:.3f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
