"""Find words that our prose avoids, in docstrings, comments, messages, help, docs and cards.

Run as `python checks/words.py [PATH...]`; prints `file:line: kind: word` and exits 1 if any.
The list is that of the style guide: metaphors, personification, archaic words and British spellings
make a text harder to read for most readers. Fenced blocks and code spans of Markdown are not prose.
"""

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECKED = (
    *("cycledata", "cycleeval", "cycletrain", "benchmarks", "checks", "docs", "cards"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml", ".ci/run"),
)
SUFFIXES = {".py", ".md", ".jinja", ".html", ".toml", ""}
EXCLUDED = re.compile(
    # Invented papers, recorded prompts and quotations are data; this file lists the words.
    r"cycledata/sample/(?:source|README\.md|rehearsal\.py)|cycleeval/claims\.toml|/prompts/|checks/words\.py|(?:^|/)site/"
    r"|/wordlists?/|__pycache__|\.golden$|cycletrain/simulated_results\.py"
)

_UNITS = (
    "(?:paper|row|line|review|reviewer|file|venue|year|day|hour|minute|call|page|round|prompt|metric"
    "|submission|transaction|worker|task|device|step|core|model|service|note|forum|job|run|command"
    "|column|entry|reply|call|batch|rating|token)"
)
_COUNTS = (
    r"(?:one|two|three|once|twice|\d+|values?|requests?|rows?|lines?|objects?|papers?|repl(?:y|ies)"
    "|reviews?|ratings?|calls?|tokens?|hours?|seconds?|lists?|numbers?|tasks?|metrics?|columns?)"
)
AVOIDED = {
    "metaphor or archaic word": re.compile(
        r"\b(?:house|room|doors?|strangers?|mouths?|hungr(?:y|ier|iest)|books?|kin|likewise|told"
        r"|sp(?:eaks?|oke|oken|eaking) of|stands?|stood|bears|holds|gone|wish(?:es)?|somebody"
        r"|anybody|whoever|whatever came|none where|at fault|in vain|gravest|nobody"
        r"|mend(?:s|ed|ing)?|hence|thereof|wherein|besides|asks? nobody|at hand|lies)\b",
        re.IGNORECASE,
    ),
    '"a" for "per"': re.compile(rf"\b{_COUNTS} an? {_UNITS}\b", re.IGNORECASE),
    "British spelling": re.compile(
        r"(?<![-_\w\"'/.])(?:licen(?:ce|ces|ced)(?![-_\w\"'.])|behaviours?|honou?r(?<=our)\w*|colour\w*"
        r"|neighbour\w*|favour\w*|centre[ds]?|[a-z]*(?:normal|optim|summar|recogn|general|organ"
        r"|initial|serial|token|quant|minim|maxim|random|special|capital|categor|final|material)"
        r"is(?:e|es|ed|ing|ation|ations|er|ers)|judgement|cancelled|labell(?:ed|ing)|modell(?:ed|ing)"
        r"|grey|analyse[ds]?|catalogue|artefacts?|programme)\b",
        re.IGNORECASE,
    ),
}
ALLOWED = re.compile(
    # Names: a recipe key, values of a policy, words of a filter, a variable.
    r"neighbours:|tbd do don t wish have there|told\[0\] if told"
)
_SPAN = re.compile(
    r"``[^`\n]*``|`[^`\n]*`|\"[^\"\n]*\"|“[^”]*”|https?://\S+|\{\{.*?\}\}|\{%.*?%\}|<[^>\n]*>"
)
_MESSAGE = re.compile(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+")


def python_prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each comment, docstring and message of a module."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#! ")
        elif token.type == tokenize.STRING:
            raw = re.match(r"[A-Za-z]*", token.string)
            literal = token.string[raw.end() if raw else 0 :].strip("\"'")
            is_docstring = token.line.lstrip().startswith(('"""', 'r"""'))
            if not is_docstring and not _MESSAGE.search(literal):
                continue
            for offset, line in enumerate(literal.split("\n")):
                if not line.lstrip().startswith((">>>", "...")):
                    yield token.start[0] + offset, line


def markdown_prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each line outside of fenced blocks."""
    fenced = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, line


def toml_prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each comment of a TOML or Make file."""
    for number, line in enumerate(text.split("\n"), start=1):
        _, mark, comment = line.partition("#")
        if mark and not comment.count('"') % 2:
            yield number, comment


def findings(path: Path) -> Iterator[str]:
    """Yield one line per avoided word of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        prose = python_prose(text)
    elif path.suffix in {".md", ".jinja", ".html"}:
        prose = markdown_prose(text)
    else:
        prose = toml_prose(text)
    for number, line in prose:
        bare = ALLOWED.sub("", _SPAN.sub("``", line))
        for kind, pattern in AVOIDED.items():
            for match in pattern.finditer(bare):
                name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
                yield f"{name}:{number}: {kind}: {match[0]!r} in {line.strip()[:100]!r}"


def files(arguments: list[str]) -> Iterator[Path]:
    """Yield the files to check: the given ones, or all."""
    for name in arguments or CHECKED:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            relative = file.relative_to(ROOT).as_posix()
            if file.is_file() and file.suffix in SUFFIXES and not EXCLUDED.search(relative):
                yield file


def main(arguments: list[str]) -> int:
    """Print what was found; return the exit code."""
    found = [line for file in files(arguments) for line in findings(file)]
    print("\n".join(found) if found else "no avoided words")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
