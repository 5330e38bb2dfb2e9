"""Outlines made of the paper's own sentences, without a model.

Such an outline is not a plan: motivation and idea are copied, and the ratings are constant. Builds
label it ``extractive``; train on it only to test that training runs.
"""

import re
from collections.abc import Sequence

from cycledata.formats.plan_split import count_first_half
from cycledata.records import Outline, ResultItem, Section, SetupItem

SOURCE = "extractive"
"""Value of ``outline_source`` for these outlines."""
UNINFORMED_RATING = 5
"""Interestingness, feasibility and novelty of every such outline."""
MAX_CHARS = 1_500
"""Maximum length of a description."""

_TABLE = re.compile(r"\\begin\{(table\*?|tabular|longtable)\}")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_CLOSING = re.compile(
    r"\b(?:conclusions?|concluding|discussion|limitations?|future|related work|impact|ethics)\b"
)


def extractive_outline(*, abstract: str, sections: Sequence[Section]) -> Outline:
    """Return an outline of copied sentences: introduction, abstract, experimental sections.

    Lists are empty where no section after the method has a title.
    """
    n_first = count_first_half(sections)
    lead = next((s.text for s in sections if s.text.strip()), abstract)
    experiments = [
        section
        for section in sections[n_first:]
        if section.title
        and section.text.strip()
        and not section.appendix
        and not _CLOSING.search(section.title.lower())
    ]
    names = _distinct([section.title for section in experiments])
    parts = [_without_tables(section.text) for section in experiments]
    return Outline(
        motivation=_opening(lead),
        main_idea=abstract.strip() or _opening(lead),
        interestingness=UNINFORMED_RATING,
        feasibility=UNINFORMED_RATING,
        novelty=UNINFORMED_RATING,
        experimental_setup=tuple(
            SetupItem(name=name, description=_opening(prose))
            for name, (prose, _) in zip(names, parts, strict=True)
        ),
        experimental_results=tuple(
            ResultItem(name=name, description=_closing(prose), table="\n".join(tables) or None)
            for name, (prose, tables) in zip(names, parts, strict=True)
        ),
    )


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, the second of a kind called ``"Results (2)"``."""
    used: set[str] = set()
    out: list[str] = []
    for name in names:
        number = 1
        while (numbered := name if number == 1 else f"{name} ({number})") in used:
            number += 1
        used.add(numbered)
        out.append(numbered)
    return out


def _without_tables(text: str) -> tuple[str, list[str]]:
    """Return the text around its tables, and the tables."""
    prose, tables, start = [], [], 0
    while (found := _TABLE.search(text, start)) is not None:
        end_mark = f"\\end{{{found[1]}}}"
        end = text.find(end_mark, found.end())
        if end < 0:
            break
        prose.append(text[start : found.start()])
        start = end + len(end_mark)
        tables.append(text[found.start() : start])
    return "".join([*prose, text[start:]]), tables


def _opening(text: str) -> str:
    return _PARAGRAPH.split(text.strip(), maxsplit=1)[0][:MAX_CHARS]


def _closing(text: str) -> str:
    return _PARAGRAPH.split(text.strip())[-1][:MAX_CHARS]
