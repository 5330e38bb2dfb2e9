"""The formats of ``--format``, and the choice of metrics and signatures that are printed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from cycledata.errors import ScoringError
from cycledata.files import canonical_json
from cycleeval.comparison import Comparison
from cycleeval.output.result_table import ResultTable
from cycleeval.scoring import ScoreCard

if TYPE_CHECKING:
    import polars as pl

Format = Literal["table", "markdown", "latex", "csv", "json", "jsonl"]


def render(
    form: Format,
    *,
    table: Callable[[], str],
    result_table: Callable[[], ResultTable],
    frame: "Callable[[], pl.DataFrame]",
    as_json: Callable[[], Mapping[str, object]],
    signatures: bool = True,
) -> str:
    """Return a result in one format; only the callable of that format is called.

    Args:
        form: name of the format.
        table: text for the terminal.
        result_table: for Markdown and LaTeX.
        frame: long form, for CSV and JSON Lines.
        as_json: for JSON.
        signatures: False leaves out the column ``signature`` of CSV and JSON Lines.
    """
    if form == "table":
        return table()
    if form == "markdown":
        return result_table().to_markdown()
    if form == "latex":
        return result_table().to_latex()
    if form == "json":
        return canonical_json(dict(as_json()), indent=2)
    rows = frame()
    if not signatures:
        rows = rows.drop("signature")
    text = rows.write_csv() if form == "csv" else rows.write_ndjson()
    return text.rstrip("\n")


def choose_metrics(known: Iterable[str], wanted: str | None) -> tuple[str, ...] | None:
    """Return the metrics that ``--metrics`` names, in its order; None for all.

    Raises:
        ScoringError: a name that is not a metric of this result.
    """
    if wanted is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",") if name.strip()))
    known = tuple(known)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ScoringError(
            f"--metrics: expected names among {', '.join(known)}; found "
            f"{', '.join(unknown) or 'none'}"
        )
    return names


def card_of_metrics(card: ScoreCard, wanted: str | None) -> ScoreCard:
    """Return the card with the named metrics only, of the model and of every baseline."""
    names = choose_metrics(card.metrics, wanted)
    if names is None:
        return card
    return replace(
        card,
        metrics={name: card.metrics[name] for name in names},
        baselines={
            by: {name: results[name] for name in names if name in results}
            for by, results in card.baselines.items()
        },
    )


def comparison_of_metrics(comparison: Comparison, wanted: str | None) -> Comparison:
    """Return the comparison on the named metrics only.

    Holm's adjustment is over the pairs of models within one metric, so it stays the same.
    """
    known = dict.fromkeys(name for pair in comparison.pairs for name in pair.differences)
    names = choose_metrics(known, wanted)
    if names is None:
        return comparison
    pairs = tuple(
        replace(
            pair,
            differences={
                name: pair.differences[name] for name in names if name in pair.differences
            },
            refused={name: why for name, why in pair.refused.items() if name in names},
        )
        for pair in comparison.pairs
    )
    return replace(
        comparison,
        pairs=pairs,
        ranks={name: comparison.ranks[name] for name in names if name in comparison.ranks},
        rank_intervals={
            name: comparison.rank_intervals[name]
            for name in names
            if name in comparison.rank_intervals
        },
        unranked={name: why for name, why in comparison.unranked.items() if name in names},
    )
