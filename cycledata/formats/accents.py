r"""LaTeX's accents and letters as Unicode: the one table that every reader uses."""

import unicodedata

ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "r": "\u030a",
    "k": "\u0328", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
"""Combining character by the accent command's name."""
LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "th": "þ",
}  # fmt: skip
"""Letters that have a command of their own."""
PUNCTUATION = {
    "textendash": "–", "textemdash": "—", "textquoteright": "’", "textquoteleft": "‘",
    "textquotesingle": "'", "textasciitilde": "~", "textregistered": "®", "texttrademark": "™",
    "textbackslash": "\\", "textunderscore": "_", "textless": "<", "textgreater": ">",
    "textbar": "|", "textdollar": "$", "copyright": "©",
}  # fmt: skip
"""Other characters that have a command of their own."""


def accented(letter: str, accent: str) -> str:
    """Return a letter under an accent, in NFC; a dotless i or j gets its plain letter.

    >>> accented("e", "'"), accented("ı", '"')
    ('é', 'ï')
    """
    plain = letter.replace("ı", "i").replace("ȷ", "j")
    if not plain:
        return ""
    return unicodedata.normalize("NFC", plain[0] + ACCENTS[accent] + plain[1:])
