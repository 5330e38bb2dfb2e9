"""Supervised fine-tuning of CycleReviewer (Sec. 3.1) and CycleResearcher (Sec. 3.2).

A finished build's ``messages`` in, a model or an adapter out. Only the assistant's turns have a
loss; an example that is too long is cut at a random place. A researcher also learns to simulate
experiments, from the results that its papers report.
"""

import logging
import random
from collections.abc import Iterator
from typing import Any

from datasets import Dataset
from trl.trainer.sft_config import SFTConfig as TrlConfig
from trl.trainer.sft_trainer import SFTTrainer

from cycledata.errors import TrainingError
from cycledata.formats.paper_text import Plan, parse_plan
from cycledata.records import Message
from cycletrain.build_chats import iterate_chats
from cycletrain.cards import write_model_card
from cycletrain.chat_tokens import Example, encode_chat, require_ascending, truncate_at_random
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import SftConfig
from cycletrain.run_record import RunRecord, close_run, open_run
from cycletrain.simulated_results import experimenter_messages
from cycletrain.training import (
    StopOnNonFinite,
    check_memory,
    curves_of,
    fit,
    prepare_model,
    save_trained,
    trainer_settings,
)

log = logging.getLogger(__name__)
DATASETS = {"reviewer": "review-5k", "researcher": "research-14k"}
"""Dataset of each role."""


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
    settings = trainer_settings(
        config.training, out=config.out / "trainer", seed=config.seed, dtype=config.model.dtype
    )
    # Creates the process group, which an adapter's start needs.
    arguments = TrlConfig(**settings, max_length=None)
    tokenizer = load_tokenizer(config.model)
    examples, counts = prepare_examples(config, tokenizer)
    model = prepare_model(
        config.model,
        config.adapter,
        examples,
        pad=tokenizer.pad_token_id,
        start=config.out / "start",
        seed=config.seed,
    )
    rows = [{"input_ids": list(e.ids), "labels": list(e.labels)} for e in examples]
    trainer = _SftTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    result = fit(trainer)
    save_trained(
        trainer.accelerator.unwrap_model(trainer.model),
        tokenizer,
        config.out / "model",
        start=config.out / "start",
        base=config.model,
    )
    history: list[dict[str, Any]] = trainer.state.log_history
    losses = [row["loss"] for row in history if "loss" in row]
    finished = record.model_copy(
        update={
            "counts": counts,
            "metrics": {
                "train_loss": result.training_loss,
                "last_loss": losses[-1] if losses else result.training_loss,
                "updates": float(result.global_step),
                "seconds": result.metrics["train_runtime"],
            },
            "curves": curves_of(history, {"loss": "Loss per trained token (nats)"}),
        }
    )
    write_model_card(
        config.out / "model", finished, role=config.role, model=config.model, adapter=config.adapter
    )
    return close_run(config.out, finished)


class _SftTrainer(StopOnNonFinite, SFTTrainer):
    """TRL's trainer, which stops before an update that would destroy the weights."""


def prepare_examples(config: SftConfig, tokenizer: Any) -> tuple[list[Example], dict[str, int]]:
    """Return the examples of the build's training split, in its order, and their counts.

    Raises:
        ParseError: a paper whose messages are not in the role's format.
        TrainingError: a context that the system turn alone fills.
    """
    context = config.training.context_tokens
    examples: list[Example] = []
    counts = {"papers": 0, "examples": 0, "truncated": 0, "trained_tokens": 0}
    for paper_id, messages in iterate_chats(config.build, "train"):
        counts["papers"] += 1
        if config.role == "reviewer":
            require_ascending(messages, paper_id)
        chats = [messages, *_experimenter_chats(messages)]
        for part, chat in enumerate(chats):
            whole = encode_chat(tokenizer, chat)
            rng = random.Random(f"{config.seed}/{paper_id}/{part}")  # noqa: S311  no secret
            try:
                example = truncate_at_random(whole, context, rng)
            except ValueError as error:
                raise TrainingError(f"{paper_id}: {error}") from error
            counts["truncated"] += example is not whole
            counts["trained_tokens"] += example.n_trained
            examples.append(example)
    counts["examples"] = len(examples)
    log.info("%s papers, %s examples", counts["papers"], counts["examples"])
    return examples, counts


def _experimenter_chats(messages: tuple[Message, ...]) -> Iterator[tuple[Message, ...]]:
    """Yield the chat that asks for a researcher's results; none for a reviewer's paper."""
    if len(messages) == 5:
        plan = parse_plan(messages[2].content)
        if isinstance(plan, Plan):
            results = Message(role="assistant", content=messages[3].content)
            yield (*experimenter_messages(plan), results)
