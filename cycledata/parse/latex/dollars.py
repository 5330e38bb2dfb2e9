"""Where formulas between dollars begin and end."""

import re

MAX_FORMULA = 20_000
"""Characters of one formula."""
_DOLLAR = re.compile(r"\$\$?|\\[\\$]")


class Dollars:
    """Formulas between dollars, which end in the paragraph in which they begin.

    Args:
        text: flat LaTeX, asked about from its start to its end.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._pos = 0
        self._opened = ""

    def around(self, place: int) -> bool:
        """Return whether a place, not before the one asked about last, is between dollars."""
        text, start = self._text, self._pos
        self._pos = place
        blank = text.rfind("\n\n", start, place)
        if blank >= 0:
            start, self._opened = blank, ""
        for found in _DOLLAR.findall(text, start, place) if "$" in text[start:place] else ():
            if found[0] == "$":
                adjacent = self._opened == "$" and found == "$$"  # one formula after another
                self._opened = "$" if adjacent else "" if self._opened else found
        if self._opened:
            close = text.find("$", place, place + MAX_FORMULA)
            if close < 0 or "\n\n" in text[place:close]:
                self._opened = ""
        return bool(self._opened)
