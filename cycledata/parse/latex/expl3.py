r"""Code between ``\ExplSyntaxOn`` and ``\ExplSyntaxOff``: definitions are taken, nothing printed.

In it ``_`` and ``:`` are letters and spaces are ignored. Both become ``@``, which is a letter in
everything that is read here, so that macros defined in the code work outside of it.
"""

import re

from cycledata.parse.latex.aliases import let_pair
from cycledata.parse.latex.definitions import define_name, read_pattern
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.package_conditionals import choose
from cycledata.parse.latex.tokens import without_comments

_NAME = re.compile(r"\\[A-Za-z@_:]++")
_NEWLINES = re.compile(r"\n\s*+")


def expl_syntax(expander: Expander, _name: str) -> None:
    r"""Read the code up to ``\ExplSyntaxOff``, or the rest of the file."""
    frame = expander.input.frames[-1]
    end = frame.text.find("\\ExplSyntaxOff", frame.pos)
    code = without_comments(frame.text[frame.pos : end if end >= 0 else len(frame.text)])
    frame.pos = end + len("\\ExplSyntaxOff") if end >= 0 else len(frame.text)
    expander.work.spend(len(code))
    plain = _NAME.sub(lambda match: re.sub("[_:]", "@", match[0]) + " ", code)
    pushed = expander.input.push(_NEWLINES.sub(" ", plain).replace("~", " "))
    if pushed is not None:
        pushed.close = expander.output.mute()


def new_function(expander: Expander, name: str) -> None:
    r"""``\cs_new:Npn \name #1 {..}`` and ``\cs_new:Nn \name:n {..}``."""
    target = expander.read_name()
    pattern = read_pattern(expander)
    if not target or pattern is None:
        return
    if not name.endswith("pn") and not pattern:
        n_args = len(target.rpartition("@")[2])
        pattern = "#1#2#3#4#5#6#7#8#9"[: 2 * min(n_args, 9)]
    define_name(expander, target, pattern, "\\gdef")


def set_text(expander: Expander, _name: str) -> None:
    r"""``\tl_set:Nn \l_my_tl {text}``."""
    target = expander.read_name()
    body = without_comments(expander.input.read_argument())
    if target:
        expander.definitions.define(target, Macro(body))


def use_text(expander: Expander, _name: str) -> None:
    r"""``\tl_use:N \l_my_tl`` and ``\use:n {text}``."""
    expander.input.push(expander.input.read_argument())


def set_equal(expander: Expander, _name: str) -> None:
    r"""``\cs_set_eq:NN \new \old``."""
    let_pair(expander)


def if_equal_text(expander: Expander, name: str) -> None:
    r"""``\\str_if_eq:nnTF {a} {b} {yes} {no}`` and its variants."""
    kinds = name.rpartition("@")[2]
    texts = [expander.input.read_argument() for _ in range(2)]
    first, second = (
        expander.expanded(text) if kind in "Vex" else text
        for kind, text in zip(kinds, texts, strict=False)
    )
    _enter(expander, name, value=first.strip() == second.strip())


def if_empty_text(expander: Expander, name: str) -> None:
    r"""``\\tl_if_empty:NTF \\l_my_tl {yes} {no}`` and ``\\tl_if_blank:nTF``."""
    text = expander.input.read_argument()
    if "@n" not in name:
        text = expander.expanded(text)
    _enter(expander, name, value=not text.strip())


def _enter(expander: Expander, name: str, *, value: bool) -> None:
    """Read the branches that a test's name announces and go on with the right one."""
    if name.endswith("TF"):
        choose(expander, value=value)
        return
    text = expander.input.read_argument()
    if value == name.endswith("T"):
        expander.input.push(text)


_STEMS = ("cs@new", "cs@new@protected", "cs@set", "cs@gset", "cs@set@protected",
          "cs@gset@protected", "cs@new@nopar", "cs@new@protected@nopar")  # fmt: skip
FUNCTIONS = " ".join(f"{stem}@{kind}" for stem in _STEMS for kind in ("Npn", "Nn", "Npx", "Npe"))
TEXTS = " ".join(
    f"{stem}@{kind}" for stem in ("tl@set", "tl@gset", "tl@const", "str@set", "str@const")
    for kind in ("Nn", "Nx", "Ne", "Nf")
)  # fmt: skip
_BRANCHES = ("TF", "T", "F")
EQUAL_TESTS = " ".join(
    f"str@if@eq@{first}{second}{branch}"
    for first in "nVex" for second in "nVex" for branch in _BRANCHES
)  # fmt: skip
EMPTY_TESTS = " ".join(
    f"tl@if@{kind}{branch}"
    for kind in ("empty@N", "empty@n", "empty@V", "blank@n", "blank@V") for branch in _BRANCHES
)  # fmt: skip
USES = "tl@use@N str@use@N use@n use@i"
EQUALS = "cs@set@eq@NN cs@new@eq@NN cs@gset@eq@NN"
