"""Review texts beside people's: planted overlap, template text, specificity, and a judge."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cycledata.errors import RequestRejectedError
from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.llm.recorded import CompletionLog
from cycleeval.point_judge import CONTROL, judge_points, read_matches
from cycleeval.reference_texts import read_reference_papers
from cycleeval.review_points import repeated_shares, specificity
from cycleeval.review_texts import read_review_texts, words_of
from cycleeval.text_comparison import HUMAN, MODEL, choose_reviews, compare_texts
from tests.command_line import cycleeval

FAULTS = ["baselines", "ablation", "notation", "novelty", "proofs", "datasets", "seeds", "figures"]
N_PAPERS = 60


def review_of(faults: Sequence[str]) -> dict[str, str]:
    items = "\n".join(f"- The {fault} seem lacking in this submission." for fault in faults)
    return {"summary": "S.", "strengths": "T.", "weaknesses": items, "questions": ""}


def corpus(folder: Path, *, insightful: bool) -> tuple[Path, Path]:
    """Papers with two faults each; people name them, and so does an insightful model."""
    dice = np.random.default_rng(7)
    reference, model = [], []
    for number in range(N_PAPERS):
        faults = [str(f) for f in dice.choice(FAULTS, size=2, replace=False)]
        reference.append(
            {
                "paper_id": f"p{number:02d}",
                "title": f"Title {number}",
                "abstract": "We do a thing.",
                "primary_area": "theory" if number % 2 else "vision",
                "ratings": [5, 6],
                "reviews": [review_of(faults), review_of(list(reversed(faults)))],
            }
        )
        named = faults if insightful else FAULTS[:2]
        model.append({"paper_id": f"p{number:02d}", "ratings": [5], "reviews": [review_of(named)]})
    folder.mkdir(exist_ok=True)
    return write(folder / "reference.jsonl", reference), write(folder / "model.jsonl", model)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_model_that_names_each_papers_faults_is_told_from_one_that_repeats_itself(
    tmp_path: Path,
) -> None:
    reports = {}
    for insightful in (True, False):
        reference, model = corpus(tmp_path / str(insightful), insightful=insightful)
        papers = read_reference_papers(str(reference), reviews=True)
        report = compare_texts(read_review_texts(model), papers, resamples=300)
        reports[insightful] = report
        assert report.n_papers == N_PAPERS
        assert report.n_areas == 2
        assert report.masked[HUMAN].low > 0.2
    good, repeats = reports[True].masked[MODEL], reports[False].masked[MODEL]
    assert good.low > 0.2
    assert repeats.low < 0 < repeats.high
    difference = reports[False].masked[f"{MODEL} - {HUMAN}"]
    assert difference.high < 0
    assert reports[False].measures["template text"]["model"].value == 1.0


def test_the_choice_of_reviews_does_not_depend_on_other_papers(tmp_path: Path) -> None:
    reference, model = corpus(tmp_path, insightful=True)
    papers = read_reference_papers(str(reference), reviews=True)
    texts = read_review_texts(model)
    everyone = {e.paper.paper_id: e for e in choose_reviews(texts, papers, seed=1)}
    few = {paper_id: papers[paper_id] for paper_id in list(papers)[5:9]}
    assert all(everyone[e.paper.paper_id] == e for e in choose_reviews(texts, few, seed=1))
    assert choose_reviews(texts, papers, seed=2) != list(everyone.values())


def test_pointers_exist_if_the_paper_names_them_or_has_as_many() -> None:
    paper = r"""## Method
\begin{figure}a\end{figure} \begin{figure}b\end{figure}
\begin{align}x\end{align} See Table 7.
## Results
\begin{algorithm}\end{algorithm}"""
    said = "Figure 2 and Fig. 3, Eq. (1), equation 2, Table 7, Table 1, Section 2, Section 5."
    found = specificity([said], paper=paper)
    assert found.n_pointers == 8
    assert found.n_existing == 4  # Figure 2, Eq. 1, Table 7, Section 2
    assert specificity([said]).n_existing is None


def test_repeated_shares_equal_a_count_by_hand() -> None:
    shares = repeated_shares(["a b c d e", "x a b c d", "f g h", "a b"], words=3)
    assert shares[:3].tolist() == [2 / 3, 2 / 3, 0.0]
    assert np.isnan(shares[3])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"reviews": ["All of it."]}, [("All of it.", "")]),
        ({"reviews": [{"weaknesses": ["one", "two"]}]}, [("- one\n- two", "")]),
        ({"weaknesses": "w", "questions": "q"}, [("w", "q")]),
        ({"reviews": [{"weaknesses": "a"}, {"questions": "b"}]}, [("a", ""), ("", "b")]),
    ],
)
def test_words_are_read_from_each_form(
    line: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = words_of(line)
    assert not isinstance(found, Unreadable)
    assert [(review.weaknesses, review.questions) for review in found] == expected


def test_words_of_a_reviewer_models_output_are_those_of_its_reviewers() -> None:
    text = "\n\n".join(
        f"## Reviewer\n### Summary\ns{i}\n### Soundness\n3 good\n### Presentation\n3 good\n"
        f"### Contribution\n3 good\n### Strengths\nt\n### Weaknesses\nw{i}\n### Questions\nq{i}\n"
        "### Rating\n6: marginally above the acceptance threshold\n### Confidence\n4\n**********"
        for i in (1, 2)
    )
    found = words_of({"text": text})
    assert not isinstance(found, Unreadable), found
    assert [(review.weaknesses, review.questions) for review in found] == [
        ("w1", "q1"),
        ("w2", "q2"),
    ]


@pytest.mark.parametrize("line", [{}, {"reviews": []}, {"reviews": [{}]}, {"text": "Nice paper."}])
def test_lines_without_words_are_unreadable(line: dict[str, Any]) -> None:
    assert isinstance(words_of(line), Unreadable)


class FaultJudge:
    """Matches points that name one fault; gives garbage for one paper, and rejects another."""

    model = "fault-judge"
    url = "http://127.0.0.1/v1"

    def __init__(self, *, biased: bool = False) -> None:
        self.biased = biased
        self.asked = 0

    def complete(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> list[Completion | RequestRejectedError]:
        assert sampling.temperature == 0
        self.asked += len(requests)
        return [self._reply(request) for request in requests]

    def _reply(self, request: ChatRequest) -> Completion | RequestRejectedError:
        if request.id.endswith("p03/forward"):
            return RequestRejectedError("too long")
        if request.id.endswith("p04/backward"):
            return Completion("I cannot say.")
        one, other = request.messages[0].content.split("List B:")
        named = [re.findall(r"(\d+)\. The (\w+)", part) for part in (one, other)]
        matches = [[int(a), int(b)] for a, x in named[0] for b, y in named[1] if x == y]
        if self.biased and "backward" in request.id:
            matches = []
        return Completion("They agree. " + json.dumps({"matches": matches}))


def test_a_judge_is_asked_in_both_orders_and_its_replies_are_recorded(tmp_path: Path) -> None:
    reference, model = corpus(tmp_path, insightful=True)
    papers = read_reference_papers(str(reference), reviews=True)
    chosen = choose_reviews(read_review_texts(model), papers, seed=0)
    judge = FaultJudge()
    with CompletionLog(tmp_path / "log.jsonl") as log:
        first = judge_points(chosen, judge, log, n_papers=N_PAPERS, resamples=200)
        asked = judge.asked
        again = judge_points(chosen, judge, log, n_papers=N_PAPERS, resamples=200)
    assert first.n_requests == 6 * N_PAPERS == asked
    assert (first.n_rejected, first.n_unreadable) == (3, 3)
    assert first.matched[MODEL].value == first.matched[HUMAN].value == 1.0
    assert first.matched[MODEL].n_papers == N_PAPERS - 2
    assert first.matched[CONTROL].high < 0.5
    assert first.order_agreement == 1.0
    # Everything but the rejected requests comes from the record.
    assert judge.asked - asked == 3
    assert again.n_recorded == again.n_requests - 3
    assert again.matched == first.matched


def test_matches_in_one_order_alone_do_not_count(tmp_path: Path) -> None:
    reference, model = corpus(tmp_path, insightful=True)
    papers = read_reference_papers(str(reference), reviews=True)
    chosen = choose_reviews(read_review_texts(model), papers, seed=0)
    with CompletionLog(tmp_path / "log.jsonl") as log:
        found = judge_points(chosen, FaultJudge(biased=True), log, n_papers=20, resamples=200)
    assert found.matched[MODEL].value == 0.0
    assert found.order_agreement == 0.0


@pytest.mark.parametrize(
    "reply",
    ["", "none", '{"matches": [[0, 1]]}', '{"matches": [[1, 3]]}', '{"matches": [1]}', '{"a": 1}'],
)
def test_replies_without_valid_pairs_are_unreadable(reply: str) -> None:
    assert isinstance(read_matches(reply, 2, 2), Unreadable)


def test_the_command_shows_both_rows_and_asks_for_a_record(tmp_path: Path) -> None:
    reference, model = corpus(tmp_path, insightful=True)
    shown = cycleeval("text", str(model), str(reference), "--resamples", "100").stdout
    assert re.search(rf"{MODEL} +[01]\.\d+ +0\.\d+ +0\.\d+  \[", shown)
    assert re.search(rf"{HUMAN} +[01]\.\d+ +0\.\d+ +0\.\d+  \[", shown)
    assert "points" in shown
    missing = cycleeval("text", str(model), str(reference), "--judge", "m")
    assert missing.exit_code == 2
    assert "--judge needs --record" in missing.stderr
    few = write(tmp_path / "few.jsonl", [{"paper_id": "p00", "reviews": ["Bad."]}])
    refused = cycleeval("text", str(few), str(reference))
    assert refused.exit_code == 1
    assert "expected at least 10 papers" in refused.stderr
