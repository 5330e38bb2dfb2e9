"""One text gives one prediction, in ``cycleeval score``, ``cycletrain review`` and the reward."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycleeval.predictions import Prediction, parse_predictions, prediction_of_text
from cycletrain.jobs.reward import rated_papers
from cycletrain.preferences import Rollout
from cycletrain.reviewing import as_line, predict, review_chat, reward_papers
from cycletrain.sampling import SamplingPlan

RATED = "## Reviewer\n\n### Soundness\n\n3 good\n\n### Rating\n\n6\n\n"
UNRATED = "## Reviewer\n\n### Soundness\n\n2 fair\n\n### Summary\n\nFine.\n\n"
TEXTS = {
    "a review": RATED,
    "accept": RATED + "## Paper Decision\n\nAccept (poster)",
    "withdrawn": RATED + "## Paper Decision\n\nWithdrawn",
    "one of two reviewers unrated": RATED + "**********\n\n" + UNRATED,
    "no review": "Fine.",
    "a decision alone": "## Paper Decision\n\nAccept",
}
EXPECTED: dict[str, tuple[tuple[float, ...], str | None] | None] = {
    "a review": ((6.0,), None),
    "accept": ((6.0,), "accept"),
    "withdrawn": ((6.0,), "reject"),
    "one of two reviewers unrated": None,
    "no review": None,
    "a decision alone": None,
}


class Parrot:
    """A model that always answers the same."""

    name = "parrot"

    def __init__(self, text: str) -> None:
        self.text = text

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        return [Completion(self.text, "stop") for _ in requests]


def parts(prediction: Prediction | Unreadable) -> tuple[tuple[float, ...], str | None] | None:
    if isinstance(prediction, Unreadable):
        return None
    return prediction.ratings, prediction.decision


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_gives_the_same_prediction_everywhere(name: str, tmp_path: Path) -> None:
    text, expected = TEXTS[name], EXPECTED[name]
    assert parts(prediction_of_text(text)) == expected

    def read(line: str) -> tuple[tuple[float, ...], str | None] | None:
        found = parse_predictions([line.encode()], name="m", known=["p"]).predictions.get("p")
        return None if found is None else parts(found)

    assert read(json.dumps({"paper_id": "p", "text": text})) == expected, "cycleeval score"

    plan = SamplingPlan(Sampling(temperature=0, max_tokens=9), 1, 1, 0, tmp_path)
    (line,) = predict(Parrot(text), {"p": review_chat("paper", n_reviewers=2)}, plan=plan)
    assert read(as_line(line)) == expected, "cycletrain review"

    rollout: dict[str, Any] = {"prompt_id": "p", "index": 0, "turns": (), "latex": None}
    (reward,) = reward_papers(
        Parrot(text),
        [Rollout(**rollout, review_text="paper")],
        n_reviewers=2,
        plan=plan,
    )
    rewarded = None if reward.reward is None else (reward.ratings, reward.decision)
    assert rewarded == expected, "the reward"
    rated = [(paper.ratings, paper.decision) for paper in rated_papers([reward], "m")]
    assert rated == ([] if expected is None else [expected]), "cycleeval generated"
