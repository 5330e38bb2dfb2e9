r"""What a macro is, and which macros are worth replacing by their text.

A macro that carries structure (a heading, a citation, a conditional, an input) or text (a method's
name) is expanded; one that makes mathematics is left in place, as is an author's comment
(``\jk{rewrite this}``), whose removal is an editorial matter and not TeX's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MacroKind = Literal["expand", "keep", "note"]

_PARAMETER = re.compile(r"#(#|[1-9])")
_NAMES = re.compile(r"\\[A-Za-z@]++")
_IN_DOLLARS = re.compile(r"(?<!\\)\$[^$]*+\$")
_MATH = re.compile(
    r"[\^_]|\\(?:math[a-z]++|bm|boldsymbol|pmb|frac|[dt]frac|sum|prod|int|operatorname|DeclareMath\w*"
    r"|ensuremath|left|right|[bB]igg?[lrm]?|partial|nabla|infty|in|cdot|times|leq?|geq?|neq|sim|mid"
    r"|alpha|beta|gamma|delta|epsilon|varepsilon|theta|lambda|mu|sigma|phi|varphi|psi|omega|rho|tau"
    r"|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|Pi|pi|eta|xi|ell|hat|bar|tilde|widehat"
    r"|widetilde|overline|underset|overset|stackrel|sqrt|log|exp|min|max|arg|lim|sup|inf|det"
    r"|langle|rangle|lVert|rVert|lvert|rvert|Vert|vert|perp|top|circ|star|ast|to|rightarrow"
    r"|leftarrow|Rightarrow|mapsto|cal|mathchoice|displaystyle|textstyle|scriptstyle|limits)"
    r"(?![A-Za-z])"
)
_NOTE_NAME = re.compile(
    r"^\\(?:.*(?:todo|fixme|comment|note(?!d)|remark(?=ed$|by)|fixthis|marginnote|authornote)|ToDo|TODO|FIX|XXX)",
)
_TAGGED = re.compile(r"(?:\[|^|[({\s])\\?[A-Za-z][\w .'-]{0,24}+(?:\}?\s?)(?:[:;]|-{2,3}|says)")
_COLOURED = re.compile(r"\\(?:textcolor|color|colorbox|hl|marginpar|sethlcolor|fbox|definecolor)\b")
_ENDS_IN_WORD = re.compile(r"\\[A-Za-z@]++$")


@dataclass(slots=True)
class Macro:
    """A user's definition."""

    body: str
    """Replacement text without comments, parameters as ``#1``."""
    n_args: int = 0
    """Undelimited arguments, the optional one included."""
    default: str | None = None
    """Default of the optional first argument; None where there is none."""
    pattern: str | None = None
    r"""Parameter text of a ``\def`` with delimiters, e.g. ``"#1."``; None where it has none."""
    spec: tuple[str, ...] | None = None
    """Argument kinds of xparse (``m``, ``o``, ``O{..}``, ``s``), None for other definitions."""
    long: bool = False
    r"""Made by ``\\newcommand``, whose macros ``\\ifx`` tells from those of ``\\def``."""
    kind: MacroKind | None = None
    """What to do with a use; None until the first one."""

    def replaced(self, args: list[str]) -> str:
        """Body with its arguments in place, closed so that no letter sticks to a last command."""
        body = self.body
        if args and "#" in body:
            body = _PARAMETER.sub(lambda match: _argument_or_hash(match[1], args), body)
        return body + " " if body and _ENDS_IN_WORD.search(body[-40:]) else body


def _argument_or_hash(which: str, args: list[str]) -> str:
    if which == "#":
        return "#"
    index = int(which) - 1
    return args[index] if index < len(args) else ""


def names_in(body: str) -> set[str]:
    """Every control word of a text, with its backslash."""
    return set(_NAMES.findall(body))


def is_mathematical(body: str) -> bool:
    """Whether a replacement text belongs into a formula rather than into running text."""
    return _MATH.search(_IN_DOLLARS.sub("", body)) is not None


def is_note(name: str, macro: Macro) -> bool:
    """Whether a macro wraps an author's remark: named so, or a coloured ``[JK: #1]``."""
    body = macro.body
    if not macro.n_args or "#" not in body:
        return False
    if _NOTE_NAME.match(name):
        return True
    if not _COLOURED.search(body):
        return False
    before = body[: body.index("#")]
    plain = re.sub(
        r"\\(?:textcolor|color|colorbox)\*?(?:\[[^\]]*+\])?\{[^{}]*+\}|\\[A-Za-z]++", "", before
    )
    return bool(_TAGGED.search(plain) or re.search(r"\[\s*[A-Za-z]", plain))


def kind_of(name: str, macro: Macro, acts: Callable[[str], bool]) -> MacroKind:
    """What to do with a use of a macro.

    Args:
        name: the macro's name with its backslash.
        macro: its definition.
        acts: whether a control word carries structure or text, macros resolved.
    """
    body = macro.body
    names = names_in(body)
    if not names:
        if is_mathematical(body):
            return "keep"
        return "expand"
    if is_note(name, macro):
        return "note"
    if any(acts(inner) for inner in names):
        return "expand"
    if is_mathematical(body) or any("@" in inner for inner in names):
        return "keep"
    return "expand"
