"""Atomic writes, canonical JSON, JSON Lines and Parquet."""

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.errors import FileLockedError, ParseError
from cycledata.files import (
    canonical_json,
    locked,
    remove_leftovers,
    replace_file,
    replace_folder,
    sha256_file,
    strict_json,
    write_file,
)
from cycledata.jsonl import (
    InvalidLine,
    append_jsonl,
    cut_incomplete_line,
    read_jsonl,
    require_records,
    write_jsonl,
)
from cycledata.parquet_files import iterate_parquet, read_parquet, write_parquet
from cycledata.records import Record

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_canonical_json_is_json_whatever_the_order_of_keys(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
    if isinstance(value, dict):
        assert canonical_json(dict(reversed(value.items()))) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param({"a": math.nan}, r"\$\.a: nan is not JSON", id="nan"),
        pytest.param([1, math.inf], r"\$\[1\]: inf is not JSON", id="infinity"),
        pytest.param({"a": {1, 2}}, r"\$\.a: a set has no stable JSON", id="set"),
        pytest.param([print], "builtin_function_or_method has no stable JSON", id="callable"),
        pytest.param({1: "a"}, r"\$: key 1 is a int, expected str", id="key"),
        pytest.param(b"a", "a bytes has no stable JSON", id="bytes"),
    ],
)
def test_canonical_json_refuses_what_has_no_stable_spelling(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        canonical_json(value)


def test_canonical_json_refuses_endless_nesting() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="nested deeper than 200"):
        canonical_json(value)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_file(path, b"old")

    def fail_half_way() -> None:
        with replace_file(path) as temporary:
            temporary.write_bytes(b"half")
            raise InterruptedError("half way")

    with pytest.raises(InterruptedError, match="half way"):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from cycledata.files import write_file
path = Path(sys.argv[1])
while True:
    for letter in (b"a", b"b"):
        write_file(path, letter * 200_000)
        print("written", flush=True)
"""


def test_a_pipe_and_a_folder_are_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder"):
        with pytest.raises(FileExistsError, match="expected a file or a new name") as error:
            write_file(path, "text")
        assert error.value.filename == str(path)
        assert not path.is_file()


def test_an_error_of_a_write_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "rows.csv"
    with pytest.raises(FileNotFoundError) as error, replace_file(path) as temporary:
        temporary.write_text("text")
    assert error.value.filename == str(path)


def test_a_kill_leaves_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for pause_s in (0.0, 0.003, 0.011):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause_s)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert path.read_bytes() in {b"a" * 200_000, b"b" * 200_000}
    remove_leftovers(tmp_path, "*.txt")
    assert list(tmp_path.iterdir()) == [path]


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    assert sha256_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_json_lines_keep_every_line_separator_inside_texts(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "a\u2028b\u2029c\x85d\x0be\r\nf"}, {"text": ""}]
    assert write_jsonl(tmp_path / "a.jsonl", rows) == 2
    assert list(read_jsonl(tmp_path / "a.jsonl")) == rows


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(b'{"a": ', r"a.jsonl:2: expected a JSON object: Expecting", id="truncated"),
        pytest.param(b"[1]", r"a.jsonl:2: expected a JSON object, found a list", id="no-object"),
        pytest.param(b"[" * 100_000, r"a.jsonl:2: .* nested deeper than 200", id="deep"),
    ],
)
def test_a_bad_json_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(ParseError, match=message):
        list(read_jsonl(tmp_path / "a.jsonl"))


def _tables() -> dict[str, Callable[[], pa.Table]]:
    plain = {"a": [1, None, 3], "b": ["x", "y", "x"]}
    return {
        "plain": lambda: pa.table(plain),
        "with metadata": lambda: pa.table(plain).replace_schema_metadata({"pandas": "3.1"}),
        "in two chunks": lambda: pa.concat_tables(
            [pa.table(plain).slice(0, 1), pa.table(plain).slice(1)]
        ),
    }


def test_equal_tables_give_equal_parquet(tmp_path: Path) -> None:
    digests = set()
    for name, make in _tables().items():
        path = tmp_path / f"{name}.parquet"
        write_parquet(path, make())
        digests.add(sha256_file(path))
        assert read_parquet(path).to_pydict() == make().to_pydict()
        assert list(iterate_parquet(path, ["a"])) == [{"a": 1}, {"a": None}, {"a": 3}]
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"a": 1, "a": 2}', "the key 'a' occurs twice", id="repeated-key"),
        pytest.param("[NaN]", "NaN is not JSON", id="nan"),
        pytest.param(r'"\ud800"', "half of a surrogate pair", id="surrogate"),
        pytest.param("[" * 300 + "]" * 300, "nested deeper than 200", id="deep"),
        pytest.param("[" * 100_000, "nested deeper than 200", id="recursion"),
    ],
)
def test_strict_json_refuses_what_readers_read_differently(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        strict_json(text)


@given(JSON_VALUES)
def test_strict_json_reads_every_value(value: object) -> None:
    assert strict_json(json.dumps(value)) == value


class Row(Record):
    name: str
    n: int = 0


def test_invalid_lines_are_reported_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"name": "a"}\n\n{"name": 1}\n{"name": "a", "n": 2}\n{"name": "b", "n": ""}')
    invalid: list[InvalidLine] = []
    rows = list(read_jsonl(path, Row, unique=("name",), on_error=invalid.append))
    assert rows == [Row(name="a")]
    assert [(line.line, line.rule) for line in invalid] == [
        (3, "not-a-record"),
        (4, "duplicate"),
        (5, "not-a-record"),
    ]
    with pytest.raises(ParseError, match="object per line, found 3 invalid lines"):
        require_records([], invalid, path)


@pytest.mark.parametrize("torn", [b"", b'{"na', b"x" * 200_000], ids=["whole", "short", "long"])
def test_an_incomplete_last_line_is_cut(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.jsonl"
    cut_incomplete_line(path)
    append_jsonl(path, [Row(name="a"), Row(name="b")])
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    cut_incomplete_line(path)
    assert path.read_bytes() == whole


def test_a_lock_excludes_others_follows_no_link_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock"),
        pytest.raises(FileLockedError, match="another process"),
        locked(tmp_path / "lock"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "target").write_text("kept")
    (tmp_path / "lock").symlink_to(tmp_path / "target")
    with pytest.raises(FileLockedError, match="symbolic link"), locked(tmp_path / "lock"):
        pass
    assert (tmp_path / "target").read_text() == "kept"


def test_a_failed_replacement_keeps_the_old_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with replace_folder(folder) as growing:
        (growing / "a").write_text("old")

    def fail_half_way() -> None:
        with replace_folder(folder) as growing:
            (growing / "a").write_text("new")
            raise InterruptedError("half way")

    with pytest.raises(InterruptedError):
        fail_half_way()
    assert [file.read_text() for file in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]
