"""Ends of groups, against a count of braces character by character."""

import random

import pytest

from cycledata.formats.braces import deep_group_end, group_end

PIECES = (
    "{",
    "}",
    "{a}",
    "{b{c}}",
    "{d{e{f{g}}}}",
    r"\{",
    r"\}",
    "\\\\",
    r"\%",
    "%{\n",
    "%}",
    "\n",
    "x",
    "\\",
)


def counted_end(text: str, limit: int, *, comments: bool) -> int:
    """Return one past the brace that closes the group at 0, or -1."""
    depth, at, stop = 0, 0, min(len(text), limit)
    while at < stop:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "%" and comments:
            while at < stop and text[at] != "\n":
                at += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return -1


@pytest.mark.parametrize("comments", [False, True], ids=["text", "comments"])
def test_a_group_ends_where_its_braces_balance(comments: bool) -> None:
    rng = random.Random(0)
    n_closed = 0
    for _ in range(3_000):
        text = "{" + "".join(rng.choices(PIECES, k=rng.randrange(25)))
        limit = rng.choice([5, 20, 1_000])
        expected = counted_end(text, limit, comments=comments)
        assert group_end(text, 0, comments=comments, limit=limit) == expected, text
        assert deep_group_end(text, 0, comments=comments, limit=limit) == expected, text
        n_closed += expected > 0
    assert n_closed > 500
