r"""Printed entries with their markup reduced to a few characters.

Blocks, italics, small capitals and removed links are one control character each; accents are
composed; every other command goes.
"""

import re

from cycledata.formats.accents import accented
from cycledata.formats.braces import group_end

MAX_LINKED = 400
"""Characters of the text of a link that is looked at."""

# Characters that represent markup after commands are removed.
BLOCK, ITALIC, UPRIGHT, NAMES, NAMES_END, LINKED = "\x1e\x02\x03\x04\x05\x06"
_CLEANED = re.compile(
    r"\\newblock(?![A-Za-z])|\\(?:[hv]skip|[hv]space)(?:[^\\{}]{0,60}\\relax|\*?\{[^{}]{0,30}\})"
    r"|\\(?:url|path|doi|doiurl|burl|urlstyle|eprint|URL|mn@eprint|textsuperscript|cite|citep|citet"
    r"|issn|isbn|keywords|nolinkurl|label|natexlab|dinatlabel|selectlanguage\w{0,9})(?![A-Za-z@])\s*+\{[^{}]{0,500}\}"
    r"|\\href(?:@noop)?\s*+\{[^{}]{0,500}\}\s*+"
    r"|\\mn@doi\s*+|\\(?!abnt)[A-Za-z]{5,30}+(?:\{[^{}]{0,60}\}){2}(?=\{)"
    r"|\\(?:emph|textit|textsl)\s*+\{|\{\s*+\\(?:it|em|sl|itshape|slshape|itseries)(?![A-Za-z])\s*+"
    r"|\\(?:textsc|bibname|bibnamefont|BibEmph|bibauthor)\s*+\{|\{\s*+\\(?:sc|scshape)(?![A-Za-z])\s*+"
    r"|\\abntrefinfo\s*+(?:\{(?:[^{}]|\{[^{}]*+\}){0,300}\}\s*+){3}"
    r"|\\[A-Za-z@]++\*?+\s*+|\\.|[{}~]|\s++",
    re.DOTALL,
)
_ACCENT = re.compile(
    r"\\([`'^\"~=.]|[uvHcdbrk](?![A-Za-z]))\s{0,3}\{?\s{0,3}(\\[ij](?![A-Za-z])|[A-Za-z])\s{0,3}"
)
_LETTERS = {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ",
            "OE": "Œ", "aa": "å", "AA": "Å"}  # fmt: skip
_LETTER = re.compile(r"\{\s?\\(o|O|l|L|ss|ae|AE|oe|OE|aa|AA)\s?\}")
_LONE_LETTER = re.compile(r"\{([^\W\d_A-Za-z])\}")
_LINK_COMMAND = re.compile(r"\\(?:url|path|doi|burl|eprint|URL|nolinkurl)")
_LINK = re.compile(r"(?:doi|https?|urn|arxiv|\\|URL)", re.IGNORECASE)
_ITALIC_ET_AL = re.compile(f" ?{ITALIC} ?(et al\\.?) ?{UPRIGHT}")
_ORGANIZATION = re.compile(
    r"\s*+\{((?:The |[A-Z])[\w&' -]{1,60}? (?:Foundation|Group|Team|Collaboration"
    r"|Collective|Consortium|Institute|University|Association|Society|Organi[sz]ation|Council"
    r"|Commission|Agency|Committee|Center|Centre|Corporation|Company|Laborator(?:y|ies)|Library|Ministry|Department|Office|Bank|Union"
    r"|Inc\.?|Ltd\.?|AI|Research|Nations)(?=\}[:.,; \n])|[A-Z]\w{2,20}"
    r"(?!\}:|\},?\s*+~?[A-Z][\w.'~-]*+(?:[.,;]|\s++(?:[A-Z&\\]|and\b))))\}"
    r"(?=[.,:;]|\s++(?:\(?(?:19|20)\d\d|\\newblock))"
)
"""An organization as author: a group in braces, of one word or with a word of organizations."""


def with_letters(latex: str) -> str:
    r"""Return LaTeX with accents composed, so that a name is a word.

    >>> with_letters(r"L{\'o}pez")
    'López'
    """
    text = _LETTER.sub(lambda found: _LETTERS[found[1]], latex)
    text = _ACCENT.sub(lambda found: accented(found[2].lstrip("\\"), found[1]), text)
    return _LONE_LETTER.sub(r"\1", text)


def cleaned(printed: str) -> str:
    """Return the text with blocks, italics and small capitals marked, other commands removed."""
    out: list[str] = []
    closing: list[str] = []
    pos = 0
    if author := _ORGANIZATION.match(printed):
        out.append(f"{NAMES}{author[1]}{NAMES_END}")
        pos = author.end()
    for found in _CLEANED.finditer(printed):
        if found.start() < pos:
            continue
        out.append(printed[pos : found.start()])
        pos = found.end()
        piece = found[0]
        if piece == "{":
            closing.append("")
        elif piece == "}":
            out.append(closing.pop() if closing else "")
        elif piece.isspace() or piece == "~":
            out.append(" ")
        elif piece.startswith("\\newblock"):
            out.append(BLOCK)
        elif piece.startswith("\\href"):
            end = group_end(printed, pos, limit=MAX_LINKED)
            if end > 0 and _LINK.match(printed, pos + 1):
                pos = end
        elif piece.startswith("\\mn@doi"):
            return "".join(out)
        elif piece[-1] == "}" and piece[0] == "\\" and piece != "\\}":
            out.append(LINKED if _LINK_COMMAND.match(piece) else "")
        elif piece[0] == "{" or piece.endswith("{"):
            names = "sc" in piece or "bibname" in piece or "Emph" in piece or "author" in piece
            out.append(NAMES if names else ITALIC)
            closing.append(NAMES_END if names else UPRIGHT)
        else:
            out.append(_of_command(piece))
    out.append(printed[pos:])
    text = re.sub(r" +", " ", "".join(out)).replace(f"{ITALIC}{UPRIGHT}", "")
    text = _ITALIC_ET_AL.sub(r" \1", text)
    return text.replace(" ,", ",").replace(" .", ".").strip(f" {LINKED}")


def _of_command(piece: str) -> str:
    """Return what remains of a command: accents and signs stay, words that print go."""
    word = piece[1:].strip()
    if word.startswith("abnt"):
        return ""
    if word in ("BBA", "harvardand", "and", "BAnd", "bbland", "BIBand"):
        return " and "
    if word in ("bblin", "BIn", "Btxinshort", "btxinshort", "Btxinlong", "btxinlong"):
        return " in "
    if word in ("bblphdthesis", "bblmthesis"):
        return " PhD thesis "
    if word in ("harvardyearleft", "harvardyearright", "harvardyearparen"):
        return " "
    if word == "@":
        return ""
    if word == "&":
        return "&"
    if len(word) <= 2 and (not word.isalpha() or word in ("ss", "ae", "oe", "aa", "o", "l", "i")):
        return piece if word not in ("", "/", "-", ",", " ", "\\") else " " * (word != "/")
    return " " if piece[-1:].isspace() and len(word) > 12 else ""
