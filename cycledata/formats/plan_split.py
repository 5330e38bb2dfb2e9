"""Sections of the plan turn of CycleResearcher's text: those up to the method.

The second half of a paper opens at the first top-level heading about experiments; where
no heading does, right after the method; where none names a method either, at the closing matter;
else in the middle. The first section and any text before it are always of the first half, an
appendix always of the second.
"""

import re
from collections.abc import Sequence

from cycledata.records import Section

_EXPERIMENTS = (
    # In order of strength: "Main results" of a theory paper must not win over "Experiments".
    re.compile(r"\b(?:experiment(?:s|al|ation)?|evaluations?|empirical|simulations?|numerical)\b"),
    re.compile(r"\b(?:results|findings)\b"),
    re.compile(r"\b(?:benchmarks?|case stud(?:y|ies)|applications?|analysis)\b"),
)
_METHOD = re.compile(r"\b(?:methods?|methodology|approach|algorithms?|proposed)\b")
_CLOSING = re.compile(
    r"\b(?:conclusions?|concluding|discussion|summary|limitations?|future|impact|outlook)\b"
)


def count_first_half(sections: Sequence[Section]) -> int:
    """Return the number of sections up to the method.

    It is at least 1 and, if a paper has two or more top-level sections outside its appendix, less
    than all.

    Args:
        sections: a paper's sections in order, subsections included, appendix last.
    """
    body = [i for i, section in enumerate(sections) if not section.appendix]
    titled = [i for i in body if sections[i].title]
    if not titled:
        return len(body)
    top_level = min(sections[i].level for i in titled)
    tops = [i for i in titled if sections[i].level == top_level]
    later = [(i, sections[i].title.lower()) for i in tops[1:]]
    if not later:
        return len(body)
    for pattern in _EXPERIMENTS:
        for i, title in later:
            if pattern.search(title):
                return i
    methods = [k for k, i in enumerate(tops) if _METHOD.search(sections[i].title.lower())]
    if methods and methods[-1] + 1 < len(tops):
        return tops[methods[-1] + 1]
    closing = [i for i, title in later if _CLOSING.search(title)]
    return closing[0] if closing else tops[(len(tops) + 1) // 2]
