"""Fast-DetectGPT's conditional probability curvature (Bao et al., 2024): tensors in, numbers out.

The criterion of a text x is the log-probability that the scoring model gives to x, less its
expectation under the reference model's own choices at every position, in standard deviations.
Text sampled from a model is above its expectation; human text is near or below it
(Sec. 3.4). Texts longer than a model's context are scored in windows whose moments add up.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cycletrain.losses import IGNORED, rows_per_chunk


class Moments(NamedTuple):
    """The two sums of the criterion; those of the windows of one text add."""

    excess: Tensor
    """Sum over tokens of log p(x) - mu, shape (batch,), float64."""
    variance: Tensor
    """Sum over tokens of sigma squared, shape (batch,), float64."""

    def criterion(self) -> Tensor:
        """Return the excess in standard deviations, shape (batch,); NaN if no token was scored."""
        return self.excess / self.variance.sqrt()


def sampling_discrepancy(
    score_logits: Tensor,
    labels: Tensor,
    reference_logits: Tensor | None = None,
    *,
    chunk_tokens: int | None = None,
) -> Tensor:
    """Return the analytic criterion of Fast-DetectGPT per text, shape (batch,), float32.

    Args:
        score_logits: scoring model's logits, shape (batch, tokens, vocabulary), any float type;
            position t predicts ``labels[:, t]``.
        labels: the texts' tokens, shape (batch, tokens); ``IGNORED`` is left out.
        reference_logits: sampling model's logits; None if it is the scoring model. If the
            vocabularies differ, both are cut to the smaller one before the softmax.
        chunk_tokens: positions turned into float32 at a time; None for the size of the cache.

    >>> logits = torch.tensor([[[2.0, 0.0], [2.0, 0.0]]])
    >>> sampling_discrepancy(logits, torch.tensor([[0, 0]]))  # the likely token both times
    tensor([0.5203])
    """
    moments = curvature_moments(score_logits, labels, reference_logits, chunk_tokens=chunk_tokens)
    return moments.criterion().float()


@torch.no_grad()
def curvature_moments(
    score_logits: Tensor,
    labels: Tensor,
    reference_logits: Tensor | None = None,
    *,
    chunk_tokens: int | None = None,
) -> Moments:
    """Return excess log-probability and variance per text; see ``sampling_discrepancy``.

    Raises:
        ValueError: shapes that do not match, or a label outside the vocabulary.
    """
    if reference_logits is None:
        reference_logits = score_logits
    vocabulary = min(score_logits.shape[-1], reference_logits.shape[-1])
    for name, logits in (("score", score_logits), ("reference", reference_logits)):
        if logits.shape[:-1] != labels.shape:
            raise ValueError(
                f"{name}_logits {tuple(logits.shape)} do not match labels {tuple(labels.shape)};"
                " expected (batch, tokens, vocabulary) and (batch, tokens), already aligned"
            )
    if labels.numel() and int(labels.max()) >= vocabulary:
        raise ValueError(
            f"label {int(labels.max())} is outside the common vocabulary of {vocabulary};"
            " tokenize the text with the tokenizer both models share"
        )
    excess = torch.zeros(len(labels), dtype=torch.float64, device=labels.device)
    variance = torch.zeros_like(excess)
    wide = torch.promote_types(score_logits.dtype, torch.float32)
    row_bytes = max(1, len(labels)) * vocabulary * wide.itemsize
    # A chunk that fits the cache is read from memory once, not once per operation.
    size = chunk_tokens or rows_per_chunk(labels, row_bytes, cpu=2**20, gpu=2**25)
    for start in range(0, labels.shape[1], size):
        part = slice(start, start + size)
        logp = torch.log_softmax(score_logits[:, part, :vocabulary], -1, dtype=wide)
        if reference_logits is score_logits:
            product = logp.exp()
        else:
            product = torch.softmax(reference_logits[:, part, :vocabulary], -1, dtype=wide)
        scored = labels[:, part] != IGNORED
        found = logp.gather(-1, labels[:, part, None].clamp(min=0))[..., 0]
        # In place: time is that of reading and writing these two buffers.
        expected = product.mul_(logp).sum(-1)
        spread = product.mul_(logp).sum(-1).sub_(expected.square()).clamp_(min=0)
        excess += torch.where(scored, found - expected, 0).sum(-1, dtype=torch.float64)
        variance += torch.where(scored, spread, 0).sum(-1, dtype=torch.float64)
    return Moments(excess, variance)


class Window(NamedTuple):
    """Range of tokens that the model reads, and the first of them that is scored."""

    start: int
    first: int
    end: int


def windows(n_tokens: int, *, size: int, overlap: int) -> Iterator[Window]:
    """Cut a long text so that every token except the first is scored exactly once.

    Args:
        n_tokens: length of the text.
        size: the model's context, in tokens.
        overlap: tokens of context that a later window repeats, 1 to ``size - 1``.

    >>> list(windows(10, size=6, overlap=2))
    [Window(start=0, first=1, end=6), Window(start=4, first=6, end=10)]
    """
    if not 1 <= overlap < size:
        raise ValueError(f"overlap {overlap}: expected 1 to {size - 1}, less than the window")
    start, first = 0, 1
    while first < n_tokens:
        end = min(start + size, n_tokens)
        yield Window(start, first, end)
        start, first = end - overlap, end


def fit_threshold(human: Sequence[float], *, max_false_positive_rate: float) -> float:
    """Return the smallest human criterion that at most this share of human criteria exceeds.

    A text counts as machine-written when its criterion is *larger* than the threshold (Sec. 3.4).
    The paper does not give its "predefined threshold"; a fixed rate of false positives is ours.

    Args:
        human: criteria of human texts, at least one.
        max_false_positive_rate: 0 (included) to 1 (excluded).

    >>> fit_threshold([0.1, 0.4, 0.2, 0.3], max_false_positive_rate=0.25)
    0.3
    """
    if not human or not 0 <= max_false_positive_rate < 1:
        raise ValueError(
            f"{len(human)} human criteria and a rate of {max_false_positive_rate}: expected at"
            " least one criterion and a rate in [0, 1)"
        )
    ascending = sorted(human)
    allowed = int(max_false_positive_rate * len(human) + 1e-9)
    return ascending[len(human) - 1 - allowed]


def machine_probability(
    criterion: float, human: Sequence[float], machine: Sequence[float], *, neighbours: int = 100
) -> float:
    """Return the share of machine texts among the nearest reference criteria.

    The authors count the references that are strictly closer than the 101st nearest one. Without
    ties that is the same number; with ties every reference as far away as the last one counts here,
    so that the order of the references never matters.

    Args:
        criterion: of the text.
        human: reference criteria of human texts.
        machine: reference criteria of generated texts.
        neighbours: nearest references that count; all if there are fewer.

    >>> machine_probability(3.0, [0.0, 0.5], [2.5, 3.5], neighbours=2)
    1.0
    """
    distances = sorted(abs(value - criterion) for value in (*human, *machine))
    if not distances or neighbours < 1:
        raise ValueError("expected at least one reference criterion and one neighbor")
    reach = distances[min(neighbours, len(distances)) - 1]
    n_machine = sum(abs(value - criterion) <= reach for value in machine)
    return n_machine / bisect_right(distances, reach)
