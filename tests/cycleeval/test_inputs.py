"""What Python callers pass: arrays of every library are read, everything else is refused."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from cycleeval.proxy import proxy_error
from cycleeval.scoring import score
from cycleeval.scoring_config import ScoringConfig

QUICK = ScoringConfig(resamples=100)
RATINGS = [[3, 5, 5], [6, 8], [6, 6, 5, 8], [1, 3, 3], [8, 6, 8], [5, 5, 6]]
MODEL = [5, 6, 7, 3, 8, 6]

COLUMNS: dict[str, Callable[[], object]] = {
    "numpy integers": lambda: np.array(MODEL),
    "numpy float32": lambda: np.array(MODEL, dtype=np.float32),
    "numpy scalars": lambda: [np.int64(rating) for rating in MODEL],
    "pandas": lambda: pd.Series(MODEL, dtype="Int64"),
    "polars": lambda: pl.Series(MODEL),
    "pyarrow": lambda: pa.array(MODEL),
    "datasets": lambda: datasets.Dataset.from_dict({"rating": MODEL})["rating"],
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())
def test_any_column_scores_as_the_list(column: Callable[[], object]) -> None:
    given = cast("Sequence[float]", column())
    found = score(given, RATINGS, config=QUICK).metrics["proxy_mse_n"]
    assert found == score(MODEL, RATINGS, config=QUICK).metrics["proxy_mse_n"]
    assert proxy_error(given, RATINGS).tolist() == proxy_error(MODEL, RATINGS).tolist()


MISSING: dict[str, list[Any]] = {
    "None": [None],
    "NaN": [float("nan")],
    "NA": [pd.NA],
    "a list of None": [[None]],
}


@pytest.mark.parametrize("missing", MISSING.values(), ids=MISSING.keys())
def test_a_missing_prediction_is_counted_once(missing: list[Any]) -> None:
    card = score([*missing, *MODEL[1:]], RATINGS, config=QUICK)
    assert (card.n_missing, card.n_unreadable, card.n_scored) == (1, 0, 5)


def test_missing_human_ratings_are_left_out_and_counted() -> None:
    padded = np.full((6, 4), np.nan)
    for place, ratings in enumerate(RATINGS):
        padded[place, : len(ratings)] = ratings
    card = score(MODEL, cast("Any", padded), config=QUICK)
    assert card.n_missing_ratings == 6
    plain = score(MODEL, RATINGS, config=QUICK)
    assert card.metrics["proxy_mse_n1"].value == plain.metrics["proxy_mse_n1"].value


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "a mode": (lambda: proxy_error(MODEL, RATINGS, mode=cast("Any", "N")), "one of 'n-1', 'n'"),
    "a loss": (lambda: proxy_error(MODEL, RATINGS, loss=cast("Any", "MSE")), "'mse', 'mae'"),
    "over": (lambda: ScoringConfig(over=cast("Any", "paper")), "'papers', 'reviews'"),
    "a policy": (lambda: ScoringConfig(policy=cast("Any", "drop")), "'exclude', 'worst'"),
    "a threshold": (lambda: ScoringConfig(threshold=float("nan")), "finite number"),
    "a seed": (lambda: ScoringConfig(seed=cast("Any", True)), "whole number"),
    "a mapping": (lambda: score(cast("Any", dict.fromkeys(range(6), 5)), RATINGS), "found a dict"),
    "truth values": (lambda: score([True] * 6, RATINGS), "expected a number, found True"),
    "text": (lambda: score(cast("Any", ["10"] * 6), RATINGS), "expected a number, found '10'"),
    "text of digits": (lambda: score(MODEL, cast("Any", ["355"] * 6)), "found '355'"),
    "a number beyond floats": (
        lambda: score([10**400, *MODEL[1:]], RATINGS),
        "paper 0: expected a finite number",
    ),
    "a human rating beyond floats": (
        lambda: proxy_error(MODEL, [[10**400, 5], *RATINGS[1:]]),
        "ratings: expected finite numbers",
    ),
    "a sparse tensor": (
        lambda: score(cast("Any", torch.tensor(MODEL).to_sparse()), RATINGS),
        "this Tensor cannot be listed",
    ),
    "a tensor without data": (
        lambda: score(cast("Any", torch.tensor(MODEL, device="meta")), RATINGS),
        "this Tensor cannot be listed",
    ),
    "bytes": (lambda: score(cast("Any", bytearray(MODEL)), RATINGS), "found a bytearray"),
    "view of bytes": (
        lambda: score(cast("Any", memoryview(bytes(MODEL))), RATINGS),
        "found a memoryview",
    ),
    "a decision": (
        lambda: score(MODEL, RATINGS, predicted_decisions=cast("Any", [True] * 6)),
        "expected 'accept', 'reject' or None, found True",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(call: Callable[[], object], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        call()
