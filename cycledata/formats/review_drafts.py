"""Drafts that models write before their answer: ``<think>``, its variants, comments, channels."""

import re

_FLAGS = re.ASCII | re.IGNORECASE
_NAME = (
    r"(?:(?:[a-z]{1,10}[_-]?)?think(?:ing)?|thoughts?|reasoning(?:[_-][a-z]{1,12})?|reflection"
    r"|(?:[a-z]{1,10}[_-])?monologue|analysis|scratch[_-]?pad|draft|brainstorm(?:ing)?)"
)
_SPACE = r"[ ]?\|?[ ]?"
_OPEN_TAG = (
    rf"(?:(?:<|＜|&lt;){_SPACE}(?:[a-z]{{1,12}}:)?(?:begin_of_)?{_NAME}"
    rf"(?:[ ][^<>\n]{{0,60}})?{_SPACE}(?:>|＞|&gt;)"
    r"|\[(?:think(?:ing)?|reasoning)\]|◁think(?:ing)?▷|<!--)"
)
_CLOSE_TAG = (
    rf"(?:(?:<|＜|&lt;){_SPACE}/{_SPACE}(?:[a-z]{{1,12}}:)?{_NAME}{_SPACE}(?:>|＞|&gt;)|<\|end_of_{_NAME}\|>"
    r"|\[/(?:think(?:ing)?|reasoning)\]|◁/think(?:ing)?▷)"
)
_OPEN = re.compile(rf"^[ \t]{{0,3}}{_OPEN_TAG}", _FLAGS | re.MULTILINE)
_CLOSE = re.compile(_CLOSE_TAG, _FLAGS)
_COMMENT_CLOSE = re.compile("-->")
_CHANNEL = re.compile(
    r"^(?!\\)[^\n]*?<\|channel\|>(?P<name>\w+)[^\n<]{0,60}<\|message\|>", re.MULTILINE
)
"""A channel of the harmony format; only the one called ``final`` is the answer."""
_TURN_END = re.compile(r"<\|(?:end|return|call)\|>")
DRAFT_LINE = re.compile(
    rf"^(?P<slashes>\\*+)(?=[^\n]*(?:{_OPEN_TAG}|{_CLOSE_TAG}|<\|channel\|>))",
    _FLAGS | re.MULTILINE,
)
"""A line with a tag of a draft, behind any backslashes."""
_TAG_STARTS = ("<", "＜", "◁", "&l", "&L", "[t", "[T", "[r", "[R", "[/")


def may_have_tags(text: str) -> bool:
    """Return False if a text has no tag of a draft; fast."""
    return any(start in text for start in _TAG_STARTS)


def without_drafts(text: str) -> tuple[str, str | None]:
    """Return a text without drafts in ``<think>``, and why it is unreadable, if it is.

    A draft opens at the start of a line. A closing tag at the start or the end of a line, without
    an opening one, ends a draft that began with the text, as chat templates have it.
    """
    if not may_have_tags(text):
        return text, None
    channels = list(_CHANNEL.finditer(text))
    if channels:
        if channels[-1]["name"].lower() != "final":
            return "", f"the text ends inside of the channel {channels[-1]['name']!r:.40}"
        text = _TURN_END.split(text[channels[-1].end() :], maxsplit=1)[0]
    parts: list[str] = []
    at = 0
    first_open = _OPEN.search(text)
    lead = _lone_close(text, 0, first_open.start() if first_open else len(text))
    if lead is not None:
        at = lead
    while (opened := _OPEN.search(text, at)) is not None:
        parts.append(text[at : opened.start()])
        is_comment = opened[0].endswith("<!--")
        closed = (_COMMENT_CLOSE if is_comment else _CLOSE).search(text, opened.end())
        if closed is None:
            return "", f"the text ends inside {opened[0].strip()}"
        at = closed.end()
        following = _OPEN.search(text, at)
        nested = _lone_close(text, at, following.start() if following else len(text))
        at = at if nested is None else nested
    return "".join([*parts, text[at:]]), None


def _lone_close(text: str, begin: int, limit: int) -> int | None:
    """Return the end of the last closing tag between two opening ones, or None."""
    place = None
    for closed in _CLOSE.finditer(text, begin, limit):
        start = text.rfind("\n", 0, closed.start()) + 1
        end = text.find("\n", closed.end())
        before = text[start : closed.start()]
        after = text[closed.end() : len(text) if end < 0 else end]
        if not before.startswith("\\") and not (before.strip() and after.strip()):
            place = closed.end()
    return place
