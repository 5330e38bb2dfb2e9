"""What is trained on and where long chats are cut."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cycledata.errors import ParseError
from cycledata.records import Message
from cycletrain.chat_tokens import (
    IGNORED,
    encode_chat,
    require_ascending,
    truncate_at_random,
    truncate_end,
)

PLAN = (
    "## Motivation\nNone.\n\n```latex\n\\title{T}\n```\n\n## Experimental Setup\n```json\n[]\n```"
)
CHAT = (
    Message(role="system", content="You write papers."),
    Message(role="user", content="@article{a, title={A}}\n\n" * 12),
    Message(role="assistant", content=PLAN),
    Message(role="user", content="## Experimental_results\n```json\n[]\n```"),
    Message(role="assistant", content="```latex\n\\section{End}\n" + "It ends. " * 20 + "\n```"),
)


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


def test_only_the_assistants_words_and_their_end_are_trained(tokenizer: Any) -> None:
    example = encode_chat(tokenizer, CHAT)
    trained = [token for token in example.labels if token != IGNORED]
    assert tokenizer.decode(trained) == f"{CHAT[2].content}<|end|>{CHAT[4].content}<|end|>"
    assert tokenizer.decode(example.ids) == example.text


def test_the_prompt_is_tokenised_as_when_the_model_is_asked(tokenizer: Any) -> None:
    example = encode_chat(tokenizer, CHAT)
    asked = tokenizer.apply_chat_template(
        [m.model_dump() for m in CHAT[:2]], tokenize=False, add_generation_prompt=True
    )
    prompt = tokenizer(asked, add_special_tokens=False)["input_ids"]
    assert list(example.ids[: len(prompt)]) == prompt
    assert set(example.labels[: len(prompt)]) == {IGNORED}
    assert example.labels[len(prompt)] != IGNORED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(context=st.integers(60, 700), seed=st.integers(0, 10_000))
def test_random_truncation_fits_and_splits_no_fence(
    tokenizer: Any, context: int, seed: int
) -> None:
    whole = encode_chat(tokenizer, CHAT)
    cut = truncate_at_random(whole, context, random.Random(seed))
    assert len(cut.ids) <= context
    assert cut.n_trained > 0
    assert cut.ids[: whole.n_system] == whole.ids[: whole.n_system]
    if len(whole.ids) <= context:
        assert cut == whole
        return
    window = cut.starts[whole.n_system :]
    first = whole.starts.index(window[0])
    assert window == whole.starts[first : first + len(window)]
    last = whole.starts.index(window[-1]) + 1
    for place in (first, last):
        if place < len(whole.starts):
            character = whole.starts[place]
            line = whole.text.rfind("\n", 0, character) + 1
            before, after = whole.text[line:character], whole.text[character:]
            assert not (before.startswith("```") and after[:1].isalpha())
    assert len(window) >= context - whole.n_system - len("```latex")


def test_truncation_is_seeded_and_moves(tokenizer: Any) -> None:
    whole = encode_chat(tokenizer, CHAT)
    cuts = {truncate_at_random(whole, 200, random.Random(seed)).starts for seed in range(20)}
    assert len(cuts) > 5
    assert truncate_at_random(whole, 200, random.Random(3)) == truncate_at_random(
        whole, 200, random.Random(3)
    )


def test_a_cut_within_a_fence_moves_before_it(tokenizer: Any) -> None:
    chat = (*CHAT[:2], Message(role="assistant", content="x\n" + "```latex\n" * 60))
    whole = encode_chat(tokenizer, chat)
    for seed in range(50):
        cut = truncate_at_random(whole, 150, random.Random(seed))
        first = whole.text[cut.starts[whole.n_system] :]
        assert not first.startswith(("``l", "`l", "latex", "atex", "tex", "ex\n"))


def test_a_context_that_the_system_turn_fills_is_refused(tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="full after the system turn"):
        truncate_at_random(encode_chat(tokenizer, CHAT), 10, random.Random(0))


def test_preference_examples_are_cut_from_the_end(tokenizer: Any) -> None:
    whole = encode_chat(tokenizer, CHAT)
    assert truncate_end(whole, 100).ids == whole.ids[:100]
    assert truncate_end(whole, 10**6) == whole


def test_a_template_that_rewrites_earlier_turns_is_refused(tokenizer: Any) -> None:
    import copy

    moving = copy.deepcopy(tokenizer)
    moving.chat_template = "{{ messages | length }}" + moving.chat_template
    with pytest.raises(ParseError, match="chat-template: turn 2"):
        encode_chat(moving, CHAT)


@pytest.mark.parametrize(("ratings", "fails"), [((3, 5, 5, 8), False), ((5, 3), True)])
def test_reviewers_must_ascend(ratings: tuple[int, ...], fails: bool) -> None:
    blocks = "\n".join(f"## Reviewer\n\n### Rating\n\n{rating}: x\n" for rating in ratings)
    chat = [Message(role="assistant", content=blocks)]
    if not fails:
        require_ascending(chat, "p")
        return
    with pytest.raises(ParseError, match=r"review-order: p: expected ascending.*\[5, 3\]"):
        require_ascending(chat, "p")
