import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cycledata import sample
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.errors import ParseError, VerifyError
from cycleeval.human_ratings import human_ratings_of, read_human_ratings
from cycleeval.reference_texts import read_reference_papers

ROWS: list[dict[str, Any]] = [
    {"paper_id": "b", "ratings": [3, 5], "decision": "reject", "soundness": [2, None]},
    {"paper_id": "a", "ratings": [6.0, 8.0], "decision": "accept", "soundness": [3, 4]},
    {"paper_id": "c", "ratings": [], "decision": "withdrawn", "soundness": None},
]


def as_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_file_is_read_in_the_order_of_ids(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"reference.{suffix}"
    if suffix == "jsonl":
        as_jsonl(path, ROWS)
    else:
        pl.DataFrame(ROWS, strict=False).write_parquet(path)
    reference = read_human_ratings(str(path))
    assert reference.paper_ids == ("a", "b", "c")
    assert list(reference.ratings) == [(6, 8), (3, 5), ()]
    assert list(reference.decisions) == ["accept", "reject", None]
    assert dict(reference.aspects) == {"soundness": ((3, 4), (2,), ())}
    assert reference.train is None


def test_a_column_split_sets_the_training_papers_apart(tmp_path: Path) -> None:
    rows = [
        {**row, "split": split} for row, split in zip(ROWS, ["test", "train", "other"], strict=True)
    ]
    reference = read_human_ratings(str(as_jsonl(tmp_path / "r.jsonl", rows)))
    assert reference.paper_ids == ("b",)
    assert reference.train is not None
    assert reference.train.paper_ids == ("a",)
    assert read_human_ratings(str(tmp_path / "r.jsonl"), split="train").train is None


def test_a_split_of_a_file_without_splits_is_an_error(tmp_path: Path) -> None:
    path = str(as_jsonl(tmp_path / "r.jsonl", ROWS))
    with pytest.raises(
        ParseError, match=r"a column 'split' for the split 'validation', found none"
    ):
        read_human_ratings(path, split="validation")
    assert read_human_ratings(path).paper_ids == ("a", "b", "c")


@pytest.fixture(scope="module")
def sample_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("builds") / "review-5k"
    build(DATASETS["review-5k"], sample.SNAPSHOT, folder, policy=read_policy(sample.POLICY))
    return folder


def test_a_build_gives_its_test_split_to_judge_and_its_training_split_to_learn_from(
    sample_build: Path,
) -> None:
    reference = read_human_ratings(str(sample_build))
    scores = {
        row["paper_id"]: row
        for split in ("test", "train")
        for row in pl.read_parquet(sample_build / "scores" / f"{split}-*.parquet").to_dicts()
    }
    assert reference.train is not None
    assert sorted(scores) == sorted(reference.paper_ids + reference.train.paper_ids)
    for part in (reference, reference.train):
        for paper_id, ratings in zip(part.paper_ids, part.ratings, strict=True):
            assert list(ratings) == scores[paper_id]["ratings"]
    assert set(reference.aspects) == {"soundness", "presentation", "contribution"}


def test_a_build_is_verified_and_its_splits_are_named(sample_build: Path, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"a split 'dev', found \['test', 'train'\]"):
        read_human_ratings(str(sample_build), split="dev")
    damaged = tmp_path / "damaged"
    shutil.copytree(sample_build, damaged)
    file = next((damaged / "scores").glob("test-*.parquet"))
    file.write_bytes(file.read_bytes().replace(b"SAMPLE", b"sample", 1))
    with pytest.raises(VerifyError, match="manifest pins sha256"):
        read_human_ratings(str(damaged))


def test_a_hub_id_gives_what_the_build_it_was_made_from_gives(
    sample_build: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import datasets

    load = datasets.load_dataset
    asked: list[tuple[str, str]] = []

    def from_the_hub(source: str, config: str) -> object:
        asked.append((source, config))
        return load(str(sample_build), config, cache_dir=str(tmp_path))

    monkeypatch.setattr(datasets, "load_dataset", from_the_hub)
    found, local = read_human_ratings("org/review-5k"), read_human_ratings(str(sample_build))
    assert asked == [("org/review-5k", "scores")]
    assert found.digest == local.digest
    assert found.train is not None
    assert local.train is not None
    assert found.train.digest == local.train.digest


def test_the_digest_sees_every_mark_and_no_order() -> None:
    one = human_ratings_of({"a": [6, 8], "b": [3]}, {"a": "accept"})
    assert one.digest == human_ratings_of({"b": [3.0], "a": [6.0, 8.0]}, {"a": "accept"}).digest
    assert one.digest != human_ratings_of({"a": [6, 8], "b": [3]}, {"b": "accept"}).digest
    assert one.digest != human_ratings_of({"a": [6, 8], "b": [5]}, {"a": "accept"}).digest


REFUSED: dict[str, tuple[str, str]] = {
    "not JSON": ("{", ":1: expected a JSON object"),
    "a list": ("[]", "found a JSON array"),
    "a gzip file": ("\x1f\x8b\x08", "found a gzip file"),
    "deep": ('{"a": ' + "[" * 200_000, ":1: expected a JSON object"),
    "a key twice": (
        '{"paper_id": "a", "ratings": [5], "ratings": [6]}',
        "the key 'ratings' occurs twice",
    ),
    "no id": ('{"ratings": [5]}', "row 1: paper_id: expected a string"),
    "an id twice": (
        '{"paper_id": "a", "ratings": [5]}\n{"paper_id": "a", "ratings": [5]}',
        "paper a: expected one row, found two",
    ),
    "no ratings": ('{"paper_id": "a"}', "expected a column 'ratings'"),
    "ratings of one number": ('{"paper_id": "a", "ratings": 5}', "expected a list"),
    "ratings of words": ('{"paper_id": "a", "ratings": ["5"]}', "expected numbers"),
    "a long number": (
        '{"paper_id": "a", "ratings": [' + "9" * 400 + "]}",
        "ratings: expected finite numbers",
    ),
    "a threshold of words": (
        '{"paper_id": "a", "ratings": [5], "accept_threshold": "6"}',
        "accept_threshold: expected a number, found '6'",
    ),
    "a scale of truth values": (
        '{"paper_id": "a", "ratings": [5], "rating_scale": [true, false]}',
        "rating_scale: expected a number, found True",
    ),
    "a paper in two splits": (
        (
            '{"paper_id": "a", "ratings": [5], "split": "train"}\n'
            '{"paper_id": "a", "ratings": [5], "split": "test"}'
        ),
        "expected each paper in one split, found 1 in 'train' and 'test', e.g. 'a'",
    ),
    "infinite": ('{"paper_id": "a", "ratings": [1e999]}', "leave unknown ratings out"),
    "another decision": (
        '{"paper_id": "a", "ratings": [5], "decision": "Accept (poster)"}',
        r"decision: expected 'accept', .* found 'Accept \(poster\)'",
    ),
    "a decision that is a list": (
        '{"paper_id": "a", "ratings": [5], "decision": []}',
        "decision: expected",
    ),
    "another split": (
        '{"paper_id": "a", "ratings": [5], "split": "dev"}',
        r"expected papers in split 'test', found the splits dev",
    ),
    "nothing": ("", "expected papers in split 'test'"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_faulty_reference_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "reference.jsonl"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ParseError, match=message):
        read_human_ratings(str(path))


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "reference.jsonl"
    path.write_text('{"paper_id": "a", "ratings": [5, 6]}', encoding="utf-8-sig")
    assert read_human_ratings(str(path)).ratings == ((5.0, 6.0),)
    assert set(read_reference_papers(str(path))) == {"a"}


def test_a_damaged_parquet_and_an_empty_directory_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "reference.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ParseError, match="expected a Parquet file"):
        read_human_ratings(str(path))
    with pytest.raises(VerifyError, match="not a finished build"):
        read_human_ratings(str(tmp_path))
    (tmp_path / "reference.csv").write_text("paper_id,ratings\n")
    with pytest.raises(ParseError, match=r"expected a \.parquet or \.jsonl file"):
        read_human_ratings(str(tmp_path / "reference.csv"))


def test_a_parquet_file_without_ratings_is_told_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"paper_id": ["a"], "rating": [[3, 5]], "status": ["Reject"]}), path)
    with pytest.raises(ParseError, match="'ratings', found paper_id, rating, status; rename yours"):
        read_human_ratings(str(path))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected a build directory"):
        read_human_ratings(str(tmp_path / "missing.parquet"))


def test_decimals_of_a_table_are_ratings(tmp_path: Path) -> None:
    ratings = pa.array([[5, 6], [3, None]], pa.large_list(pa.decimal128(4, 1)))
    table = pa.table({"paper_id": ["a", "b"], "ratings": ratings, "decision": ["accept", None]})
    pq.write_table(table, tmp_path / "r.parquet")
    found = read_human_ratings(str(tmp_path / "r.parquet"))
    assert [list(of_paper) for of_paper in found.ratings] == [[5.0, 6.0], [3.0]]


def test_a_reference_without_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("")
    with pytest.raises(ParseError, match="expected papers in split 'test', found no rows"):
        read_human_ratings(str(tmp_path / "r.jsonl"))
