"""Our losses against TRL's experimental CPOTrainer, values and gradients."""

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import CrossEntropyLoss

from cycletrain.losses import Logprobs, completion_logprobs, mean_logprob, nll_loss, simpo_loss

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # TRL announces that its experimental trainers may change
    from trl.experimental.cpo import CPOTrainer

PAIRS, WIDTH, VOCABULARY = 4, 8, 50


def assert_close(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def trl_mean_logprob(logits: Tensor, labels: Tensor) -> Tensor:
    trainer: Any = CPOTrainer
    return trainer.get_batch_logps(logits, labels, average_log_prob=True)  # type: ignore[no-any-return]  # foreign edge


def trl_simpo(beta: float, gamma: float) -> Any:
    """The trainer's formula without its constructor, which wants a model."""
    trainer: Any = CPOTrainer.__new__(CPOTrainer)
    trainer.alpha, trainer.beta, trainer.simpo_gamma = 0.0, beta, gamma
    trainer.loss_type, trainer.label_smoothing = "simpo", 0.0
    trainer.accelerator = type("OnCpu", (), {"device": "cpu"})()
    return trainer


def ragged_batch(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states, a head and labels whose prompts and paddings differ in every row."""
    generator = torch.Generator().manual_seed(seed)
    n_tokens = int(torch.randint(5, 40, (), generator=generator))
    hidden = torch.randn(2 * PAIRS, n_tokens, WIDTH, generator=generator)
    head = torch.randn(VOCABULARY, WIDTH, generator=generator)
    labels = torch.randint(VOCABULARY, (2 * PAIRS, n_tokens), generator=generator)
    for row in labels:
        prompt = int(torch.randint(1, n_tokens - 2, (), generator=generator))
        end = int(torch.randint(prompt + 1, n_tokens, (), generator=generator))
        row[:prompt] = -100
        row[end + 1 :] = -100
    return hidden, head, labels


@pytest.mark.parametrize("seed", range(5))
def test_mean_logprob_equals_trl(seed: int) -> None:
    hidden, head, labels = ragged_batch(seed)
    logits = hidden @ head.T
    expected = trl_mean_logprob(logits, labels)
    assert_close(mean_logprob(logits, labels), expected)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("head_trains", [True, False], ids=["full", "frozen-head"])
def test_loss_and_gradients_equal_trl(seed: int, head_trains: bool) -> None:
    beta, gamma, weight = 2.0 + seed, 0.1 * seed, 0.3
    hidden, head, labels = ragged_batch(seed)
    leaves = [hidden.requires_grad_(), head.requires_grad_(head_trains)]
    trained = [leaf for leaf in leaves if leaf.requires_grad]

    logits = hidden @ head.T
    means = trl_mean_logprob(logits, labels)
    theirs, _, _ = trl_simpo(beta, gamma).cpo_loss(means[:PAIRS], means[PAIRS:])
    nll = CrossEntropyLoss()(
        logits[:PAIRS, :-1].reshape(-1, VOCABULARY), labels[:PAIRS, 1:].reshape(-1)
    )
    expected = theirs.mean() + weight * nll

    ours = completion_logprobs(hidden, head, labels, chunk_tokens=7)
    chosen = Logprobs(ours.total[:PAIRS], ours.n_tokens[:PAIRS])
    simpo = simpo_loss(chosen.mean, ours.mean[PAIRS:], beta=beta, gamma=gamma)
    loss = simpo.mean() + weight * nll_loss(chosen, reduction="tokens")

    assert_close(simpo, theirs)
    assert_close(loss, expected)
    for mine, reference in zip(
        torch.autograd.grad(loss, trained), torch.autograd.grad(expected, trained), strict=True
    ):
        assert_close(mine, reference)


def test_chunked_logprobs_pass_a_numeric_gradient_check() -> None:
    hidden = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    head = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[-100, 1, 2, 3, -100], [-100, -100, 5, 0, 4]])

    def mean(hidden: Tensor, head: Tensor) -> Tensor:
        return completion_logprobs(hidden, head, labels, chunk_tokens=2).mean

    assert torch.autograd.gradcheck(mean, (hidden, head))


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("sequence-sum", 7.0), ("sequence-mean", 2.5), ("tokens", 14 / 6)],
)
def test_nll_reductions_by_hand(reduction: str, expected: float) -> None:
    chosen = Logprobs(torch.tensor([-6.0, -8.0]), torch.tensor([2, 4]))
    assert nll_loss(chosen, reduction=reduction).item() == pytest.approx(expected)  # type: ignore[arg-type]  # ids double as values


def test_unknown_reduction_is_refused() -> None:
    with pytest.raises(ValueError, match="reduction 'mean': expected tokens"):
        nll_loss(Logprobs(torch.zeros(1), torch.ones(1)), reduction="mean")  # type: ignore[arg-type]  # the point


def test_the_closing_token_counts_and_the_prompt_does_not() -> None:
    logits = torch.zeros(1, 4, 2)
    logits[0, 2, 1] = 3.0  # predicts the last token
    labels = torch.tensor([[-100, -100, 0, 1]])
    expected = (torch.log(torch.tensor(0.5)) + torch.log_softmax(logits[0, 2], 0)[1]) / 2
    assert_close(mean_logprob(logits, labels), expected[None])


def test_misaligned_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in batch or tokens"):
        mean_logprob(torch.zeros(1, 4, 2), torch.zeros(1, 3, dtype=torch.long))


def test_a_prompt_that_fills_the_context_gives_nan_not_a_number() -> None:
    assert mean_logprob(torch.zeros(1, 3, 2), torch.full((1, 3), -100)).isnan().all()
