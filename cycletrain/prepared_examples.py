"""SFT examples of a build as an Arrow file: made once per machine, then read from disk.

The file's name is a digest of everything that determines its bytes, so that a second start, and
every other process of the machine, opens it in place of tokenizing again.
"""

import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import pyarrow as pa
from datasets import Dataset

from cycledata.errors import TrainingError
from cycledata.files import cache_folder, canonical_json, locked, replace_folder, sha256_file
from cycledata.formats.paper_text import Plan, parse_plan
from cycledata.load import MANIFEST
from cycledata.manifest import fingerprint
from cycledata.records import Message
from cycletrain.build_chats import iterate_chats
from cycletrain.chat_tokens import Example, encode_chat, require_ascending, truncate_at_random
from cycletrain.checkpoints import tokenizer_sha256
from cycletrain.config import SftConfig
from cycletrain.generation import seed_of
from cycletrain.simulated_results import experimenter_messages

log = logging.getLogger(__name__)
VERSION = 1
"""Raise this when the examples of an equal config change."""
_SCHEMA = pa.schema({"input_ids": pa.list_(pa.int32()), "labels": pa.list_(pa.int32())})
_ROWS_PER_WRITE = 16


class PreparedExamples(NamedTuple):
    """Examples on disk."""

    train: Dataset
    """Columns ``input_ids`` and ``labels``."""
    validation: Dataset | None
    """The same for the held-back papers; None without any."""
    counts: dict[str, int]

    def first(self, number: int) -> list[Example]:
        """Return the first examples of the training share, without their text."""
        rows = self.train.select(range(min(number, len(self.train))))
        return [
            Example(tuple(row["input_ids"]), tuple(row["labels"]), (), "", 0)
            for row in map(dict, rows)
        ]


def prepare(config: SftConfig, tokenizer: Any, *, cache: Path | None = None) -> PreparedExamples:
    """Return the examples of the build's training split, in its order.

    Args:
        config: of the job.
        tokenizer: of the model.
        cache: folder of prepared examples; None for that of this machine.

    Raises:
        ParseError: a paper whose messages are not in the role's format.
        TrainingError: a context that the system turn alone fills.
    """
    folder = (cache or cache_folder() / "examples") / digest_of_examples(config, tokenizer)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock"), wait=True):
        if not folder.is_dir():
            with replace_folder(folder) as temporary:
                _write(config, tokenizer, temporary)
    counts = json.loads((folder / "counts.json").read_text(encoding="utf-8"))
    log.info("%s papers, %s examples (%s)", counts["papers"], counts["examples"], folder)
    validation = folder / "validation.arrow"
    return PreparedExamples(
        Dataset.from_file(str(folder / "train.arrow")),
        Dataset.from_file(str(validation)) if counts["held_back"] else None,
        counts,
    )


def digest_of_examples(config: SftConfig, tokenizer: Any) -> str:
    """Return a digest of everything that determines the examples."""
    return fingerprint(
        {
            "version": VERSION,
            "build": sha256_file(config.build / MANIFEST),
            "role": config.role,
            "context_tokens": config.training.context_tokens,
            "seed": config.seed,
            "held_back": config.validation.share,
            "tokenizer": tokenizer_sha256(tokenizer),
            "template": tokenizer.chat_template,
        }
    )


def held_back(config: SftConfig, paper_ids: list[str]) -> frozenset[str]:
    """Return the papers that are measured and not trained on, drawn by id."""
    number = round(config.validation.share * len(paper_ids))
    drawn = sorted(paper_ids, key=lambda paper: (seed_of(config.seed, "held-back", paper), paper))
    return frozenset(drawn[:number])


def _write(config: SftConfig, tokenizer: Any, folder: Path) -> None:
    kept = held_back(config, [paper_id for paper_id, _ in iterate_chats(config.build, "train")])
    counts = {"papers": 0, "held_back": 0, "examples": 0, "truncated": 0, "trained_tokens": 0}
    with (
        _ExampleFile(folder / "train.arrow") as train,
        _ExampleFile(folder / "validation.arrow") as validation,
    ):
        for paper_id, messages in iterate_chats(config.build, "train"):
            counts["papers"] += 1
            counts["held_back"] += paper_id in kept
            for example, is_cut in _examples(config, tokenizer, paper_id, messages):
                if paper_id in kept:
                    validation.add(example)
                    continue
                train.add(example)
                counts["examples"] += 1
                counts["truncated"] += is_cut
                counts["trained_tokens"] += example.n_trained
            if counts["papers"] % 500 == 0:
                log.info("%s papers prepared", counts["papers"])
    if not counts["examples"]:
        raise TrainingError(
            "validation.share: every paper is held back; lower it or use a larger build"
        )
    (folder / "counts.json").write_text(canonical_json(counts) + "\n", encoding="utf-8")


def _examples(
    config: SftConfig, tokenizer: Any, paper_id: str, messages: tuple[Message, ...]
) -> Iterator[tuple[Example, bool]]:
    """Yield the examples of one paper, and whether each was cut."""
    if config.role == "reviewer":
        require_ascending(messages, paper_id)
    for part, chat in enumerate([messages, *_experimenter_chats(messages)]):
        whole = encode_chat(tokenizer, chat)
        rng = random.Random(f"{config.seed}/{paper_id}/{part}")  # noqa: S311  no secret
        try:
            example = truncate_at_random(whole, config.training.context_tokens, rng)
        except ValueError as error:
            raise TrainingError(f"{paper_id}: {error}") from error
        yield example, example is not whole


def _experimenter_chats(messages: tuple[Message, ...]) -> Iterator[tuple[Message, ...]]:
    """Yield the chat that asks for a researcher's results; none for a reviewer's paper."""
    if len(messages) == 5:
        plan = parse_plan(messages[2].content)
        if isinstance(plan, Plan):
            results = Message(role="assistant", content=messages[3].content)
            yield (*experimenter_messages(plan), results)


class _ExampleFile:
    """Arrow stream of examples; memory for a few examples at a time."""

    def __init__(self, path: Path) -> None:
        self._writer = pa.ipc.new_stream(str(path), _SCHEMA)
        self._ids: list[tuple[int, ...]] = []
        self._labels: list[tuple[int, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, example: Example) -> None:
        """Append one example."""
        self._ids.append(example.ids)
        self._labels.append(example.labels)
        if len(self._ids) == _ROWS_PER_WRITE:
            self._flush()

    def _flush(self) -> None:
        if self._ids:
            columns = [
                pa.array(self._ids, _SCHEMA[0].type),
                pa.array(self._labels, _SCHEMA[1].type),
            ]
            self._writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))
        self._ids, self._labels = [], []
