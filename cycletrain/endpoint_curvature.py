"""Curvature from the likeliest tokens alone, as an endpoint sends them."""

from collections.abc import Mapping, Sequence

import torch

from cycletrain.curvature import Moments


def moments_of_top(
    rows: Sequence[Mapping[int, float]], tokens: Sequence[int], *, vocabulary: int
) -> Moments:
    """Return the two sums of the criterion from the likeliest tokens at each place.

    The probability that the rows leave out is spread evenly over the tokens that they leave out.
    With all tokens in the rows this is ``curvature_moments``.

    Args:
        rows: log-probabilities by token id, one row per scored token, with that token in it.
        tokens: the scored tokens.
        vocabulary: number of tokens of the model.

    Raises:
        ValueError: a row without its token.

    >>> from math import log
    >>> moments_of_top([{0: log(0.5), 1: log(0.25)}], [0], vocabulary=3).excess.round(decimals=4)
    tensor([0.3466], dtype=torch.float64)
    """
    excess = variance = 0.0
    for row, token in zip(rows, tokens, strict=True):
        if token not in row:
            raise ValueError(f"expected the log-probability of token {token}, found {list(row)}")
        logp = torch.tensor(list(row.values()), dtype=torch.float64)
        p = logp.exp()
        n_others = max(vocabulary - len(row), 0)
        rest = float((1 - p.sum()).clamp(min=0))
        mean, square = float(p @ logp), float(p @ logp.square())
        if n_others and rest > 0:
            each = torch.tensor(rest / n_others, dtype=torch.float64).log().item()
            mean, square = mean + rest * each, square + rest * each**2
        excess += row[token] - mean
        variance += max(square - mean**2, 0.0)
    return Moments(
        torch.tensor([excess], dtype=torch.float64), torch.tensor([variance], dtype=torch.float64)
    )
