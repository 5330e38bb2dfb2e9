r"""Macros that wrap authors' remarks to one another (``\jk{rewrite this}``), by definition.

A macro is a note if its name says so and its text is set apart (color, margin, brackets), or if its
text is colored and opens with the initials or the name of an author. A macro that labels content
(``Takeaway: #1``) is none.
"""

import re

from cycledata.parse.latex.known_commands import words

_STRONG_NAME = re.compile(
    r"\\(?:[A-Za-z@]*?(?:todo|TODO|ToDo|Todo|fixme|FIXME|FixMe|fixthis)[A-Za-z@]*+|XXX|FIX)\Z"
)
_NAME = re.compile(
    r"\\(?!foot|end|table|tab|fig|de|key|anno|sub|head|side|image|algo|line)[A-Za-z]{0,8}?"
    r"(?:[Nn]ote|[Cc]omment|[Cc]mt|[Cc]mnt|[Rr]eply|[Rr]emark|[Ff]eedback|NOTE|COMMENT)s?"
    r"[A-Za-z]{0,3}\Z"
)
_SET_APART = re.compile(
    r"\\(?:textcolor|color|colorbox|fcolorbox|hl|marginpar|marginnote|sethlcolor|fbox|definecolor"
    r"|todo|fxnote|pdfcomment|footnote|ul|uwave|red|blue|green|magenta|orange|purple|violet)"
    r"(?![A-Za-z])"
)
_COLOURED = re.compile(
    r"\\(?:textcolor|color|colorbox|fcolorbox|hl|marginpar|marginnote|sethlcolor|fbox|definecolor"
    r"|red|blue|green|magenta|orange|purple|violet)(?![A-Za-z])"
)
_NOT_PRINTED = re.compile(
    r"\\(?:textcolor|color|colorbox|fcolorbox|definecolor|sethlcolor|hspace|vspace|fontsize)"
    r"\*?(?:\[[^\]]*+\])?\{[^{}]*+\}|\\[A-Za-z@]++\*?|[{}$]"
)
_TAG = re.compile(
    r"[\s\[(<*@]*+(#\d|[A-Za-z][\w.'-]{0,24}+(?: [A-Za-z][\w.'-]{0,24}+)?)"
    r"\s*+(?:[:;\])>]|-{2,3}|says)"
)
_BRACKETS = re.compile(r"\s*+\[.*\]\s*+\Z", re.DOTALL)
_BRACKET_TAG = re.compile(r"[\s*]*+\[\s*+(#\d|[A-Za-z][\w .'-]{0,24}+)\s*+(?:[:;]|\]\s*+\S|-{2,3})")
_LOOK = (
    r"(?:\\textcolor\{[^{}]{1,30}\}|\\(?!scriptsize|tiny|footnotesize|small)[A-Za-z]{2,20}+"
    r"|[{}\s]){0,12}+"
)
_TAGGED_BOX = re.compile(
    r"\\f?colorbox(?:\{[^{}]{0,40}+\}){1,2}\{"
    + _LOOK
    + r"\\(?:scriptsize|tiny|footnotesize|small)"
    + _LOOK
    + r"#1[:\s]{0,2}\}.{0,120}?#2",
    re.DOTALL,
)
"""A name in a small colored box, then a text: ``\\nb{AB}{rewrite this}``."""
_ANGLES = re.compile(r"\\ll(?![A-Za-z]).{0,80}?#\d.{0,40}?\\gg(?![A-Za-z])", re.DOTALL)
"""A remark between double angles: ``$\\ll$#1 notes: #2$\\gg$``."""
_INNER_NOTE = re.compile(r"\\(?:auth|author|my|in)?(?:[Nn]ote|[Cc]omment|[Rr]emark)s?\s?\{")
_REMARKS = words("todo note comment fixme fix remark check tbd rewrite edit reply")
_CONTENT = words(
    "q a h r s rq qa takeaway takeaways question questions answer answers hypothesis finding "
    "findings observation observations insight insights example examples definition claim goal "
    "task step "
    "input output prompt user assistant system human model ours result results summary key lemma "
    "theorem proof problem solution challenge contribution motivation tip warning important "
    "conclusion case setting assumption intuition discussion limitation property rule principle "
    "instruction response query context label option premise thought action research guideline "
    "ex eg "
    "ie cf fig figure table step stage part phase yes no na"
)
"""Words that label content of the paper."""


def is_note(name: str, body: str) -> bool:
    r"""Return whether a macro with arguments wraps an author's remark.

    >>> is_note(r"\jk", r"\textcolor{red}{[JK: #1]}"), is_note(r"\new", r"\textcolor{blue}{#1}")
    (True, False)
    """
    if "#" not in body:
        return False
    if _STRONG_NAME.match(name):
        return True
    if _TAGGED_BOX.search(body):
        return True
    plain = _NOT_PRINTED.sub("", body)
    set_apart = _SET_APART.search(body) or _ANGLES.search(body)
    if _NAME.match(name) and (set_apart or _BRACKET_TAG.match(plain)):
        return True
    if not _COLOURED.search(body):
        return False
    if _INNER_NOTE.search(body):
        return True
    if _BRACKETS.match(plain) and (len(name) <= 4 or plain.lstrip(" [").startswith("**")):
        return True
    if _BRACKET_TAG.match(plain):
        tag = _BRACKET_TAG.match(plain)
        return tag is not None and (tag[1][0] == "#" or _names_someone(tag[1], name))
    tag = _TAG.match(plain)
    return tag is not None and tag[1][0] != "#" and _names_someone(tag[1], name)


def is_note_environment(name: str, body: str) -> bool:
    r"""Return whether an environment sets an author's remark apart: ``todo`` in red."""
    return _STRONG_NAME.match("\\" + name) is not None and _COLOURED.search(body) is not None


def _names_someone(tag: str, name: str) -> bool:
    """Return whether a tag is an author's initials or name, or says that a remark follows."""
    lower = tag.lower().strip(" .").rstrip("0123456789")
    first = lower.partition(" ")[0]
    if lower in _CONTENT or first in _CONTENT:
        return False
    if lower in _REMARKS or first in _REMARKS:
        return True
    initials = tag.replace(".", "").isupper() and len(tag) <= 4 and not tag[-1].isdigit()
    return initials or tag[0].isupper() or lower == name[1:].lower()
