"""Supervised fine-tuning of CycleReviewer (Sec. 3.1) and CycleResearcher (Sec. 3.2).

A finished build's ``messages`` in, a model or an adapter out. Only the assistant's turns have a
loss; an example that is too long is cut at a random place. A researcher also learns to simulate
experiments, from the results that its papers report.
"""

import logging
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.sft_config import SFTConfig as TrlConfig
from trl.trainer.sft_trainer import SFTTrainer

from cycletrain.adapter_start import prepare_model
from cycletrain.cards import write_model_card
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import SftConfig
from cycletrain.held_back_reviews import HeldBackReviews
from cycletrain.prepared_examples import prepare
from cycletrain.run_record import RunRecord, close_run, open_run
from cycletrain.training import (
    CountsTokens,
    StopOnNonFinite,
    check_memory,
    curves_of,
    fit,
    save_trained,
    trainer_settings,
)

log = logging.getLogger(__name__)
DATASETS = {"reviewer": "review-5k", "researcher": "research-14k"}
"""Dataset of each role."""
CURVES = {
    "loss": "Loss per trained token (nats)",
    "eval_loss": "Loss per token of held-back papers (nats)",
    "eval_proxy_mse": "Proxy MSE (n) of reviews of held-back papers",
    "eval_unreadable_share": "Share of these reviews that cannot be read",
    "tokens_per_second": "Tokens per second, all processes",
}


def run(config: SftConfig) -> RunRecord:
    """Train, and save the weights under ``out/model``.

    Raises:
        VerifyError: the build is not what its manifest pins.
        ParseError: a paper whose messages are not in the role's format.
        BuildError: the train split has no paper.
        TrainingError: too little memory, or a loss that is not finite.
    """
    record = open_run("sft", config, dataset=DATASETS[config.role])
    check_memory(config.model, config.adapter, config.training, rows_per_example=1)
    # Creates the process group, which an adapter's start needs.
    arguments = TrlConfig(**_settings(config))
    tokenizer = load_tokenizer(config.model)
    examples = prepare(config, tokenizer)
    prepared = prepare_model(
        config.model,
        config.adapter,
        examples.first(config.adapter.gradient_examples),
        pad=tokenizer.pad_token_id,
        start=config.out / "start",
        seed=config.seed,
        sharding=config.training.sharding,
    )
    trainer = _SftTrainer(
        model=prepared.model,
        args=arguments,
        train_dataset=examples.train,
        eval_dataset=examples.validation,
        processing_class=tokenizer,
        callbacks=[_MeasuresTheEnd()],
    )
    if config.validation.n_reviewed:
        trainer.reviews = HeldBackReviews.of(config)
    result = fit(trainer, sharding=config.training.sharding, prepared=prepared)
    save_trained(
        trainer, tokenizer, config.out / "model", start=config.out / "start", base=config.model
    )
    history: list[dict[str, Any]] = trainer.state.log_history
    last = {name: row[name] for row in history for name in CURVES if name in row}
    finished = record.model_copy(
        update={
            "counts": examples.counts,
            "metrics": {
                "train_loss": result.training_loss,
                "last_loss": last.pop("loss", result.training_loss),
                **last,
                "updates": float(result.global_step),
                "seconds": result.metrics["train_runtime"],
            },
            "curves": curves_of(history, CURVES),
            "samples": trainer.reviews.samples if trainer.reviews else (),
        }
    )
    write_model_card(
        config.out / "model", finished, role=config.role, model=config.model, adapter=config.adapter
    )
    return close_run(config.out, finished)


def _settings(config: SftConfig) -> dict[str, Any]:
    settings = trainer_settings(
        config.training, out=config.out / "trainer", seed=config.seed, dtype=config.model.dtype
    )
    settings["max_length"] = config.training.context_tokens if config.training.packing else None
    settings["packing"] = config.training.packing
    if config.validation.share:
        settings |= {
            "eval_strategy": "steps",
            "eval_steps": config.validation.every,
            "per_device_eval_batch_size": config.training.batch_size,
            "eval_packing": False,
        }
    return settings


class _MeasuresTheEnd(TrainerCallback):
    """Measures the held-back papers after the last update too."""

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Ask for a measurement at the last update."""
        if state.global_step >= state.max_steps and args.eval_strategy != "no":
            control.should_evaluate = True


class _SftTrainer(StopOnNonFinite, CountsTokens, SFTTrainer):
    """TRL's trainer, which stops before an update that would destroy the weights."""

    reviews: HeldBackReviews | None = None

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return the loss on held-back papers and, for a reviewer, its proxy MSE."""
        metrics: dict[str, float] = super().evaluate(*args, **kwargs)
        if self.reviews is not None:
            found = self.reviews.measure(
                self.accelerator.unwrap_model(self.model), self.processing_class
            )
            self.log(dict(found))
            metrics |= found
        return metrics
