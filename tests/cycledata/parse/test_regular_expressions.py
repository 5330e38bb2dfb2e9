"""Every regular expression in cycledata.parse is linear: by its parse tree, and by attack.

Expressions are collected from the source, so that a new one is checked the day it is written. The
attack pumps each repetition of each expression with what it accepts, behind what leads up to it,
and ends on a character that nothing accepts: what makes a backtracking matcher go super-linear.
"""

import ast
import builtins
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]  # how re itself parses
from typing import Any

import pytest

import cycledata

ROOT = Path(cycledata.__path__[0])
FOLDERS = ("parse", "outlines")
"""Packages that read what others wrote."""
PUMPED = 30_000
"""Characters of an attack: quadratic work on them costs a hundred times the yardstick."""
YARDSTICK = re.compile(r"a[^b]{8,400}b"), "a" * PUMPED
"""The costliest that is allowed: at each place a bounded repetition of some hundred steps."""
ALLOWED = 12
"""Yardsticks that one attack may take, since an expression may have several such repetitions."""
ALLOWED_IF_LINEAR = 60
"""Yardsticks that it may take if its time grows with the length, not with its square."""
FLAGS_AT = {"compile": 0, "search": 1, "match": 1, "fullmatch": 1, "findall": 1, "finditer": 1}
FLAGS_AT |= {"split": 2, "sub": 3}
"""Functions of ``re``, and where their flags stand after the pattern."""
UNBOUNDED = 1_001
"""Repetitions from which on a bound no longer counts as one."""
AT_ONCE = 0.005
"""Seconds that are not worth a comparison."""


class Word(str):
    """Stands for a text, and for a list of texts."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        yield str(self)


class Filled(ast.NodeTransformer):
    """Names that only a function knows, filled in with a word."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.AST:
        known = node.id in self.known or hasattr(builtins, node.id)
        return node if known else ast.Name("a_word", ast.Load())


def evaluated(node: ast.expr, known: dict[str, Any]) -> Any:
    tree = ast.fix_missing_locations(ast.Expression(Filled(known).visit(node)))
    return eval(compile(tree, "pattern", "eval"), known | {"a_word": Word("word")})


def expressions() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        name = ".".join(("cycledata", *path.relative_to(ROOT).with_suffix("").parts))
        known = vars(importlib.import_module(name.removesuffix(".__init__")))
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Attribute(ast.Name("re"), function), [first, *rest], keywords):
                    if function not in FLAGS_AT:
                        continue
                    flags = rest[FLAGS_AT[function] :][:1]
                    flags += [keyword.value for keyword in keywords if keyword.arg == "flags"]
                    pattern, *given = (evaluated(part, known) for part in (first, *flags))
                    yield f"{name}:{node.lineno} {function}", re.compile(pattern, *given)


def only_matched() -> set[str]:
    """Where expressions are made that are tried at one place at a time, never searched for."""
    sources = {path: path.read_text() for path in ROOT.rglob("*.py")}
    every = "\n".join(sources.values())
    found = set()
    for where in ALL:
        name, _, rest = where.partition(":")
        line, function = rest.split()
        if function in ("match", "fullmatch"):
            found.add(where)
        relative = name.removeprefix("cycledata.").replace(".", "/")
        source = sources.get(ROOT / f"{relative}.py", "")
        assigned = re.match(
            r"(\w+) = re\.compile\(", [*source.split("\n"), *[""] * int(line)][int(line) - 1]
        )
        if assigned:
            seen = source if assigned[1].startswith("_") else every
            used = re.findall(rf"\b{assigned[1]}\b(?! = )(?:\.(match|fullmatch)\()?", seen)
            if used and all(used):
                found.add(where)
    return found


ALL = dict(expressions())
ONLY_MATCHED = only_matched()
REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
SAFE = (_constants.POSSESSIVE_REPEAT, _constants.ATOMIC_GROUP)


def inner(argument: Any) -> Iterator[Any]:
    """Sub-patterns among an operation's arguments."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for part in argument:
            yield from inner(part)


def nested(tree: Any, inside: bool = False) -> Iterator[str]:
    """Unbounded repetitions inside unbounded ones that can give back what they took."""
    for operation, argument in tree:
        unbounded = operation in REPEATS and argument[1] >= UNBOUNDED
        if unbounded and inside:
            yield f"{operation} {argument}"
        # What is possessive gives nothing back, so that nothing inside it is tried twice.
        deeper = operation not in SAFE and (inside or unbounded)
        for part in inner(argument):
            yield from nested(part, deeper)


def sample(tree: Any) -> str:
    """The shortest text that a pattern's tree accepts, look-arounds aside."""
    text = ""
    for operation, argument in tree:
        if operation is _constants.LITERAL:
            text += chr(argument)
        elif operation is _constants.NOT_LITERAL:
            text += "x" if argument != ord("x") else "y"
        elif operation is _constants.ANY:
            text += "x"
        elif operation is _constants.IN:
            text += accepted(argument)
        elif operation is _constants.BRANCH:
            text += sample(argument[1][0])
        elif operation is _constants.SUBPATTERN:
            text += sample(argument[-1])
        elif operation is _constants.ATOMIC_GROUP:
            text += sample(argument)
        elif operation in REPEATS or operation is _constants.POSSESSIVE_REPEAT:
            text += sample(argument[2]) * min(argument[0], 50)
    return text


CANDIDATES = "xa1 A.-\n\t_{}[]()@=,%\\$~'\"/:é"


def accepted(items: Any) -> str:
    """A character that a class accepts."""
    negated = items and items[0][0] is _constants.NEGATE
    for char in CANDIDATES:
        inside = any(holds(operation, argument, char) for operation, argument in items)
        if inside != negated:
            return char
    return chr(items[0][1][0]) if items[0][0] is _constants.RANGE else "x"


def holds(operation: Any, argument: Any, char: str) -> bool:
    if operation is _constants.LITERAL:
        return ord(char) == int(argument)
    if operation is _constants.RANGE:
        return int(argument[0]) <= ord(char) <= int(argument[1])
    if operation is _constants.CATEGORY:
        found = {
            _constants.CATEGORY_DIGIT: char.isdigit(),
            _constants.CATEGORY_NOT_DIGIT: not char.isdigit(),
            _constants.CATEGORY_SPACE: char.isspace(),
            _constants.CATEGORY_NOT_SPACE: not char.isspace(),
            _constants.CATEGORY_WORD: char.isalnum() or char == "_",
            _constants.CATEGORY_NOT_WORD: not (char.isalnum() or char == "_"),
        }
        return found[argument]
    return False


def pumps(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """For each repetition: a text that leads up to it, and one turn of it."""
    for operation, argument in tree:
        if operation in REPEATS or operation is _constants.POSSESSIVE_REPEAT:
            if argument[1] > 1:
                yield before, sample(argument[2]) or "x"
            yield from pumps(argument[2], before)
        elif operation is _constants.BRANCH:
            for way in argument[1]:
                yield from pumps(way, before)
        elif operation is _constants.SUBPATTERN:
            yield from pumps(argument[-1], before)
        elif operation is _constants.ATOMIC_GROUP:
            yield from pumps(argument, before)
        elif operation in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from pumps(argument[1], before)
        before += sample([(operation, argument)])


def attacks(pattern: re.Pattern[Any]) -> set[str]:
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    whole = sample(tree) or "x"
    texts = {whole * (PUMPED // len(whole)), whole[:-1] * (PUMPED // max(len(whole) - 1, 1))}
    for before, turn in pumps(tree):
        n = PUMPED // len(turn)
        long = before + turn * n
        short = before + turn * 20
        texts |= {long + "\0", long, turn * n + "\0", (short + "\0") * (PUMPED // len(short))}
        texts.add(before * (PUMPED // max(len(before), 1)) + turn)
    return texts


def test_expressions_are_found_in_every_reader_of_strangers_bytes() -> None:
    modules = {where.partition(":")[0] for where in ALL}
    assert len(ALL) > 100
    for name in (
        "bibliography.bib_file",
        "bibliography.bbl",
        "pdf.structure",
        "latex.tar",
        "latex.tokens",
        "latex.leaks",
    ):
        assert f"cycledata.parse.{name}" in modules


@pytest.mark.parametrize("where", ALL)
def test_no_repetition_stands_inside_another(where: str) -> None:
    pattern = ALL[where]
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    assert list(nested(tree)) == []


@pytest.mark.parametrize("where", ALL)
def test_no_input_makes_an_expression_slow(where: str) -> None:
    pattern = ALL[where]
    for text in sorted(attacks(pattern)):
        subject: Any = text
        if isinstance(pattern.pattern, bytes):
            subject = text.encode("latin-1", "replace")
        search = where not in ONLY_MATCHED
        assert not is_slow(pattern, subject, search=search), f"{pattern.pattern!r} on {text[:40]!r}"


def is_slow(
    pattern: re.Pattern[Any], subject: Any, *, search: bool = True, n_tries: int = 4
) -> bool:
    """Whether an attack costs more than is allowed, beside the yardstick and on the same machine.

    Four times the length costs four times as much if an expression is linear, sixteen times if it
    is quadratic. Another process may steal time from one measurement, hardly from each of several.
    """
    quarter = subject[: len(subject) // 4] + subject[-1:]
    for _ in range(n_tries):
        spent = seconds(pattern, subject, search=search)
        if spent <= AT_ONCE:
            return False
        yardsticks = spent / seconds(*YARDSTICK)
        if yardsticks <= ALLOWED:
            return False
        growth = spent / seconds(pattern, quarter, search=search)
        if yardsticks <= ALLOWED_IF_LINEAR and growth <= 9:
            return False
    return True


def seconds(pattern: re.Pattern[Any], subject: Any, *, search: bool = True) -> float:
    """Processor time of finding all, or of trying the start and the whole."""
    started = time.process_time()
    if search:
        for _ in pattern.finditer(subject):
            pass
    else:
        pattern.match(subject)
        pattern.fullmatch(subject)
    return time.process_time() - started


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        (r"(a+)+b", "nested"),
        (r"(?:a*b?)*c", "nested"),
        (r"\s*x\s*$", "slow"),
        (r"\w+@", "slow"),
    ],
)
def test_the_checks_catch_what_they_are_for(expression: str, fault: str) -> None:
    pattern = re.compile(expression)
    if fault == "nested":
        assert list(nested(_parser.parse(expression)))
    else:
        assert any(is_slow(pattern, text, n_tries=1) for text in sorted(attacks(pattern)))
