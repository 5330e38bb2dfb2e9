r"""Markup around a rating or a decision on one line: HTML, LaTeX, tables, wide characters.

``plain_line`` returns the line that a model would have written without it, so that
``<b>Rating:</b> 7``, ``\textbf{Rating}: 7``, ``| Rating | 7 |`` and ``Rating：7`` are one variant.
"""

import re
from unicodedata import normalize

_FLAGS = re.ASCII | re.IGNORECASE
_CHARACTERS = str.maketrans(
    {
        **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufe0f\ufeff", None),
        "：": ":",
        "＝": "=",
        "｜": "|",
    }
)
_NAMES = (
    r"(?:overall[ _])?(?:rating|score)|(?:final[ _])?(?:decision|verdict|answer)|recommendation"
)
_ELEMENT = re.compile(rf"<(?P<name>{_NAMES})>(?P<value>[^<>\n]{{0,80}})</(?P=name)>", _FLAGS)
_TITLE_TAG = re.compile(r"<h(?P<level>[1-6])(?:[ ][^<>\n]{0,60})?>", _FLAGS)
_TAG = re.compile(
    r"</?(?:b|strong|i|em|u|s|p|li|ul|ol|td|th|tr|table|tbody|thead|span|div|br|font|mark|code|small"
    r"|big|h[1-6])(?:[ ][^<>\n]{0,60})?[ ]?/?>",
    _FLAGS,
)
_SECTION = re.compile(r"\\(?P<subs>(?:sub){0,2})section\*?[ ]?\{(?P<title>[^{}\n]{0,80})\}")
_COMMAND = re.compile(
    r"\\(?:item\b|(?:text(?:bf|it|sc|tt)|boxed|emph|underline|paragraph\*?)(?=[ ]?\{))"
)
LATEX_START = (
    r"(?:textbf|textit|textsc|texttt|boxed|emph|underline|item|paragraph|(?:sub){0,2}section)\b"
)
"""Names of the commands that a line may begin with, behind a backslash."""
_NUMBERED = re.compile(r"[ \t]{0,3}(?:[0-9]{1,2}[.)]|\([a-z0-9]\))[ \t]{1,3}", _FLAGS)
_SYMBOLS = re.compile(
    r"^(?P<start>[ \t]{0,3}(?:#{1,6}[ \t]{1,4}|[-*+•][ \t]{1,3})?)"
    r"[\u2190-\u2bff\U0001f000-\U0001faff]{1,4}[ \t]{1,3}"
)
_ROW = re.compile(r"[ \t]{0,3}\|?(?P<cells>[^|\n]{1,80}\|[^\n]*)$")
_LABEL_BEFORE = r"^[^\w\n]{0,6}(?:[\w'’]{1,15}[^\w\n]{1,3}){0,4}?"
_ANSWER = (
    r"(?:(?:weak|strong|clear|borderline|definite|marginal)(?:ly)?[ ])?"
    r"(?:accept|reject)(?:ed|ance|ion)?\b[^\w\n]{0,6}(?:[(\[][^()\[\]\n]{0,40}[)\]])?[^\w\n]{0,6}$"
)
_LIKE_A_DECISION = re.compile(
    rf"{_LABEL_BEFORE}(?:(?:decision|verdict|judge?ment)\b(?:[ ]?[(\[][^()\[\]\n]{{0,40}}[)\]])?"
    r"[^\w\n]{1,6}(?:(?:is|was|to|recommendation)[^\w\n]{1,4})?"
    r"|(?:vote|lean(?:ing)?|outcome|accept(?:ed)?[ ]?/[ ]?reject(?:ed)?)"
    r"[^\w\n]{0,3}[:=→>–—-][^\w\n]{0,4})"
    rf"{_ANSWER}"
    rf"|{_LABEL_BEFORE}accept(?:ed|ance)?[^\w\n]{{1,4}}(?:yes|no|true|false)\b[^\w\n]{{0,6}}$",
    re.ASCII | re.IGNORECASE,
)
"""A decision behind a label that is not read, e.g. ``Vote: accept`` or ``Accepted: yes``."""
_TOKEN = re.compile(r"[a-z]+|[0-9]+(?:\.[0-9]+)?")
_RATING_KEYS = frozenset({"rating", "ratings", "score", "scores"})
_RATING_WORDS = _RATING_KEYS | set(
    re.findall(
        r"\w+",
        "overall final my our the is now of out to on a scale numeric numerical suggested proposed"
        " recommended reviewer review paper new updated revised current original initial this for"
        " preliminary first second third fourth st nd rd th total post pre rebuttal r",
    )
)
"""Words that a line may have beside a number and still state a rating."""
_BARE_LABELS = frozenset({"overall", "grade", "mark"})
_MAX_LABEL = 80
"""Characters of a line that may be a label and a rating."""
_FIELD_WITHIN = re.compile(
    r"\b(?:decision|verdict|recommendation|rating|score|soundness|presentation|contribution"
    r"|confidence)[*_`\"' ]{0,4}[:=]",
    _FLAGS,
)
_MAX_LINE = 1_000
_CELL_MARKS = " \t\r*_`"
_LIKE_A_RATING = re.compile(
    r"(?:\b(?:overall|rating|score|grade|rate|assessment|evaluation|recommend|verdict|reviewer|note"
    r"|bewertung)|评分|评级|評価|평점|оценка)[^\n0-9]{0,40}?[0-9]"
    r"|\b(?:overall|final|paper)[ _](?:decision|verdict|rating|score)\b"
    r"|^\W*(?:[ivx]{1,5}\.)?\W*(?:rating|score)\W*$",
    re.IGNORECASE,
)
"""Words about a rating with a number behind them."""


def plain_characters(text: str) -> str:
    """Return a text with ASCII digits, colons and spaces, without characters of no width."""
    return text if text.isascii() else text.translate(_CHARACTERS)


def plain_line(line: str) -> str:
    r"""Return a line without markup; a row of two cells as ``first: second``.

    >>> plain_line(r"\textbf{Rating}: 7"), plain_line("| **Rating** | 7 |")
    ('Rating: 7', 'Rating: 7')
    >>> plain_line("<h3>Rating</h3>")
    '### Rating'
    """
    line = without_markup(line)
    line = line if line.isascii() else _SYMBOLS.sub(r"\g<start>", line)
    if "|" in line:
        cells = row_cells(line)
        line = f"{cells[0]}: {cells[1]}" if len(cells) == 2 else line
    return _NUMBERED.sub("", line)


def without_markup(line: str) -> str:
    """Return a line without HTML, LaTeX and wide characters."""
    line = plain_characters(line)
    if "<" in line:
        line = _ELEMENT.sub(r"\g<name>: \g<value>", line)
        line = _TITLE_TAG.sub(lambda match: "#" * int(match["level"]) + " ", line)
        line = _TAG.sub("", line)
    if "\\" in line:
        line = _SECTION.sub(lambda m: "#" * (2 + len(m["subs"]) // 3) + f" {m['title']}", line)
        bare = _COMMAND.sub("", line)
        line = bare.translate({ord("{"): None, ord("}"): None}).strip() if bare != line else line
    return line


def row_cells(line: str) -> list[str]:
    """Return the cells of a row of a Markdown table, without bold; none if it is no row."""
    row = _ROW.match(line)
    if row is None:
        return []
    cells = [cell.strip(_CELL_MARKS) for cell in row["cells"].split("|")]
    return cells if cells[-1] else cells[:-1]


def decision_like(line: str) -> bool:
    """Return True if a line labels a decision in a way that is not read.

    >>> [decision_like(line) for line in ("Vote: Accept", "Accepted: yes", "We accept that.")]
    [True, True, False]
    """
    return _LIKE_A_DECISION.search(line.replace("_", " ")) is not None


def labels_a_rating(line: str) -> bool:
    """Return True if a short line is a label of a rating and numbers alone.

    >>> [labels_a_rating(line) for line in ("Reviewer 2 rating: 8", "Score: 8", "BLEU score: 8")]
    [True, True, False]
    """
    if len(line) > _MAX_LABEL:
        return False
    tokens = _TOKEN.findall(line.lower())
    if not tokens or not tokens[-1][0].isdigit():
        return False
    words = [token for token in tokens if not token[0].isdigit()]
    n_numbers = len(tokens) - len(words)
    if words[:1] in (["r"], ["reviewer"]):  # R2: 8, Reviewer B: 8
        named = len(words) == 2 and len(words[1]) == 1
        if named or (len(words) == 1 and n_numbers > 1):
            return True
    if len(words) == 1 and words[0] in _BARE_LABELS:
        return True
    return bool(_RATING_KEYS & set(words)) and _RATING_WORDS.issuperset(words)


def second_field(rest: str) -> str | None:
    """Return the title of another field behind a rating on one line; None if there is none.

    >>> second_field("; Decision: Accept"), second_field(": marginally above the threshold")
    ('Decision:', None)
    """
    found = _FIELD_WITHIN.search(rest)
    return None if found is None else found[0]


def rating_like(text: str) -> str | None:
    """Return the first line that seems to state a rating or a reviewer; None if there is none."""
    for line in text.split("\n"):
        if len(line) < _MAX_LINE and _LIKE_A_RATING.search(plain_line(normalize("NFKC", line))):
            return line.strip(" \t\r\n")[:60]
    return None
