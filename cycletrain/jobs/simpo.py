"""One round of SimPO + lambda NLL on preference pairs (Sec. 3.3, Eq. 4).

The loss needs the policy alone, no reference model. Chosen and rejected texts go through the model
as one batch; the output head computes the scored tokens only, a chunk at a time.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor
from transformers import Trainer, TrainingArguments

from cycledata.errors import TrainingError
from cycledata.jsonl import read_jsonl
from cycledata.records import Message
from cycletrain.adapter_start import prepare_model
from cycletrain.cards import write_model_card
from cycletrain.chat_tokens import Example, encode_chat, truncate_end
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import SimpoConfig, SimpoLoss
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.generation import seed_of
from cycletrain.layer_gradients import pad_right, sequence_logprobs
from cycletrain.losses import Logprobs, NllReduction, nll_loss, simpo_loss
from cycletrain.preferences import PreferencePair
from cycletrain.ranks import mean_over_ranks
from cycletrain.run_record import RunRecord, close_run, open_run, run_folders
from cycletrain.training import (
    CountsTokens,
    StopOnNonFinite,
    check_memory,
    curves_of,
    fit,
    save_trained,
    trainer_settings,
)

CURVES = {
    "loss": "Loss, Eq. 4",
    "margin": "Margin: beta x (chosen - rejected)",
    "nll": "NLL of chosen texts",
    "reward_accuracy": "Share of pairs in the right order",
    "tokens_per_second": "Tokens per second, all processes",
}


class PairLoss(NamedTuple):
    """Eq. 4 on one batch, and its parts; all scalars."""

    loss: Tensor
    margin: Tensor
    """beta (mean log p chosen - mean log p rejected), mean over pairs, without gamma."""
    nll: Tensor
    reward_accuracy: Tensor
    """Share of pairs whose chosen text is more likely per token."""


class EncodedPair(NamedTuple):
    """One pair as the model sees it."""

    chosen: Example
    rejected: Example


def run(config: SimpoConfig) -> RunRecord:
    """Train P_t and save P_{t+1} under ``out/model``."""
    record = open_run("simpo", config, dataset="research-14k")
    pairs = list(read_jsonl(config.pairs, PreferencePair))
    trained = train(
        pairs,
        model=config.model,
        adapter=config.adapter,
        loss=config.loss,
        training=config.training,
        seed=config.seed if config.round is None else seed_of(config.seed, "train", config.round),
        folder=config.out / "model",
    )
    finished = record.model_copy(
        update={
            "counts": trained.counts,
            "metrics": trained.metrics,
            "curves": curves_of(trained.history, CURVES),
            "parents": run_folders(config.out, config.pairs, config.model.path),
        }
    )
    write_model_card(
        config.out / "model",
        finished,
        role="researcher",
        model=config.model,
        adapter=config.adapter,
    )
    return close_run(config.out, finished)


class TrainedPolicy(NamedTuple):
    """Numbers of a finished training."""

    counts: dict[str, int]
    metrics: dict[str, float]
    history: list[dict[str, Any]]
    """The trainer's log."""


def train(
    pairs: Sequence[PreferencePair],
    *,
    model: ModelConfig,
    adapter: AdapterConfig,
    loss: SimpoLoss,
    training: TrainingConfig,
    seed: int,
    folder: Path,
) -> TrainedPolicy:
    """Train on the pairs and save the policy under ``folder``, in full or not at all.

    Raises:
        TrainingError: no pair is left, too little memory, or a loss that is not finite.
    """
    check_memory(model, adapter, training, rows_per_example=2)
    settings = trainer_settings(
        training, out=folder.parent / "trainer", seed=seed, dtype=model.dtype
    )
    # Creates the process group, which an adapter's start needs.
    arguments = TrainingArguments(**settings, remove_unused_columns=False, label_names=["labels"])
    tokenizer = load_tokenizer(model)
    encoded, n_full = encode_pairs(tokenizer, pairs, training.context_tokens)
    if not encoded:
        raise TrainingError(
            f"none of {len(pairs)} pairs can be trained on ({n_full} prompts fill the context);"
            " widen context_tokens or sample more papers"
        )
    start = folder.with_name(f".{folder.name}.start")
    prepared = prepare_model(
        model,
        adapter,
        [pair.chosen for pair in encoded],
        pad=tokenizer.pad_token_id,
        start=start,
        seed=seed,
        sharding=training.sharding,
    )
    trainer = SimpoTrainer(
        prepared.model,
        arguments,
        loss=loss,
        pairs=encoded,
        pad=tokenizer.pad_token_id,
    )
    result = fit(trainer, sharding=training.sharding, prepared=prepared)
    save_trained(trainer, tokenizer, folder, start=start, base=model)
    last = {key: row[key] for row in trainer.state.log_history for key in CURVES if key in row}
    return TrainedPolicy(
        counts={
            "pairs": len(pairs),
            "pairs_trained_on": len(encoded),
            "pairs_whose_prompt_fills_the_context": n_full,
        },
        metrics={**last, "updates": float(result.global_step)},
        history=trainer.state.log_history,
    )


def encode_pairs(
    tokenizer: Any, pairs: Sequence[PreferencePair], context: int
) -> tuple[list[EncodedPair], int]:
    """Return the pairs, cut to the context from the end, and the number with nothing to score."""

    def encode(prompt: tuple[Message, ...], completion: tuple[Message, ...]) -> Example:
        return truncate_end(encode_chat(tokenizer, (*prompt, *completion)), context)

    encoded = [
        EncodedPair(encode(pair.prompt, pair.chosen), encode(pair.prompt, pair.rejected))
        for pair in pairs
    ]
    kept = [pair for pair in encoded if pair.chosen.n_trained and pair.rejected.n_trained]
    return kept, len(encoded) - len(kept)


class _PairTrainer(Trainer):
    """Trainer with Eq. 4 as its loss; a batch has the chosen texts, then the rejected ones."""

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        *,
        loss: SimpoLoss,
        pairs: list[EncodedPair],
        pad: int,
    ) -> None:
        def collate(batch: list[EncodedPair]) -> dict[str, Tensor]:
            rows = [pair.chosen for pair in batch] + [pair.rejected for pair in batch]
            return pad_right(rows, pad)

        dataset: Any = pairs
        super().__init__(model=model, args=args, train_dataset=dataset, data_collator=collate)
        # The loss is a mean over pairs; accumulated batches are averaged by the trainer.
        self.model_accepts_loss_kwargs = False
        self._loss = loss
        self._seen: list[tuple[float, ...]] = []

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002  the trainer passes it
    ) -> Any:
        """Return Eq. 4 on one batch; keep its parts for the next log."""
        found = pair_loss(
            model,
            inputs,
            beta=self._loss.beta,
            gamma=self._loss.gamma,
            nll_weight=self._loss.nll_weight,
            nll_reduction=self._loss.nll_reduction,
        )
        self._seen.append(tuple(value.item() for value in found[1:]))
        return (found.loss, {}) if return_outputs else found.loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means since the last log, over all processes."""
        if self._seen:
            means = [sum(values) / len(values) for values in zip(*self._seen, strict=True)]
            logs |= dict(zip(PairLoss._fields[1:], mean_over_ranks(means), strict=True))
            self._seen.clear()
        super().log(logs, start_time)


class SimpoTrainer(StopOnNonFinite, CountsTokens, _PairTrainer):
    """Trainer of Eq. 4 that stops before an update that would destroy the weights."""


def pair_loss(
    model: Any,
    batch: dict[str, Tensor],
    *,
    beta: float,
    gamma: float,
    nll_weight: float,
    nll_reduction: NllReduction,
) -> PairLoss:
    """Return Eq. 4 on one batch.

    Args:
        model: a causal model, or its wrapper by peft, DeepSpeed or DDP.
        batch: ``input_ids``, ``attention_mask`` and ``labels``; the first half of the rows are the
            chosen texts, the second half the rejected ones in the same order.
        beta: see ``simpo_loss``.
        gamma: see ``simpo_loss``.
        nll_weight: lambda; 0 leaves the NLL out.
        nll_reduction: see ``nll_loss``.
    """
    found = sequence_logprobs(model, batch)
    n_pairs = len(found.total) // 2
    chosen = Logprobs(found.total[:n_pairs], found.n_tokens[:n_pairs])
    difference = chosen.mean - found.mean[n_pairs:]
    nll = nll_loss(chosen, reduction=nll_reduction)
    loss = simpo_loss(chosen.mean, found.mean[n_pairs:], beta=beta, gamma=gamma).mean()
    if nll_weight:
        loss = loss + nll_weight * nll
    difference = difference.detach()
    return PairLoss(loss, beta * difference.mean(), nll.detach(), (difference > 0).float().mean())
