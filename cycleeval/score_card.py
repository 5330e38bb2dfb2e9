"""Score cards: all numbers on one model, or on the human reviewers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cycledata.jsonl import InvalidLine
from cycleeval.estimates import Results

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """All numbers on one model, or on the human reviewers."""

    name: str
    n_papers: int
    """Papers with human ratings."""
    n_scored: int
    """Papers with a readable prediction and a human rating; for humans, with two ratings."""
    n_unreadable: int
    """Lines that could not be read."""
    n_missing: int
    """Papers without a line."""
    n_unknown: int
    """Readable lines about papers that the human ratings do not have."""
    n_duplicate: int
    """Readable lines about a paper that an earlier line is about."""
    n_too_few_ratings: int
    """Papers with fewer than two human ratings, which mode n-1 cannot use."""
    n_missing_ratings: int
    """Missing human ratings (null or NaN) that were left out."""
    metrics: Results
    """By the names of the contract."""
    baselines: dict[str, Results]
    """``human``, ``constant``, ``majority``, ``noise_floor``, on the same papers; where the
    reference has text also ``length``, ``metadata`` and ``text``."""
    verdicts: tuple[str, ...]
    """Conclusions, as sentences."""
    invalid_lines: tuple[InvalidLine, ...]
    """Every line without a prediction."""
    ignored_fields: dict[str, int]
    """Unknown fields of the predictions, with the number of lines that have them."""
    per_paper: "PerPaper"
    """What was scored, per paper."""
    notes: tuple[str, ...] = ()
    """Remarks on the baselines and on the date of the ratings."""

    @property
    def answerer(self) -> str:
        """Whose answers were scored: ``"model"`` or ``"human"``."""
        first = next(iter(self.metrics.values()), None)
        return (None if first is None else first.signature.part("by")) or "model"

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        from cycleeval.output.result_table import score_table

        return score_table(self).to_html()

    def to_json(self) -> dict[str, object]:
        """Return the card as ``--json`` prints it."""
        cautions = {
            name: result.caution
            for name, result in self.metrics.items()
            if result.caution is not None
        }
        return {
            "n_papers": self.n_papers,
            "n_scored": self.n_scored,
            "n_unreadable": self.n_unreadable,
            "n_missing": self.n_missing,
            "n_unknown": self.n_unknown,
            "n_duplicate": self.n_duplicate,
            "n_too_few_ratings": self.n_too_few_ratings,
            "n_missing_ratings": self.n_missing_ratings,
            "metrics": _json(self.metrics),
            "baselines": {name: _json(results) for name, results in self.baselines.items()},
            "cautions": cautions,
            "verdicts": list(self.verdicts),
            "notes": list(self.notes),
            "invalid_lines": [
                {"line": i.line, "paper_id": i.paper_id, "rule": i.rule, "detail": i.detail}
                for i in self.invalid_lines
            ],
            "ignored_fields": self.ignored_fields,
        }

    def to_frame(self) -> "pl.DataFrame":
        """Return the metrics and baselines as a table, one row per answerer and metric."""
        from cycleeval.output.frames import score_frame

        return score_frame(self)


@dataclass(frozen=True, slots=True)
class PerPaper:
    """What was scored, one entry per paper."""

    paper_ids: tuple[str, ...]
    human_mean: tuple[float, ...]
    n_human_ratings: tuple[int, ...]
    accepted: tuple[bool | None, ...]
    """Decision of the venue; None if unknown."""
    rating: tuple[float | None, ...]
    """The model's rating; None on the card of the humans."""
    accept: tuple[bool | None, ...]
    """The model's decision; None on the card of the humans."""

    def to_frame(self) -> "pl.DataFrame":
        """Return one row per scored paper, with the squared and absolute error of mode n."""
        import polars as pl

        frame = pl.DataFrame(
            {
                "paper_id": self.paper_ids,
                "human_mean": self.human_mean,
                "n_human_ratings": self.n_human_ratings,
                "accepted": self.accepted,
                "rating": self.rating,
                "accept": self.accept,
            },
            schema={
                "paper_id": pl.String,
                "human_mean": pl.Float64,
                "n_human_ratings": pl.Int64,
                "accepted": pl.Boolean,
                "rating": pl.Float64,
                "accept": pl.Boolean,
            },
        )
        error = pl.col("rating") - pl.col("human_mean")
        return frame.with_columns(squared_error=error**2, absolute_error=error.abs())


def _json(results: Results) -> dict[str, object]:
    return {name: result.to_json() for name, result in results.items()}
