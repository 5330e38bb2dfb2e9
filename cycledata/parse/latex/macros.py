r"""What a macro is, and which macros are worth replacing by their text.

A macro that carries structure (a heading, a citation, a conditional, an input) or text (a method's
name) is expanded; one that makes mathematics is left in place, as is an author's comment
(``\jk{rewrite this}``), whose removal is an editorial matter and not TeX's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from cycledata.parse.latex.author_notes import is_note
from cycledata.parse.latex.known_commands import WRAPPED, words
from cycledata.parse.latex.tokens import ends_in_word, joined

MacroKind = Literal["expand", "keep", "note"]

_PARAMETER = re.compile(r"#(#|[1-9])")
_NAMES = re.compile(r"\\[A-Za-z@]++")
_EXPL_FUNCTION = re.compile(
    r"\\(?:(?:seq|clist|prop|box|coffin|dim)@[a-z@]+@[NnVcoxfe]*+|[a-z]+@[a-zA-Z@]+@[NnVcoxfe]++)[TF]*+\Z"
)
r"""A function of LaTeX3 such as ``\\seq_use:Nn``, as ``expl3`` writes it."""
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


class FixedText(NamedTuple):
    """A replacement text that is written at once, as long as none of its commands acts."""

    text: str
    """What is written."""
    names: tuple[str, ...]
    """Commands in it."""
    is_plain: bool
    """True if there are no commands in it or after it."""
    spaced: bool
    r"""True if an ``\\xspace`` follows, which is not in the text."""
    cost: int
    """Work that it is paid with."""


@dataclass(slots=True)
class Macro:
    """A user's definition."""

    body: str
    """Replacement text without comments, parameters as ``#1``."""
    n_args: int = 0
    """Undelimited arguments, the optional one included."""
    default: str | None = None
    """Default of the optional first argument; None if there is none."""
    pattern: str | None = None
    r"""Parameter text of a ``\def`` with delimiters, e.g. ``"#1."``; None if it has none."""
    spec: tuple[str, ...] | None = None
    """Argument kinds of xparse (``m``, ``o``, ``O{..}``, ``s``), None for other definitions."""
    long: bool = False
    r"""Made by ``\\newcommand``, whose macros ``\\ifx`` tells from those of ``\\def``."""
    from_style: bool = False
    """Defined by a package or class of the archive."""
    kind: MacroKind | None = None
    """What to do with a use; None until the first one."""
    fixed: "FixedText | None" = None
    """The replacement text if every use has the same; None until the first use."""

    @property
    def takes_arguments(self) -> bool:
        """True if a use of the macro is followed by arguments."""
        return bool(self.n_args or self.spec or self.pattern)

    def replaced(self, args: list[str]) -> str:
        """Return the body with its arguments in place; no control word grows into what follows."""
        body = self.body
        if args and "#" in body:
            pieces = _PARAMETER.split(body)
            pieces[1::2] = [_argument_or_hash(which, args) for which in pieces[1::2]]
            body = joined(pieces)
        return body + " " if body and ends_in_word(body) else body


def _argument_or_hash(which: str, args: list[str]) -> str:
    if which == "#":
        return "#"
    index = int(which) - 1
    return args[index] if index < len(args) else ""


_INTERNALS = words(
    "\\noalign \\hrule \\vrule \\hbox \\vbox \\vtop \\halign \\valign \\kern \\vskip "
    "\\hskip "
    "\\penalty \\advance \\dimen \\setbox \\box \\copy \\everypar \\parshape \\mathchardef "
    "\\chardef "
    "\\@setfontsize \\@xhline \\@footnotemark \\@footnotetext \\vadjust "
    "\\trivlist \\endtrivlist \\@makeother \\catcode "
    "\\g@addto@macro"
)
"""Primitives of typesetting: a style's macro that uses them prints no words of its own."""
_FONTS = words("\\fontfamily \\fontseries \\fontshape \\fontsize \\usefont \\lettrine")
"""Choices of type."""
LOOKS = words(
    "\\tiny \\scriptsize \\footnotesize \\small \\normalsize \\large \\Large \\LARGE \\huge \\Huge "
    "\\toprule \\midrule \\bottomrule \\cmidrule \\hline \\cline \\addlinespace \\item \\centering "
    "\\textbf \\textit \\texttt \\textsc \\textsf \\textrm \\emph \\bf \\it \\sc \\rm \\sf \\tt "
    "\\sl \\em "
    "\\bfseries \\itshape \\scshape \\ttfamily \\sffamily \\rmfamily \\newline \\linebreak \\par "
    "\\footnote \\footnotetext \\footnotemark \\ref \\eqref \\pageref \\hspace \\vspace \\quad "
    "\\qquad "
    "\\underline \\raggedright \\raggedleft \\multicolumn \\multirow \\rule \\fbox \\mbox "
    "\\parbox \\vdots "
    "\\url \\href \\qed \\newpage \\clearpage \\twocolumn \\onecolumn "
    "\\tableofcontents \\listoffigures \\listoftables \\printindex"
)
"""Commands that a style redefines for their looks only."""


_DRAWN_ACCENTS = words("\\mathaccent \\macc@nested@a \\wide@bar \\wide@bar@")
"""Accents over formulas that are built from primitives."""


def names_in(body: str) -> set[str]:
    """Every control word of a text, with its backslash."""
    return set(_NAMES.findall(body))


def is_internal(body: str) -> bool:
    """Return whether a style's replacement text works with primitives or functions of LaTeX3."""
    names = names_in(body)
    return not names.isdisjoint(_INTERNALS) or any(map(_EXPL_FUNCTION.match, names))


def sets_type(macro: Macro) -> bool:
    """Return whether a style's macro chooses a type for its argument."""
    names = names_in(macro.body)
    return macro.takes_arguments and not names.isdisjoint(_FONTS) and names.isdisjoint(WRAPPED)


def is_mathematical(body: str) -> bool:
    """Return whether a replacement text belongs into a formula rather than into running text."""
    return _MATH.search(_IN_DOLLARS.sub("", body)) is not None


def kind_of(name: str, macro: Macro, acts: Callable[[str], bool]) -> MacroKind:
    """Return how to treat a use of a macro.

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
    if macro.takes_arguments and is_note(name, body):
        return "note"
    if macro.from_style and (name in LOOKS or is_internal(body) or sets_type(macro)):
        return "keep"
    if not names.isdisjoint(_DRAWN_ACCENTS):
        return "keep"
    if any(acts(inner) for inner in names):
        return "expand"
    if is_mathematical(body) or any("@" in inner for inner in names):
        return "keep"
    return "expand"
