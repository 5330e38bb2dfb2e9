"""A tiny model and two tiny builds, made once for all training tests."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cycledata.formats import paper_text
from cycledata.formats.paper_text import CitedWork, ResearchText, render_messages
from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.formats.review_messages import paper_as_text, reviewer_prompt
from cycledata.formats.review_text import ReviewText, render_reviews
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.load import BuildManifest
from cycledata.manifest import fingerprint, pin_file, write_manifest
from cycledata.records import (
    Decision,
    Message,
    MetaReview,
    Outline,
    ResultItem,
    Review,
    Section,
    SetupItem,
)
from cycletrain import simulated_results
from cycletrain.config_tables import ModelConfig
from cycletrain.latex_paper import text_as_paper


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    # Threads that wait for a busy core spin: two of them made a step 25 times slower here.
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CYCLEKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


TOPICS = ("graphs", "text", "noise", "games")
RATINGS = ((3, 5), (5, 6), (6, 8), (8, 8))


def paper_of(topic: str) -> ResearchText:
    return ResearchText(
        references=(CitedWork(bibtex=f"@misc{{a, title={{On {topic}}}}}", abstract=None),),
        outline=Outline(
            motivation=f"Old {topic}.",
            main_idea=f"New {topic}.",
            interestingness=7,
            feasibility=6,
            novelty=5,
            experimental_setup=(SetupItem(name="e", description=f"Try {topic}."),),
            experimental_results=(ResultItem(name="e", description=f"It works on {topic}."),),
        ),
        title=f"New {topic}",
        abstract=f"We do {topic}.",
        sections=(
            Section(level=1, title="Introduction", text=f"See {topic}."),
            Section(level=1, title="Experiments", text=f"Fine {topic}."),
        ),
    )


def review_messages(topic: str, ratings: Sequence[int]) -> tuple[Message, ...]:
    reviews = tuple(
        Review(
            reviewer=f"R{i}",
            summary=f"On {topic}.",
            strengths="Clear.",
            weaknesses="Short.",
            questions="",
            soundness=3,
            presentation=3,
            contribution=2,
            rating=rating,
            confidence=4,
        )
        for i, rating in enumerate(ratings, start=1)
    )
    accepted = ratings[-1] > 5
    text = ReviewText(
        reviews=reviews,
        meta_review=MetaReview(text="So be it.", why_not_higher=None, why_not_lower=None),
        decision=Decision(
            kind="accept" if accepted else "reject", text="Accept" if accepted else "Reject"
        ),
    )
    paper = paper_of(topic)
    shown = text_as_paper(paper.title, paper.abstract, paper.sections, topic)
    return (
        Message(role="system", content=reviewer_prompt(len(ratings), ICLR_RATING)),
        Message(role="user", content=paper_as_text(shown)),
        Message(role="assistant", content=render_reviews(text, scale=ICLR_RATING)),
    )


def make_build(
    folder: Path,
    dataset: str,
    chats: Mapping[str, tuple[Message, ...]],
    columns_of: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """A finished build with the columns that training reads, and more of them by paper id."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "default").mkdir(parents=True)
    rows = [
        {
            "paper_id": key,
            "messages": [m.model_dump() for m in chat],
            **(columns_of or {}).get(key, {}),
        }
        for key, chat in chats.items()
    ]
    name = "default/train-00000-of-00001.parquet"
    pq.write_table(pa.Table.from_pylist(rows), folder / name)
    columns = {
        "dropped.parquet": ["paper_id", "rule", "detail", "stage"],
        "consent.parquet": ["paper_id", "component", "verdict", "rule"],
    }
    for table, names in columns.items():
        schema = pa.schema([(column, pa.string()) for column in names])
        pq.write_table(schema.empty_table(), folder / table)
    inputs = {"shareable": True}
    manifest = BuildManifest(
        kind="build",
        dataset=dataset,
        fingerprint=fingerprint(inputs),
        inputs=inputs,
        invented=True,
        shareable=True,
        policy_name="test",
        configs={"default": {"train": len(rows)}},
        counts={"papers": len(rows), "papers_kept": len(rows), "papers_dropped": 0},
        dropped={},
        withheld={},
        published={},
        facts={},
        files=(
            *(pin_file(folder, table, 0) for table in sorted(columns)),
            pin_file(folder, name, len(rows)),
        ),
    )
    write_manifest(folder / "manifest.json", manifest)
    return folder


def model_at(path: Path) -> ModelConfig:
    return ModelConfig(path=str(path), dtype="float32")


def loop_table(build: Path, model: Path, out: Path, **training: Any) -> dict[str, Any]:
    """Keys of a small run of ``iterate`` or ``grpo``, whose models are one."""
    sampling = {"temperature": 0.4, "max_tokens": 300}
    return {
        "build": build,
        "out": out,
        "policy": model_at(model),
        "reviewer": model_at(model),
        "n_samples": 3,
        "writing": sampling,
        "reviewing": sampling,
        "n_reviewers": 2,
        "adapter": {"kind": "lora", "rank": 2},
        "training": {"context_tokens": 500, "learning_rate": 1e-3, "log_steps": 1, **training},
    }


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class KillSwitch:
    """Ends a run at the n-th call of some functions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._calls = self._end_at = 0

    def watch(self, *functions: tuple[Any, str]) -> None:
        """Count the calls of functions, each named by its module or class and its name."""
        for owner, name in functions:
            self._monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def set(self, end_at: int) -> None:
        """Count from zero and end the run at this call."""
        self._calls, self._end_at = 0, end_at

    def _counted(self, real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls += 1
            if self._calls == self._end_at:
                raise Killed
            return real(*args, **kwargs)

        return call


@pytest.fixture
def kill_switch(monkeypatch: pytest.MonkeyPatch) -> KillSwitch:
    return KillSwitch(monkeypatch)


class ScriptedModel:
    """Answers like a well-trained researcher or reviewer; the request's seed decides the rest.

    Use it where a test is about what happens to texts, not about how they are made.
    """

    name = "scripted"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        self.asked += [request.id for request in requests]
        return [Completion(self._text(request), "stop") for request in requests]

    def _text(self, request: ChatRequest) -> str:
        topic = request.id.partition("/")[0]
        return scripted_text(request.messages, topic, request.seed or 0)


def scripted_text(messages: Sequence[Message], topic: str, seed: int) -> str:
    """A readable paper, result or review of a topic, or at times an unreadable text."""
    system = messages[0].content
    if system == simulated_results.SYSTEM:
        return render_messages(paper_of(topic))[3].content
    if system != paper_text.SYSTEM:
        low, high = sorted((RATINGS[seed % 4][0], RATINGS[seed // 4 % 4][1]))
        return review_messages(topic, (low, high))[2].content
    if seed % 11 == 0:
        return "I would rather not."
    turns = render_messages(paper_of(topic))
    text = turns[2 if len(messages) == 2 else 4].content
    return text.replace(f"{topic}.", f"{topic} {seed % 1000}.")


@pytest.fixture(scope="session")
def review_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Review-5k build of four invented papers."""
    chats = {t: review_messages(t, r) for t, r in zip(TOPICS, RATINGS, strict=True)}
    columns = {
        t: rating_columns(r, ICLR_RATING.values) for t, r in zip(TOPICS, RATINGS, strict=True)
    }
    return make_build(tmp_path_factory.mktemp("builds") / "review", "review-5k", chats, columns)


def rating_columns(ratings: Sequence[float], scale: Sequence[float]) -> dict[str, object]:
    """Columns of a Review-5k row about its ratings."""
    values = {"ratings": ratings, "rating_scale": scale}
    floats: dict[str, object] = {name: list(map(float, v)) for name, v in values.items()}
    return {"venue": "V.org/2024", "accept_threshold": 6.0, **floats}


@pytest.fixture(scope="session")
def research_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Research-14k build of the same papers."""
    chats = {topic: render_messages(paper_of(topic)) for topic in TOPICS}
    return make_build(tmp_path_factory.mktemp("builds") / "research", "research-14k", chats)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """Every job generates from this model."""
    from cycletrain import servers

    model = ScriptedModel()
    monkeypatch.setattr(servers, "open_generator", lambda _: model)
    return model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an untrained two-layer model, its tokenizer trained on the builds' texts."""
    from cycletrain.tiny import make_tiny_model

    folder = tmp_path_factory.mktemp("tiny")
    chats = [review_messages(t, r) for t, r in zip(TOPICS, RATINGS, strict=True)]
    chats += [render_messages(paper_of(topic)) for topic in TOPICS]
    texts = [message.content for chat in chats for message in chat]
    make_tiny_model(texts, folder, vocabulary=600, width=64, layers=1, context=1024)
    return folder


@pytest.fixture(scope="session")
def held_out_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model in another folder, as a reviewer that gives no reward in training."""
    return shutil.copytree(tiny_model, tmp_path_factory.mktemp("held-out") / "model")
