r"""SimPO with a negative log-likelihood term (Sec. 3.3, Eq. 2-4): tensors in, tensors out.

The training job calls ``completion_logprobs`` on hidden states and never stores the logits of a
whole batch; the other functions are the formulas. SimPO needs no reference model.
"""

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor

from cycletrain.memory import GPU_CHUNK_BYTES

IGNORED = -100
"""Label of a token that is not scored: prompt and padding."""

NllReduction = Literal["tokens", "sequence-mean", "sequence-sum"]
"""What the expectation of Eq. 4's second term averages; see ``nll_loss``."""


class Logprobs(NamedTuple):
    """Log-probability of each sequence's scored tokens, natural logarithm."""

    total: Tensor
    """Sum over the scored tokens, shape (batch,)."""
    n_tokens: Tensor
    """Number of scored tokens, the closing EOS among them: |y|, shape (batch,)."""

    @property
    def mean(self) -> Tensor:
        """Mean per token, shape (batch,): Eq. 2 without beta; NaN where nothing is scored."""
        return self.total / self.n_tokens


def simpo_loss(chosen: Tensor, rejected: Tensor, *, beta: float, gamma: float) -> Tensor:
    """Return the SimPO loss per preference pair (Eq. 3).

    Args:
        chosen: mean log-probability per token of the preferred completions, shape (batch,).
        rejected: the same of the rejected completions, shape (batch,).
        beta: scale of the reward difference.
        gamma: target margin as in Eq. 3 and TRL; the authors of SimPO set gamma / beta instead.

    Returns:
        The loss of each pair, shape (batch,).

    >>> simpo_loss(torch.tensor([-1.0]), torch.tensor([-2.0]), beta=2.0, gamma=0.5)
    tensor([0.2014])
    """
    return -F.logsigmoid(beta * (chosen - rejected) - gamma)


def nll_loss(chosen: Logprobs, *, reduction: NllReduction) -> Tensor:
    """Return the negative log-likelihood of the preferred completions, second term of Eq. 4.

    Args:
        chosen: log-probabilities of the preferred completions.
        reduction: ``"sequence-sum"`` is Eq. 4 as printed, the mean over pairs of -log p(y|x);
            ``"sequence-mean"`` divides each by |y| first, as Pang et al. (2024) do; ``"tokens"``
            averages over all tokens of the batch, as TRL's CPOTrainer does.

    Returns:
        A scalar.
    """
    if reduction == "sequence-sum":
        return -chosen.total.mean()
    if reduction == "sequence-mean":
        return -chosen.mean.mean()
    if reduction == "tokens":
        return -chosen.total.sum() / chosen.n_tokens.sum()
    raise ValueError(f"reduction {reduction!r}: expected tokens, sequence-mean or sequence-sum")


def mean_logprob(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean log-probability per scored token of each sequence, shape (batch,).

    Args:
        logits: a causal model's output, shape (batch, tokens, vocabulary); position t predicts
            token t + 1, and the shift is made here.
        labels: the input ids with ``IGNORED`` wherever a token is not scored, shape
            (batch, tokens), as transformers' models take them. The first is never scored.

    Returns:
        Shape (batch,), float32 or wider; NaN for a sequence with nothing to score.

    >>> mean_logprob(torch.zeros(1, 3, 4), torch.tensor([[-100, 1, 2]]))  # log 1/4
    tensor([-1.3863])
    """
    if logits.shape[:-1] != labels.shape:
        raise ValueError(
            f"logits {tuple(logits.shape)} and labels {tuple(labels.shape)} differ in batch or"
            " tokens; pass the model's logits and the labels of the same input"
        )
    targets = labels[:, 1:]
    scored = targets != IGNORED
    wide = logits[:, :-1].to(_wide(logits))
    losses = F.cross_entropy(wide.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none")
    return -losses.sum(-1) / scored.sum(-1)


def completion_logprobs(
    hidden: Tensor, head: Tensor, labels: Tensor, *, chunk_tokens: int | None = None
) -> Logprobs:
    """Return log-probabilities of the scored tokens from hidden states, a chunk at a time.

    The output head computes only positions whose next token is scored, and a chunk's logits are
    freed before the next chunk's are made, in the backward pass too: peak memory is
    ``chunk_tokens x vocabulary`` in place of ``batch x tokens x vocabulary``, several times over.

    Args:
        hidden: last hidden states, shape (batch, tokens, width).
        head: weight of the output head (no bias), shape (vocabulary, width).
        labels: as for ``mean_logprob``, shape (batch, tokens).
        chunk_tokens: scored tokens per chunk; None for what the device computes fastest.

    Returns:
        Sum and count for each sequence.
    """
    place = hidden.device.type
    if torch.is_autocast_enabled(place):  # the backward pass runs outside of autocast
        hidden, head = (part.to(torch.get_autocast_dtype(place)) for part in (hidden, head))
    targets = labels[:, 1:]
    rows, positions = torch.nonzero(targets != IGNORED, as_tuple=True)
    row_bytes = len(head) * _wide(hidden).itemsize
    gpu = GPU_CHUNK_BYTES[head.requires_grad]
    chunk = chunk_tokens or rows_per_chunk(hidden, row_bytes, cpu=2**26, gpu=gpu)
    logprobs: Tensor = _ChunkedLogprobs.apply(  # type: ignore[no-untyped-call]  # torch's own
        hidden[rows, positions], head, targets[rows, positions], chunk
    )
    total = logprobs.new_zeros(len(labels)).index_add(0, rows, logprobs)
    return Logprobs(total, torch.bincount(rows, minlength=len(labels)))


def rows_per_chunk(like: Tensor, row_bytes: int, *, cpu: int, gpu: int) -> int:
    """Return how many rows of ``row_bytes`` fit the bytes for a chunk on the device; at least 1."""
    return max(1, (cpu if like.device.type == "cpu" else gpu) // row_bytes)


class _ChunkedLogprobs(torch.autograd.Function):
    """log softmax(hidden @ head.T)[target] per row, with gradients and without stored logits.

    With p the softmax, d logp / d hidden = head[target] - p @ head. It is as small as hidden
    itself, so the forward pass computes it while it has p. The head's gradient needs p again; a
    frozen head (LoRA) avoids that second pass.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, chunk: int) -> Tensor:
        logprobs = torch.empty(len(targets), dtype=_wide(hidden), device=hidden.device)
        slopes = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, len(targets), chunk):
            rows = slice(start, start + chunk)
            logits = hidden[rows] @ head.T
            wide = torch.log_softmax(logits, 1, dtype=logprobs.dtype)
            logprobs[rows] = wide.gather(1, targets[rows, None])[:, 0]
            del wide
            if slopes is not None:
                residual = _residual(logits, targets[rows], logprobs[rows])
                torch.mm(residual, head, out=slopes[rows])
        ctx.save_for_backward(hidden, head, targets, slopes, logprobs)
        ctx.chunk = chunk
        return logprobs

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        hidden, head, targets, slopes, logprobs = ctx.saved_tensors
        grad_hidden = None if slopes is None else slopes * -grad[:, None].to(slopes.dtype)
        grad_head = None
        if ctx.needs_input_grad[1]:
            grad_head = torch.zeros_like(head, dtype=_wide(hidden))
            for start in range(0, len(targets), ctx.chunk):
                rows = slice(start, start + ctx.chunk)
                residual = _residual(hidden[rows] @ head.T, targets[rows], logprobs[rows])
                weighted = hidden[rows] * -grad[rows, None].to(hidden.dtype)
                if grad_head.dtype == hidden.dtype:
                    grad_head.addmm_(residual.T, weighted)
                else:
                    # In the type of the hidden states, as the head's own backward pass: float32
                    # products are several times slower on a GPU. The sum over chunks is wide.
                    grad_head += residual.T @ weighted
            grad_head = grad_head.to(head.dtype)
        return grad_hidden, grad_head, None, None


def _residual(logits: Tensor, targets: Tensor, logprobs: Tensor) -> Tensor:
    """Return softmax minus one-hot, shape (rows, vocabulary), in the type of the logits.

    The sums of the softmax are wide whatever its type; p - 1 of the target is made from log p,
    since bf16 has no number between 0.996 and 1.
    """
    residual = torch.softmax(logits, 1)
    return residual.scatter_(1, targets[:, None], logprobs.expm1().to(logits.dtype)[:, None])


def _wide(tensor: Tensor) -> torch.dtype:
    """Return the type of sums: float32, or float64 if the input has it."""
    return torch.promote_types(tensor.dtype, torch.float32)
