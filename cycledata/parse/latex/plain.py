"""LaTeX as a reader of the page sees it: for titles, headings and comparisons."""

import re
import unicodedata

from cycledata.parse.latex.names import words
from cycledata.parse.latex.scan import argument, group_end, optional, skip_space

_PIECE = re.compile(r"\\([A-Za-z@]++)\*?|\\(.)|\$[^$]++\$|[{}~%]|-{2,3}|``|''", re.DOTALL)
_SPACES = re.compile(r"\s+")

_UNSEEN = words(
    "label footnote footnotetext thanks vspace hspace vskip hskip cite citep citet citealt "
    "citealp parencite textcite autocite index thispagestyle pagestyle color todo marginpar "
    "tnoteref fnref corref footnotemark titlefootnote titlenote includegraphics phantomsection "
    "addcontentsline markboth fontsize linespread setlength setcounter addtolength runningtitle "
    "titlerunning authorrunning tnotetext nocite sethlcolor icon stepcounter addtocounter parskip "
    "baselineskip spaceskip selectlanguage IEEEauthorrefmark"
)
"""Commands that print nothing of their arguments in a heading."""
_N_UNSEEN = {"addcontentsline": 3, "markboth": 2, "fontsize": 2, "setlength": 2, "setcounter": 2,
             "addtolength": 2, "tnotetext": 1, "addtocounter": 2}  # fmt: skip
_REFERENCES = words("ref eqref pageref cref Cref autoref nameref Autoref vref fref Fref labelcref")
_FIRST_OF_TWO = frozenset({"texorpdfstring"})
_SECOND_OF_TWO = words("textcolor colorbox href raisebox scalebox hypertarget hyperlink rotatebox")
_SYMBOLS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "textendash": "–", "textemdash": "—",
    "ldots": "...", "dots": "...", "textquoteright": "'", "textquoteleft": "'",
    "textbackslash": "\\", "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX",
    "textregistered": "®", "texttrademark": "™", "copyright": "©", "quad": " ", "qquad": " ",
    "newline": " ", "linebreak": " ", "par": " ", "space": " ", "textasciitilde": "~",
    "textunderscore": "_", "textless": "<", "textgreater": ">", "textbar": "|",
    "textdollar": "$", "and": " and ", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "epsilon": "ε", "varepsilon": "ε", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ",
    "theta": "θ", "phi": "φ", "tau": "τ", "omega": "ω", "ell": "ℓ", "infty": "∞", "times": "×",
    "to": "→", "rightarrow": "→", "Delta": "Δ", "Sigma": "Σ", "Omega": "Ω", "Pi": "Π",
    "Phi": "Φ", "nobreakspace": " ",
}  # fmt: skip
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "r": "\u030a",
    "k": "\u0328", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
_SINGLE = {"~": " ", "--": "–", "---": "—", "``": "“", "''": "”"}
_SPACING = frozenset(" ,;:!/\\\n\t")


def readable(latex: str, *, depth: int = 0) -> str:
    r"""Words of a piece of LaTeX: commands, labels, footnotes and citations dropped.

    Mathematics stays as it is, and so does a cross-reference: its number is not known here.

    >>> readable(r"A \textbf{Na\"{\i}ve} title\thanks{Us.} \\ for $O(n)$~tests")
    'A Naïve title for $O(n)$ tests'
    """
    if "\\" not in latex and "{" not in latex and "~" not in latex and "$" not in latex:
        return _SPACES.sub(" ", latex.replace("``", "“").replace("''", "”")).strip()
    if depth > 20:
        return ""
    out: list[str] = []
    pos = 0
    while True:
        match = _PIECE.search(latex, pos)
        if match is None:
            out.append(latex[pos:])
            break
        out.append(latex[pos : match.start()])
        pos = _read_piece(latex, match, out, depth)
    return unicodedata.normalize("NFC", _SPACES.sub(" ", "".join(out)).strip())


def _read_piece(latex: str, match: re.Match[str], out: list[str], depth: int) -> int:
    word, char = match[1], match[2]
    end = match.end()
    if word is None and char is None:
        piece = match[0]
        if piece[0] == "$":
            out.append(piece)
            return end
        if piece == "%":
            line = latex.find("\n", end)
            return line + 1 if line >= 0 else len(latex)
        out.append(_SINGLE.get(piece, ""))
        return end
    if char is not None:
        if char in _ACCENTS:
            return _accent(latex, end, _ACCENTS[char], out)
        if char == "\\":
            _, end = optional(latex, end + latex.startswith("*", end))
        out.append(" " if char in _SPACING and char != "/" else "" if char in "()[]/-" else char)
        return end
    return _read_word(latex, word, end, out, depth)


def _read_word(latex: str, word: str, end: int, out: list[str], depth: int) -> int:
    if word in _UNSEEN:
        _, end = optional(latex, end)
        if word in ("vskip", "hskip"):
            length = re.compile(r"\s*+-?[\d.]*+\s*+(?:[a-z]{2})?+").match(latex, end)
            return length.end() if length else end
        for _ in range(_N_UNSEEN.get(word, 1)):
            start = skip_space(latex, end)
            if latex.startswith("{", start):
                stop = group_end(latex, start)
                end = stop if stop > 0 else end
        return end
    if word in _REFERENCES:
        found = argument(latex, end)
        if found:
            out.append("\\" + word + "{" + found[0] + "}")
            return found[1]
        return end
    if word in _FIRST_OF_TWO or word in _SECOND_OF_TWO:
        _, after = optional(latex, end)
        first = argument(latex, after)
        second = argument(latex, first[1]) if first else None
        if first and second:
            shown = first[0] if word in _FIRST_OF_TWO else second[0]
            out.append(readable_inline(shown, depth + 1))
            return second[1]
        return end
    if word in _ACCENTS and len(word) == 1:
        return _accent(latex, end, _ACCENTS[word], out)
    symbol = _SYMBOLS.get(word)
    if symbol is not None:
        while latex.startswith(" ", end):
            end += 1
        out.append(symbol)
        return end
    if latex.startswith("[", end):
        _, end = optional(latex, end)
    while latex.startswith(" ", end):
        end += 1
    return end


def readable_inline(latex: str, depth: int) -> str:
    """``readable`` with the outer spaces kept, for a part of a heading."""
    inner = readable(latex, depth=depth)
    return (" " if latex[:1].isspace() else "") + inner + (" " if latex[-1:].isspace() else "")


def _accent(latex: str, pos: int, mark: str, out: list[str]) -> int:
    found = argument(latex, pos)
    if found is None:
        return pos
    letter = readable(found[0], depth=10).replace("ı", "i").replace("ȷ", "j")
    out.append(letter[:1] + mark + letter[1:] if letter else "")
    return found[1]


def folded(title: str) -> str:
    """A title without case, accents' forms, punctuation and spaces, for comparison only."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return "".join(char for char in plain if char.isalnum())
