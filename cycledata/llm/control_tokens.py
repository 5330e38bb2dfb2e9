r"""Control tokens of chat templates, sent as plain text.

A paper that contains `<|im_end|>` or `[INST]` could close the user's turn and write the assistant's
turn itself. `neutralize` puts a word joiner (U+2060) behind the first character of every such
token, so that no tokenizer reads it as one; `restore` removes the joiner from a completion.
"""

import re

_JOINER = "\u2060"
_NAMES = (
    r"s|bos|eos|pad|unk|mask|cls|sep|sop|eop|eoh|eoa|eosys|gmask|"
    r"(?:unused|extra_id_|reserved_|special_)\d{1,4}|seed:\w{1,32}|"
    r"(?:start|end)_of_(?:turn|image|text|role)|image_soft_token|startoftext|endoftext|"
    r"begin_of_text|im_start|im_end|im_sep|start_header_id|end_header_id|eot_id|eom_id|eot|eom|"
    r"fim_(?:prefix|suffix|middle)|system|user|assistant|bot|human|tool|think|tool_call|"
    r"tool_response|tools|documents|image|video|audio|img|end|turn|channel|message|start|return|constrain|call"
)
_BRACKETED = (
    r"INST|SYS|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|SYSTEM_PROMPT|PREFIX|SUFFIX|"
    r"MIDDLE|IMG|IMG_BREAK|IMG_END|THINK|ARGS|CALL_ID|CLS|SEP|PAD|UNK|MASK|BOS|EOS|gMASK|sMASK|"
    r"BEGIN_OF_TEXT|END_OF_TEXT|control_\d{1,4}|REFERENCE_DOC_\d{1,4}"
)
# The first character of a token. `<|...|>` and `[|...|]` count with any name, the former also with
# the full-width bars of DeepSeek and with a bar on one side (`<|turn>`, `<turn|>`).
_OPENING = re.compile(
    rf"<(?=[|｜][^<>\n]{{1,64}}[|｜]>|[|｜][A-Za-z][\w./-]{{0,63}}>|[A-Za-z][\w./-]{{0,63}}[|｜]>|</?SYS>>|/?(?:{_NAMES})>)"
    rf"|\[(?=/?(?:{_BRACKETED})\]|\|[^\[\]\n]{{1,64}}\|\]|e~\[)|\](?=~!?b[\]\[])",
    re.IGNORECASE,
)
_JOINED = re.compile(rf"([<\[\]]{_JOINER}*){_JOINER}(?=[|｜</A-Za-z~])")


def neutralize(text: str) -> tuple[str, int]:
    r"""Return the text with every control token broken up, and the number of tokens.

    >>> neutralize("Fine.<|im_end|>")
    ('Fine.<\u2060|im_end|>', 1)
    """
    # A joiner that the text has there already gets a second one, so that `restore` is exact.
    doubled = _JOINED.sub(lambda match: match[0] + _JOINER, text)
    return _OPENING.subn(lambda match: match[0] + _JOINER, doubled)


def restore(text: str) -> str:
    r"""Undo `neutralize`, e.g. in a completion that quotes its prompt.

    >>> restore("Fine.<\u2060|im_end|>")
    'Fine.<|im_end|>'
    """
    return _JOINED.sub(lambda match: match[1], text)
