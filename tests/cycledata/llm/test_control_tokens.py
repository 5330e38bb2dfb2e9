"""Control tokens of chat templates reach a model as plain text, and come back unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.llm.control_tokens import neutralize, restore

TOKENS = [
    "<|tool_response>", "<turn|>", "<image>",
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|user|>",
    "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>", "<start_of_turn>", "<end_of_turn>",
    "<bos>", "<eos>", "[TOOL_CALLS]", "<｜User｜>", "<｜end▁of▁sentence｜>", "<think>", "</think>",
    "<unused12>", "[CLS]", "<extra_id_0>", "[gMASK]", "[|user|]", "]~b]", "[e~[",
    "<|END_OF_TURN_TOKEN|>",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_a_control_token_is_broken_up_counted_and_restored(token: str) -> None:
    text, n_tokens = neutralize(f"before {token} after {token}")
    assert token not in text
    assert n_tokens == 2
    assert restore(text) == f"before {token} after {token}"


@pytest.mark.parametrize("text", ["a < b | c > d", "x[0] = [1, 2]", "<b>bold</b>", "$p(x|y)$", ""])
def test_other_text_is_sent_as_it_is(text: str) -> None:
    assert neutralize(text) == (text, 0)


PIECES = st.sampled_from([*TOKENS, "<", "[", "]", "\u2060", "|", ">", "<|", "|>", "a", "\n", "~"])


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_control_token_is_left_and_the_text_comes_back(text: str) -> None:
    sent, _ = neutralize(text)
    assert not any(token in sent for token in TOKENS)
    assert restore(sent) == text
