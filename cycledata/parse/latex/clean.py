r"""Editorial cleaning of a section's LaTeX: what authors left for one another goes.

To-do notes, authors' remarks and author-only commands go; editing marks (``\added``, ``\deleted``,
``\st``) are resolved to the final text; layout commands that say nothing go.
"""

import re
from collections.abc import Iterable

from cycledata.parse.latex.names import words
from cycledata.parse.latex.scan import argument, group_end, optional, skip_space, star

NOTES = words(
    "\\todo \\missingfigure \\todototoc \\listoftodos \\marginpar \\marginnote \\fxnote "
    "\\fxwarning \\fxerror \\fxfatal \\pdfcomment \\pdfmargincomment \\fixme \\FIXME \\TODO \\XXX "
    "\\deleted \\st \\sout \\xout \\DIFdel \\remove \\index \\vspace \\hspace  "
    "\\thispagestyle \\pagestyle \\setlength \\addtolength \\setcounter \\addtocounter "
    "\\bibliographystyle \\bibliography \\addcontentsline \\thanks \\hypersetup \\graphicspath "
    "\\linespread \\hyphenation  \\captionsetup \\setstretch \\enlargethispage"
)
"""Commands that go with their arguments."""
_TWO = frozenset({"\\setlength", "\\addtolength", "\\setcounter", "\\addtocounter"})
_COUNTS = {"\\addcontentsline": 3, "\\listoftodos": 0}
_KEPT = words("\\added \\DIFadd \\hl \\revised \\revise \\new")
"""Commands whose argument is the final text."""
_LAYOUT = words(
    "\\newpage \\clearpage \\cleardoublepage \\pagebreak \\nopagebreak \\smallskip \\medskip "
    "\\bigskip \\vfill \\hfill \\null \\noindent \\maketitle \\tableofcontents \\listoffigures "
    "\\listoftables \\appendix \\FloatBarrier \\balance \\onecolumn \\flushbottom \\raggedbottom "
    "\\sloppy \\fussy \\allowdisplaybreaks \\printbibliography \\printAffiliationsAndNotice "
    "\\doparttoc \\faketableofcontents \\parttoc   \\nolinenumbers \\linenumbers "
    "\\iclrfinalcopy \\cvprfinalcopy \\iccvfinalcopy \\IEEEpeerreviewmaketitle \\unskip "
    "\\ignorespaces \\phantomsection \\protect  \\break \\allowbreak"
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


_EDITED = re.compile(one_of(NOTES | _KEPT | _LAYOUT))
_BLANK_LINES = re.compile(r"\n[ \t]*+\n(?:[ \t]*+\n)*+")


def clean(text: str, notes: frozenset[str]) -> str:
    """A section's LaTeX without remarks, editing marks and layout.

    Args:
        text: flat LaTeX.
        notes: the paper's own macros that wrap remarks.
    """
    pattern = _EDITED if not notes else re.compile(f"{_EDITED.pattern}|{one_of(notes)}")
    out: list[str] = []
    pos = 0
    for match in pattern.finditer(text):
        name = match[0]
        start = match.start()
        if start < pos:
            continue
        out.append(text[pos:start])
        pos = after(text, name, match.end(), out, notes)
    out.append(text[pos:])
    joined = "".join(out)
    return _BLANK_LINES.sub("\n\n", joined).strip()


def after(text: str, name: str, pos: int, out: list[str], notes: frozenset[str]) -> int:
    """Position after a command that goes; what stays of it is appended to ``out``."""
    if name in _LAYOUT:
        return pos
    if name == "\\replaced":
        first = argument(text, pos)
        return first[1] if first else pos
    _, pos = star(text, pos)
    _, pos = optional(text, pos)
    start = skip_space(text, pos)
    if name in _KEPT:
        end = group_end(text, start) if text.startswith("{", start) else -1
        if end > 0:
            out.append(clean(text[start + 1 : end - 1], notes))
            return end
        return pos
    for _ in range(_COUNTS.get(name, 2 if name in _TWO else 1)):
        start = skip_space(text, pos)
        if not text.startswith("{", start):
            break
        end = group_end(text, start)
        if end < 0:
            break
        pos = end
    return pos
