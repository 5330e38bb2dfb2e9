r"""Lines that structure a review text: headings, inline ratings and decisions, separators, drafts.

``classify`` decides on one line. It knows the headings that CycleReviewer writes and the variants
that models write in their place: other levels, bold, a colon, a value on the line itself. A line
that looks like a rating, a decision or a reviewer without being one of these is ``"unclear"``, so
that a reader can refuse the text. ``escape`` puts a backslash before every such line of a text, and
``unescape`` removes it, so that no text is ever taken for structure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cycledata.formats.line_markup import (
    LATEX_START,
    decision_like,
    labels_a_rating,
    plain_line,
    row_cells,
)
from cycledata.formats.review_drafts import DRAFT_LINE, may_have_tags
from cycledata.formats.review_titles import DECISION, RATING, RECOMMENDATION, TITLES

LineKind = Literal[
    "reviewer",
    "meta",
    "decision",
    "bare decision",
    "field",
    "recommendation",
    "loose decision",
    "separator",
    "restart",
    "unclear",
]

TEXT_FIELDS = {"Strengths": "strengths", "Weaknesses": "weaknesses", "Questions": "questions"}
ASPECT_FIELDS = {
    "Soundness": "soundness",
    "Presentation": "presentation",
    "Contribution": "contribution",
}
ETHICS = "Flag For Ethics Review"
NOT_HIGHER = "justification_for_why_not_higher_score"
NOT_LOWER = "justification_for_why_not_lower_score"
NUMBER_FIELDS = (*ASPECT_FIELDS, "Rating", "Confidence")
REVIEW_FIELDS = ("Summary", *TEXT_FIELDS, *NUMBER_FIELDS, ETHICS)
META_FIELDS = (NOT_HIGHER, NOT_LOWER)
WHITE = " \t\r\n"
MAX_LINE = 1_000
"""Characters of a line that are classified; what follows belongs to the text behind the heading."""

_MAX_LABELED = 100
"""Characters of a line that may label a rating or a decision in a way that is not read."""
_TEXT_TITLES = f"(?P<text>summary|{'|'.join(TEXT_FIELDS)}|{ETHICS}|{NOT_HIGHER}|{NOT_LOWER})"
_BULLET = r"[ \t]{0,3}(?:[-*+•][ \t]{1,3})?"
_MARK = r"[*_]{0,3}"
_REST = (
    r"[ \t\r]*+(?:[(\[](?P<paren>[^()\[\]\n]{0,60})[)\]])?[*_ \t\r]*+"
    r"(?:(?P<sep>[:=–—-])[*_ \t\r]*+(?P<inline>[^\n]*))?$"
)
_FLAGS = re.ASCII | re.IGNORECASE
_HEADING = re.compile(
    rf"[ \t]{{0,3}}(?P<hashes>#{{1,6}})[ \t]{{0,4}}(?:\d{{1,2}}[.)][ \t]{{1,2}})?{_MARK}"
    rf"(?:{TITLES}|(?P<score>score)|{_TEXT_TITLES})(?![\w])"
    rf"(?:(?=[ ]\d)[ ](?P<bare>[^\n]*)$|{_MARK}{_REST})",
    _FLAGS,
)
_BOLD = re.compile(
    rf"{_BULLET}(?:\*{{2,3}}|__)(?:{TITLES})(?![\w])(?P<inside>[^*_\n]{{0,80}})(?:\*{{2,3}}|__)"
    r"(?P<rest>[^\n]*)$",
    _FLAGS,
)
_PLAIN = re.compile(
    rf"{_BULLET}(?:{TITLES})(?![\w])[ \t]{{0,3}}"
    r"(?:[(\[](?P<paren>[^()\[\]\n]{0,60})[)\]][ \t]{0,3})?"
    r"(?P<sep>[:=])[*_ \t\r]*+(?P<inline>[^\n]*)$",
    _FLAGS,
)
_VALUE = re.compile(_REST, _FLAGS)
_BARE_DECISION = re.compile(
    r"[ \t*_#>-]{0,12}(?:accept(?:ed)?|(?:desk[ -])?reject(?:ed)?)(?:[ ]?\([^()\n]{0,40}\))?"
    r"[*_.! \t\r]*$",
    _FLAGS,
)
"""A decision alone on its line."""
STATED_DECISION = re.compile(
    rf"{_BULLET}{_MARK}(?:(?:final answer|answer|therefore|thus|hence|conclusion|outcome|result"
    r"|status|final|overall)[*_ ]{0,4}[:,][*_ ]{0,4}"
    r"|(?:the|our|my) (?:final |overall )?(?:decision|verdict|recommendation) (?:is|was)[: ]{1,2}"
    r"(?:to )?|(?:i|we) (?:have |therefore |thus )?decided? (?P<not>not )?to )"
    r"[*_]{0,3}(?P<word>accept|reject)(?:ed)?\b",
    _FLAGS,
)
"""A sentence that states the decision."""
_CHECKBOX = re.compile(
    rf"{_BULLET}(?:\[[ x✓]?\][ ]?(?:accept|reject)|(?:accept|reject)(?:ed)?[ ]?:?[ ]?\[[ x✓]?\])",
    _FLAGS,
)
_JSON_FIELD = re.compile(
    r"[ \t]{0,8}[{,\[ \t]{0,4}[\"'](?:overall[ _]|final[ _]|paper[ _])?"
    r"(?:rating|score|decision|verdict|recommendation)s?[\"'][ \t]{0,2}:",
    _FLAGS,
)
_DRAFT_TITLE = re.compile(
    r"[ \t]{0,3}(?:```|(?:<details>)?[ \t]*<summary>)[ \t]?(?:thinking|thoughts?|reasoning|draft)"
    r"[ \t\r]*(?:</summary>)?[ \t\r]*$",
    _FLAGS,
)
_OTHER_WORDS = (
    "(?:最终|最終|总体)?(?:决定|決定|评分|評分|评级|判定|評価)|평점|결정|решение|оценка"
    "|bewertung|entscheidung|décision|decisión|puntuación|note globale"
)
_OTHER_LANGUAGE = re.compile(
    rf"[ \t]{{0,3}}#{{1,6}}[ \t]{{1,4}}[*_]{{0,3}}(?:{_OTHER_WORDS})[*_:： \t\r]*$", re.IGNORECASE
)
_BOXED_WORD = r"\\boxed\{(?:\\text[a-z]{0,2}\{)?\W{0,8}(?:accept|reject)"
_BOXED = re.compile(_BOXED_WORD, _FLAGS)
_TABLE_TITLES = re.compile(rf"(?:{RATING}|{RECOMMENDATION}|{DECISION}|score)s?", _FLAGS)
_TABLE_HEADS = frozenset(
    re.findall(
        r"\w+", "aspect aspects criterion criteria category item metric dimension field section"
    )
)
"""First cells of a header above rows that are read one by one."""
_AVERAGE = re.compile(
    rf"{_BULLET}{_MARK}(?:average|mean|total|aggregate|combined)[ ](?:\w+[ ])?(?:rating|score)s?"
    r"[*_ \t]*[:=][^\n]*[0-9]",
    _FLAGS,
)
"""A rating made of the others, which is not a reviewer's."""
_RESTART = re.compile(
    r"[ \t]{0,3}#{1,6}[ \t]{1,4}(?:[a-z]{1,12}[ ])?(?:draft|version|attempt"
    r"|(?:final|revised|updated)[ ](?:draft|reviews?|version|answer|output))"
    r"(?:[ ][0-9a-z]{1,3})?[: \t\r]*$"
    r"|[ \t]{0,3}(?:#{1,2}[ \t]{1,4}|\*\*)(?:thinking|thoughts"
    r"|(?:final )?(?:answer|output|response))[:*_ \t\r]*$",
    _FLAGS,
)
"""A heading that begins the whole text again."""
SEPARATOR = "**********"
SEPARATOR_LINE = re.compile(r"\*{5,}+[ \t\r]*+$")
_HASH_LINE = re.compile(r"[ \t]{0,3}(#{1,6})[ \t]{0,4}([^\n]*)")
_WORD = re.compile(r"[a-z0-9]+")
_KEY_WORDS = frozenset({"rating", "ratings", "score", "decision", "verdict", "recommendation"})
_COMPANIONS = frozenset(
    re.findall(
        r"\w+",
        "overall final paper reviewer review my our the of this for numeric numerical total average"
        " mean and confidence accept reject acceptance rejection ac area chair suggested proposed"
        " preliminary updated revised initial meta s post rebuttal out to on a scale 1 5 10"
        " simulated expert senior junior next another anonymous second first third",
    )
)
"""Words that leave a heading about ratings, decisions or reviewers what it is."""
_START = (
    r"[ \t]{0,3}(?:[#*_•+-]|(?:anon|simulated|first|second|third|fourth|fifth|sixth"
    r"|[1-6](?:st|nd|rd|th)|review|ac\b|area|meta|paper|final|overall|decision|verdict"
    r"|preliminary|initial|updated|revised|new|current|original|post|pre|after|before|pc|program"
    r"|committee|editor|recommended|suggested|proposed|acceptance|my|rating|recommendation|soundness|presentation|contribution"
    r"|confidence|accept|reject|desk|average|mean|total|aggregate|combined|>))[^\n]*"
)
_MARKED_START = (
    r"(?:[^a-z0-9\s\\#*_•+-]|[0-9]{1,2}[.)]|\([a-z0-9]\)|[ \t]{1,8}[\"'{<]|[\u00a0\u3000])"
    r"(?=[^\n]{0,100}?(?:rating|score|decision|verdict|recommend|review|accept|reject|sound|present"
    r"|contrib|confid|think|thought|draft|reason))[^\n]*"
)
"""A line that begins with markup or a wide character and has a key word."""
_LINE = (
    rf"{_START}|{_MARKED_START}|(?:the|our|my|i|we|final|answer|therefore|thus|hence|conclusion"
    r"|outcome|result|status)\b(?=[^\n]{0,60}?(?:accept|reject))[^\n]*"
    rf"|[^\\\n][^\n]{{0,300}}?{_BOXED_WORD}[^\n]*"
    r"|(?=[^\\\n][^\n]{0,90}$)(?=[^\n]*?(?:decision|verdict|vote|lean|judg|outcome|accept|rating|score"
    r"|overall|grade|mark|reviewer|r[0-9]))[^\n]*"
)
_CANDIDATE = re.compile(
    rf"^(?P<slashes>\\*+)(?P<line>{_LINE}|{LATEX_START}[^\n]*)", _FLAGS | re.MULTILINE
)
"""A line that ``classify`` is worth asking about, behind any backslashes."""
_UNESCAPED = re.compile(rf"^(?!\*{{5}})(?:{_LINE}|\\{LATEX_START}[^\n]*)", _FLAGS | re.MULTILINE)
"""The same without backslashes; separators are left out."""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """What one line is to a review text."""

    kind: LineKind
    title: str
    """Field name of the format for a field, else ``""``."""
    level: int
    """Number of ``#``; 0 for a line without."""
    inline: str
    """Text behind the heading on the same line."""
    shown: str
    """The line, cut, for messages."""
    scale: str = ""
    """What is in brackets behind the title, e.g. ``"1-10"``."""


@dataclass(frozen=True, slots=True)
class Found:
    """A structural line and its place in a text."""

    line: ReviewLine
    start: int
    end: int


def structure(text: str) -> Iterator[Found]:
    """Yield the structural lines of a text in order; separators and escaped lines are left out."""
    for match in _UNESCAPED.finditer(text):
        shown = match[0]
        line = classify(shown[:MAX_LINE])
        if line is not None:
            is_cut = len(shown) > MAX_LINE and line.inline
            end = match.start() + MAX_LINE if is_cut else match.end()
            yield Found(line, match.start(), end)


@lru_cache(maxsize=4096)
def classify(line: str) -> ReviewLine | None:
    """Return what a line is to a review text, or None if it is plain text.

    >>> classify("### Rating: 6").inline
    '6'
    >>> classify("### Minor points") is None
    True
    """
    shown = line.strip(WHITE)[:60]
    found = _classify(line, shown)
    if found is not None and found.kind != "unclear":
        return found
    plain = plain_line(line)
    other = None if plain == line else _classify(plain, shown)
    if other is not None and other.kind == "reviewer" and "|" in line:
        other = None  # a cell
    found = other or found or _in_a_table(line, shown)
    if found is not None or len(line) > _MAX_LABELED:
        return found
    if labels_a_rating(plain):
        return ReviewLine("unclear", "", 0, "", shown)
    is_loose = decision_like(line) or (plain != line and decision_like(plain))
    return ReviewLine("loose decision", "", 0, "", shown) if is_loose else None


def _in_a_table(line: str, shown: str) -> ReviewLine | None:
    """Return an unclear line for a row of a table that has a rating or a decision among others."""
    cells = row_cells(line)
    if len(cells) < 2 or (len(cells) == 2 and cells[0].lower() in _TABLE_HEADS):
        return None
    titles = [cell for cell in cells if _TABLE_TITLES.fullmatch(cell)]
    return ReviewLine("unclear", "", 0, "", shown) if titles else None


def _classify(line: str, shown: str) -> ReviewLine | None:
    if SEPARATOR_LINE.match(line):
        return ReviewLine("separator", "", 0, "", shown)
    stated = (_BARE_DECISION.match, STATED_DECISION.match, _CHECKBOX.match, _BOXED.search)
    if any(states(line) for states in stated):
        return ReviewLine("bare decision", "", 0, line.strip(WHITE), shown)
    if _RESTART.match(line):
        return ReviewLine("restart", "", 0, "", shown)
    if _JSON_FIELD.match(line) or _DRAFT_TITLE.match(line) or _OTHER_LANGUAGE.match(line):
        return ReviewLine("unclear", "", 0, "", shown)
    heading = _HEADING.match(line)
    if heading:
        return _from_heading(heading, shown)
    hashes = _HASH_LINE.match(line)
    if hashes:
        return _unclear(hashes, shown)
    bold = None if _AVERAGE.match(line) else _BOLD.match(line)
    if bold:
        value = _VALUE.match(bold["inside"] + bold["rest"])
        if value:
            return _without_hashes(bold, value, shown)
        return None
    if _AVERAGE.match(line):
        return ReviewLine("unclear", "", 0, "", shown)
    plain = _PLAIN.match(line)
    return _without_hashes(plain, plain, shown) if plain else None


def escape(text: str) -> str:
    """Return a text in which no line is structural and the edges survive stripping."""
    text = _map_lines(text, add=True)
    if _white_edge(text):
        text = "\\" + text
    if _white_edge(text[::-1]):
        text += "\\"
    return text


def unescape(text: str) -> str:
    """Return what ``escape`` was given."""
    if text.endswith("\\") and _white_edge(text[-2::-1]):
        text = text[:-1]
    if text.startswith("\\") and _white_edge(text[1:]):
        text = text[1:]
    return _map_lines(text, add=False)


def _from_heading(match: re.Match[str], shown: str) -> ReviewLine | None:
    level = len(match["hashes"])
    inline = (match["bare"] or match["inline"] or "").strip(WHITE)
    scale = match["paren"] or ""
    if match["text"]:
        if level not in (2, 3) or (inline and match["sep"] != ":") or scale:
            return None
        return ReviewLine("field", _canonical(match["text"]), level, inline, shown)
    if match["reviewer"]:
        return ReviewLine("reviewer", "", level, "", shown)
    if match["meta"]:
        return ReviewLine("meta", "", level, inline, shown)
    if match["decision"]:
        return ReviewLine("decision", "", level, inline or scale, shown)
    if match["recommendation"]:
        return ReviewLine("recommendation", "Rating", level, inline, shown, scale)
    title = "Rating" if match["rating"] or match["score"] else _canonical(match["number"])
    if title != "Rating" and level not in (2, 3, 4):
        return None
    return ReviewLine("field", title, level, inline, shown, scale)


def _without_hashes(match: re.Match[str], value: re.Match[str], shown: str) -> ReviewLine | None:
    """Return what a bold or plain line is; without ``#``, words alone are plain text."""
    value_scale = value.groupdict().get("paren") or ""
    inline = (value["inline"] or "").strip(WHITE)
    if match["reviewer"]:
        return None if inline else ReviewLine("reviewer", "", 0, "", shown)
    if value["sep"] not in (":", "=", None):
        return None
    if match["meta"]:
        return None if inline else ReviewLine("meta", "", 0, "", shown)
    if match["decision"]:
        return ReviewLine("decision", "", 0, inline, shown)
    if match["recommendation"]:
        return ReviewLine("recommendation", "Rating", 0, inline, shown) if inline else None
    if match["rating"]:
        return ReviewLine("field", "Rating", 0, inline, shown, value_scale)
    return (
        ReviewLine("field", _canonical(match["number"]), 0, inline, shown)
        if inline[:1].isdigit()
        else None
    )


def _unclear(match: re.Match[str], shown: str) -> ReviewLine | None:
    """Return an unclear line for a heading made of words about ratings and decisions alone."""
    words = _WORD.findall(match[2].lower())
    keys = _KEY_WORDS | ({"reviewer"} if len(match[1]) <= 2 else set())
    if not words or len(words) > 8 or not keys & set(words):
        return None
    return (
        ReviewLine("unclear", "", len(match[1]), "", shown)
        if set(words) <= _KEY_WORDS | _COMPANIONS
        else None
    )


_CANONICAL = {name.lower(): name for name in (*REVIEW_FIELDS, *META_FIELDS)}


def _canonical(title: str) -> str:
    return _CANONICAL[title.lower()]


_LATEX = re.compile(LATEX_START)


def _map_lines(text: str, *, add: bool) -> str:
    """Add a backslash to, or remove one from, every line that is structural but for backslashes."""

    def mapped(match: re.Match[str]) -> str:
        slashes, line = match["slashes"], match["line"]
        if slashes and _LATEX.match(line):  # the last backslash is the command's own
            slashes, line = slashes[1:], f"\\{line}"
        if classify(line[:MAX_LINE]) is None or (not add and not slashes):
            return match[0]
        return f"\\{slashes}{line}" if add else f"{slashes[1:]}{line}"

    def draft(match: re.Match[str]) -> str:
        return f"\\{match[0]}" if add else match[0][1:]

    if not add and not text.startswith("\\") and "\n\\" not in text:
        return text
    has_tags = may_have_tags(text)
    if has_tags and not add:
        text = DRAFT_LINE.sub(draft, text)
    text = _CANDIDATE.sub(mapped, text)
    return DRAFT_LINE.sub(draft, text) if has_tags and add else text


def _white_edge(text: str) -> bool:
    """Return whether a text starts with white space, leading backslashes left aside."""
    return text.lstrip("\\")[:1] in tuple(WHITE)
