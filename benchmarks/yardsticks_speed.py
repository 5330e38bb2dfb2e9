"""Speed of the leak check, the text baseline, the comparison of reviews and planted errors.

    python benchmarks/yardsticks_speed.py [--quick]

All inputs are invented: words by Zipf's law. Wall and CPU seconds of one process. The claims:
audit of 5,000 papers of 8,000 words under 60 s; text baseline on 3,500 abstracts under 10 s; 781
papers with 4 reviews compared under 60 s; 70 papers perturbed under 30 s.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from cycledata.builds.audit import AuditedPaper, audit_papers
from cycleeval.planted_errors import write_planted
from cycleeval.reference_texts import ReferencePaper
from cycleeval.review_texts import ReviewTexts, ReviewWords
from cycleeval.text_baselines import PaperFeatures, fit_baseline
from cycleeval.text_comparison import compare_texts

VOCABULARY = 30_000


class Writer:
    """Invented text: words by Zipf's law."""

    def __init__(self, seed: int) -> None:
        self.dice = np.random.default_rng(seed)
        letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
        lengths = self.dice.integers(2, 11, VOCABULARY)
        self.words = np.array(["".join(self.dice.choice(letters, n)) for n in lengths])
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self.cumulative = np.cumsum(weights / weights.sum())

    def text(self, n_words: int) -> str:
        """Return that many words, a full stop after every twelfth."""
        places = np.searchsorted(self.cumulative, self.dice.random(n_words))
        words = self.words[np.minimum(places, VOCABULARY - 1)]
        return ". ".join(" ".join(words[i : i + 12]) for i in range(0, n_words, 12))


def report(name: str, limit_s: float, work: Callable[[], object]) -> None:
    """Run once and print wall and CPU seconds beside the limit."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:<44} {wall:7.1f} s wall {cpu:7.1f} s CPU   limit {limit_s:g} s")


def audited(writer: Writer, n_papers: int) -> Callable[[], Iterator[AuditedPaper]]:
    """Return a function that yields papers of 8,000 words; texts are reused to save memory."""
    texts = [writer.text(8_000) for _ in range(min(n_papers, 500))]

    def papers() -> Iterator[AuditedPaper]:
        for number in range(n_papers):
            yield AuditedPaper(
                str(number), number % 3 == 0, {"paper_text": texts[number % len(texts)]}
            )

    return papers


def latex_paper(writer: Writer, number: int) -> ReferencePaper:
    """Return an openly licensed paper with a table, citations and a conclusion."""
    rows = "\n".join(
        f"Method{i} & {writer.dice.random():.3f} & {writer.dice.random():.3f} \\\\"
        for i in range(8)
    )
    table = f"\\begin{{tabular}}{{lcc}}\nName & A & B \\\\\n{rows}\n\\end{{tabular}}"
    texts = {
        "Introduction": f"{writer.text(3_000)} \\cite{{a2020}}.\n\nWe show it.",
        "Results": f"It is better than others.\n\n{table}\n\n{writer.text(4_000)}.",
        "Conclusion": "It improves the state of the art.",
    }
    return ReferencePaper(
        f"p{number}",
        title="Title",
        abstract=writer.text(150),
        license="CC-BY-4.0",
        sections=tuple({"level": 1, "title": t, "text": x} for t, x in texts.items()),
    )


def main() -> None:
    """Print one line per claim."""
    scale = 10 if "--quick" in sys.argv else 1
    writer = Writer(0)
    papers = audited(writer, 5_000 // scale)
    report(f"audit, {5_000 // scale} papers of 8,000 words", 60, lambda: audit_papers(papers))
    n = 3_500 // scale
    features = [PaperFeatures("Title", writer.text(180)) for _ in range(n)]
    ratings = writer.dice.normal(5, 1.3, n)
    accepted = [bool(rating > 6) for rating in ratings]
    report(
        f"text baseline, {n} abstracts",
        10,
        lambda: fit_baseline(
            features, ratings, kind="text", accepted=accepted, learned_from="x"
        ).ratings(features),
    )
    m = 781 // scale
    words = {f"p{i}": [ReviewWords(writer.text(300)) for _ in range(5)] for i in range(m)}
    reference = {
        name: ReferencePaper(
            name, abstract=writer.text(180), text=writer.text(8_000), reviews=tuple(own[1:])
        )
        for name, own in words.items()
    }
    model = ReviewTexts("model", {name: tuple(own[:1]) for name, own in words.items()}, ())
    report(f"review texts, {m} papers x 4 reviews", 60, lambda: compare_texts(model, reference))
    real = [latex_paper(writer, number) for number in range(70 // min(scale, 7))]
    with tempfile.TemporaryDirectory() as folder:
        report(
            f"planted errors, {len(real)} papers",
            30,
            lambda: write_planted(real, Path(folder) / "planted"),
        )


if __name__ == "__main__":
    main()
