"""Supervised fine-tuning of CycleReviewer (Sec. 3.1) and CycleResearcher (Sec. 3.2).

A finished build's ``messages`` in, a model or an adapter out. The loss is on the assistant's turns
alone; what is too long is cut at a random place. A researcher also learns to stand in for the
experimenter, from the results that its papers report.
"""

import logging
import random
from collections.abc import Iterator
from typing import Any

from datasets import Dataset
from trl.trainer.sft_config import SFTConfig as TrlConfig
from trl.trainer.sft_trainer import SFTTrainer

from cycledata.formats.paper_text import Plan, parse_plan
from cycledata.load import iterate_rows
from cycledata.records import Message
from cycletrain.cards import write_model_card
from cycletrain.chat_tokens import Example, encode_chat, require_ascending, truncate_at_random
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import SftConfig
from cycletrain.run_record import RunRecord, close_run, open_run
from cycletrain.simulated_results import experimenter_messages
from cycletrain.training import (
    curves_of,
    fit,
    prepare_model,
    save_trained,
    trainer_settings,
)

log = logging.getLogger(__name__)


def run(config: SftConfig) -> RunRecord:
    """Train, save ``out/model``, and say what was done.

    Raises:
        VerifyError: the build is not what its manifest pins.
        ParseError: a paper whose messages are not in the role's format.
    """
    record = open_run("sft", config)
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
    settings = trainer_settings(
        config.training, out=config.out / "trainer", seed=config.seed, dtype=config.model.dtype
    )
    rows = [{"input_ids": list(e.ids), "labels": list(e.labels)} for e in examples]
    trainer = SFTTrainer(
        model=model,
        args=TrlConfig(**settings, max_length=None),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    result = fit(trainer)
    save_trained(
        trainer.accelerator.unwrap_model(trainer.model),
        tokenizer,
        config.out / "model",
        start=config.out / "start",
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


def prepare_examples(config: SftConfig, tokenizer: Any) -> tuple[list[Example], dict[str, int]]:
    """Examples of the build's training split, in its order, and how many were cut."""
    context = config.training.context_tokens
    examples: list[Example] = []
    counts = {"papers": 0, "examples": 0, "truncated": 0, "trained_tokens": 0}
    columns = ["paper_id", "messages"]
    for row in iterate_rows(config.build, "default", "train", columns):
        counts["papers"] += 1
        messages = tuple(Message.model_validate(message) for message in row["messages"])
        if config.role == "reviewer":
            require_ascending(messages, row["paper_id"])
        chats = [messages, *_experimenter_chats(messages)]
        for part, chat in enumerate(chats):
            whole = encode_chat(tokenizer, chat)
            rng = random.Random(f"{config.seed}/{row['paper_id']}/{part}")  # noqa: S311  no secret
            example = truncate_at_random(whole, context, rng)
            counts["truncated"] += example is not whole
            counts["trained_tokens"] += example.n_trained
            examples.append(example)
    counts["examples"] = len(examples)
    log.info("%s papers, %s examples", counts["papers"], counts["examples"])
    return examples, counts


def _experimenter_chats(messages: tuple[Message, ...]) -> Iterator[tuple[Message, ...]]:
    """The results of a researcher's paper, asked for and given; none for a reviewer's."""
    if len(messages) == 5:
        plan = parse_plan(messages[2].content)
        if isinstance(plan, Plan):
            results = Message(role="assistant", content=messages[3].content)
            yield (*experimenter_messages(plan), results)
