"""Our losses against values recorded from TRL 1.16, whose SimPO may be removed."""

import torch

from cycletrain.losses import completion_logprobs, mean_logprob, simpo_loss

MEANS = [-3.741168975830078, -4.490899562835693, -5.331725597381592, -3.8014938831329346]
"""CPOTrainer.get_batch_logps(..., average_log_prob=True) of the inputs below."""
LOSSES = [0.06624350696802139, 2.0209803581237793]
"""CPOTrainer.cpo_loss with simpo, beta 2.0 and simpo_gamma 0.5; two chosen, then two rejected."""


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    logits = torch.sin(torch.arange(4 * 7 * 11, dtype=torch.float32) * 0.7).reshape(4, 7, 11) * 3
    labels = (torch.arange(28) * 5 % 11).reshape(4, 7).clone()
    labels[:, :2] = -100
    labels[1, 5:] = -100
    labels[2, 4:] = -100
    return logits, labels


def test_means_and_losses_equal_the_recorded_ones() -> None:
    logits, labels = inputs()
    means = mean_logprob(logits, labels)
    torch.testing.assert_close(means, torch.tensor(MEANS), rtol=1e-5, atol=1e-5)
    losses = simpo_loss(means[:2], means[2:], beta=2.0, gamma=0.5)
    torch.testing.assert_close(losses, torch.tensor(LOSSES), rtol=1e-5, atol=1e-5)


def test_chunked_means_equal_the_recorded_ones() -> None:
    logits, labels = inputs()
    found = completion_logprobs(logits, torch.eye(11), labels, chunk_tokens=3)
    torch.testing.assert_close(found.mean, torch.tensor(MEANS), rtol=1e-5, atol=1e-5)
