r"""JSON around LaTeX: what is written reads back with any reader, what was swallowed is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.formats.latex_json import read_latex_json, write_latex_json
from cycledata.formats.unreadable import Unreadable

_COMMANDS = st.sampled_from(
    ["\\textsc", "\textsc", "\nabla", "\\nabla", "\\\\\t", "\beta", "\rho", "\\u", "\\\\n", "\nAcc"]
)
_STRINGS = st.lists(st.one_of(_COMMANDS, st.text(max_size=5)), max_size=4).map("".join)
_VALUES = st.recursive(
    st.one_of(_STRINGS, st.none(), st.booleans(), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_STRINGS, inner)),
    max_leaves=6,
)


@given(_VALUES)
def test_every_value_reads_back(value: object) -> None:
    text = write_latex_json(value)
    assert read_latex_json(text) == value
    assert read_latex_json(f"```json\n{text}\n```") == value


@given(_VALUES)
def test_any_json_reader_reads_the_same(value: object) -> None:
    assert json.loads(write_latex_json(value)) == value


@pytest.mark.parametrize(
    "swallowed",
    [
        r"\textsc{A}",
        r"\times 3",
        r"\beta",
        r"\frac12",
        r"\rho",
        r"\nabla f",
        r"\neq 0",
        r"\newline",
    ],
)
def test_command_whose_backslash_was_not_doubled_is_refused(swallowed: str) -> None:
    json.loads(f'["{swallowed}"]')  # no error: this is how such commands get lost
    found = read_latex_json(f'["{swallowed}"]')
    assert isinstance(found, Unreadable)
    assert found.where == "JSON, character 3"
    assert "double backslashes" in found.why


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'["a\nb"]', ["a\nb"]),
        (r'["a\nnew line"]', ["a\nnew line"]),
        (r'["\\\\ \\hline\nUniform & 3"]', ["\\\\ \\hline\nUniform & 3"]),
        (r'["a\t3"]', ["a\t3"]),
        (r'["\u0009extsc"]', ["\textsc"]),
        ("\n```JSON\n[1]\n```\n", [1]),
        ("```\n[1]\n```", [1]),
    ],
    ids=["newline", "newline-word", "table", "tab", "tab-spelled-out", "fence", "plain-fence"],
)
def test_harmless_json_is_read(text: str, value: object) -> None:
    assert read_latex_json(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        (r'["\alpha"]', "Invalid"),
        (r'["\url"]', "Invalid"),
        ('[1, 2', "Expecting"),
        ('{"a": 1, "a": 2}', "the key 'a' occurs twice"),
        ("[NaN]", "NaN is not JSON"),
        (r'["\ud800"]', "half of a surrogate pair"),
        ("[1] and more", "Extra data"),
        ("Sure: [1]", "Expecting value"),
        ("[" * 100_000, "nested deeper"),
        ("1" * 10_000, "digits"),
        (" " * 10 + "[" + " " * 2_100_000 + "]", "at most 2000000"),
    ],
    ids=[
        "empty", "alpha", "url", "cut", "key-twice", "nan", "surrogate", "tail", "preamble", "deep",
        "digits", "long",
    ],
)  # fmt: skip
def test_json_that_is_not_only_json_says_why(text: str, why: str) -> None:
    found = read_latex_json(text)
    assert isinstance(found, Unreadable)
    assert why in found.why
