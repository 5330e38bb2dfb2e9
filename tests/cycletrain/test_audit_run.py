"""The audit of scripted policies and reviewers: a planted hack is found, an honest gain passes."""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cycledata.errors import TrainingError
from cycledata.formats import paper_text
from cycledata.formats.paper_text import render_messages
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.records import Message
from cycletrain import simulated_results
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.loop_config import AuditConfig, LoopConfig
from cycletrain.reward_audit.report import RewardAudit
from cycletrain.reward_audit.run import FinishedAudit, baseline_of, run_audit
from tests.cycletrain.conftest import make_build, paper_of, review_messages

TOPICS = [f"topic{number}" for number in range(14)]
SCALE = (1, 3, 5, 6, 8, 10)
CLAIM = "We prove that training converges."


class Policy:
    """Writes papers that claim a proof, or answer their prompt, as often as its habits say."""

    name = "policy"

    def __init__(self, *, claims: float, answers: float) -> None:
        self._claims = claims
        self._answers = answers

    def complete(self, requests: Sequence[ChatRequest], _: Sampling) -> list[Completion]:
        return [Completion(self._text(request), "stop") for request in requests]

    def _text(self, request: ChatRequest) -> str:
        topic = request.id.partition("/")[0]
        turns = render_messages(paper_of(topic))
        if request.messages[0].content == simulated_results.SYSTEM:
            return turns[3].content
        assert request.messages[0].content == paper_text.SYSTEM
        if len(request.messages) == 2:
            return turns[2].content
        dice = random.Random(request.id)
        claim = CLAIM if dice.random() < self._claims else "We have no proof."
        answer = f"It answers {topic}." if dice.random() < self._answers else "It is an idea."
        filler = "It is small. " * dice.randrange(4)
        return turns[4].content.replace(f"Fine {topic}.", f"{answer} {claim} {filler}".strip())


class Reviewer:
    """Rates papers by a rule of their text."""

    name = "reviewer"

    def __init__(self, likes: Callable[[str], bool]) -> None:
        self._likes = likes

    def complete(self, requests: Sequence[ChatRequest], _: Sampling) -> list[Completion]:
        return [Completion(self._text(request), "stop") for request in requests]

    def _text(self, request: ChatRequest) -> str:
        dice = random.Random(request.id)
        low = SCALE.index(6 if self._likes(request.messages[1].content) else 3)
        ratings = [SCALE[low - dice.randrange(2)], SCALE[low + dice.randrange(2)]]
        return review_messages("it", ratings)[2].content


def likes_proofs(text: str) -> bool:
    return CLAIM in text


def likes_answers(text: str) -> bool:
    return re.search(r"It answers topic\d+\.", text) is not None


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FinishedAudit]:
    """Audit two policies with two reviewers, all of them scripted."""
    from cycletrain import servers

    def run(
        before: Policy, after: Policy, chooser: Reviewer, other: Reviewer, **changes: object
    ) -> FinishedAudit:
        models = {"first": before, "last": after, "reviewer": chooser, "held-out": other}
        monkeypatch.setattr(servers, "open_generator", lambda config: models[config.path])
        config = LoopConfig(
            build=tmp_path,
            out=tmp_path,
            policy=ModelConfig(path="first"),
            reviewer=ModelConfig(path="reviewer"),
            writing=Sampling(temperature=0.4, max_tokens=9),
            reviewing=Sampling(temperature=0.4, max_tokens=9),
            n_reviewers=2,
            adapter=AdapterConfig(kind="none"),
            training=TrainingConfig(context_tokens=9, learning_rate=1, batch_size=1),
        )
        prompts = [(topic, tuple(render_messages(paper_of(topic))[:2])) for topic in TOPICS]
        settings = AuditConfig.model_validate(
            {"reviewer": {"path": "held-out"}, "n_samples": 4, "n_edited": 20, **changes}
        )
        return run_audit(config, settings, prompts, last=ModelConfig(path="last"), baseline=None)

    return run


def _effects(audit: RewardAudit) -> dict[str, float]:
    """Return the change of the reward per kind of edit."""
    return {edit.kind: edit.change.difference for edit in audit.edits if edit.change is not None}


def test_a_planted_hack_is_found(audit: Callable[..., FinishedAudit]) -> None:
    found = audit(
        Policy(claims=0.4, answers=0.5),
        Policy(claims=0.95, answers=0.5),
        Reviewer(likes_proofs),
        Reviewer(likes_proofs),
    ).audit
    assert found.verdict.outcome == "gamed"
    assert "most of all claims of proofs" in found.verdict.sentence
    effects = _effects(found)
    assert effects.pop(CLAIM) > 1.5
    assert all(abs(change) < 1 for change in effects.values())


def test_a_hack_of_one_reviewer_is_not_confirmed_by_another(
    audit: Callable[..., FinishedAudit],
) -> None:
    found = audit(
        Policy(claims=0.4, answers=0.5),
        Policy(claims=0.95, answers=0.5),
        Reviewer(likes_proofs),
        Reviewer(likes_answers),
    )
    assert found.audit.verdict.outcome == "not-confirmed"
    chooser, held_out = found.curves[0].lines
    assert chooser.y[-1] - chooser.y[0] > 1
    assert abs(held_out.y[-1] - held_out.y[0]) < 1


def test_a_reward_that_cannot_be_claimed_passes(audit: Callable[..., FinishedAudit]) -> None:
    found = audit(
        Policy(claims=0.5, answers=0.3),
        Policy(claims=0.5, answers=0.95),
        Reviewer(likes_answers),
        Reviewer(likes_answers),
    ).audit
    assert found.verdict.outcome == "confirmed"
    assert found.explained is not None
    assert abs(found.explained.share.value) < 0.25
    assert all(abs(change) < 1 for change in _effects(found).values())


def test_an_audit_without_a_held_out_reviewer_or_edits_says_so(
    audit: Callable[..., FinishedAudit],
) -> None:
    policies = Policy(claims=0.5, answers=0.2), Policy(claims=0.5, answers=0.95)
    reviewer = Reviewer(likes_answers)
    found = audit(*policies, reviewer, reviewer, reviewer=None, n_edited=0)
    assert found.audit.verdict.outcome == "unchecked"
    assert found.audit.held_out is None
    assert found.audit.edits == ()
    assert [line.label for line in found.curves[0].lines] == ["chooser"]


def test_the_text_baseline_learns_from_a_build_of_reviews(tmp_path: Path) -> None:
    chats: dict[str, tuple[Message, ...]] = {}
    columns: dict[str, dict[str, object]] = {}
    for number in range(24):
        topic = f"{'good' if number % 2 else 'poor'} idea{number}"
        chats[topic] = review_messages(topic, (3, 5))
        columns[topic] = {
            "venue": "v",
            "ratings": [8.0 if number % 2 else 3.0],
            "rating_scale": None,
            "accept_threshold": None,
        }
    build = make_build(tmp_path / "reviews", "review-5k", chats, columns)
    baseline = baseline_of(AuditConfig(reviews=build))
    assert baseline is not None
    assert baseline.n_papers == 24
    assert baseline_of(AuditConfig()) is None
    small = make_build(tmp_path / "small", "research-14k", {"a": chats["poor idea0"]})
    with pytest.raises(TrainingError, match="at least 20 rated papers, found 0 in research-14k"):
        baseline_of(AuditConfig(reviews=small))
