r"""A paper's title and abstract.

Venues have their own commands, and some authors none: then the largest type before the first
section is the title, and what follows a bold "Abstract" is the abstract, with a warning.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from cycledata.parse.latex.flat_text import FlatText, LatexText, TextSpan
from cycledata.parse.latex.known_commands import ABSTRACT_COMMANDS, ABSTRACTS, HEADINGS, TITLES
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.to_plain_text import readable
from cycledata.parse.latex.tokens import ends_in_word, needs_space
from cycledata.records import ParseWarning

_WORD = re.compile(r"(\\[A-Za-z@]++)(\s*+)")
_LARGE = re.compile(r"\\(?:Huge|huge|LARGE|Large)(?![A-Za-z])|\\begin\{(?:Huge|huge|LARGE|Large)\}")
_END_OF_LARGE = re.compile(r"\n\n|\\end(?![A-Za-z])")
_BOLD_ABSTRACT = re.compile(
    r"(?:\\(?:textbf|textsf|textsc|textit|emph|centerline|chapter|section|subsection|paragraph)\*?\s*+\{"
    r"|\\(?:bf|bfseries|large|Large|sc|it)\s)\s*+(?:\\(?:bf|large|Large|sc|it|bfseries|centering"
    r"|center)\s{1,9}){0,3}\s*+"
    r"(?i:abstract)\s*+(?:[.:]|-{1,3}|—|–)?\s*+\}(?:[ \t]*+(?:[.:]|-{1,3}|—|–))?"
)
_EMPTY_HEADING = re.compile(r"\s*+\\section\*?\{\s*+\}")
_KEYWORDS = re.compile(
    r"(?:\\(?:tiny|small|footnotesize|noindent|par|newline|(?:small|med|big)skip|\\|[a-z]{0,9}bold"
    r"|keyFont|[vh]space\*?\{[^{}]{0,20}\}|fontsize\{\d{0,3}\}\{\d{0,3}\}"
    r"|fontfamily\{[a-z]{0,5}\}|bfseries|selectfont)\s{0,9}|\{\s{0,9}){0,9}"
    r"(?:\\(?:section|paragraph|textbf|textit|emph|textsc)\*?\s?\{(?:\\(?:textbf|textit|emph)\{)?"
    r"|\{\\(?:bf|it|em|bfseries|itshape|sc)\s)\s?"
    r"(?:[Kk]ey[ -]?[Ww]ords?(?: and phrases)?\s?(?:[:.]|-{2,3})|Key[ -]?[Ww]ords?\s?\})"
)
_TITLE_LABEL = re.compile(
    r"(?:\\textbf\{|\{\\bf(?:series)?\s)\s?(?:(?:Full|Article|Manuscript|Paper) [Tt]|T)itle"
    r"\s?:?\s?\}\s?:?\s?([^\n\\]\S(?:(?!\n\s*\n|\\\\|\\par(?![A-Za-z])|\\textbf).){5,400})",
    re.DOTALL,
)
"""A title page that labels its parts: "Title: ..."."""
_PAGE_BREAK = re.compile(
    r"\\(?:newpage|clearpage|cleardoublepage|pagebreak|end\{titlepage\})(?![A-Za-z])"
)
_PARTED_CLASS = re.compile(r"\\documentclass\s*+(?:\[[^\]]{0,500}+\])?\s*+\{aa\}")
_AFTER_HEADING = re.compile(
    r"(?:\s|\}|[.:—–]|-{1,3}|\\label\{[^{}]{0,100}+\}|\\end\{(?:center|flushleft|quote|minipage)\}|\\\\)*+"
)
_TAG = re.compile(r"\\(begin|end)\{")
MIN_ABSTRACT = 200
"""Characters of an abstract that ends with an environment around it."""
_NAMES_SOMEONE = re.compile(
    r"@|\\textsuperscript|\$\s?(?:\{\})?\s?\^|(?:[Uu]niversi|[Dd]epartment|[Ii]nstitut|[Ll]aborator)"
)
_FLOAT = re.compile(r"\\begin\{(?:figure|table|teaser|algorithm)|\\includegraphics|(?i:anonym)")
MAX_BYLINE = 4_000
"""Characters of names, places and addresses between a title and an abstract."""
FRONT = 30_000
"""Characters from the body's start in which a title or abstract without a command is sought."""


@dataclass(frozen=True, slots=True)
class TitleAndAbstract:
    """Title and abstract, by place."""

    title: str
    title_spans: tuple[TextSpan, ...]
    abstract: tuple[TextSpan, ...]
    """Contents of the abstract without its command; the class of A&A has five parts."""
    abstract_whole: TextSpan | None
    """The abstract with its command or environment."""
    warnings: tuple[ParseWarning, ...]


def read_front(flat: FlatText) -> TitleAndAbstract:
    """Title and abstract of a flat text."""
    first = next(
        (place for place, name in flat.marks if place >= flat.body and HEADINGS.get(name, 0) > 0),
        len(flat.text),
    )
    warnings: list[ParseWarning] = []
    title, spans = read_title(flat)
    if not title:
        title, spans = guess_title(flat, first)
        rule, detail = ("guessed-title", "the largest type") if title else ("no-title", "no title")
        warnings.append(
            ParseWarning(rule=rule, detail=f"no title command with a text; {detail} found")
        )
    abstract, whole = read_abstract(flat)
    if not abstract:
        abstract, whole = guess_abstract(flat, first)
        if not abstract:
            warnings.append(ParseWarning(rule="no-abstract", detail="no abstract was found"))
        else:
            warnings.append(
                ParseWarning(rule="guessed-abstract", detail="found by a bold heading only")
            )
    return TitleAndAbstract(title, spans, abstract, whole, tuple(warnings))


# --- Title ---------------------------------------------------------------------------------------


def read_byline(flat: FlatText, front: TitleAndAbstract) -> TextSpan | None:
    """Return what a title page made by hand says before the abstract, if it names someone."""
    if front.abstract_whole is None:
        return None
    end = front.abstract_whole.start
    printed = [span.end for span in front.title_spans if flat.body <= span.start < end]
    made = [
        place + len(name)
        for place, name in flat.marks
        if name == "\\maketitle" and flat.body <= place < end
    ]
    start = max([*printed, *made], default=end)
    if end - start > MAX_BYLINE or _FLOAT.search(flat.text, start, end):
        return None
    return TextSpan(start, end) if _NAMES_SOMEONE.search(flat.text, start, end) else None


def read_title_block(
    flat: FlatText, front: TitleAndAbstract, known: Iterable[TextSpan]
) -> list[TextSpan]:
    r"""Return what names someone in ``\twocolumn[...]`` after the title, ``known`` left out."""
    at = flat.text.find("\\twocolumn[", flat.body, flat.body + FRONT)
    option, end = flat.option(at + len("\\twocolumn")) if at >= 0 else (None, 0)
    pos = max((span.end for span in front.title_spans if at < span.start < end), default=0)
    if option is None or not pos or _FLOAT.search(flat.text, pos, end):
        return []
    gaps: list[TextSpan] = []
    for span in sorted(known, key=lambda span: span.start):
        if pos <= span.start < end:
            gaps.append(TextSpan(pos, span.start))
            pos = span.end
    gaps.append(TextSpan(pos, end - 1))
    return [gap for gap in gaps if _NAMES_SOMEONE.search(flat.text, gap.start, gap.end)]


def read_title(flat: FlatText) -> tuple[str, tuple[TextSpan, ...]]:
    r"""Return the paper's title and the places of all title commands.

    ``\title`` is printed by the first ``\maketitle`` after it, so the last one before that counts;
    commands that print at once count in order, for a second ``\icmltitle`` heads a supplement.
    """
    spans: list[TextSpan] = []
    kept, printed = "", ""
    made = False
    for offset, name in flat.marks:
        if name == "\\maketitle" and offset >= flat.body and kept:
            made = True
        if name not in TITLES or (spans and offset < spans[-1].end):
            continue
        _, pos = flat.after_star(offset + len(name))
        _, pos = flat.option(pos)
        found = flat.printed_argument(pos)
        if found is None:
            continue
        spans.append(TextSpan(offset, found[1]))
        title = readable(in_full(found[0], flat.macros))
        if not title or len(title) > 600:
            continue
        if name != "\\title":
            printed = printed or title
        elif not made:
            kept = title
    return printed or kept, tuple(spans)


def guess_title(flat: FlatText, first: int) -> tuple[str, tuple[TextSpan, ...]]:
    """Return the text in the largest type before the first section, if no command gives a title.

    That of the first page comes before those of others, which may be dedications.
    """
    best: tuple[int, str, TextSpan] | None = None
    leaf = _PAGE_BREAK.search(flat.text, flat.body, min(first, flat.body + FRONT))
    leaf_end = leaf.start() if leaf else first
    sizes = ("Huge", "huge", "LARGE", "Large")
    for match in _LARGE.finditer(flat.text, flat.body, min(first, flat.body + FRONT)):
        if best is not None and match.start() > leaf_end:
            break
        size = sizes.index(match[0].strip("\\{}").removeprefix("begin{"))
        brace = flat.text.rfind("{", max(flat.body, match.start() - 60), match.start())
        end = flat.group_ends.end(brace) if brace >= 0 else -1
        if match[0].endswith("}"):
            end = flat.text.find("\\end", match.end(), match.end() + 600) + 1 or -1
        if end < match.end():
            stop = _END_OF_LARGE.search(flat.text, match.end(), match.end() + 600)
            end = stop.start() + 1 if stop else -1
        title = readable(in_full(flat.text[match.end() : end - 1], flat.macros)) if end > 0 else ""
        if len(title) > 8 and (best is None or size < best[0]):
            best = (size, title, TextSpan(match.start(), end))
    if best is None and (label := _TITLE_LABEL.search(flat.text, flat.body, flat.body + FRONT)):
        title = readable(in_full(label[1], flat.macros))
        best = (0, title, TextSpan(*label.span())) if len(title) > 8 else None
    return (best[1], (best[2],)) if best else ("", ())


def in_full(latex: str, macros: Mapping[str, Macro]) -> str:
    """Return a heading with its mathematical macros replaced too."""
    for _ in range(3):
        if "\\" not in latex or len(latex) > 2_000:
            break
        latex = _replaced_once(latex, macros)
    return latex


def _replaced_once(latex: str, macros: Mapping[str, Macro]) -> str:
    out: list[str] = []
    pos = 0
    for match in _WORD.finditer(latex):
        macro = macros.get(match[1])
        if macro is None or match.start() < pos or not _is_plain(macro):
            continue
        args, end = _arguments(latex, match.end(1), macro) if macro.n_args else ([], match.end())
        if args is None:
            continue
        body = macro.replaced(args) if args else macro.body
        spaced = body.endswith("\\xspace") and needs_space(f"{latex}.", match.end())
        body = body.removesuffix("\\xspace")
        before = " " * (body[:1].isalpha() and ends_in_word(latex, match.start()))
        out += [latex[pos : match.start()], before, body]
        if not args:
            out.append(" " * (spaced or (body[-1:].isalpha() and bool(match[2]))))
        pos = end
    return "".join([*out, latex[pos:]])


def _is_plain(macro: Macro) -> bool:
    """Return whether a macro is replaced in a heading: a short one, not of a style."""
    if len(macro.body) >= 500 or "@" in macro.body:
        return False
    if not macro.takes_arguments:
        return True
    return macro.spec is None and macro.pattern is None and not macro.from_style


def _arguments(latex: str, pos: int, macro: Macro) -> tuple[list[str] | None, int]:
    """Return the arguments of a macro's use and the place after them, or None if one is missing."""
    piece = LatexText(latex)
    args: list[str] = []
    if macro.default is not None:
        given, pos = piece.option(pos)
        args.append(macro.default if given is None else given)
    while len(args) < macro.n_args:
        found = piece.argument(pos)
        if found is None:
            return None, pos
        args.append(found[0])
        pos = found[1]
    return args, pos


# --- Abstract ------------------------------------------------------------------------------------


def read_abstract(flat: FlatText) -> tuple[tuple[TextSpan, ...], TextSpan | None]:
    """Place of the abstract's contents and of the whole: an environment or a command."""
    text = flat.text
    for whole in flat.environments(ABSTRACTS):
        start = text.index("}", whole.start) + 1
        _, start = flat.option(start)
        end = text.rfind("\\end", start, whole.end)
        inner = TextSpan(start, end if end >= start else whole.end)
        inner = without_keywords(text, inner)
        if text[inner.start : inner.end].strip():
            return (inner,), whole
    n_parts = 5 if _PARTED_CLASS.search(text, 0, flat.body) else 1
    for index, (offset, name) in enumerate(flat.marks):
        if name not in ABSTRACT_COMMANDS:
            continue
        parts: list[TextSpan] = []
        pos = flat.option(offset + len(name))[1]
        while len(parts) < n_parts and (group := flat.group(pos)):
            parts.append(group)
            pos = group.end + 1
        if parts:
            said = tuple(part for part in parts if text[part.start : part.end].strip())
            if said:
                return said, TextSpan(offset, pos)
        elif offset >= flat.body:
            for place, other in islice(flat.marks, index + 1, None):
                if other in ("\\endabstract", "\\maketitle") or other in HEADINGS:
                    return (TextSpan(offset + len(name), place),), TextSpan(offset, place)
            break
    return (), None


def without_keywords(text: str, inner: TextSpan) -> TextSpan:
    """Return an abstract's place without an empty heading before it and the keywords after it."""
    heading = _EMPTY_HEADING.match(text, inner.start, inner.end)
    start = heading.end() if heading else inner.start
    end = inner.end
    at = max(text.rfind("Key", start, end), text.rfind("key", start, end))
    if at > start:
        label = _KEYWORDS.search(text, max(start, at - 200), end)
        end = label.start() if label else end
    return TextSpan(start, end)


def guess_abstract(flat: FlatText, first: int) -> tuple[tuple[TextSpan, ...], TextSpan | None]:
    """Return what follows a bold "Abstract" up to the first section or the end of the page."""
    found = _BOLD_ABSTRACT.search(flat.text, flat.body, min(len(flat.text), flat.body + FRONT))
    if found is None:
        return (), None
    later = [place for place, name in flat.marks if name in HEADINGS and place >= found.end()]
    page_break = _PAGE_BREAK.search(flat.text, found.end(), later[0] if later else len(flat.text))
    if page_break:
        end = page_break.start()
    else:
        end = later[0] if later else flat.text.find("\n\n", found.end() + 200)
    if found.start() > first or end < 0 or end - found.end() > 10_000:
        return (), None
    gap = _AFTER_HEADING.match(flat.text, found.end(), end)
    start = gap.end() if gap else found.end()
    if flat.text[found.start() - 1] == "{":  # the heading and the abstract are in one group
        closed = flat.group_ends.end(found.start() - 1) - 1
        end = closed if start < closed < end else end
    end = _end_of_block(flat.text, start, end)
    return (without_keywords(flat.text, TextSpan(start, end)),), TextSpan(found.start(), end)


def _end_of_block(text: str, start: int, end: int) -> int:
    r"""Return where an environment ends that begins before ``start``, or ``end``.

    An abstract in ``\\twocolumn[...]`` ends with its ``minipage`` or ``center``.
    """
    depth = 0
    for tag in _TAG.finditer(text, start, end):
        depth += 1 if tag[1] == "begin" else -1
        if depth < 0:
            return tag.start() if tag.start() - start > MIN_ABSTRACT else end
    return end


def unwrapped(abstract: str) -> str:
    r"""Return an abstract without an environment that is all around it.

    >>> unwrapped(r"\begin{quote} We do. \end{quote}")
    'We do.'
    """
    for name in ("quote", "quotation", "small", "footnotesize"):
        begin, end = f"\\begin{{{name}}}", f"\\end{{{name}}}"
        if abstract.startswith(begin) and abstract.endswith(end) and abstract.count(begin) == 1:
            return abstract[len(begin) : -len(end)].strip()
    return abstract
