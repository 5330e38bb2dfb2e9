r"""Write a larger invented snapshot on which tiny models can learn.

    python -m cycledata.sample.rehearsal OUT [N_REVIEWED N_LISTED]

The embedded sample has 18 papers, too few for training. These papers are short and share one form.
Each states whether it has a proof, many datasets and an ablation, and its ratings depend on these
three merits only, so that a tiny reviewer can learn to rate and a tiny researcher can learn to
raise its reward. Reviewed papers differ in wording, in the place of their claims and in praise, so
that a tiny reviewer can also read a paper that was edited. Replies have the formats of the real
services and use the ordinary builders.
"""

import datetime as dt
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from cycledata.sample.compose import RETRIEVED_AT, gzip_stored
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.snapshot.sealed import SnapshotManifest

N_REVIEWED = 140
N_LISTED = 90
NOTICE = "Every paper, person, review, reference and number in this snapshot is invented."
_LICENCE = "http://creativecommons.org/publicdomain/zero/1.0/"
_AUTHOR = "Anna Beispiel"
_FIRST_DAY = dt.date(2023, 1, 2)

TOPICS = (
    "river forecasts", "speech in noise", "protein shapes", "traffic lights", "bird songs",
    "market prices", "robot hands", "weather maps", "old letters", "chess endings",
    "wheat harvests", "city noise",
)  # fmt: skip
METHODS = (
    "sparse gates", "slow memories", "random walks", "small teachers", "soft clocks",
    "paired losses", "frozen layers", "ordered trees", "tiny experts", "noisy labels",
    "linear maps", "cyclic steps",
)  # fmt: skip
CLAIMS = (
    ("We prove that training converges.", "We have no proof that training converges.",
     "There is a proof.", "There is no proof."),
    ("We test it on ten datasets.", "We test it on one dataset.",
     "Ten datasets are used.", "Only one dataset is used."),
    ("An ablation removes each part in turn.", "We did not run an ablation.",
     "There is an ablation.", "There is no ablation."),
)  # fmt: skip
"""Per merit: the paper's sentence with and without it, then the reviewer's with and without it."""
OTHER_WORDS = (
    ("so far", "until now"), ("We take", "We start from"), ("grows by", "increases by"),
    ("stays the same", "does not change"), ("is lower than", "is below"),
    ("is simple", "is straightforward"), ("is larger", "is greater"),
    ("We hope that", "It is our hope that"),
)  # fmt: skip
"""Expressions of a paper, and others of the same meaning."""
PRAISE = "Our novel method significantly outperforms the state of the art."
"""Sentence of some reviewed papers; ratings do not depend on it."""
_RATINGS = {
    1: "1: strong reject",
    3: "3: reject, not good enough",
    5: "5: marginally below the acceptance threshold",
    6: "6: marginally above the acceptance threshold",
    8: "8: accept, good paper",
    10: "10: strong accept, should be highlighted at the conference",
}
_MARKS = {2: "2 fair", 3: "3 good", 4: "4 excellent"}


@dataclass(frozen=True, slots=True)
class Draft:
    """Topic, method and merits of one paper."""

    topic: int
    method: int
    merits: tuple[bool, ...]

    @property
    def title(self) -> str:
        """Title, unique per pair of topic and method."""
        return f"{METHODS[self.method]} for {TOPICS[self.topic]}".capitalize()

    @property
    def ratings(self) -> tuple[int, ...]:
        """Ratings of its three reviewers, from the strictest to the most lenient."""
        scale, n = tuple(_RATINGS), sum(self.merits)
        return scale[n], scale[n + 1], scale[n + 2]


@dataclass(frozen=True, slots=True)
class Style:
    """How a paper says what it has; ratings do not depend on it."""

    other_words: tuple[bool, ...] = (False,) * len(OTHER_WORDS)
    places: tuple[int | None, ...] = (None,) * len(CLAIMS)
    """Paragraph that ends with each claim; None for the usual place."""
    praised: int | None = None
    """Paragraph that ends with `PRAISE`; None for none."""


PLAIN = Style()
_N_PARAGRAPHS = 6


def style_of(number: int) -> Style:
    """Return the style of a reviewed paper."""
    rng = random.Random(number)  # noqa: S311  no secret
    return Style(
        other_words=tuple(rng.random() < 0.5 for _ in OTHER_WORDS),
        places=tuple(rng.randrange(_N_PARAGRAPHS) if rng.random() < 0.5 else None for _ in CLAIMS),
        praised=rng.randrange(_N_PARAGRAPHS) if rng.random() < 0.3 else None,
    )


def drafts(n: int, seed: int) -> list[Draft]:
    """Return ``n`` papers (at most 144) on different subjects with random merits."""
    rng = random.Random(seed)  # noqa: S311  no secret
    pairs = [(topic, method) for topic in range(len(TOPICS)) for method in range(len(METHODS))]
    return [
        Draft(topic, method, tuple(rng.random() < 0.5 for _ in CLAIMS))
        for topic, method in rng.sample(pairs, n)
    ]


def compose(
    out: Path, *, n_reviewed: int = N_REVIEWED, n_listed: int = N_LISTED
) -> SnapshotManifest:
    """Seal a rehearsal snapshot in an empty folder; the same arguments give the same bytes.

    Args:
        out: folder of the snapshot.
        n_reviewed: submissions with reviews and a decision, for Review-5k; at most 144.
        n_listed: accepted papers of a list, for Research-14k; at most 144.
    """
    with OpenSnapshot(out) as snapshot:
        snapshot.add_many(_replies(n_reviewed, n_listed))
    return seal(out)


def _replies(n_reviewed: int, n_listed: int) -> Iterator[Reply]:
    yield _as_json("sample", "invented", {"notice": NOTICE})
    for topic, name in enumerate(TOPICS):
        yield _work(_topic_id(topic), f"A survey of {name}", f"What is known of {name}.")
    for method, name in enumerate(METHODS):
        yield _work(_method_id(method), f"On {name}", f"What {name} are good for.")
    for number, draft in enumerate(drafts(n_reviewed, 1)):
        paper_id = f"REHEARSE5k{number:04}"
        yield _as_json("openreview", f"forum/{paper_id}", _forum(paper_id, number, draft))
        yield from _arxiv(paper_id, f"2301.9{number:04}", draft, number, style_of(number))
    for number, draft in enumerate(drafts(n_listed, 2)):
        paper_id, arxiv_id = f"REHEARSE14k{number:04}", f"2302.9{number:04}"
        entry: dict[str, object] = {"list": "neurips/2023", "entry": paper_id}
        entry |= {"title": draft.title, "authors": [_AUTHOR], "url": "https://example.invalid"}
        yield _as_json("proceedings", f"neurips/2023/{paper_id}", entry)
        yield from _arxiv(paper_id, arxiv_id, draft, number)
        cited = [{"paperId": _topic_id(draft.topic)}, {"paperId": _method_id(draft.method)}]
        own = {"paperId": f"{number:040x}", "title": draft.title, "references": cited}
        yield _as_json("semantic_scholar", f"paper/ARXIV:{arxiv_id}", own)


def abstract(draft: Draft) -> str:
    """Return two sentences without merits, which are in the sections."""
    topic, method = TOPICS[draft.topic], METHODS[draft.method]
    return f"We study {method} for {topic}. They lower the error of a plain model."


def latex(draft: Draft, style: Style = PLAIN) -> str:
    """Return the LaTeX source of the paper."""
    topic, method = TOPICS[draft.topic], METHODS[draft.method]
    said = [
        claim[0] if merit else claim[1] for claim, merit in zip(CLAIMS, draft.merits, strict=True)
    ]
    proof, breadth, ablation = (
        "" if place is not None else f" {text}"
        for text, place in zip(said, style.places, strict=True)
    )
    related = (
        f"Work on {topic} \\cite{{survey}} and work on {method} \\cite{{method}} have so far gone"
        " their own ways. We bring the two together, ask whether the one helps the other, and say"
        " when it does."
    )
    approach = (
        f"We take a plain model of {topic} and add {method} to each of its layers. The rest of the"
        f" model is as it was, and so is the way in which it is trained.{proof} The cost of a step"
        " grows by a tenth, and the memory that it takes stays the same."
    )
    comparison = (
        "We compare with the plain model, with the same budget for both and with three seeds for"
        f" each.{breadth}"
    )
    conclusion = (
        f"We have added {method} to models of {topic}, which is simple and pays for itself. Where"
        " the data are few the gain is larger. We hope that others will try it on problems of their"
        " own, and that they will tell us what they find."
    )
    finding = f"The error is lower than that of the plain model.{ablation}"
    motivation = f"Models of {topic} are often wrong."
    paragraphs = [motivation, related, approach, comparison, finding, conclusion]
    for text, place in (*zip(said, style.places, strict=True), (PRAISE, style.praised)):
        if place is not None:
            paragraphs[place] += f" {text}"
    for (plain, other), changes in zip(OTHER_WORDS, style.other_words, strict=True):
        if changes:
            paragraphs = [paragraph.replace(plain, other) for paragraph in paragraphs]
    motivation, related, approach, comparison, finding, conclusion = paragraphs
    return rf"""\documentclass{{article}}
\title{{{draft.title}}}
\begin{{document}}
\maketitle
\begin{{abstract}}
{abstract(draft)}
\end{{abstract}}
\section{{Introduction}}
{motivation}

{related}
\section{{Method}}
{approach}
\section{{Experiments}}
{comparison}

{finding}
\section{{Conclusion}}
{conclusion}
\begin{{thebibliography}}{{9}}
\bibitem{{survey}} A. Esempio. \newblock A survey of {topic}. \newblock 2020.
\bibitem{{method}} B. Exemplo. \newblock On {method}. \newblock 2021.
\end{{thebibliography}}
\end{{document}}
"""


def _forum(paper_id: str, number: int, draft: Draft) -> dict[str, object]:
    venue = "ICLR.cc/2024/Conference"
    place = f"{venue}/Submission{number + 1}"

    def note(kind: str, name: str, content: dict[str, object]) -> dict[str, object]:
        own = kind == "Submission"
        return {
            "id": paper_id if own else f"{paper_id}{name}",
            "forum": paper_id,
            **({} if own else {"replyto": paper_id}),
            "number": number + 1 if own else 1,
            "signatures": [f"{place}/{name}"],
            "readers": ["everyone"],
            "invitations": [f"{venue}/-/Submission" if own else f"{place}/-/{kind}"],
            "domain": venue,
            "cdate": 1698121000000,
            "tmdate": 1698121000000,
            "license": "CC BY 4.0",
            "version": 2,
            "content": {key: {"value": value} for key, value in content.items()},
        }

    said = {"title": draft.title, "abstract": abstract(draft), "keywords": ["invented"]}
    reviews = [
        note("Official_Review", f"Reviewer_{name}", _review(draft, rating))
        for name, rating in zip("abc", draft.ratings, strict=True)
    ]
    n_merits = sum(draft.merits)
    meta: dict[str, object] = {
        "metareview": f"It has {n_merits} of three merits.",
        "justification_for_why_not_higher_score": "See what is missing.",
        "justification_for_why_not_lower_score": "See what is there.",
    }
    decision = "Accept (poster)" if n_merits >= 2 else "Reject"
    return {
        "forum": paper_id,
        "notes": [
            note("Submission", "Authors", {**said}),
            *reviews,
            note("Meta_Review", "Area_Chair_a", meta),
            note("Decision", "Program_Chairs", {"decision": decision}),
        ],
    }


def _review(draft: Draft, rating: int) -> dict[str, object]:
    merits = zip(CLAIMS, draft.merits, strict=True)
    found = [claim[2] if merit else claim[3] for claim, merit in merits]
    there = [text for text, merit in zip(found, draft.merits, strict=True) if merit]
    missing = [text for text, merit in zip(found, draft.merits, strict=True) if not merit]
    proof, breadth, _ = draft.merits
    return {
        "summary": f"The paper adds {METHODS[draft.method]} to models of {TOPICS[draft.topic]}.",
        "soundness": _MARKS[4 if proof else 2],
        "presentation": _MARKS[3],
        "contribution": _MARKS[4 if breadth else 2],
        "strengths": " ".join(there) or "It is a clear paper.",
        "weaknesses": " ".join(missing) or "It could be longer.",
        "questions": "What happens without the plain model?",
        "flag_for_ethics_review": ["No ethics review needed."],
        "rating": _RATINGS[rating],
        "confidence": "4: You are confident in your assessment, but not absolutely certain.",
    }


def _arxiv(
    paper_id: str, arxiv_id: str, draft: Draft, number: int, style: Style = PLAIN
) -> Iterator[Reply]:
    day = _FIRST_DAY + dt.timedelta(days=number)
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/abs/{arxiv_id}v1</id><title>{escape(draft.title)}</title>
<summary>{escape(abstract(draft))}</summary><published>{day}T00:00:00Z</published>
<updated>{day}T00:00:00Z</updated><author><name>{_AUTHOR}</name></author></entry></feed>"""
    oai = f"""<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{arxiv_id}</id><license>{_LICENCE}</license></arXiv>
</metadata></record></GetRecord></OAI-PMH>"""
    yield _reply("arxiv", f"match/{paper_id}", "application/atom+xml", atom.encode())
    yield _reply("arxiv", f"record/{arxiv_id}", "text/xml", oai.encode())
    payload = gzip_stored(latex(draft, style).encode())
    yield _reply("arxiv", f"eprint/{arxiv_id}v1", "application/gzip", payload)


def _work(work_id: str, title: str, about: str) -> Reply:
    access = {"license": "CCBY"}
    work = {"paperId": work_id, "title": title, "abstract": about, "openAccessPdf": access}
    return _as_json("semantic_scholar", f"paper/{work_id}", work)


def _topic_id(topic: int) -> str:
    return f"aa{topic:038x}"


def _method_id(method: int) -> str:
    return f"bb{method:038x}"


def _as_json(service: str, key: str, value: object) -> Reply:
    return _reply(service, key, "application/json", json.dumps(value).encode())


def _reply(service: str, key: str, media_type: str, payload: bytes) -> Reply:
    return Reply(service, key, "file:rehearsal", RETRIEVED_AT, 200, media_type, payload)


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[2:]] or [N_REVIEWED, N_LISTED]
    compose(Path(sys.argv[1]), n_reviewed=sizes[0], n_listed=sizes[-1])
