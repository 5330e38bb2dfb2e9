"""LaTeX as a reader of the page sees it: for titles, headings and comparisons."""

import re
import unicodedata

from cycledata.formats.accents import ACCENTS, LETTERS, PUNCTUATION
from cycledata.parse.latex.flat_text import LatexText
from cycledata.parse.latex.known_commands import words

_PIECE = re.compile(r"\\([A-Za-z@]++)\*?|\\(.)|\$[^$]++\$|[{}~]|-{2,3}|``|''", re.DOTALL)
MAX_FORMULA = 600
"""Characters of a formula in a heading."""
_SPACES = re.compile(r"\s++")
_SUBSCRIPTS = re.compile(r"[_^{}$]")
_LENGTH = re.compile(r"\s*+-?[\d.]*+\s*+(?:[a-z]{2})?+ ?")
MAX_DEPTH = 20
"""Commands within commands."""

_UNSEEN = words(
    "label footnote footnotetext thanks vspace hspace vskip hskip cite citep citet citealt "
    "citealp parencite textcite autocite index thispagestyle pagestyle color todo marginpar "
    "tnoteref fnref corref footnotemark titlefootnote titlenote includegraphics phantomsection "
    "addcontentsline markboth fontsize linespread setlength setcounter addtolength runningtitle "
    "titlerunning authorrunning tnotetext nocite sethlcolor icon stepcounter addtocounter parskip "
    "baselineskip spaceskip fontfamily fontseries fontshape usefont selectlanguage "
    "IEEEauthorrefmark deleted DIFdel comment kern"
)
"""Commands that print nothing of their arguments in a heading."""
_N_UNSEEN = {"addcontentsline": 3, "markboth": 2, "fontsize": 2, "setlength": 2, "setcounter": 2,
             "addtolength": 2, "tnotetext": 1, "addtocounter": 2, "usefont": 4}  # fmt: skip
_REFERENCES = words("ref eqref pageref cref Cref autoref nameref Autoref vref fref Fref labelcref")
_FIRST_OF_TWO = words("texorpdfstring replaced")
_SECOND_OF_TWO = words("textcolor colorbox href raisebox scalebox hypertarget hyperlink rotatebox")
_SYMBOLS = LETTERS | PUNCTUATION | {
    "ldots": "...", "dots": "...", "textquoteright": "'", "textquoteleft": "'",
    "textquotesingle": "'", "figurename": "Figure", "tablename": "Table",
    "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX",
    "quad": " ", "qquad": " ",
    "newline": " ", "linebreak": " ", "par": " ", "space": " ", "and": " and ",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ",
    "theta": "θ", "phi": "φ", "tau": "τ", "omega": "ω", "ell": "ℓ", "infty": "∞", "times": "×",
    "to": "→", "rightarrow": "→", "Delta": "Δ", "Sigma": "Σ", "Omega": "Ω", "Pi": "Π",
    "Phi": "Φ", "nobreakspace": " ", "degree": "°",
}  # fmt: skip
_SINGLE = {"~": " ", "--": "–", "---": "—", "``": "“", "''": "”"}
_SPACING = frozenset(" ,;:!\\\n\t")


def readable(latex: str, *, depth: int = 0) -> str:
    r"""Words of a piece of LaTeX: commands, labels, footnotes and citations dropped.

    Mathematics stays as it is, and so does a cross-reference: its number is not known here.

    >>> readable(r"A \textbf{Na\"{\i}ve} title\thanks{Us.} \\ for $O(n)$~tests")
    'A Naïve title for $O(n)$ tests'
    """
    if "\\" not in latex and "{" not in latex and "~" not in latex and "$" not in latex:
        return _SPACES.sub(" ", latex.replace("``", "“").replace("''", "”")).strip()
    plain = _SPACES.sub(" ", _Reading(LatexText(latex), depth).plain()).strip()
    return unicodedata.normalize("NFC", plain)


class _Reading:
    """One pass over a piece of LaTeX, words collected."""

    def __init__(self, piece: LatexText, depth: int) -> None:
        self.piece = piece
        self.depth = depth
        self.out: list[str] = []

    def plain(self) -> str:
        if self.depth > MAX_DEPTH:
            return ""
        text, pos = self.piece.text, 0
        while match := _PIECE.search(text, pos):
            self.out.append(text[pos : match.start()])
            if match[1] is not None:
                pos = self.word(match[1], match.end())
            elif match[2] is not None:
                pos = self.character(match[2], match.end())
            else:
                mathematics = match[0][0] == "$"
                self.out.append(match[0] if mathematics else _SINGLE.get(match[0], ""))
                pos = match.end()
        self.out.append(text[pos:])
        return "".join(self.out)

    def character(self, char: str, end: int) -> int:
        r"""Return what ``\&``, ``\"``, ``\\`` and similar commands print, and the next position."""
        if char in ACCENTS:
            return self.accent(ACCENTS[char], end)
        if char == "(":
            close = self.piece.text.find("\\)", end, end + MAX_FORMULA)
            return self.formula(end, close, close + 2) if close > end else end
        if char == "\\":
            _, end = self.piece.after_star(end)
            _, end = self.piece.option(end)
        self.out.append(" " if char in _SPACING else "" if char in "()[]/-" else char)
        return end

    def word(self, word: str, end: int) -> int:
        """Return what a control word prints; the place after it and the arguments it takes."""
        piece = self.piece
        if word in _UNSEEN:
            return self.unseen(word, end)
        if word in _REFERENCES:
            found = piece.argument(end)
            self.out.append(f"\\{word}{{{found[0]}}}" if found else "")
            return found[1] if found else end
        if word in _FIRST_OF_TWO or word in _SECOND_OF_TWO:
            _, after = piece.option(end)
            first = piece.argument(after)
            second = piece.argument(first[1]) if first else None
            if first and second:
                shown = first[0] if word in _FIRST_OF_TWO else second[0]
                self.out.append(_Reading(LatexText(shown), self.depth + 1).plain())
                return second[1]
            return end
        if word in ACCENTS:
            return self.accent(ACCENTS[word], end)
        if word == "ce" and (group := piece.group(end)):  # mhchem
            self.out.append(_SUBSCRIPTS.sub("", piece.text[group.start : group.end]))
            return group.end + 1
        if word == "ensuremath" and (group := piece.group(end)):
            return self.formula(group.start, group.end, group.end + 1)
        self.out.append(_SYMBOLS.get(word, ""))
        if word not in _SYMBOLS and piece.text.startswith("[", end):
            _, end = piece.option(end)
        while piece.text.startswith(" ", end):
            end += 1
        return end

    def formula(self, start: int, stop: int, after: int) -> int:
        """Append a formula between dollars; return the place after it."""
        inside = self.piece.text[start:stop]
        self.out.append(f"${inside}$" if "$" not in inside else inside)
        return after

    def unseen(self, word: str, end: int) -> int:
        """Return the place after a command that prints nothing here, its arguments included."""
        _, end = self.piece.option(end)
        if word in ("vskip", "hskip", "kern"):
            length = _LENGTH.match(self.piece.text, end)
            return length.end() if length else end
        for _ in range(_N_UNSEEN.get(word, 1)):
            group = self.piece.group(end)
            end = group.end + 1 if group else end
        return end

    def accent(self, mark: str, end: int) -> int:
        """Return a letter with its accent; the place after it."""
        found = self.piece.argument(end)
        if found is None:
            return end
        letter = readable(found[0], depth=self.depth + 1).replace("ı", "i").replace("ȷ", "j")
        self.out.append(letter[:1] + mark + letter[1:] if letter else "")
        return found[1]


def folded(title: str) -> str:
    """Return a title without case, accents' forms, punctuation and spaces, for comparison only."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return "".join(char for char in plain if char.isalnum())
