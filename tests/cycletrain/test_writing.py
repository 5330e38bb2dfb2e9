"""References to a paper, papers to predictions, and the command line around them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cycledata.errors import ParseError
from cycledata.llm.chat import Completion, Sampling
from cycledata.parse.bibliography.entry import bibtex_of
from cycledata.records import RatingScale
from cycletrain.cli import app, main
from cycletrain.disclosure import check_disclosure
from cycletrain.reviewing import (
    as_line,
    predict,
    read_papers,
    read_scales,
    review_chat,
    scale_named,
)
from cycletrain.sampling import SamplingPlan
from cycletrain.writing import read_references, write_paper
from tests.cycletrain.conftest import make_build, rating_columns

BIB = """@article{doe2020,
 title={Blind}, author={Doe, Jo}, abstract={We do not {look}.}, year={2020}}
@misc{roe, title={Seen}}
@broken{
"""


def plan(folder: Path, tries: int = 1) -> SamplingPlan:
    return SamplingPlan(Sampling(temperature=0.4, max_tokens=9), tries, 2, 0, folder)


@pytest.fixture
def bib(tmp_path: Path) -> Path:
    path = tmp_path / "refs.bib"
    path.write_text(BIB, encoding="utf-8")
    return path


def test_references_are_laid_out_as_in_the_builds_that_models_learn_from(tmp_path: Path) -> None:
    fields = {"title": "On {Graphs}", "year": "2020"}
    bib = tmp_path / "refs.bib"
    bib.write_text("@misc{a, title={On {Graphs}}, year=2020, abstract={Old.}}", encoding="utf-8")
    (work,) = read_references(bib)
    assert work.abstract == "Old."
    assert work.bibtex == bibtex_of("misc", "a", fields)


def test_references_are_read_with_their_abstracts(bib: Path) -> None:
    first, second = read_references(bib)
    assert first.abstract == "We do not {look}."
    assert "abstract" not in first.bibtex
    assert first.bibtex.startswith("@article{doe2020")
    assert second.abstract is None


def test_a_bibliography_without_entries_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.bib"
    path.write_text("no entries", encoding="utf-8")
    with pytest.raises(ParseError, match=r"references: .*no readable entry"):
        read_references(path)


def test_a_paper_carries_its_disclosure_and_its_references(
    bib: Path, tmp_path: Path, scripted: Any
) -> None:
    written = write_paper(scripted, read_references(bib), plan=plan(tmp_path / "w", tries=3))
    latex = written.best.latex or ""
    assert check_disclosure(latex).verdict == "present"
    assert "No experiment was run." in latex
    assert "@article{doe2020" in latex
    assert written.rewards == []


def test_the_best_of_k_has_the_highest_reward(bib: Path, tmp_path: Path, scripted: Any) -> None:
    written = write_paper(
        scripted,
        read_references(bib),
        plan=plan(tmp_path / "w", tries=3),
        n_samples=6,
        reviewer=scripted,
        review_plan=plan(tmp_path / "r"),
    )
    values = {reward.index: reward.reward for reward in written.rewards}
    known = [value for value in values.values() if value is not None]
    assert len(set(known)) > 1
    assert values[written.best.index] == max(known)


def test_papers_are_chosen_on_the_scale_of_the_reviewer(
    bib: Path, tmp_path: Path, scripted: Any
) -> None:
    """Every review of the scripted reviewer has a rating that a scale up to 1.5 lacks."""
    asked = {"n_samples": 2, "reviewer": scripted, "review_plan": plan(tmp_path / "r")}
    narrow = RatingScale(name="narrow", values=(1, 1.5), accept_threshold=None)
    with pytest.raises(ParseError, match=r"expected a number from 1(\.0)? to 1\.5"):
        write_paper(
            scripted,
            read_references(bib),
            plan=plan(tmp_path / "w", tries=3),
            **asked,
            scale=narrow,
        )


def test_no_readable_paper_is_an_error_with_reasons(bib: Path, tmp_path: Path) -> None:
    class Mumbling:
        name = "mumbling"

        def complete(self, requests: Any, sampling: Any) -> list[Completion]:
            return [Completion("hm", "stop")] * len(requests)

    with pytest.raises(ParseError, match="none of 2 papers could be used: 0: plan: ## Motivation"):
        write_paper(Mumbling(), read_references(bib), plan=plan(tmp_path / "w"), n_samples=2)


def test_papers_come_from_texts_parsed_files_and_builds(tmp_path: Path, review_build: Path) -> None:
    from cycletrain.latex_paper import text_as_paper

    (tmp_path / "a.md").write_text("# A", encoding="utf-8")
    parsed = text_as_paper("B", "We b.", (), "b.tar.gz").model_dump_json()
    (tmp_path / "b.jsonl").write_text(parsed + "\n", encoding="utf-8")
    paths = [tmp_path / "a.md", tmp_path / "b.jsonl", review_build]
    chats = read_papers(paths, split="train", n_reviewers=None)
    texts = {paper_id: chat[1].content for paper_id, chat in chats.items()}
    assert texts["a.md"] == "# A"
    assert texts["b.tar.gz"] == "# B\n\n## Abstract\n\nWe b.\n"
    assert texts["graphs"].startswith("# New graphs")
    # A build's own number of reviewers holds, unless another is asked for.
    assert "Write 4 independent reviews" in chats["a.md"][0].content
    assert "Write 2 independent reviews" in chats["graphs"][0].content
    neurips = scale_named("neurips-2025-rating")
    three = read_papers(paths, split="train", n_reviewers=3, scale=neurips)
    assert all("Write 3 independent reviews" in chat[0].content for chat in three.values())
    # A file has the scale that is asked for, a paper of a build that of its venue.
    assert "the rating is one of 1, 2, 3, 4, 5, 6;" in three["a.md"][0].content
    assert three["graphs"][0].content == chats["graphs"][0].content.replace("Write 2", "Write 3")
    with pytest.raises(ParseError, match="icml: expected a folder of a build, or one of iclr"):
        scale_named("icml")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", b"%PDF-1.7\xff\xfe", "not UTF-8 text; run `cycledata parse a.pdf`"),
        ("a.jsonl", b'{"file": "x", "error": {"rule": "r"}}', "could not read this file"),
        ("a.jsonl", b"[1]", "not an object of `cycledata parse`"),
        ("a.jsonl", b"{", "expected a JSON object"),
    ],
    ids=["binary", "failed-parse", "other-json", "no-json"],
)
def test_what_is_no_paper_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParseError, match=message):
        read_papers([tmp_path / name], split="test", n_reviewers=4)


def test_predictions_are_what_cycleeval_scores(tmp_path: Path, scripted: Any) -> None:
    from cycleeval.predictions import read_predictions

    chats = {key: review_chat("# A", n_reviewers=2) for key in ("graphs", "text")}
    found = predict(scripted, chats, plan=plan(tmp_path / "w"))
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(as_line(p) + "\n" for p in found), encoding="utf-8")
    submission = read_predictions(path, known={"graphs", "text"})
    assert not submission.invalid_lines
    assert {key: found.ratings for key, found in submission.predictions.items()} == {
        p.paper_id: tuple(map(float, p.ratings or ())) for p in found
    }


def test_a_reviewer_without_rating_makes_the_text_unreadable(tmp_path: Path) -> None:
    class Forgetful:
        name = "forgetful"

        def complete(self, requests: Any, sampling: Any) -> list[Completion]:
            rated = "## Reviewer\n\n### Soundness\n\n3 good\n\n### Rating\n\n6: x\n"
            return [Completion(f"{rated}## Reviewer\n\n### Soundness\n\n2 fair\n", "stop")]

    chats = {"p": review_chat("# A", n_reviewers=2)}
    (found,) = predict(Forgetful(), chats, plan=plan(tmp_path))
    assert (found.ratings, found.soundness) == (None, None)


def test_a_review_is_read_on_the_scale_of_its_venue(tmp_path: Path) -> None:
    class Generous:
        name = "generous"

        def complete(self, requests: Any, sampling: Any) -> list[Completion]:
            return [Completion("## Reviewer\n\n### Rating\n\n8\n", "stop")] * len(requests)

    chats = {key: review_chat("# A", n_reviewers=1) for key in ("old", "new", "file")}
    scales = {"old": scale_named("neurips-2021-rating"), "new": scale_named("neurips-2025-rating")}
    found = predict(Generous(), chats, plan=plan(tmp_path), scales=scales)
    assert [(p.paper_id, p.ratings) for p in found] == [
        ("old", (8.0,)),
        ("new", None),
        ("file", (8.0,)),
    ]


def test_the_scale_of_a_build_is_that_of_its_rows(tmp_path: Path) -> None:
    chats = {key: review_chat("# A", n_reviewers=1) for key in ("a", "b")}
    columns = {key: rating_columns([0, 2.5], [0, 2.5, 5]) for key in chats}
    build = make_build(tmp_path / "build", "review-5k", chats, columns)
    scales = read_scales([build, tmp_path / "other.md"], split="train")
    assert {key: scale.values for key, scale in scales.items()} == {
        "a": (0, 2.5, 5),
        "b": (0, 2.5, 5),
    }


def test_the_command_line_reviews_a_build(
    tiny_model: Path, review_build: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        app,
        f"review {review_build} --split train --model {tiny_model} --dtype float32"
        " --max-tokens 5 --tries 1",
    )
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [row["paper_id"] for row in rows] == ["graphs", "text", "noise", "games"]
    assert all(row.keys() == {"paper_id", "text"} for row in rows)
    assert "unreadable after 1 tries: graphs" in result.stderr
    assert result.exit_code == 1


def test_removed_disclosures_fail_the_check(tmp_path: Path) -> None:
    path = tmp_path / "paper.tex"
    path.write_text("Nothing is disclosed here.", encoding="utf-8")
    result = CliRunner().invoke(app, ["check-disclosure", str(path)])
    assert result.exit_code == 1
    assert "absent" in result.stdout


def run_cli(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cycletrain", *words])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["sft", "--recipe", "FILE"], 1, "error: recipe: .*unknown key; did you mean seed?"),
        (["sft", "--recipe", "reviewer-8b-stf"], 1, "did you mean reviewer-8b-sft?"),
        (["sft", "--recipe", "reviewer-8b-sft"], 1, "error: builds/review-5k"),
        (["sft", "--reciep", "x"], 2, "error: No such option"),
        (["recipe", "copy", "tiny-detect", "FILE"], 1, "expected a new file, found one"),
    ],
    ids=["key", "name", "build", "option", "copy"],
)
def test_errors_are_one_line_with_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    code: int,
    message: str,
) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text("sede = 1\n", encoding="utf-8")
    words = [str(recipe) if word == "FILE" else word for word in words]
    assert run_cli(monkeypatch, *words) == code
    error = capsys.readouterr().err.strip()
    assert re.search(re.escape(message).replace(r"\.\*", ".*"), error)
    assert "\n" not in error


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--version"], "cycletrain "),
        (["recipe", "list"], "researcher-12b-iterate"),
        (["recipe", "show", "tiny-detect"], 'out = "train-demo-out/detect"'),
        (["recipe", "show", "tiny-detect", "--keys"], "model.revision"),
        (["recipe", "list", "--json"], '"job"'),
    ],
    ids=["version", "list", "show", "keys", "json"],
)
def test_recipes_are_listed_and_shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    found: str,
) -> None:
    assert run_cli(monkeypatch, *words) == 0
    assert found in capsys.readouterr().out


def test_help_needs_no_torch() -> None:
    code = (
        "import sys, cycletrain, cycletrain.cli\n"
        "try: cycletrain.cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Usage: " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--model", ""], 2),
        (["--model", "a\0b"], 2),
        (["--model", "http://[x"], 2),
        (["--model", "m", "--temperature", "inf"], 2),
        (["--model", "m", "--temperature", "1e9"], 2),
        (["--model", "m", "--max-tokens", "1000000000000"], 2),
        (["--model", "m", "--reviewers", "1000000000"], 2),
        (["--model", "m", "--seed", "-1"], 2),
        (["--model", "http://localhost:9/v1", "--dtype", "float32"], 2),
        (["--model", "o/m", "--name", "m"], 2),
        (["--model", "o/m", "--split", "train"], 2),
    ],
    ids=[
        "empty",
        "null",
        "url",
        "infinite",
        "hot",
        "tokens",
        "reviewers",
        "seed",
        "dtype",
        "name",
        "split",
    ],
)
def test_an_option_out_of_bounds_is_a_misuse(tmp_path: Path, options: list[str], code: int) -> None:
    paper = tmp_path / "a.tex"
    paper.write_text("Text.", encoding="utf-8")
    result = CliRunner().invoke(app, ["review", str(paper), *options])
    assert result.exit_code == code, result.output


def test_an_empty_paper_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(" \n", encoding="utf-8")
    with pytest.raises(ParseError, match=r"a\.tex: expected the text of a paper, found none"):
        read_papers([tmp_path / "a.tex"], split="test", n_reviewers=2)
