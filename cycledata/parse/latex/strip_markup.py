r"""Editorial cleaning of a section's LaTeX: what authors left for one another goes.

To-do notes, authors' remarks and author-only commands go; editing marks (``\added``, ``\deleted``,
``\st``) are resolved to the final text; layout commands that say nothing go.
"""

import re
from collections.abc import Iterable

from cycledata.parse.latex.flat_text import LatexText
from cycledata.parse.latex.known_commands import NOTICES, words

NOTES = NOTICES | words(
    "\\todo \\missingfigure \\todototoc \\listoftodos \\marginpar \\marginnote \\fxnote "
    "\\fxwarning \\fxerror \\fxfatal \\pdfcomment \\pdfmargincomment \\fixme \\FIXME \\TODO \\XXX "
    "\\deleted \\st \\sout \\xout \\DIFdel \\remove \\index \\vspace \\hspace  "
    "\\thispagestyle \\pagestyle \\setlength \\addtolength \\setcounter \\addtocounter "
    "\\bibliographystyle \\bibliography \\addcontentsline \\thanks \\hypersetup \\graphicspath "
    "\\linespread \\hyphenation  \\captionsetup \\setstretch \\enlargethispage "
    "\\glsunset \\glsreset"
)
"""Commands that go with their arguments."""
_COUNTS = {"\\setlength": 2, "\\addtolength": 2, "\\setcounter": 2, "\\addtocounter": 2,
           "\\addcontentsline": 3, "\\listoftodos": 0, "\\icmlsetsymbol": 2}  # fmt: skip
_KEPT = words("\\replaced \\added \\DIFadd \\hl \\revised \\revise \\new")
"""Commands whose argument is the final text."""
_LAYOUT = words(
    "\\newpage \\clearpage \\cleardoublepage \\pagebreak \\nopagebreak \\smallskip \\medskip "
    "\\bigskip \\vfill \\hfill \\null \\noindent \\maketitle \\tableofcontents \\listoffigures "
    "\\listoftables \\appendix \\FloatBarrier \\balance \\onecolumn \\flushbottom \\raggedbottom "
    "\\sloppy \\fussy \\allowdisplaybreaks \\printbibliography "
    "\\doparttoc \\faketableofcontents \\parttoc   \\nolinenumbers \\linenumbers "
    "\\iclrfinalcopy \\cvprfinalcopy \\iccvfinalcopy \\IEEEpeerreviewmaketitle \\unskip "
    "\\ignorespaces \\phantomsection \\protect  \\break \\allowbreak "
    "\\glsunsetall \\glsresetall"
)
"""Commands without arguments that print nothing."""


def one_of(names: Iterable[str]) -> str:
    """An expression for any of some control words, by first letter for the engine's sake."""
    by_letter: dict[str, list[str]] = {}
    for name in sorted(names):
        by_letter.setdefault(name[1], []).append(re.escape(name[2:]))
    choices = "|".join(
        re.escape(letter) + "(?:" + "|".join(rests) + ")" for letter, rests in by_letter.items()
    )
    return r"\\(?:" + choices + r")(?![A-Za-z@])"


_EDITED = re.compile(
    r"\\begin\{(verbatim\*?|Verbatim\*?|lstlisting|minted|alltt)\}"
    r"|\\(?:verb\*?|lstinline)(?=[^\sA-Za-z*{\[])|" + one_of(NOTES | _KEPT | _LAYOUT)
)
"""What is edited, and where verbatim text begins, which is not."""
MAX_DEPTH = 8
"""Editing marks within editing marks."""
MAX_VERB = 1_000
r"""Characters of one ``\verb``."""
_BLANK_LINES = re.compile(r"\n[ \t]*+\n(?:[ \t]*+\n)*+")


def clean(text: str, notes: frozenset[str], depth: int = 0) -> str:
    """A section's LaTeX without remarks, editing marks and layout.

    Args:
        text: flat LaTeX.
        notes: the paper's own macros that wrap remarks.
        depth: editing marks that the text stands in; those nested deeper are left as they are.
    """
    if depth > MAX_DEPTH:
        return text
    pattern = _EDITED if not notes else re.compile(f"{_EDITED.pattern}|{one_of(notes)}")
    piece = LatexText(text)
    out: list[str] = []
    pos = untouched = 0
    for match in pattern.finditer(text):
        start = match.start()
        if start < max(pos, untouched):
            continue
        if match[0].startswith(("\\begin{", "\\verb", "\\lstinline")):
            untouched = verbatim_end(text, match)
            continue
        out.append(text[pos:start])
        pos = after(piece, match, out, notes, depth)
    out.append(text[pos:])
    return _BLANK_LINES.sub("\n\n", "".join(out)).strip()


def verbatim_end(text: str, match: re.Match[str]) -> int:
    """The place after a verbatim text; the whole text's end where it is never closed."""
    if match[1]:
        end = text.find(f"\\end{{{match[1]}}}", match.end())
        return end if end >= 0 else len(text)
    delimiter = text[match.end()]
    return text.find(delimiter, match.end() + 1, match.end() + MAX_VERB) + 1 or match.end()


def after(
    piece: LatexText, match: re.Match[str], out: list[str], notes: frozenset[str], depth: int
) -> int:
    """Place after a command that goes; what stays of it is appended to ``out``."""
    name, pos = match[0], match.end()
    if name in _LAYOUT:
        return pos
    _, pos = piece.after_star(pos)
    _, pos = piece.option(pos)
    if name in _KEPT:
        group = piece.group(pos)
        if group is None:
            return pos
        out.append(clean(piece.text[group.start : group.end], notes, depth + 1))
        return group.end + 1
    for _ in range(_COUNTS.get(name, 1)):
        group = piece.group(pos)
        if group is None:
            break
        pos = group.end + 1
    return pos
