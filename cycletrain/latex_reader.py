r"""Words of a LaTeX file, each with what may keep it from being printed.

This is a reader, not TeX: it expands nothing. A word inside a conditional, an unprinted environment
or the argument of a command that is not known to print it is marked ``hidden``. A command that the
reader does not know may change anything that follows, so it puts every later word in ``doubt``; a
page break ends the reach of what comes after it.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from cycletrain.latex_commands import ALLOWED_COMMANDS, ALLOWED_ENVIRONMENTS, MATH_COMMANDS

_PRINTS_ARGUMENT_WORDS = """
textit textbf textrm textsf texttt textsc textsl textup textmd textnormal emph
footnote
"""
_PRINTS_ARGUMENT = frozenset(_PRINTS_ARGUMENT_WORDS.split())
_NO_ARGUMENT_WORDS = """
noindent indent par itshape bfseries rmfamily sffamily ttfamily scshape slshape upshape mdseries
normalfont em it bf rm tt sf sc scriptsize footnotesize small normalsize large Large LARGE huge
Huge centering raggedright raggedleft maketitle clearpage newpage pagebreak smallskip medskip
bigskip item hline and quad qquad appendix
"""
_NO_ARGUMENT = frozenset(_NO_ARGUMENT_WORDS.split())
_PRINTING_ENVIRONMENTS_WORDS = """
document abstract center quote quotation flushleft flushright itemize enumerate description
small footnotesize
"""
_PRINTING_ENVIRONMENTS = frozenset(_PRINTING_ENVIRONMENTS_WORDS.split())
_PREAMBLE_COMMANDS_WORDS = """
documentclass usepackage RequirePackage title author date maketitle thanks and bibliographystyle
bibliography graphicspath theoremstyle newtheorem pagestyle thispagestyle includegraphics
affiliation institute email keywords iclrfinalcopy tableofcontents and bibitem newblock
textcolor color definecolor hypersetup
"""
_PREAMBLE_COMMANDS = frozenset(_PREAMBLE_COMMANDS_WORDS.split())
_LOCAL_COMMANDS = frozenset(("color", "fontsize", "selectfont", "tiny"))
"""Declarations that end with their group."""
_PAGE_BREAKS = frozenset(("clearpage", "newpage", "cleardoublepage"))
_DEFINERS_WORDS = """
newcommand renewcommand providecommand DeclareRobustCommand DeclareMathOperator def gdef edef
xdef let newenvironment renewenvironment
"""
_DEFINERS = frozenset(_DEFINERS_WORDS.split())
_WRITERS_WORDS = """
write immediate openout special directlua AtEndDocument
"""
_WRITERS = frozenset(_WRITERS_WORDS.split())
"""Commands that can change a page that is already finished, through auxiliary files."""
_NO_CONDITIONALS = frozenset(("iff", "ifthenelse"))
_PACKAGES = re.compile(
    r"(?:a4wide|algorithm|algorithmic|algorithmicx|algpseudocode|ams\w+|array|babel|bbm|bm|booktabs"
    r"|caption|cite|cleveref|color|enumitem|etoolbox|fancyhdr|float|fontenc|fullpage"
    r"|graphicx|hyperref|inputenc|lmodern|longtable|mathrsfs|mathtools|microtype|multicol|multirow"
    r"|natbib|nicefrac|setspace|subcaption|subfigure|tabularx|tikz|times|url|verbatim|wrapfig"
    r"|xcolor|xspace|iclr\d+_conference|neurips_\d+|icml\d+|acl|emnlp\d*|cvpr|aaai\d+)\Z"
)
_CLASSES = re.compile(
    r"(?:article|report|book|amsart|IEEEtran|acmart|llncs|revtex4-\d|elsarticle|scrartcl)\Z"
)
_TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z@]+)|\\(?P<symbol>[\s\S]|\Z)|(?P<comment>%[^\n]*\n?[ \t]*)"
    r"|(?P<caret>\^\^)|(?P<brace>[{}])|(?P<option>\[[^][\n]{0,200}\])|(?P<space>\s+)"
    r"|(?P<hyphen>-[ \t]{0,8}\n)|(?P<word>[A-Za-z0-9]+)|(?P<other>[\s\S])"
)
_GROUP = re.compile(r"\s{0,40}\{([^{}]{0,400})\}")
_DEFINED_NAME = re.compile(r"\*?\s{0,20}\{?\s{0,20}\\?([A-Za-z@]+)\s{0,20}\}?")
_BODY = re.compile(r"(?:[^{}]{0,80}?)(?=\{)")
_LENGTH = re.compile(
    r"\s{0,9}(\d{0,3}\.?\d{0,3})\s{0,9}(em|ex|pt|mm|cm|in|\\baselineskip)?\s{0,9}\Z"
)
_LINE_SKIP = re.compile(r"\*?[ \t]{0,9}\[([^\]]{0,40})\]")
_OPTIONS = re.compile(r"\s{0,20}(?:\[([^\]]{0,400})\])?")
_MARGIN = re.compile(r"(?:margin=[\d.]{1,4}(?:in|cm|mm|pt)|a4paper|letterpaper|[\s,]){0,9}\Z")
_POINTS = {"em": 10, "ex": 5, "pt": 1, "mm": 2.8, "cm": 28, "in": 72, "\\baselineskip": 12}
_MAX_SKIP_POINTS = 200


_PACKAGE_WORDS = """
Cref arraybackslash cancel chapter coloneqq cref eqqcolon mathscr multirow prescript shortintertext
Require Ensure State Statex For EndFor ForAll While EndWhile If ElsIf Else EndIf Repeat Until Return
Function EndFunction Procedure EndProcedure Comment Call Input Output Loop EndLoop
STATE REQUIRE ENSURE FOR ENDFOR FORALL WHILE ENDWHILE IF ELSIF ELSE ENDIF REPEAT UNTIL RETURN PRINT
COMMENT AND OR NOT TRUE FALSE TO
"""
_KNOWN_COMMANDS = ALLOWED_COMMANDS | _PREAMBLE_COMMANDS | frozenset(_PACKAGE_WORDS.split())
"""Commands that cannot hide text outside their argument."""
_KNOWN_ENVIRONMENTS = (
    ALLOWED_ENVIRONMENTS
    | _PRINTING_ENVIRONMENTS
    | {
        "algorithm",
        "algorithmic",
        "comment",
        "filecontents",
        "tabularx",
        "threeparttable",
        "thebibliography",
    }
)


_SENSITIVE = (_KNOWN_COMMANDS - MATH_COMMANDS) | _KNOWN_ENVIRONMENTS
"""Names whose redefinition can change how plain text is printed."""


class MaskedWord(NamedTuple):
    """One word of the text, in lower case."""

    text: str
    hidden: str | None
    """Why the word is not printed; None if nothing known keeps it from being printed."""
    doubt: str | None
    """Why the reader cannot tell; None if it can."""


@dataclass(slots=True)
class _Frame:
    """An open group, environment or conditional."""

    kind: str
    """``group``, ``environment`` or ``conditional``."""
    name: str
    hidden: str | None
    doubts: list[tuple[str, bool]] = field(default_factory=list)
    """Reasons, each with whether it ends with the group."""


@dataclass(slots=True)
class _Word:
    text: str
    hidden: str | None
    doubt: str | None
    page: int


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.frames = [_Frame("group", "", None)]
        self.words: list[_Word] = []
        self.page_doubts: dict[int, str] = {}
        self.page = 0
        self.pending = ""
        self.defined: dict[str, str | None] = {}
        self.joins = False
        self.whole = r"\begin{document}" in text
        self.in_body = not self.whole
        self.ended = False
        self.in_formula = False

    def line(self, place: int) -> int:
        return self.text.count("\n", 0, place) + 1

    def doubt(self, reason: str, *, local: bool = False, everywhere: bool = False) -> None:
        self.frames[-1].doubts.append((reason, local))
        self.page_doubts.setdefault(self.page, reason)
        if everywhere:
            for page in range(self.page + 1):
                self.page_doubts.setdefault(page, reason)

    def read(self) -> list[MaskedWord]:
        place = 0
        while place < len(self.text):
            match = _TOKEN.match(self.text, place)
            assert match is not None  # the last alternative matches any character
            place = self.token(match)
        return [
            MaskedWord(word.text, word.hidden, word.doubt or self.page_doubts.get(word.page))
            for word in self.words
        ]

    def token(self, match: re.Match[str]) -> int:
        kind, end = match.lastgroup, match.end()
        if kind == "command":
            return self.command(match["command"], match.start(), end)
        if kind == "word":
            self.add(match["word"])
        elif kind == "brace":
            self.brace(match["brace"], match.start())
        elif kind == "caret":
            self.doubt(f"line {self.line(match.start())}: ^^ may be any character")
        elif kind == "symbol":
            self.symbol(match["symbol"], match.start(), end)
        elif kind == "other" and match["other"] == "$":
            self.in_formula = not self.in_formula
        if kind == "hyphen":
            self.joins = True
        elif kind not in ("space", "comment"):
            self.joins = False
        if kind not in ("space", "comment", "option", "brace"):
            self.pending = ""
        return end

    def symbol(self, symbol: str, start: int, end: int) -> None:
        if symbol in ("(", "[", ")", "]"):
            self.in_formula = symbol in ("(", "[")
        if symbol == "\\" and (skip := _LINE_SKIP.match(self.text, end)):
            self.length(skip[1], f"line {self.line(start)}: \\\\")

    def add(self, text: str) -> None:
        reason = next((frame.hidden for frame in self.frames if frame.hidden), None)
        if self.ended:
            reason = "the sentence is after the end of the document"
        elif not self.in_body:
            reason = "the sentence is in the preamble"
        elif self.in_formula:
            reason = "the sentence is in a formula, which does not break into lines"
        doubt = next((reason for frame in self.frames for reason, _ in frame.doubts), None)
        if self.joins and self.words:
            last = self.words[-1]
            last.text += text.lower()
            return
        self.words.append(_Word(text.lower(), reason, doubt, self.page))

    def brace(self, brace: str, place: int) -> None:
        if brace == "{":
            name = self.pending
            hidden = None
            if name and name not in _PRINTS_ARGUMENT:
                hidden = f"line {self.line(place)}: inside the argument of \\{name}"
            self.frames.append(_Frame("group", name, hidden))
            self.pending = ""
        elif self.frames[-1].kind == "group" and len(self.frames) > 1:
            self.close()
        elif len(self.frames) > 1:
            self.doubt(f"line {self.line(place)}: a brace closes what it did not open")

    def close(self) -> None:
        frame = self.frames.pop()
        self.frames[-1].doubts += [(why, local) for why, local in frame.doubts if not local]
        if frame.kind == "group":
            self.pending = frame.name

    def command(self, name: str, start: int, end: int) -> int:
        self.joins = False
        where = f"line {self.line(start)}: \\{name}"
        if name in ("begin", "end"):
            return self.environment(name, start, end)
        self.pending = "" if name in _NO_ARGUMENT else name
        if name.startswith("if") and name not in _NO_CONDITIONALS:
            self.frames.append(_Frame("conditional", name, f"{where}: inside a conditional"))
        elif name == "fi":
            self.end_conditional(where)
        elif name in _DEFINERS:
            return self.define(name, start, end)
        elif name == "newtheorem":
            group = _GROUP.match(self.text, end + self.text.startswith("*", end))
            if group is not None and group[1].strip() not in _SENSITIVE:
                self.defined[f"environment {group[1].strip()}"] = None
        elif name in ("usepackage", "RequirePackage", "documentclass"):
            self.packages(name, where, end)
        elif name in _PAGE_BREAKS:
            if len(self.frames) <= 1 + self.whole and self.in_body:
                self.page += 1
        elif name in ("vspace", "hspace", "hskip", "vskip"):
            self.skip(where, end)
        elif name in self.defined:
            if self.defined[name] is not None:
                self.doubt(f"{where} uses {self.defined[name]}")
        elif name in _WRITERS:
            self.doubt(f"{where} can change finished pages", everywhere=True)
        elif name in _LOCAL_COMMANDS:
            self.doubt(f"{where} may make text invisible", local=True)
        elif name not in _KNOWN_COMMANDS:
            self.doubt(f"{where} is not a command that this check knows")
        return end

    def end_conditional(self, where: str) -> None:
        if self.frames[-1].kind == "conditional":
            self.close()
        else:
            self.doubt(f"{where} ends no conditional that this check has seen")

    def skip(self, where: str, end: int) -> None:
        argument = _GROUP.match(self.text, end + self.text.startswith("*", end))
        self.length("" if argument is None else argument[1], where)

    def length(self, text: str, where: str) -> None:
        found = _LENGTH.match(text)
        points = None
        if found is not None and found[1].strip("."):
            points = float(found[1]) * _POINTS.get(found[2] or "pt", 1)
        if points is None or points > _MAX_SKIP_POINTS:
            self.doubt(f"{where} may move text off the page or over other text")

    def packages(self, command: str, where: str, end: int) -> None:
        options = _OPTIONS.match(self.text, end)
        assert options is not None  # everything in the pattern is optional
        names = _GROUP.match(self.text, options.end())
        known = _CLASSES if command == "documentclass" else _PACKAGES
        for name in names[1].split(",") if names else [""]:
            plain = name.strip() == "geometry" and _MARGIN.match(options[1] or "")
            if not (plain or known.match(name.strip())):
                self.doubt(f"{where}: {name.strip()[:40] or 'its name'} is not known to this check")

    def environment(self, kind: str, start: int, end: int) -> int:
        self.pending = ""
        group = _GROUP.match(self.text, end)
        where = f"line {self.line(start)}"
        if group is None:
            self.doubt(f"{where}: \\{kind} without a name")
            return end
        name = group[1].strip()
        if name == "document":
            self.in_body, self.ended = True, self.ended or kind == "end"
        if kind == "begin":
            options = _OPTIONS.match(self.text, group.end())
            self.begin(name, where, "" if options is None else options[1] or "")
        else:
            self.end(name, where)
        if name.startswith("filecontents") and kind == "begin":
            close = self.text.find(f"\\end{{{name}}}", group.end())
            return len(self.text) if close < 0 else close
        return group.end()

    def begin(self, name: str, where: str, options: str) -> None:
        hidden = None
        if name not in _PRINTING_ENVIRONMENTS:
            hidden = f"{where}: inside the environment {name[:40]}"
        self.frames.append(_Frame("environment", name, hidden))
        known = name.removesuffix("*") in _KNOWN_ENVIRONMENTS
        if self.defined.get(f"environment {name}", "" if not known else None) is not None:
            self.doubt(f"{where}: the environment {name[:40]} is not one that this check knows")
        elif "=" in options or "-" in options:
            self.doubt(f"{where}: options of {name[:40]} may move text off the page", local=True)

    def end(self, name: str, where: str) -> None:
        frame = self.frames[-1]
        if frame.kind == "environment" and frame.name == name:
            self.close()
            self.pending = ""
        elif name != "document":
            self.doubt(f"{where}: \\end{{{name[:40]}}} ends no environment that is open")

    def define(self, definer: str, start: int, end: int) -> int:
        self.pending = ""
        where = f"line {self.line(start)}"
        name = _DEFINED_NAME.match(self.text, end)
        if name is None:
            self.doubt(f"{where}: \\{definer} of a name that this check cannot read")
            return end
        target = name[1]
        key = f"environment {target}" if "environment" in definer else target
        place, problem = name.end(), None
        for _ in range(1 + ("environment" in definer)):
            if definer == "let":
                body_end = _LET.match(self.text, place)
                body = "" if body_end is None else body_end[0]
                place = place if body_end is None else body_end.end()
            else:
                opening = _BODY.match(self.text, place)
                place, body = self.body(place if opening is None else opening.end())
            problem = problem or self.body_problem(body)
        if target in _SENSITIVE or "@" in target:
            self.doubt(f"{where}: \\{definer} redefines {target}")
        self.defined[key] = problem
        return place

    def body(self, place: int) -> tuple[int, str]:
        """Return the end and the text of the group at ``place``."""
        depth = 0
        for match in re.compile(r"\\[\s\S]|[{}]").finditer(self.text, place):
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if depth == 0:
                return match.end(), self.text[place : match.end()]
        return len(self.text), self.text[place:]

    def body_problem(self, body: str) -> str | None:
        if "^^" in body:
            return "^^"
        for name in re.findall(r"\\([A-Za-z@]+)", body):
            if name in self.defined:
                if self.defined[name] is not None:
                    return self.defined[name]
            elif name not in _KNOWN_COMMANDS or name in ("begin", "end", "vspace", "hspace"):
                return f"\\{name}"
        return None


_LET = re.compile(r"\s{0,9}=?\s{0,9}(?:\\[A-Za-z@]+|\\?[\s\S])")


def read_words(text: str) -> list[MaskedWord]:
    """Return the words of a LaTeX file in order; those of comments are left out."""
    return _Reader(text).read()
