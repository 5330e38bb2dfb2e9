"""Comparison of an outline with its paper: numbers, names of experiments, copied sentences.

Nothing is dropped on these grounds; a build shows the counts. A number that the paper does not
state was made up or computed by the model; a copied sentence makes the outline no plan.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cycledata.records import Outline, Section

MIN_COPIED_WORDS = 8
"""A shorter sentence may agree by chance."""

_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|\\,|,)(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(?<![\w.])\d{1,15}(?:\.\d{1,15})?")
_LAYOUT = re.compile(
    r"\\(?:cmidrule|cline|multicolumn|multirow|hspace|vspace|addlinespace|begin)\*?"
    r"(?:\([^()]{0,20}\))?(?:\{[^{}]{0,30}\}){1,2}"
)
_MARKUP = re.compile(r"\\(?:cite[a-z]{0,8}|ref|eqref|label)\*?(?:\[[^\]]{0,80}\])?\{[^{}]{0,400}\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True)
class OutlineQuality:
    """Counts for one outline; callers compute shares."""

    n_numbers: int
    """Numbers in the results: tables, descriptions and images."""
    numbers_not_in_paper: tuple[str, ...]
    """Those that the paper does not state, in order."""
    n_experiments: int
    """Experiments in the setup."""
    names_not_in_paper: tuple[str, ...]
    """Those with a longer word in their name that the paper never uses."""
    results_without_setup: tuple[str, ...]
    """Names of results that no planned experiment has."""
    n_sentences: int
    """Sentences of eight words or more in motivation, main idea and descriptions."""
    copied_sentences: tuple[str, ...]
    """Those that are copied from the paper."""


def check_outline(
    outline: Outline, *, title: str, abstract: str, sections: Sequence[Section]
) -> OutlineQuality:
    """Compare an outline with the paper it plans."""
    paper = "\n".join([title, abstract, *(f"{s.title}\n{s.text}" for s in sections)])
    known = set(_numbers(paper))
    results = outline.experimental_results
    numbers = _numbers("\n".join(f"{r.description}\n{r.table}\n{r.image}" for r in results))
    setup = [item.name for item in outline.experimental_setup]
    paper_words = _words(paper)
    vocabulary, running = set(paper_words), f" {' '.join(paper_words)} "
    planned = {" ".join(_words(name)) for name in setup}
    told = [outline.motivation, outline.main_idea]
    told += [item.description for item in outline.experimental_setup]
    told += [item.description for item in results]
    sentences = [sentence for text in told for sentence in _long_sentences(text)]
    return OutlineQuality(
        n_numbers=len(numbers),
        numbers_not_in_paper=tuple(f"{n:f}" for n in numbers if n not in known),
        n_experiments=len(setup),
        names_not_in_paper=tuple(
            name for name in setup if any(len(w) > 3 and w not in vocabulary for w in _words(name))
        ),
        results_without_setup=tuple(
            r.name for r in results if " ".join(_words(r.name)) not in planned
        ),
        n_sentences=len(sentences),
        copied_sentences=tuple(text for text, words in sentences if f" {words} " in running),
    )


def _numbers(text: str) -> list[Decimal]:
    """Return the distinct numbers in order; ``1{,}200`` is 1200 and 71.40 is 71.4."""
    plain = _THOUSANDS.sub("", _LAYOUT.sub(" ", _MARKUP.sub(" ", text)))
    found = dict.fromkeys(_NUMBER.findall(plain))
    return list(dict.fromkeys(Decimal(number).normalize() for number in found))


def _words(text: str) -> list[str]:
    return _WORD.findall(_COMMAND.sub(" ", _MARKUP.sub(" ", text)).casefold())


def _long_sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence of at least ``MIN_COPIED_WORDS`` as written, and as words alone."""
    for sentence in _SENTENCE_END.split(text):
        words = _words(sentence)
        if len(words) >= MIN_COPIED_WORDS:
            yield sentence.strip(), " ".join(words)
