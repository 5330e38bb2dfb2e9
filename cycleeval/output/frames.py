"""Results as polars frames in long form: one row per number, with its interval and signature."""

import io
import json
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from cycledata.files import write_file
from cycledata.templates import spreadsheet_text
from cycleeval.comparison import Comparison
from cycleeval.detection import DetectionReport
from cycleeval.generated import GeneratedReport
from cycleeval.result import MetricResult
from cycleeval.score_card import ScoreCard

if TYPE_CHECKING:
    import polars as pl


def score_frame(card: ScoreCard) -> "pl.DataFrame":
    """Return one row per answerer (the model, then each baseline) and metric."""
    import polars as pl

    rows = [
        {"by": by, **_numbers(result)}
        for by, results in ((card.answerer, card.metrics), *card.baselines.items())
        for result in results.values()
    ]
    return pl.DataFrame(rows, schema={"by": pl.String, **_schema()})


def comparison_frame(comparison: Comparison) -> "pl.DataFrame":
    """Return one row per pair of models and metric, with the place of each model."""
    import polars as pl

    rows = [
        {
            "a": pair.a,
            "b": pair.b,
            "metric": metric,
            "value_a": found.a,
            "value_b": found.b,
            "difference": found.difference,
            "low": found.low,
            "high": found.high,
            "p_value": found.p_value,
            "p_holm": found.p_holm,
            "detectable": found.detectable,
            "place_a": comparison.ranks.get(metric, {}).get(pair.a),
            "place_b": comparison.ranks.get(metric, {}).get(pair.b),
            "n_papers": found.n_papers,
            "caution": found.caution,
            "signature": str(found.signature),
        }
        for pair in comparison.pairs
        for metric, found in pair.differences.items()
    ]
    numbers = ("value_a", "value_b", "difference", "low", "high", "p_value", "p_holm", "detectable")
    schema: dict[str, type[pl.DataType]] = {
        "a": pl.String,
        "b": pl.String,
        "metric": pl.String,
        **dict.fromkeys(numbers, pl.Float64),
        "place_a": pl.Int64,
        "place_b": pl.Int64,
        "n_papers": pl.Int64,
        "caution": pl.String,
        "signature": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def generated_frame(report: GeneratedReport) -> "pl.DataFrame":
    """Return one row per source and metric; ``best_of`` is the number of papers chosen from."""
    import polars as pl

    rows = [
        {"source": row.source, "best_of": k, **_numbers(metric)}
        for row in report.rows
        for k, metrics in ((None, row.metrics), *row.best_of)
        for metric in metrics
    ]
    return pl.DataFrame(rows, schema={"source": pl.String, "best_of": pl.Int64, **_schema()})


def detection_frame(report: DetectionReport) -> "pl.DataFrame":
    """Return one row per kind of text, source and metric, with the threshold that was used."""
    import polars as pl

    rows = [
        {"format": row.format, "source": row.source, "threshold": value, **_numbers(metric)}
        for row in report.rows
        for value, metrics in (
            (row.threshold.value, row.metrics),
            *(
                (fixed.threshold.value, (fixed.false_positive_rate, fixed.true_positive_rate))
                for fixed in row.fixed
            ),
        )
        for metric in metrics
    ]
    keys = {"format": pl.String, "source": pl.String, "threshold": pl.Float64}
    return pl.DataFrame(rows, schema={**keys, **_schema()})


def rated_papers_frame(report: GeneratedReport) -> "pl.DataFrame":
    """Return one row per paper of ``generated``: its lowest, highest and mean rating."""
    import polars as pl

    rows = [
        (
            *(paper.source, paper.paper_id, len(paper.ratings)),
            *(min(paper.ratings), max(paper.ratings), fmean(paper.ratings)),
            *(paper.decision, paper.n_references),
        )
        for paper in report.papers
    ]
    schema: dict[str, type[pl.DataType]] = {
        "source": pl.String,
        "paper_id": pl.String,
        "n_ratings": pl.Int64,
        "rating_min": pl.Float64,
        "rating_max": pl.Float64,
        "rating_mean": pl.Float64,
        "decision": pl.String,
        "n_references": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def judged_texts_frame(report: DetectionReport) -> "pl.DataFrame":
    """Return one row per text of the test split and source: its criterion and the classification.

    The human texts of a format have a row for each source that they are compared with.
    """
    import polars as pl

    rows = [
        (
            *(row.format, row.source, text.text_id, text.source is not None),
            *(text.criterion, row.threshold.value, text.criterion > row.threshold.value),
        )
        for row in report.rows
        for text in report.texts
        if text.split == "test" and text.format == row.format and text.source in (None, row.source)
    ]
    schema: dict[str, type[pl.DataType]] = {
        "format": pl.String,
        "source": pl.String,
        "text_id": pl.String,
        "is_generated": pl.Boolean,
        "criterion": pl.Float64,
        "threshold": pl.Float64,
        "called_generated": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def write_frame(frame: "pl.DataFrame", path: Path) -> None:
    """Write a frame as CSV or Parquet, by the suffix of the path."""
    if path.suffix == ".csv":
        write_file(path, csv_text(frame))
        return
    content = io.BytesIO()
    frame.write_parquet(content)
    write_file(path, content.getvalue())


def csv_text(frame: "pl.DataFrame") -> str:
    """Return a frame as CSV whose texts a spreadsheet does not take for formulas."""
    import polars as pl

    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = [
        frame[name].map_elements(spreadsheet_text, return_dtype=pl.String).alias(name)
        for name in texts
    ]
    return frame.with_columns(safe).write_csv()


def json_lines(frame: "pl.DataFrame") -> str:
    """Return a frame as JSON Lines without characters that control a terminal."""
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]
        for char in frame.write_ndjson()
    )


def _numbers(result: MetricResult) -> dict[str, object]:
    return {
        "metric": result.name,
        "value": result.value,
        "low": result.low,
        "high": result.high,
        "n_papers": result.n_papers,
        "n_unreadable": result.n_unreadable,
        "why": result.why,
        "caution": result.caution,
        "signature": str(result.signature),
    }


def _schema() -> "dict[str, type[pl.DataType]]":
    import polars as pl

    return {
        "metric": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n_papers": pl.Int64,
        "n_unreadable": pl.Int64,
        "why": pl.String,
        "caution": pl.String,
        "signature": pl.String,
    }
