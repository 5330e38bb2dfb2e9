"""Reviewer baselines against a real server: the protocol, its failures, resuming, cost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Protocol as Shape

import pytest

from cycledata.errors import FetchError, FileLockedError, ParseError
from cycledata.llm.endpoint import ChatEndpoint
from cycledata.llm.endpoint_url import key_from_environment
from cycledata.llm.recorded import CompletionLog
from cycleeval.review.protocol import ReviewProtocol
from cycleeval.review.run import (
    PaperToReview,
    ReviewRun,
    prediction_line,
    render_run,
    review_papers,
)
from tests.command_line import cycleeval


class Server(Shape):
    """The part of the fixture ``model`` that the tests use."""

    url: str
    script: list[str]
    asked: list[dict[str, object]]
    keys: list[str | None]
    times: list[float]


PAPERS = [PaperToReview(paper_id=f"p{i}", text=f"We study ${i}$ and find $$x.") for i in (2, 1)]
PROTOCOL = ReviewProtocol(model="tiny", ensemble=3, reflections=4)


@cache
def _endpoint(url: str, model: str, max_retries: int) -> ChatEndpoint:
    return ChatEndpoint(url, model, max_retries=max_retries)


def _run(
    server: Server,
    record: Path,
    *,
    papers: list[PaperToReview] = PAPERS,
    protocol: ReviewProtocol = PROTOCOL,
    max_retries: int = 2,
    workers: int = 1,
) -> ReviewRun:
    complete = _endpoint(server.url, protocol.model, max_retries).complete_one
    with CompletionLog(record) as replies:
        return review_papers(papers, protocol, complete, replies, workers=workers)


def _last_prompt(body: dict[str, object]) -> str:
    messages = body["messages"]
    assert isinstance(messages, list)
    return str(messages[-1]["content"])


def test_a_paper_gets_an_ensemble_a_meta_review_and_reflections(
    model: Server, tmp_path: Path
) -> None:
    run = _run(model, tmp_path / "replies.jsonl")
    assert [review.paper_id for review in run.reviews] == ["p1", "p2"]
    first = [_last_prompt(body) for body in model.asked[:6]]
    assert [prompt.startswith("Review the paper") for prompt in first] == [True] * 3 + [False] * 3
    assert "area chair" in first[3]
    assert first[3].count('"rating":') == 3
    assert ["Round 1 of 4" in first[4], "Round 2 of 4" in first[5]] == [True, True]
    assert len(model.asked) == 12, "the second round changed nothing and ended the reflections"
    temperatures = Counter(body["temperature"] for body in model.asked)
    assert temperatures == {0.75: 6, 0.1: 6}
    assert "We study $1$ and find $$x." in first[0], "a paper's dollar signs are its own"
    assert run.reviews[0].final is not None
    assert run.reviews[0].final.rating == 5, "the reflection's rating stands"


def test_predictions_hold_the_final_rating_or_the_members(model: Server, tmp_path: Path) -> None:
    run = _run(model, tmp_path / "replies.jsonl")
    final = prediction_line(run.reviews[0])
    assert (final["ratings"], final["decision"]) == ([5], "accept")
    members = prediction_line(run.reviews[0], ratings="members")
    assert members["ratings"] == [6, 8, 3]
    assert all(len(members[mark]) == 3 for mark in ("soundness", "confidence"))  # type: ignore[arg-type]  # lists, in an object that is JSON


def test_one_reviewer_needs_no_meta_review(model: Server, tmp_path: Path) -> None:
    protocol = ReviewProtocol(model="tiny", ensemble=1, reflections=0)
    run = _run(model, tmp_path / "replies.jsonl", protocol=protocol)
    assert len(model.asked) == 2
    assert {body["temperature"] for body in model.asked} == {0.1}
    assert [review.final == review.members[0] for review in run.reviews] == [True, True]


@pytest.mark.parametrize("act", ["429", "500", "503", "torn connection", "half a body",
                                 "a web page", "no choices"])  # fmt: skip
def test_a_passing_fault_is_retried_and_leaves_no_trace(
    model: Server, tmp_path: Path, act: str
) -> None:
    model.script = [act, "behave", act]
    run = _run(model, tmp_path / "replies.jsonl")
    assert len(model.asked) == 14
    assert [review.final is not None for review in run.reviews] == [True, True]
    assert (run.requested.requests, run.reviews[0].unreadable) == (12, ())


def test_the_server_says_how_long_to_wait(model: Server, tmp_path: Path) -> None:
    model.script = ["429 after 1"]
    _run(model, tmp_path / "replies.jsonl", papers=PAPERS[:1])
    waits = [later - earlier for earlier, later in zip(model.times, model.times[1:], strict=False)]
    assert waits[0] >= 0.95, "0.05 s for two clocks read on two threads"


def test_a_wait_of_an_hour_is_not_waited_for(model: Server, tmp_path: Path) -> None:
    model.script = ["429 after 3600"] * 5
    with pytest.raises(FetchError, match="told to say 429"):
        _run(model, tmp_path / "replies.jsonl")
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        pytest.param("cut by length", "found 'length'", id="truncated"),
        pytest.param("nonsense", "expected a JSON object with a review, found none", id="nonsense"),
        pytest.param("out of scale", "rating: expected one of", id="out of scale"),
    ],
)
def test_a_reply_without_a_review_is_drawn_again_and_counted(
    model: Server, tmp_path: Path, act: str, reason: str
) -> None:
    model.script = [act]
    run = _run(model, tmp_path / "replies.jsonl")
    assert len(run.reviews[0].members) == 3
    (note,) = run.reviews[0].unreadable
    assert note.startswith("review 1, attempt 1: ")
    assert reason in note
    assert run.requested.requests == 13


def test_a_model_that_never_gives_a_review_is_unreadable_and_not_invented(
    model: Server, tmp_path: Path
) -> None:
    model.script = ["nonsense"] * 100
    run = _run(model, tmp_path / "replies.jsonl")
    assert len(model.asked) == 2 * 3 * 3, "papers x reviewers x attempts, and no meta-review"
    line = prediction_line(run.reviews[0])
    assert set(line) == {"paper_id", "text"}
    assert "0 reviewed, 2 without a readable review" in render_run(run)


def test_a_dead_endpoint_stops_the_run_and_the_next_run_resumes(
    model: Server, tmp_path: Path
) -> None:
    record = tmp_path / "replies.jsonl"
    model.script = ["behave"] * 7 + ["500"] * 10
    with pytest.raises(FetchError, match="run the same command again to resume"):
        _run(model, record)
    assert len(model.asked) == 7 + 3, "one call and its two retries"
    model.script, n_before = [], len(model.asked)
    run = _run(model, record)
    assert (run.recorded.requests, run.requested.requests) == (7, 5)
    assert len(model.asked) == n_before + 5


def test_a_refused_paper_does_not_stop_the_others(model: Server, tmp_path: Path) -> None:
    model.script = ["400"]
    run = _run(model, tmp_path / "replies.jsonl")
    assert [paper_id for paper_id, _ in run.rejected] == ["p1"]
    assert "told to say 400" in run.rejected[0][1]
    assert [review.paper_id for review in run.reviews] == ["p2"]


def test_a_refused_key_stops_at_once(model: Server, tmp_path: Path) -> None:
    model.script = ["401"] * 10
    with pytest.raises(FetchError, match="told to say 401"):
        _run(model, tmp_path / "replies.jsonl")
    assert len(model.asked) == 1


def test_a_finished_run_is_scored_again_for_free(model: Server, tmp_path: Path) -> None:
    record = tmp_path / "replies.jsonl"
    first = _run(model, record, workers=2)
    model.script = ["500"] * 100
    again = _run(model, record)
    assert again.reviews == first.reviews
    assert (again.requested.requests, again.recorded.requests) == (0, 12)


@pytest.mark.parametrize(
    "protocol",
    [
        pytest.param(ReviewProtocol(model="other", ensemble=3, reflections=4), id="model"),
        pytest.param(
            ReviewProtocol(model="tiny", ensemble=3, reflections=4, temperature=0.2,
                           ensemble_temperature=0.5), id="temperature"),
        pytest.param(
            ReviewProtocol(model="tiny", ensemble=3, reflections=4, max_tokens=9), id="limit"),
    ],
)  # fmt: skip
def test_another_setting_is_another_request(
    model: Server, tmp_path: Path, protocol: ReviewProtocol
) -> None:
    _run(model, tmp_path / "replies.jsonl")
    assert _run(model, tmp_path / "replies.jsonl", protocol=protocol).recorded.requests == 0


def test_a_torn_last_line_is_asked_for_again(model: Server, tmp_path: Path) -> None:
    record = tmp_path / "replies.jsonl"
    first = _run(model, record)
    data = record.read_bytes()
    record.write_bytes(data[:-30])
    again = _run(model, record)
    assert (again.reviews, again.requested.requests) == (first.reviews, 1)
    assert sorted(record.read_bytes().split(b"\n")) == sorted(data.split(b"\n"))


def test_a_damaged_line_before_the_end_is_refused_with_its_place(
    model: Server, tmp_path: Path
) -> None:
    record = tmp_path / "replies.jsonl"
    _run(model, record)
    lines = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join([lines[0], b"{}\n", *lines[1:]]))
    with pytest.raises(ParseError, match=r"replies.jsonl:2: "):
        _run(model, record)


def test_two_runs_do_not_write_one_record(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    with (
        CompletionLog(path),
        pytest.raises(FileLockedError, match="locked by another process"),
        CompletionLog(path),
    ):
        raise AssertionError("two runs have one record")


def test_the_key_comes_from_the_environment_and_goes_nowhere_by_mistake(
    monkeypatch: pytest.MonkeyPatch, model: Server, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("LOCAL_KEY", "local")
    assert key_from_environment("https://api.openai.com/v1", None) == "sk-secret"
    assert key_from_environment(model.url, None) is None
    assert key_from_environment(model.url, "LOCAL_KEY") == "local"
    with pytest.raises(FetchError, match="environment variable MISSING"):
        key_from_environment(model.url, "MISSING")
    _run(model, tmp_path / "replies.jsonl")
    assert set(model.keys) == {"Bearer none"}
    assert b"secret" not in (tmp_path / "replies.jsonl").read_bytes()


def _command(model: Server, tmp_path: Path) -> list[str]:
    papers = tmp_path / "papers.jsonl"
    papers.write_text("".join(paper.model_dump_json() + "\n" for paper in PAPERS), "utf-8")
    return [
        "review", str(papers), "--model", "tiny", "--endpoint", model.url,
        "--out", str(tmp_path / "predictions.jsonl"), "--record", str(tmp_path / "replies.jsonl"),
        "--ensemble", "3", "--reflections", "4",
    ]  # fmt: skip


def test_the_command_shows_tokens_and_cost_and_resumes(model: Server, tmp_path: Path) -> None:
    model.script = ["uncounted"]
    arguments = [*_command(model, tmp_path), "--price-prompt", "2.5", "--price-completion", "10"]
    shown = cycleeval(*arguments)
    assert shown.exit_code == 0, shown.output
    # 11 counted calls of 1,000 + 100 tokens: 11,000 x 2.5 / 1e6 + 1,100 x 10 / 1e6 = 0.0385
    assert "requested now: 12 requests, 11000 + 1100 tokens (too low: 1 responses" in shown.stdout
    assert "cost 0.0385" in shown.stdout
    again = cycleeval(*arguments, "--ratings", "members")
    assert "requested now: 0 requests" in again.stdout
    lines = (tmp_path / "predictions.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["ratings"] for line in lines] == [[6, 8, 3], [6, 8, 3]]


def test_the_command_wants_a_whole_input_before_it_pays(model: Server, tmp_path: Path) -> None:
    arguments = _command(model, tmp_path)
    with (tmp_path / "papers.jsonl").open("a") as file:
        file.write('{"paper_id": "p1", "text": "again"}\n')
    shown = cycleeval(*arguments)
    assert shown.exit_code == 1
    assert "papers.jsonl:3" in shown.stderr
    assert model.asked == []


def test_a_killed_run_loses_at_most_the_reply_in_flight(model: Server, tmp_path: Path) -> None:
    record = tmp_path / "replies.jsonl"
    command = [sys.executable, "-m", "cycleeval", *_command(model, tmp_path)]
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": root})
    deadline = time.monotonic() + 60
    while len(model.asked) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    n_recorded = record.read_bytes().count(b"\n")
    assert n_recorded >= 3
    run = _run(model, record)
    assert run.recorded.requests == n_recorded
    assert run.recorded.requests + run.requested.requests == 12
