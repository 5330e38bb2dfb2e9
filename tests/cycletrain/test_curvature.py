"""The criterion against a direct computation in float64; thresholds and windows by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from cycletrain.curvature import (
    Moments,
    curvature_moments,
    fit_threshold,
    machine_probability,
    sampling_discrepancy,
    windows,
)


def direct(score: Tensor, labels: Tensor, reference: Tensor) -> NDArray[np.float64]:
    """(sum log p(x) - sum mu) / sqrt(sum sigma^2), position by position, in numpy."""
    size = min(score.shape[-1], reference.shape[-1])
    criteria = []
    for s, r, text in zip(score.double().numpy(), reference.double().numpy(), labels, strict=True):
        excess = variance = 0.0
        for t, token in enumerate(text.tolist()):
            if token < 0:
                continue
            logp = s[t, :size] - np.logaddexp.reduce(s[t, :size])
            q = np.exp(r[t, :size] - np.logaddexp.reduce(r[t, :size]))
            mu = float((q * logp).sum())
            excess += float(logp[token]) - mu
            variance += float((q * logp**2).sum()) - mu**2
        criteria.append(excess / variance**0.5)
    return np.array(criteria)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize(
    ("score_size", "reference_size"), [(40, 40), (40, 33), (33, 40)], ids=["same", "cut", "cut2"]
)
@pytest.mark.parametrize("chunk_tokens", [1, 7, 1000])
def test_criterion_equals_a_direct_float64_computation(
    dtype: torch.dtype, score_size: int, reference_size: int, chunk_tokens: int
) -> None:
    generator = torch.Generator().manual_seed(score_size + chunk_tokens)
    score = (3 * torch.randn(3, 20, score_size, generator=generator)).to(dtype)
    reference = (3 * torch.randn(3, 20, reference_size, generator=generator)).to(dtype)
    labels = torch.randint(33, (3, 20), generator=generator)
    labels[1, 15:] = -100
    found = sampling_discrepancy(score, labels, reference, chunk_tokens=chunk_tokens)
    # Inputs are widened before any arithmetic, so bf16 is as exact as fp32.
    np.testing.assert_allclose(found, direct(score, labels, reference), rtol=2e-5, atol=1e-5)


def test_without_a_reference_the_scoring_model_is_its_own() -> None:
    score = torch.randn(2, 9, 12)
    labels = torch.randint(12, (2, 9))
    torch.testing.assert_close(
        sampling_discrepancy(score, labels), sampling_discrepancy(score, labels, score.clone())
    )


def test_inputs_are_left_as_they_were() -> None:
    score, labels = torch.randn(1, 4, 5), torch.randint(5, (1, 4))
    before = score.clone()
    sampling_discrepancy(score, labels)
    assert torch.equal(score, before)


def test_sampled_text_lies_above_its_expectation_only_by_chance() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(400, 30, 20, generator=generator)
    labels = torch.distributions.Categorical(logits=logits).sample()  # type: ignore[no-untyped-call]  # torch's own
    criteria = sampling_discrepancy(logits, labels)
    # Standardised sums of 30 independent terms: mean 0 and deviation 1 within sampling error.
    assert abs(criteria.mean()) < 0.2
    assert abs(criteria.std() - 1) < 0.15


@pytest.mark.parametrize(
    ("labels", "reference", "message"),
    [
        (torch.zeros(1, 3, dtype=torch.long), None, "do not match labels"),
        (torch.full((1, 4), 7), torch.zeros(1, 4, 6), "outside the common vocabulary of 6"),
    ],
    ids=["shape", "vocabulary"],
)
def test_what_does_not_belong_together_is_refused(
    labels: Tensor, reference: Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sampling_discrepancy(torch.zeros(1, 4, 8), labels, reference)


@given(st.integers(0, 200), st.integers(2, 30), st.data())
def test_windows_score_every_token_but_the_first_once(
    n_tokens: int, size: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(1, size - 1))
    scored: list[int] = []
    for window in windows(n_tokens, size=size, overlap=overlap):
        assert window.end - window.start <= size
        assert window.start < window.first
        scored += range(window.first, window.end)
    assert scored == list(range(1, n_tokens))


def test_moments_of_windows_add_up_to_those_of_the_whole() -> None:
    logits, labels = torch.randn(1, 10, 6), torch.randint(6, (1, 10))
    parts = [curvature_moments(logits[:, i : i + 5], labels[:, i : i + 5]) for i in (0, 5)]
    summed = Moments(sum(p.excess for p in parts), sum(p.variance for p in parts))  # type: ignore[arg-type]  # sum starts at int 0
    torch.testing.assert_close(summed.criterion().float(), sampling_discrepancy(logits, labels))


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.01, 0.05, 0.5]),
)
def test_threshold_keeps_the_false_positive_rate(human: list[float], rate: float) -> None:
    threshold = fit_threshold(human, max_false_positive_rate=rate)
    assert sum(value > threshold for value in human) <= rate * len(human) + 1e-9
    lower = [value for value in human if value < threshold]
    if lower:  # the next smaller candidate would accuse too many
        assert sum(value > max(lower) for value in human) > rate * len(human)


@pytest.mark.parametrize(
    ("criterion", "neighbours", "expected"),
    [(3.0, 2, 1.0), (0.2, 2, 0.0), (1.5, 4, 0.5), (1.5, 1, 0.5), (9.0, 100, 0.5)],
    ids=["machine", "human", "all", "tie-asks-both", "fewer-than-asked"],
)
def test_probability_is_the_share_of_machine_neighbours(
    criterion: float, neighbours: int, expected: float
) -> None:
    found = machine_probability(criterion, [0.0, 0.5], [2.5, 3.5], neighbours=neighbours)
    assert found == expected
