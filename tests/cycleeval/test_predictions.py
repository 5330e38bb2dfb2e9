import bz2
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.errors import ParseError
from cycleeval.predictions import Prediction, PredictionFile, parse_predictions, read_predictions
from cycleeval.scoring_config import ScoringConfig

GOOD = {"paper_id": "a", "ratings": [5, 6.5]}


def read(*lines: bytes) -> PredictionFile:
    return parse_predictions(lines, name="model", known=["a", "b", "c"])


def test_a_full_line() -> None:
    line = {
        **GOOD,
        "decision": "accept",
        "soundness": [3, 2],
        "presentation": [4, 4],
        "contribution": [1, 2],
        "confidence": [5, 3],
        "text": None,
    }
    expected = Prediction("a", (5, 6.5), "accept", (3, 2), (4, 4), (1, 2), (5, 3))
    assert read(json.dumps(line).encode()).predictions == {"a": expected}


TEXT = (
    "## Reviewer\n\n### Soundness\n\n3\n\n### Rating\n\n5\n\n**********\n\n"
    "## Reviewer\n\n### Soundness\n\n3\n\n### Rating\n\n6\n\n**********\n\n"
    "## Paper Decision\n\nReject"
)


@pytest.mark.parametrize("ratings", [[5, 6], [6.0, 5.0], [5.5]], ids=["same", "order", "mean"])
def test_ratings_that_the_text_states_too_are_read(ratings: list[float]) -> None:
    line = {"paper_id": "a", "ratings": ratings, "text": TEXT}
    found = read(json.dumps(line).encode()).predictions["a"]
    assert (found.ratings, found.decision) == (tuple(ratings), "reject")


def test_ratings_are_read_beside_a_text_in_another_format() -> None:
    line = {"paper_id": "a", "ratings": [5], "text": "A fine paper."}
    assert read(json.dumps(line).encode()).predictions == {"a": Prediction("a", (5.0,))}


FAULTY: dict[str, tuple[bytes, str, str | None]] = {
    "not JSON": (b"ratings: 5", "not-json", None),
    "not UTF-8": (b'{"paper_id": "\xff"}', "not-json", None),
    "cut off": (b'{"paper_id": "a", "ratings": [5', "not-json", None),
    "two objects": (b'{"paper_id": "a"} {}', "not-json", None),
    "deeper than the parser goes": (b"[" * 200_000, "not-json", None),
    "a number of 5,000 digits": (
        b'{"paper_id": "a", "ratings": [' + b"9" * 5000 + b"]}",
        "not-json",
        None,
    ),
    "NaN": (b'{"paper_id": "a", "ratings": [NaN]}', "not-json", "a"),
    "a field twice": (b'{"paper_id": "a", "paper_id": "b", "ratings": [5]}', "not-json", None),
    "a list": (b"[1]", "not-an-object", None),
    "null": (b"null", "not-an-object", None),
    "no id": (b'{"ratings": [5]}', "no-paper-id", None),
    "a number for an id": (b'{"paper_id": 7, "ratings": [5]}', "no-paper-id", None),
    "an unknown paper": (b'{"paper_id": "z", "ratings": [5]}', "unknown-paper", "z"),
    "rating and ratings": (
        b'{"paper_id": "a", "rating": 5, "ratings": [5]}',
        "uneven-marks",
        "a",
    ),
    "no ratings": (b'{"paper_id": "a"}', "no-ratings", "a"),
    "an empty list": (b'{"paper_id": "a", "ratings": []}', "no-ratings", "a"),
    "a word": (b'{"paper_id": "a", "ratings": "5"}', "not-a-list", "a"),
    "words": (b'{"paper_id": "a", "ratings": ["5"]}', "not-a-number", "a"),
    "a truth value": (b'{"paper_id": "a", "ratings": [true]}', "not-a-number", "a"),
    "below the scale": (b'{"paper_id": "a", "ratings": [5, 0]}', "out-of-scale", "a"),
    "above the scale": (b'{"paper_id": "a", "ratings": [10.5]}', "out-of-scale", "a"),
    "infinite": (b'{"paper_id": "a", "ratings": [1e999]}', "out-of-scale", "a"),
    "an aspect outside its scale": (
        b'{"paper_id": "a", "ratings": [5], "soundness": [5]}',
        "out-of-scale",
        "a",
    ),
    "fewer aspects than ratings": (
        b'{"paper_id": "a", "ratings": [5, 6], "soundness": [3]}',
        "uneven-marks",
        "a",
    ),
    "too many reviewers": (
        json.dumps({"paper_id": "a", "ratings": [5] * 65}).encode(),
        "too-many-reviewers",
        "a",
    ),
    "a decision in other words": (
        b'{"paper_id": "a", "ratings": [5], "decision": "maybe"}',
        "not-a-decision",
        "a",
    ),
    "other ratings than the text": (
        json.dumps({"paper_id": "a", "ratings": [8], "text": TEXT}).encode(),
        "contradicts-text",
        "a",
    ),
    "more ratings than the text": (
        json.dumps({"paper_id": "a", "ratings": [6, 5, 5], "text": TEXT}).encode(),
        "contradicts-text",
        "a",
    ),
    "another aspect than the text": (
        json.dumps({"paper_id": "a", "soundness": [2, 3], "text": TEXT}).encode(),
        "contradicts-text",
        "a",
    ),
    "another decision than the text": (
        json.dumps(
            {"paper_id": "a", "ratings": [5, 6], "decision": "accept", "text": TEXT}
        ).encode(),
        "contradicts-text",
        "a",
    ),
    "a text with a rating that is not understood": (
        json.dumps({"paper_id": "a", "ratings": [5], "text": "My rating: around 7."}).encode(),
        "unreadable-text",
        "a",
    ),
    "a text that ends in a draft": (
        json.dumps({"paper_id": "a", "ratings": [5], "text": "<think>\nHm."}).encode(),
        "unreadable-text",
        "a",
    ),
    "a text that is none": (b'{"paper_id": "a", "text": 5}', "unreadable-text", "a"),
    "a text without reviews": (b'{"paper_id": "a", "text": "Fine."}', "unreadable-text", "a"),
    "a text without a rating": (
        json.dumps({"paper_id": "a", "text": "## Reviewer\n\n### Summary\n\nFine."}).encode(),
        "unreadable-text",
        "a",
    ),
}


@pytest.mark.parametrize(("line", "rule", "paper_id"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_line_is_set_aside_with_its_rule(
    line: bytes, rule: str, paper_id: str | None
) -> None:
    submission = read(b'{"paper_id": "b", "ratings": [5]}', line)
    assert [(f.line, f.rule, f.paper_id) for f in submission.invalid_lines] == [(2, rule, paper_id)]
    assert set(submission.predictions) == {"b"}


def test_the_first_line_on_a_paper_counts_even_when_it_is_unreadable() -> None:
    submission = read(
        b'{"paper_id": "a", "ratings": [5]}',
        b'{"paper_id": "a", "ratings": [9]}',
        b'{"paper_id": "b", "ratings": [99]}',
        b'{"paper_id": "b", "ratings": [9]}',
    )
    assert submission.predictions == {"a": Prediction("a", (5,))}
    assert [f.rule for f in submission.invalid_lines] == [
        "duplicate-paper",
        "out-of-scale",
        "duplicate-paper",
    ]
    assert len(submission.unreadable) == 1
    assert submission.count("duplicate-paper") == 2


def test_a_line_about_another_split_is_told_from_one_about_no_paper() -> None:
    lines = [b'{"paper_id": "t", "ratings": [5]}', b'{"paper_id": "z", "ratings": [5]}']
    submission = parse_predictions(lines, name="m", known=["a"], elsewhere=["a", "t"])
    assert [invalid.rule for invalid in submission.invalid_lines] == [
        "other-split",
        "unknown-paper",
    ]
    assert submission.unreadable == ()


def test_ratings_and_decision_are_read_from_a_reviewer_models_text() -> None:
    review = "## Reviewer\n\n### Soundness\n\n3 good\n\n### Rating\n\n{}\n\n**********\n\n"
    text = (
        review.format("10: strong accept")
        + review.format("5: below")
        + "## Paper Decision\n\nReject"
    )
    submission = read(json.dumps({"paper_id": "a", "text": text}).encode())
    assert submission.predictions["a"] == Prediction("a", (10, 5), "reject", soundness=(3, 3))


def test_a_text_is_held_to_the_scale_too() -> None:
    text = "## Reviewer\n\n### Rating\n\n8: accept"
    line = json.dumps({"paper_id": "a", "text": text}).encode()
    submission = parse_predictions(
        [line], name="m", known=["a"], config=ScoringConfig(scale=(1, 6))
    )
    assert [invalid.rule for invalid in submission.invalid_lines] == ["out-of-scale"]


def test_blank_lines_are_passed_over_and_line_separators_are_not_line_ends() -> None:
    assert read(b"", b"  \r", json.dumps(GOOD).encode() + b"\r").invalid_lines == ()
    inside = '{"paper_id": "a", "ratings": [5], "text": "one\u2028two"}'.encode()
    assert set(read(inside).predictions) == {"a"}


def test_a_line_beyond_the_limit_is_one_invalid_line(tmp_path: Path) -> None:
    path = tmp_path / "model.jsonl"
    path.write_bytes(b" " * 1000 + b'{"paper_id": "a"}\n' + json.dumps(GOOD).encode() + b"\n")
    submission = read_predictions(path, known=["a"], max_line_bytes=64)
    assert [(f.line, f.rule) for f in submission.invalid_lines] == [(1, "line-too-long")]
    assert set(submission.predictions) == {"a"}


words = st.text(st.sampled_from("ab5\u2028\ud800\x00"), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "paper_id": st.sampled_from(["a", "b", "z"]) | values,
        "ratings": st.lists(st.integers(0, 11) | st.floats(), max_size=3) | values,
        "decision": st.sampled_from(["accept", "reject", "maybe"]) | values,
        "soundness": st.lists(st.integers(0, 5), max_size=3) | values,
        "text": values,
        "other": values,
    },
)


@given(st.lists(st.binary(max_size=40) | entries.map(lambda e: json.dumps(e).encode()), max_size=6))
def test_every_line_becomes_a_prediction_on_the_scale_or_a_fault(lines: list[bytes]) -> None:
    submission = read(*lines)
    written = sum(bool(line.strip()) for line in lines)
    assert written == len(submission.predictions) + len(submission.invalid_lines)
    for paper_id, prediction in submission.predictions.items():
        assert paper_id in {"a", "b", "c"}
        assert prediction.ratings
        assert all(1 <= rating <= 10 for rating in prediction.ratings)


def test_a_decision_beside_a_text_is_used_and_may_not_contradict_it() -> None:
    text = "## Reviewer\n### Rating\n6"
    rows = [
        {"paper_id": "a", "text": text, "decision": "accept"},
        {"paper_id": "b", "text": f"{text}\n## Paper Decision\nReject", "decision": "accept"},
    ]
    lines = [json.dumps(row).encode() for row in rows]
    found = parse_predictions(lines, name="m", known="ab")
    assert [(i, p.decision) for i, p in found.predictions.items()] == [("a", "accept")]
    assert found.invalid_lines[0].detail == "decision: found accept, but reject in the text"


def test_columns_and_commas_of_a_csv_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('paper_id,ratings\na,"5,5"\nb,"[5, 6]"\n', "utf-8")
    found = read_predictions(path, known="ab")
    assert list(found.predictions["b"].ratings) == [5, 6]
    assert found.invalid_lines[0].detail == "ratings: expected numbers, found '5,5'"
    path.write_text("paper_id,ratings,ratings\na,5,8\n", "utf-8")
    with pytest.raises(ParseError, match="expected each column once"):
        read_predictions(path, known="a")


def test_cells_of_a_csv_are_long_and_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    text = "## Reviewer\n### Summary\n" + "x" * 200_000 + "\n### Rating\n6"
    path.write_bytes(f'paper_id,text\na,"{text}"\n'.encode() + b'b,"### Rating\n6 caf\xe9"\n')
    found = read_predictions(path, known="ab")
    assert list(found.predictions) == ["a"]
    assert found.invalid_lines[0].detail == "expected UTF-8; save the file as UTF-8"


OTHER_FORMATS = {
    "bzip2": (bz2.compress(b"x"), "found a bzip2 file"),
    "zip with a plain member": (b'PK\x03\x04...{"paper_id": "a", "ratings": [5]}\n', "found a zip"),
    "Parquet": (b"PAR1....", "found a Parquet file"),
    "SQLite": (b"SQLite format 3\x00", "found an SQLite database"),
    "UTF-16": ("paper_id,ratings\na,5\n".encode("utf-16"), "found text in UTF-16"),
    "a page": (b"\n<!DOCTYPE html>", "found HTML or XML"),
    "tabs": (b"paper_id\tratings\na\t5\n", "found tab-separated text"),
    "semicolons": (b"paper_id;ratings\na;5\n", "found CSV with semicolons"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "found a pointer of Git LFS"),
}


@pytest.mark.parametrize("name", ["m.jsonl", "m.csv"])
@pytest.mark.parametrize(("data", "why"), OTHER_FORMATS.values(), ids=OTHER_FORMATS.keys())
def test_another_format_is_named(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ParseError, match=why):
        read_predictions(tmp_path / name, known=["a"])


def test_spaces_around_the_names_of_columns_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("paper_id, ratings\na,5\n")
    found = read_predictions(tmp_path / "m.csv", known=["a"])
    assert found.predictions["a"].ratings == (5,)


A, B = {"paper_id": "a", "ratings": [5, 6]}, {"paper_id": "b", "ratings": [8]}


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param([A, B], id="list"),
        pytest.param({"a": {"ratings": [5, 6]}, "b": {"ratings": [8]}}, id="by-paper"),
        pytest.param({"0": A, "1": B}, id="by-index"),
        pytest.param({"model": "m", "usage": {"calls": 2}, "results": [A, B]}, id="one-list"),
    ],
)
def test_predictions_in_one_json_value_are_read(
    tmp_path: Path, value: object, indent: int | None
) -> None:
    (tmp_path / "m.json").write_text("\ufeff" + json.dumps(value, indent=indent))
    found = read_predictions(tmp_path / "m.json", known=["a", "b"])
    assert found.predictions == {"a": Prediction("a", (5, 6)), "b": Prediction("b", (8,))}
    assert found.invalid_lines == ()


def test_one_prediction_over_several_lines_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(A, indent=2))
    found = read_predictions(tmp_path / "m.json", known=["a"])
    assert [*found.predictions] == ["a"]


@pytest.mark.parametrize("first", ['{"paper_id": "a", "rat', "{", '{"x": 1} {'])
def test_a_damaged_first_line_costs_the_line(tmp_path: Path, first: str) -> None:
    (tmp_path / "m.jsonl").write_text(first + "\n" + json.dumps(B) + "\n")
    found = read_predictions(tmp_path / "m.jsonl", known=["a", "b"])
    assert [*found.predictions] == ["b"]
    assert [(line.line, line.rule) for line in found.invalid_lines] == [(1, "not-json")]


def test_two_lists_of_predictions_are_not_guessed_between(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps({"dev": [A], "test": [B]}))
    found = read_predictions(tmp_path / "m.json", known=["a", "b"])
    assert found.predictions == {}
    assert [line.rule for line in found.invalid_lines] == ["no-paper-id"]
