r"""Words that the printed page does not show: white on white, or too small to read.

They are reported, and removed only on request: white words on a dark ground are ordinary.
"""

import re
from collections.abc import Iterator

from cycledata.formats.braces import closing_brace
from cycledata.parse.latex.flat_text import FlatText, TextSpan

_ONE = r"(?:1|0?\.9\d*|1\.0)"
_WHITE = (
    rf"(?:\[gray\]\{{{_ONE}\}}|\[rgb\]\{{{_ONE},\s?{_ONE},\s?{_ONE}\}}"
    r"|\[RGB\]\{25\d,\s?25\d,\s?25\d\}|\[HTML\]\{[fF]{6}\}|\{white\}|\{white!(?:9\d|100)!?\w{0,20}\})"
)
_HIDING = re.compile(
    r"\\(?=[tcfhopsv])(?:(?:text)?color"
    + _WHITE
    + r"|fontsize\s*+\{\s*+(?:0?\.\d++|[0-2](?:\.\d++)?)\s*+(?:pt|bp|mm)?\s*+\}"
    r"(?:\{[^{}]{0,20}\})?"
    r"|scalebox\{0?\.[01]\d{0,9}\}|[hv]?phantom(?=\{[A-Za-z ]{12})"
    r"|(?:transparent|texttransparent|opacity)\{0?(?:\.0\d*)?\}"
    r"|pdfliteral(?:\s+direct)?\s*+\{\s*+3 Tr\s*+\}|(?:text)?color\{([A-Za-z]\w{0,30})\})"
)
_DEFINED = re.compile(
    r"\\(?:definecolor\{(\w{1,30})\}\{(?:gray\}\{1|rgb\}\{1(?:\.0)?,\s?1(?:\.0)?,\s?1(?:\.0)?"
    r"|RGB\}\{255,\s?255,\s?255|HTML\}\{[fF]{6})\}|colorlet\{(\w{1,30})\}\{white\})"
)
_GROUND = re.compile(
    r"\\(?:colorbox|fcolorbox|cellcolor|rowcolor|columncolor|rowcolors|pagecolor|tcbox|shadowbox|fill"
    r"|node|tikz|begin\{(?:tcolorbox|tikzpicture|tabular|mdframed|block|pgfpicture))"
)
_WORDS = re.compile(r"[A-Za-z]{2,}[^{}\\]{0,400}")
_GAP = re.compile(r"(?:\s|\\[A-Za-z]+\*?(?:\[[^\]]{0,40}\])?(?:\{[^{}]{0,40}\}){0,3}|[{}])*+")
MAX_FOUND = 20
"""Hidden texts that are reported of one paper."""
MAX_HIDDEN_CHARS = 5_000
"""Characters until the end of a group in which hidden words continue."""


def hidden_words(flat: FlatText) -> Iterator[tuple[TextSpan, str]]:
    """Yield what each command hides that is on no colored ground: the span, and its first words."""
    text = flat.text
    named = {found[1] or found[2] for found in _DEFINED.finditer(text, 0, flat.body)}
    n_found = until = 0
    for match in _HIDING.finditer(text, flat.body):
        if match.start() < until or (match[1] and match[1] not in named):
            continue
        if _GROUND.search(text, max(flat.body, match.start() - 200), match.start()):
            continue
        gap = _GAP.match(text, match.end(), match.end() + 300)
        start = gap.end() if gap else match.end()
        words = _WORDS.match(text, start)
        if words is None:
            continue
        span = _hidden_span(text, match, words.end())
        yield span, " ".join(words[0].split())[:250]
        until = max(span.end, words.end())
        n_found += 1
        if n_found == MAX_FOUND:
            return


def _hidden_span(text: str, command: re.Match[str], otherwise: int) -> TextSpan:
    """Return what to cut of a hidden text: its command with the argument, or the group it is in.

    Args:
        text: the paper.
        command: the match of the command.
        otherwise: where the text ends if its group is too long.
    """
    start, end = command.span()
    if text.startswith("{", end):
        found = closing_brace(text, end + 1, limit=MAX_HIDDEN_CHARS)
        return TextSpan(start, otherwise if found < 0 else found + 1)
    found = closing_brace(text, end, limit=MAX_HIDDEN_CHARS)
    if found >= 0 and text[start - 1 : start] == "{":
        return TextSpan(start - 1, found + 1)
    return TextSpan(start, otherwise if found < 0 else found)
