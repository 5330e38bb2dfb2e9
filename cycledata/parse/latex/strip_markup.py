r"""Editorial cleaning of a section's LaTeX: what authors left for one another goes.

To-do notes, authors' remarks and author-only commands go; editing marks (``\added``, ``\deleted``,
``\st``) are resolved to the final text; layout commands that say nothing go.
"""

import re
from collections.abc import Collection, Iterable

from cycledata.parse.latex.dollars import MAX_FORMULA, Dollars
from cycledata.parse.latex.flat_text import LatexText
from cycledata.parse.latex.markup_commands import (
    COUNTS,
    KEPT,
    KEPT_FIRST,
    LAYOUT,
    NOTES,
    OPTIONS_BETWEEN,
    PARTS,
    REMARKS,
    TITLE_PAGE,
    WRAPPERS,
)
from cycledata.parse.latex.page_layout import (
    BOXES,
    LISTS,
    REGISTERS,
    TAGS,
    after_icon,
    after_tag,
    after_value,
    inline_drawing,
    printed_options,
)
from cycledata.parse.latex.tokens import joined


def one_of(names: Iterable[str]) -> str:
    r"""Return an expression for some control words without ``\\``, grouped by letter for speed."""
    by_letter: dict[str, list[str]] = {}
    for name in sorted(names):
        by_letter.setdefault(name[1], []).append(re.escape(name[2:]))
    choices = "|".join(
        re.escape(letter) + "(?:" + "|".join(rests) + ")" for letter, rests in by_letter.items()
    )
    return "(?:" + choices + r")(?![A-Za-z@])"


_VERBATIM = (
    "verbatim", "verbatim*", "Verbatim", "Verbatim*", "lstlisting", "minted", "alltt", "tcblisting",
)  # fmt: skip
_FORMULA_ENDS = {"\\(": "\\)", "\\[": "\\]"}
_STARTS = frozenset(_FORMULA_ENDS) | {"\\verb", "\\verb*", "\\lstinline"}
"""Where formulas and short verbatim texts begin."""
MAX_DEPTH = 8
"""Editing marks within editing marks."""
MAX_EMPTY = 3
"""Groups around one another that a removal leaves empty."""
MAX_VERB = 1_000
r"""Characters of one ``\verb``."""
_BLANK_LINES = re.compile(r"\n(?:[ \t]++\n|\n[ \t]*+\n)(?:[ \t]*+\n)*+")
"""More than an empty line between paragraphs; a plain empty line is not matched, for speed."""
_ENDS = frozenset("} \n\t")
_BLANK = re.compile(r"\s*+")
_LEADERS = re.compile(r"\s*+\\[hv]box(?: to ?[\d.]{1,6}(?:pt|em|ex|cm|mm|in))?\s*+(?=\{)")
_COLORED = re.compile(r"\\textcolor(?:\[\w{1,10}\])?\{[^{}\\]{1,40}\}\Z")
_STYLE_SIGN = re.compile(r"\s*+\+?=\s*+(?=\[)")
_TAGGED = LISTS | BOXES | frozenset(TAGS)
_ICON = r"includegraphics(?=\s?\[[^\]]{0,60}height)|"
_EDITED = re.compile(
    r"\\(?:(?:begin|end)\{(?:"
    + "|".join(map(re.escape, sorted(_TAGGED)))
    + r")\}|"
    + _ICON
    + one_of(NOTES | KEPT | LAYOUT | PARTS | frozenset(WRAPPERS))
    + ")"
)
_FORMULAS = (
    "equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "alignat",
    "flalign", "IEEEeqnarray",
)  # fmt: skip
_IN_FORMULA = frozenset(_FORMULAS) | {name + "*" for name in _FORMULAS}
_BRACES = re.compile(
    r"\\(?:begin\{([^{}\\\s]{1,60}+)\}|(verb\*?|lstinline)(?=[^\sA-Za-z*{\[])|.)|[{}]", re.DOTALL
)
_LOOKED_AT = re.compile(
    r"\\(?:begin\{([^{}\\\s]{1,60}+)\}|end\{("
    + "|".join(map(re.escape, sorted(TAGS)))
    + r")\}|(?:verb\*?|lstinline)(?=[^\sA-Za-z*{\[])|[(\[](?<!\\\\.)|"
    + _ICON
    + one_of(NOTES | KEPT | LAYOUT | PARTS | frozenset(WRAPPERS))
    + ")"
)
"""Edited commands, and where verbatim texts and displayed formulas may begin."""


class MarkupStripper:
    r"""Removes remarks, editing marks and layout from LaTeX; formulas and verbatim texts stay.

    Args:
        own_names: control sequences that the paper defines, which mean what it says they mean.
        verbatim_names: the paper's own environments whose text TeX does not read as commands.
    """

    def __init__(self, own_names: Collection[str], verbatim_names: Collection[str]) -> None:
        self._own = (frozenset(own_names) & (NOTES | KEPT | LAYOUT)) - TITLE_PAGE
        self._verbatim = frozenset(_VERBATIM) | frozenset(verbatim_names)

    def strip(self, text: str, depth: int = 0) -> str:
        """Return a section's LaTeX without remarks, editing marks and layout.

        Args:
            text: flat LaTeX.
            depth: editing marks around the text; those nested deeper are left as they are.
        """
        if depth > MAX_DEPTH:
            return text
        text = _BLANK_LINES.sub("\n\n", text)
        if _EDITED.search(text) is None:
            return text if depth else self._whole(text)
        latex = LatexText(text)
        dollars = Dollars(text)
        out: list[str] = []
        pos = untouched = formula_end = 0
        for match in _LOOKED_AT.finditer(text):
            start, name = match.start(), match[0]
            if start < pos or start < untouched:
                continue
            if match.lastindex is None and name not in _STARTS:
                if name in self._own or (start < formula_end and name not in REMARKS):
                    continue
                if not dollars.around(start):
                    out.append(text[pos:start])
                    pos = self._after(latex, match, out, depth)
                continue
            environment = match[1] or match[2] or ""
            if environment in _IN_FORMULA or name in _FORMULA_ENDS:
                if start >= formula_end and not dollars.around(start):
                    formula_end = _formula_end(text, match)
            elif environment in _TAGGED:
                if environment not in TAGS and text.find("[", match.end(), match.end() + 40) < 0:
                    continue
                if start >= formula_end and not dollars.around(start):
                    out.append(text[pos:start])
                    pos = _after_tag(latex, match, out)
            elif not environment or environment in self._verbatim:
                untouched = _verbatim_end(text, match)
        out.append(text[pos:])
        text = _BLANK_LINES.sub("\n\n", joined(out))
        return text if depth else self._whole(text)

    def _whole(self, text: str) -> str:
        """Return a text without braces of groups that begin before it or end after it."""
        if text.count("{") != text.count("}"):
            text = without_lone_braces(text, self._verbatim)
        return text.strip()

    def _unwrapped(self, latex: LatexText, match: re.Match[str], out: list[str], depth: int) -> int:
        """Append what a box prints to ``out``; return the place after it."""
        name, (_, pos) = match[0], latex.after_star(match.end())
        for n_before in range(WRAPPERS[name], -1, -1):
            option: str | None = ""
            while option is not None:
                option, pos = latex.option(pos)
            group = latex.group(pos)
            if group is None:
                break
            pos = group.end + 1
            if n_before == 0:
                out.append(self.strip(latex.text[group.start : group.end], depth + 1))
                return pos
        out.append(name)
        return match.end()

    def _after(self, latex: LatexText, match: re.Match[str], out: list[str], depth: int) -> int:
        """Return the place after a removed command; what stays of it is appended to ``out``."""
        name, pos = match[0], match.end()
        if name in LAYOUT:
            if latex.text[match.start() - 1 : match.start()] == "{":
                pos = latex.after_space(pos)
            if latex.text.startswith("{}", pos):
                pos += 2
            return without_empty_group(latex.text, pos, out)
        if name in PARTS or name == "\\includegraphics":
            return _after_part(latex, match, out)
        if name in WRAPPERS:
            return self._unwrapped(latex, match, out, depth)
        _, pos = latex.after_star(pos)
        option, after = latex.option(pos)
        if option is None or name != "\\twocolumn" or "\\caption" not in option:
            pos = after
        if name in KEPT:
            group = latex.group(pos)
            if group is None:
                return pos
            out.append(self.strip(latex.text[group.start : group.end], depth + 1))
            pos = group.end + 1
            old = latex.group(pos) if name in KEPT_FIRST else None
            return old.end + 1 if old else pos
        for _ in range(COUNTS.get(name, 1)):
            group = latex.group(pos)
            if group is None:
                break
            pos = group.end + 1
            if name in OPTIONS_BETWEEN:
                for _ in range(2):
                    _, pos = latex.option(pos)
        if name == "\\tikzstyle" and (sign := _STYLE_SIGN.match(latex.text, pos)):
            _, pos = latex.option(sign.end())
        if name == "\\bibliography" and latex.text.startswith("{}", pos):
            pos += 2
        return without_empty_group(latex.text, pos, out)


def _after_tag(latex: LatexText, match: re.Match[str], out: list[str]) -> int:
    """Return the place after an environment's tag, of which ``out`` gets what is printed."""
    name, pos = match[1] or match[2], match.end()
    if match[2]:
        return without_empty_group(latex.text, pos, out)
    if name in TAGS:
        return after_tag(latex, name, pos)
    option, after = latex.option(pos)
    out.append(match[0] + (printed_options(name, option) if option is not None else ""))
    return after


def _after_part(latex: LatexText, match: re.Match[str], out: list[str]) -> int:
    r"""Return the place after a register, a ``\tikz`` or an empty heading; add what is printed."""
    name, pos = match[0], match.end()
    if name == "\\tikz":
        shown, pos = inline_drawing(latex, pos)
        out.append(shown)
        return pos
    if name in REGISTERS:
        after = after_value(latex.text, name, pos)
    elif name == "\\includegraphics":
        after = after_icon(latex, pos)
        after += 2 if after > 0 and latex.text.startswith("{}", after) else 0
    elif name.endswith("leaders"):
        pattern = _LEADERS.match(latex.text, pos)
        group = latex.group(pattern.end()) if pattern else None
        after = group.end + 1 if group is not None else -1
    elif name == "\\etocdepthtag":
        after = latex.text.find("}", pos, pos + 60) + 1 or -1
    else:
        group = latex.group(latex.after_star(pos)[1])
        empty = group is not None and not latex.text[group.start : group.end].strip()
        after = group.end + 1 if group is not None and empty else -1
    if after < 0:
        out.append(name)
        return pos
    return after


def without_empty_group(text: str, pos: int, out: list[str]) -> int:
    r"""Take back a group that a removal left empty, ``{\small \bibliography{..}}``.

    Args:
        text: flat LaTeX.
        pos: place after what is removed.
        out: pieces before it; an opening brace at their end goes.

    Returns:
        The place after the group's end, or ``pos`` if the group has other contents.
    """
    if text[pos : pos + 1] not in _ENDS:
        return pos
    for _ in range(MAX_EMPTY):
        close = _BLANK.match(text, pos)
        if close is None or not text.startswith("}", close.end()):
            return pos
        while len(out) > 1 and not out[-1].strip():
            out.pop()
        before = out[-1].rstrip() if out else ""
        colored = _COLORED.search(before, 0, len(before) - 1) if before.endswith("}{") else None
        if colored:
            before = before[: colored.start()] + "{"
        if before[-1:] != "{" or (not colored and len(before) > 1 and not before[-2].isspace()):
            return pos
        out[-1] = before[:-1]
        pos = close.end() + 1
    return pos


def without_lone_braces(text: str, verbatim: Collection[str]) -> str:
    r"""Return a text without the braces that have no counterpart in it, verbatim text aside.

    >>> without_lone_braces(r"a} b \{ {\bf c} {d", ())
    'a b \\{ {\\bf c} d'
    """
    opened: list[int] = []
    lone: list[int] = []
    until = 0
    for match in _BRACES.finditer(text):
        start = match.start()
        if start < until:
            continue
        if match[0] == "{":
            opened.append(start)
        elif match[0] == "}":
            if opened:
                opened.pop()
            else:
                lone.append(start)
        elif match[1] in verbatim or match[2]:
            until = _verbatim_end(text, match)
    pieces: list[str] = []
    pos = 0
    for place in sorted([*lone, *opened]):
        pieces.append(text[pos:place])
        pos = place + 1
    return joined([*pieces, text[pos:]])


def _formula_end(text: str, match: re.Match[str]) -> int:
    """Return the place after a formula, or its start if it does not end."""
    closing = f"\\end{{{match[1]}}}" if match[1] else _FORMULA_ENDS[match[0]]
    end = text.find(closing, match.end(), match.end() + MAX_FORMULA)
    return end + len(closing) if end >= 0 else match.end()


def _verbatim_end(text: str, match: re.Match[str]) -> int:
    """Return the place after a verbatim text, or the text's end if it is never closed."""
    if match[1]:
        end = text.find(f"\\end{{{match[1]}}}", match.end())
        return end if end >= 0 else len(text)
    delimiter = text[match.end()]
    return text.find(delimiter, match.end() + 1, match.end() + MAX_VERB) + 1 or match.end()
