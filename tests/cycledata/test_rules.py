"""The register of rule names agrees with the code that applies rules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cycledata
from cycledata.rules import GROUP_TITLES, RULES, Rule, rules_of, rules_reference, rules_table

ROOT = Path(cycledata.__file__).parents[1]
KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
RULE_ARGUMENT = {
    "ParseError": 0,
    "Dropped": 1,
    "ParseWarning": 0,
    "Leak": 0,
    "InvalidLine": 1,
    "_Refused": 0,
    "warn": 0,
    "_leak": 0,
    "_refuse": 0,
    "_drop": 1,
    "_row": 1,
}
"""Function -> position of its rule argument; ``rule=`` is read everywhere."""

PUBLISHING = ("cycledata", "predictions.py", "preferences.py")
"""Packages and modules whose rules appear in data; elsewhere a rule only names an error."""


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("cycledata", "cycleeval", "cycletrain"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path != ROOT / "cycledata" / "rules.py":
                yield path, ast.parse(path.read_text("utf-8"))


def _literals(node: ast.expr | None) -> Iterator[str]:
    """Names that an expression can evaluate to, as far as they are literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if KEBAB.fullmatch(node.value):
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _applied(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Rule literals that a module passes, assigns or returns as a rule, with their lines."""
    for node in ast.walk(tree):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = RULE_ARGUMENT.get(name)
            if place is not None and len(node.args) > place:
                found.append(node.args[place])
            found += [keyword.value for keyword in node.keywords if keyword.arg == "rule"]
        elif isinstance(node, ast.Assign):
            targets = [getattr(target, "id", "") for target in node.targets]
            found += [node.value] if {"rule", "refusal"} & set(targets) else []
        elif isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node) in (
            "tuple[str, str] | None",
            "tuple[str, str]",
        ):
            returns = (part.value for part in ast.walk(node) if isinstance(part, ast.Return))
            found += [value.elts[0] for value in returns if isinstance(value, ast.Tuple)]
        for expression in found:
            for literal in _literals(expression):
                yield literal, getattr(node, "lineno", 0)


def test_every_rule_in_the_code_is_registered() -> None:
    missing = [
        f"{path.relative_to(ROOT)}:{line}: {literal}"
        for path, tree in _sources()
        if path.parts[len(ROOT.parts)] in PUBLISHING or path.name in PUBLISHING
        for literal, line in _applied(tree)
        if literal not in RULES
    ]
    assert missing == []


def test_every_registered_rule_is_used() -> None:
    text = "\n".join(
        str(node.value)
        for _, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    # Consent verdicts on license terms are composed: "licence-" and the term.
    unused = [name for name in RULES if name not in text and not _composed(name, text)]
    assert unused == []


def _composed(name: str, text: str) -> bool:
    return name.startswith("licence-") and name.removeprefix("licence-") in text


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_rule_has_one_plain_sentence(rule: Rule) -> None:
    assert KEBAB.fullmatch(rule.name)
    assert rule.sentence.endswith(".")
    assert "|" not in rule.sentence


def test_no_name_is_listed_in_two_groups() -> None:
    assert sum(len(rules_of(group)) for group in GROUP_TITLES) == len(RULES)


def test_tables_list_every_rule() -> None:
    reference = rules_reference()
    assert all(f"| `{name}` | " in reference for name in RULES)
    assert rules_table("leak").split("\n")[2].startswith("| `acknowledgments` | ")
