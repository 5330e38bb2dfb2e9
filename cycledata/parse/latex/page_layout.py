"""Layout in running text that prints nothing: lengths, tags, options, small drawings."""

import re

from cycledata.formats.braces import group_end
from cycledata.parse.latex.flat_text import LatexText
from cycledata.parse.latex.known_commands import words

_LENGTHS = words(
    "\\parskip \\parindent \\itemsep \\topsep \\parsep \\partopsep \\leftmargin \\labelsep "
    "\\tabcolsep \\arraycolsep \\columnsep \\textfloatsep \\floatsep \\intextsep "
    "\\dbltextfloatsep \\dblfloatsep \\abovecaptionskip \\belowcaptionskip \\abovedisplayskip "
    "\\belowdisplayskip \\abovedisplayshortskip \\belowdisplayshortskip \\fboxsep \\fboxrule "
    "\\baselineskip \\lineskip \\emergencystretch \\hfuzz \\vfuzz \\hangindent \\vskip \\hskip "
    "\\kern \\arrayrulewidth \\footnotesep \\parfillskip"
)
"""Lengths of TeX that are set by what follows them, and spaces of that form."""
_COUNTS = words(
    "\\looseness \\tolerance \\pretolerance \\hbadness \\vbadness \\clubpenalty \\widowpenalty "
    "\\displaywidowpenalty \\interlinepenalty \\interfootnotelinepenalty \\hyphenpenalty "
    "\\exhyphenpenalty \\predisplaypenalty \\postdisplaypenalty \\brokenpenalty \\hangafter "
    "\\penalty"
)
"""Numbers of TeX that are set so."""
REGISTERS = _LENGTHS | _COUNTS | {"\\hrule"}
_NUMBER = r"[-+]?+\s?+(?:\d++(?:[.,]\d*+)?|[.,]\d++)"
_AMOUNT = (
    rf"(?:{_NUMBER}\s?+(?:pt|em|ex|cm|mm|in|bp|sp|pc|dd|cc|mu|fil{{1,3}})(?![A-Za-z])"
    rf"|(?:{_NUMBER}|[-+])?\\(?:baselineskip|(?:text|line|column)width|textheight|hsize|parskip"
    r"|parindent|tabcolsep|(?:small|med|big)skipamount|[zp]@|maxdimen)(?![A-Za-z]))"
)
_LENGTH = re.compile(
    rf"[ \t]*+(?:=\s*+)?(?:{_AMOUNT}|\{{\s*+{_AMOUNT}\s*+\}})"
    rf"(?:\s++(?:plus|minus)\s*+{_AMOUNT}){{0,2}}[ \t]?"
)
"""``=0.2in``, ``3pt plus 1pt``, ``{0em}``."""
_LINE_HIGH = re.compile(
    r"height\s?=\s?(?:(?:0?\.\d{1,4}|1(?:\.\d{1,4})?)\s?em|[0-2]?(?:\.\d{1,4})?\s?ex"
    r"|[0-2]?(?:\.\d{1,4})?\\fontcharht|(?:0?\.\d{1,4})?\\baselineskip)"
)
"""The height of an icon in a line of text."""
_RULE = re.compile(rf"(?:[ \t]*+(?:height|depth|width)\s?(?:{_AMOUNT})){{0,3}}+[ \t]?")
"""What may follow ``\\hrule``."""
_COUNT = re.compile(r"[ \t]*+(?:=\s*+)?[-+]?\d{1,6}+[ \t]?")

SIZES = words(
    "\\tiny \\scriptsize \\footnotesize \\small \\normalsize \\large \\Large \\LARGE \\huge \\Huge"
)
TAGS = {
    "spacing": 1, "singlespace": 0, "onehalfspace": 0, "doublespace": 0, "sloppypar": 0,
    "samepage": 0, "flushleft": 0, "flushright": 0, "landscape": 0, "adjustwidth": 2,
    "changemargin": 2, "addmargin": 1, "multicols": 1, "widetext": 0, "strip": 0,
    "minipage": 1, "adjustbox": 1, "CJK": 2, "CJK*": 2, "otherlanguage": 1, "otherlanguage*": 1,
} | {name[1:]: 0 for name in SIZES}  # fmt: skip
"""Environments that only set a text in another width, size or place, with their arguments."""
LISTS = words(
    "itemize enumerate description itemize* enumerate* description* compactitem compactenum "
    "inparaenum"
)
BOXES = words("tcolorbox mdframed framed")
"""Boxes with a list of colors and lengths, and with a title that is printed."""
_LIST_KEYS = frozenset({"label", "ref", "start", "resume"})
_SWITCHES = words("noitemsep nosep wide nolistsep leftmargin compact topsep")
_KEY = re.compile(r"\s*+([A-Za-z@ -]{1,40}?)\s*+=\s*+")
_NODE = re.compile(r"\\node\b[^;{}]{0,300}+\{([^{}\\]{0,40}+)\}\s*+;")


def after_value(text: str, name: str, pos: int) -> int:
    """Return the place after what a length or number is set to, or -1 if it is not set here."""
    if name == "\\hrule":
        value = _RULE.match(text, pos)
    else:
        value = _COUNT.match(text, pos) if name in _COUNTS else _LENGTH.match(text, pos)
    return value.end() if value else -1


def after_icon(latex: LatexText, pos: int) -> int:
    """Return the place after a picture as high as a line of text, or -1 if it is a larger one."""
    option, pos = latex.option(pos)
    group = latex.group(pos)
    return group.end + 1 if option and group and _LINE_HIGH.search(option) else -1


def after_tag(latex: LatexText, name: str, pos: int) -> int:
    """Return the place after the arguments of an environment that is only layout."""
    for _ in range(4):
        option, pos = latex.option(pos)
        if option is None:
            break
    for _ in range(TAGS[name]):
        group = latex.group(pos)
        if group is None:
            break
        pos = group.end + 1
    return pos


def printed_options(name: str, option: str) -> str:
    r"""Return those options of a list or a box that are seen on the page, in brackets.

    >>> printed_options("enumerate", r"label=(\roman*), leftmargin=2em")
    '[label=(\\roman*)]'
    >>> printed_options("tcolorbox", "colback=white, title={A, B}")
    '[title={A, B}]'
    >>> printed_options("enumerate", "(i)"), printed_options("itemize", "noitemsep")
    ('[(i)]', '')
    """
    wanted = _LIST_KEYS if name in LISTS else frozenset({"title"})
    if "=" not in option:
        given = {part.strip() for part in option.split(",")}
        return "" if name in BOXES or given <= _SWITCHES else f"[{option}]"
    kept: list[str] = []
    pos = 0
    while pos < len(option):
        key = _KEY.match(option, pos)
        end = _end_of_value(option, key.end() if key else pos)
        if key and key[1].strip(" *") in wanted:
            kept.append(option[pos:end].strip())
        pos = end + 1
    if name in BOXES:
        kept = kept[-1:]  # a later title replaces an earlier one
    return f"[{', '.join(kept)}]" if kept else ""


def _end_of_value(option: str, pos: int) -> int:
    """Return the place of the comma after a value, which may have commas within braces."""
    while pos < len(option) and option[pos] != ",":
        after = group_end(option, pos) if option[pos] == "{" else pos + 1
        pos = after if after > 0 else len(option)
    return min(pos, len(option))


def inline_drawing(latex: LatexText, pos: int) -> tuple[str, int]:
    r"""Return the words of a ``\tikz``, such as a number in a circle, and the place after it."""
    _, pos = latex.option(pos)
    group = latex.group(pos)
    if group is not None:
        end, after = group.end, group.end + 1
    else:
        end = latex.text.find(";", pos, pos + 2_000) + 1
        after = end or pos
    nodes = _NODE.findall(latex.text[pos:end])
    return (nodes[0] if len(nodes) == 1 else ""), after
