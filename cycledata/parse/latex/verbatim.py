r"""Texts that TeX does not read as commands: environments, ``\verb``, and new ones of papers."""

import re
from functools import cache

from cycledata.formats.braces import group_end
from cycledata.parse.latex.argument_kinds import argument_kinds
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.input_stack import InputFrame
from cycledata.parse.latex.macro_calls import read_call
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.tokens import COMMAND, COMMENT_BLOCK

_VERB = re.compile(r"\*?[ \t]*+([^\sA-Za-z*])")
_PANDOC_TOKEN = re.compile(r"\\[A-Z][A-Za-z]{1,20}Tok\{((?:[^{}\\]++|\\.|\{\})*+)\}")
MAX_SHORT = 300
"""Characters of a short verbatim text."""
MAX_WRITTEN = 200
"""Files that one paper may write with filecontents."""


def environment_name(token: str) -> str:
    r"""Return the name in ``\begin{name}`` or ``\end{name}``."""
    return token[token.index("{") + 1 : -1]


def skip_environment(expander: Expander, token: str) -> None:
    """Pass over an environment that prints nothing."""
    name = environment_name(token)
    frame = expander.input.frames[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    if found < 0:
        expander.work.warn(
            "unclosed-environment", f"\\begin{{{name}}} without its end; the file's rest is skipped"
        )
        frame.pos = len(frame.text)
        return
    frame.pos = found + len(name) + 6


def copy_verbatim(expander: Expander, token: str) -> None:
    """Copy an environment unchanged, its commands unread."""
    name = environment_name(token)
    frame = expander.input.frames[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    stop = len(frame.text) if found < 0 else found + len(name) + 6
    _write_verbatim(expander, frame, expander.at, stop)
    frame.pos = stop


def _write_verbatim(expander: Expander, frame: InputFrame, start: int, stop: int) -> None:
    r"""Write a verbatim text; pandoc's marks of words, ``\\KeywordTok{if}``, print the words."""
    pos = start
    if frame.text.find("Tok{", start, stop) >= 0:
        for token in _PANDOC_TOKEN.finditer(frame.text, start, stop):
            expander.output.write_slice(frame, pos, token.start())
            expander.output.write_slice(frame, *token.span(1))
            pos = token.end()
    expander.output.write_slice(frame, pos, stop)


def verb(expander: Expander, name: str) -> None:
    r"""``\verb|...|``, ``\lstinline|...|``, ``\mintinline{python}|...|``."""
    at = expander.at
    if name in ("\\lstinline", "\\Verb"):
        expander.input.read_optional()
    elif name == "\\mintinline":
        expander.input.read_optional()
        expander.input.read_argument()
    copy_delimited(expander, at)


def copy_delimited(expander: Expander, at: int) -> None:
    """Copy from ``at`` through a text between braces or two equal characters, unchanged."""
    frame = expander.input.frames[-1]
    match = _VERB.match(frame.text, frame.pos)
    stop = frame.pos
    if match and match[1] == "{":
        stop = max(group_end(frame.text, match.start(1)), match.end())
    elif match:
        line_end = frame.text.find("\n", match.end())
        close = frame.text.find(match[1], match.end(), line_end if line_end >= 0 else None)
        stop = close + 1 if close >= 0 else match.end()
    _write_verbatim(expander, frame, min(at, stop), stop)
    frame.pos = stop


def mint(expander: Expander, _name: str) -> None:
    r"""Minted's ``\mint[options]{python}|...|`` and ``\mint{python}{...}``."""
    at = expander.at
    expander.input.read_optional()
    expander.input.read_argument()
    copy_delimited(expander, at)


def short_verb(expander: Expander, name: str) -> None:
    r"""Copy ``\py|...|``, whose command the paper made with ``\newmint`` or ``\NewTotalVerb``."""
    at = expander.at
    read_call(expander, expander.definitions.macros[name])
    copy_delimited(expander, at)


def make_short_verb(expander: Expander, name: str) -> None:
    r"""``\MakeShortVerb{\|}``, ``\lstMakeShortInline[..]|`` and ``\DeleteShortVerb{\|}``."""
    expander.input.read_star()
    expander.input.read_optional()
    char = expander.input.read_argument().strip().removeprefix("\\")
    if len(char) != 1 or char.isalnum() or char in "{}\\%$":
        return
    others = expander.short_verbs.replace(char, "")
    expander.short_verbs = others if "Delete" in name else others + char
    expander.all_short_verbs = expander.all_short_verbs.replace(char, "") + char
    expander.token = tokens_beside(expander.short_verbs)


@cache
def tokens_beside(short_verbs: str) -> re.Pattern[str]:
    """Return the expression for tokens by which text between some characters is passed over."""
    between = "".join(
        rf"|{re.escape(char)}[^{re.escape(char)}\n]{{0,{MAX_SHORT}}}+{re.escape(char)}"
        for char in short_verbs[:4]
    )
    return re.compile(f"{COMMENT_BLOCK.pattern}|{COMMAND.pattern}{between}", re.DOTALL)


# --- Definitions ---------------------------------------------------------------------------------


def define_verbatim(expander: Expander, name: str, macro: Macro | None = None) -> None:
    """Make an environment verbatim, starred or not; its arguments are those of ``macro``."""
    if not name or "\\" in name:
        return
    expander.verbatim_names.add(name)
    expander.definitions.define(f"\\begin{{{name}}}", macro or Macro(""), copy_verbatim)


def new_verbatim(expander: Expander, name: str) -> None:
    r"""``\lstnewenvironment{n}[2][x]{..}{..}``, ``\DefineVerbatimEnvironment{n}{Verbatim}{..}``."""
    target = expander.input.read_argument().strip()
    expander.input.read_optional()
    expander.input.read_optional()
    expander.input.read_argument()
    expander.input.read_argument()
    define_verbatim(expander, target)
    if name != "\\lstnewenvironment":
        define_verbatim(expander, target + "*")


def new_tcb_listing(expander: Expander, name: str) -> None:
    r"""``\newtcblisting[..]{n}[2][x]{..}`` and ``\NewTCBListing[..]{n}{O{} m}{..}``."""
    expander.input.read_optional()
    target = expander.input.read_argument().strip()
    if name.endswith("newtcblisting"):
        expander.input.read_optional()
        expander.input.read_optional()
    else:
        argument_kinds(expander.input.read_argument())
    expander.input.read_argument()
    define_verbatim(expander, target)
    define_verbatim(expander, target + "*")


def new_minted(expander: Expander, _name: str) -> None:
    r"""``\newminted{python}{..}`` makes ``pythoncode``, with ``[n]`` it makes ``n``."""
    target = expander.input.read_optional()
    language = expander.input.read_argument().strip()
    expander.input.read_argument()
    target = (target or language + "code").strip()
    define_verbatim(expander, target)
    define_verbatim(expander, target + "*")


def new_mint(expander: Expander, name: str) -> None:
    r"""``\newmint{python}{..}`` makes ``\python|...|``, ``\newmintinline`` ``\pythoninline``."""
    target = expander.input.read_optional()
    language = expander.input.read_argument().strip()
    expander.input.read_argument()
    target = (target or language + "inline" * (name == "\\newmintinline")).strip()
    expander.definitions.define("\\" + target, Macro("", spec=("o",)), short_verb)


def custom_verb(expander: Expander, _name: str) -> None:
    r"""Fancyvrb's ``\CustomVerbatimCommand{\name}{Verb}{..}``."""
    target = expander.read_name()
    expander.input.read_argument()
    expander.input.read_argument()
    expander.definitions.define(target, Macro("", spec=("o",)), short_verb)


# --- Files written by the paper ------------------------------------------------------------------


def file_contents(expander: Expander, token: str) -> None:
    r"""``\begin{filecontents}[options]{name}``: a file that the paper brings inside another."""
    name = environment_name(token)
    frame = expander.input.frames[-1]
    expander.input.read_optional()
    target = expander.expanded(expander.input.read_argument()).strip()
    if expander.input.frames[-1] is not frame:
        return
    closing = "\\end{" + name + "}"
    found = frame.text.find(closing, frame.pos)
    if found < 0:
        frame.pos = len(frame.text)
        return
    written = expander.input.written
    if target and target not in expander.input.texts and len(written) < MAX_WRITTEN:
        written[target] = frame.text[frame.pos : found].lstrip("\n")
    frame.pos = found + len(closing)
