import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cycledata import sample
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import Policy, read_policy
from cycledata.datasets.research14k.index import valid_prompts
from cycledata.datasets.research14k.make import row_digest
from cycledata.errors import BuildError
from cycledata.formats.paper_text import ResearchText, parse_messages
from cycledata.load import iterate_rows, read_build
from cycledata.outlines.prompt import prompt_hash
from cycledata.parse.latex import parse_eprint
from cycledata.records import Message
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.sealed import SealedSnapshot

RESEARCH_14K = DATASETS["research-14k"]
SAMPLE_POLICY = read_policy(sample.POLICY)
OWN_EYES = Policy.model_validate(
    {
        "name": "own-eyes",
        "components": {
            name: ["private-use"]
            for name in ("paper_text", "abstract", "outline", "reference_abstracts")
        },
    }
)
Snapshots = Callable[[Path, Iterable[Reply]], Path]


@pytest.fixture(scope="module")
def sample_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("builds") / "research-14k"
    build(RESEARCH_14K, sample.SNAPSHOT, out, policy=SAMPLE_POLICY)
    return out


def rows_of(folder: Path, config: str) -> dict[str, dict[str, Any]]:
    return {
        row["paper_id"]: dict(row)
        for split in read_build(folder).configs[config]
        for row in iterate_rows(folder, config, split)
    }


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sample_replies() -> list[Reply]:
    sealed = SealedSnapshot.open(sample.SNAPSHOT)
    return [r for service in sealed.manifest.replies_by_service for r in sealed.iter(service)]


def test_every_listed_paper_is_kept_or_has_its_reason(sample_build: Path) -> None:
    manifest = read_build(sample_build)
    assert manifest.configs == {
        "default": {"train": 6, "test": 1},
        "ids": {"train": 7, "test": 1},
    }
    whole = {
        k: n for k, n in manifest.dropped.items() if k.split(":")[0] not in {"text", "references"}
    }
    assert whole == {
        "consent: opt-out": 1,
        "default/consent: text-withheld": 1,
        "filter: not-english": 1,
        "filter: too-short": 1,
        "match: duplicate": 1,
        "match: no-arxiv-paper": 1,
        "outline: outline-refused": 1,
        "parse: pdf-eprint": 1,
    }


def test_turns_read_back_as_the_rows_own_outline_and_sections(sample_build: Path) -> None:
    for row in rows_of(sample_build, "default").values():
        read = parse_messages([Message.model_validate(message) for message in row["messages"]])
        assert isinstance(read, ResearchText)
        assert read.outline.model_dump(mode="json") == row["outline"]
        assert [s.model_dump(include={"level", "title", "text"}) for s in read.sections] == row[
            "sections"
        ]


def test_test_papers_are_later_than_all_training_papers(sample_build: Path) -> None:
    days = {
        split: [row["published"] for row in iterate_rows(sample_build, "ids", split)]
        for split in ("train", "test")
    }
    assert max(days["train"]) < min(days["test"])
    assert read_build(sample_build).facts["Last day of train"] == max(days["train"]).isoformat()


def test_what_may_not_be_published_stands_in_ids_alone(sample_build: Path) -> None:
    only_ids = rows_of(sample_build, "ids").keys() - rows_of(sample_build, "default").keys()
    (paper_id,) = only_ids
    assert "nonexclusive" in rows_of(sample_build, "ids")[paper_id]["license"]


def test_whoever_holds_the_snapshot_rebuilds_the_withheld_rows(
    sample_build: Path, tmp_path: Path
) -> None:
    build(RESEARCH_14K, sample.SNAPSHOT, tmp_path / "own", policy=OWN_EYES)
    rebuilt = {name: row_digest(row) for name, row in rows_of(tmp_path / "own", "default").items()}
    promised = {name: row["row_sha256"] for name, row in rows_of(sample_build, "ids").items()}
    assert promised.items() <= rebuilt.items()
    assert len(promised) == 8


def test_a_build_for_private_use_cannot_be_published(tmp_path: Path) -> None:
    build(RESEARCH_14K, sample.SNAPSHOT, tmp_path / "own", policy=OWN_EYES)
    with pytest.raises(BuildError, match="for private use"):
        publish(tmp_path / "own", "org/name", token=None, dry_run=True)


@pytest.mark.parametrize(("engine", "n_workers"), [("local", 2), ("ray", 2)])
# Ray warns about its own sockets and of what it will change.
@pytest.mark.filterwarnings("ignore")
def test_every_engine_gives_the_same_bytes(
    sample_build: Path, tmp_path: Path, engine: Any, n_workers: int
) -> None:
    out = tmp_path / "out"
    build(
        RESEARCH_14K,
        sample.SNAPSHOT,
        out,
        policy=SAMPLE_POLICY,
        engine=engine,
        n_workers=n_workers,
        chunk_papers=4,
    )
    assert digests(out) == digests(sample_build)


def test_one_changed_paper_is_read_again_and_no_other(
    tmp_path: Path, make_snapshot: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(payload: bytes, *, file: str, **options: Any) -> Any:
        read.append(file)
        return parse_eprint(payload, file=file, **options)

    monkeypatch.setattr("cycledata.parse.latex.parse_eprint", counted)
    cache = tmp_path / "cache"
    build(RESEARCH_14K, sample.SNAPSHOT, tmp_path / "a", policy=SAMPLE_POLICY, cache=cache)
    assert len(read) > 5
    read.clear()
    replies = sample_replies()
    keys = [r.key for r in replies if r.key.startswith("eprint/2301.99918")]
    changed = [
        dataclasses.replace(r, payload=r.payload + b"\0" * 1024) if r.key in keys else r
        for r in replies
    ]
    snapshot = make_snapshot(tmp_path / "changed", changed)
    build(RESEARCH_14K, snapshot, tmp_path / "b", policy=SAMPLE_POLICY, cache=cache)
    # A text that cannot be read is not kept, so the one PDF is tried again; neither is the text of
    # a paper that opted out.
    changed_paper = [key.removeprefix("eprint/") for key in keys]
    assert sorted(read) == sorted(["2308.99922v1", "2310.99913v1", *changed_paper])


def test_a_damaged_cache_changes_nothing(tmp_path: Path, sample_build: Path) -> None:
    cache = tmp_path / "cache"
    build(RESEARCH_14K, sample.SNAPSHOT, tmp_path / "a", policy=SAMPLE_POLICY, cache=cache)
    for i, path in enumerate(sorted(cache.rglob("*.zst"))):
        path.write_bytes([b"", b"garbage", path.read_bytes()[:-9]][i % 3])
    build(RESEARCH_14K, sample.SNAPSHOT, tmp_path / "b", policy=SAMPLE_POLICY, cache=cache)
    assert digests(tmp_path / "b") == digests(sample_build)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x00\x01binary garbage" * 50, "parse: "),
        (b"", "parse: "),
        (b"%PDF-1.5 not LaTeX", "parse: pdf-eprint"),
        (
            rb"\documentclass{article}\begin{document}\input{main}\end{document}",
            "filter: too-short",
        ),
        (
            rb"\documentclass{article}\begin{document}\section{A} a\section{B} b\end{document}",
            "filter: too-short",
        ),
        (
            rb"\documentclass{article}\begin{document}\section{A}"
            + b" the model is good" * 200
            + rb"\section{B} more \cite{none}\end{document}",
            "filter: no-bibliography",
        ),
    ],
    ids=["garbage", "empty", "pdf", "endless-include", "short", "no-bibliography"],
)
def test_a_broken_eprint_is_a_row_and_never_stops_the_build(
    tmp_path: Path, make_snapshot: Snapshots, payload: bytes, reason: str
) -> None:
    replies = [
        dataclasses.replace(r, payload=payload) if r.key == "eprint/2301.99918v1" else r
        for r in sample_replies()
    ]
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    report = build(RESEARCH_14K, snapshot, tmp_path / "out", policy=SAMPLE_POLICY)
    assert report.manifest.counts["papers"] == 15
    assert report.manifest.counts["papers_kept"] == 7
    assert any(rule.startswith(reason) or reason in rule for rule in report.manifest.dropped)


@pytest.mark.parametrize("config", ["default", "ids"])
def test_every_column_is_documented(config: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "datasets" / "research-14k.md").read_text("utf-8")
    columns = page.split("## Columns")[1].split("## Which papers")[0]
    assert not [name for name in RESEARCH_14K.schemas[config].names if f"`{name}`" not in columns]


def test_the_row_digest_depends_on_values_alone() -> None:
    row = {"b": dt.date(2024, 1, 2), "a": [1, "é"]}
    assert row_digest(row) == row_digest(json.loads(json.dumps(row, default=str)))


def outlined_by(folder: Path) -> dict[str, str]:
    return {name: row["outline_source"] for name, row in rows_of(folder, "ids").items()}


def test_only_outlines_of_the_text_at_hand_and_of_one_question_are_taken(
    tmp_path: Path,
    make_snapshot: Snapshots,
    make_listed: Callable[..., dict[str, Reply]],
    make_conversation: Callable[..., Reply],
    make_outline: Callable[[str], str],
) -> None:
    good = make_outline("A plan.")
    old = {"prompts": "0" * 16}
    talks: dict[int, list[tuple[str, dict[str, str]]]] = {
        1: [("a", {})],
        2: [("a", {"source": "2301.00002v9"})],
        3: [("a", old)],
        4: [("a", old), ("b", {})],
        5: [("a", {"problem": "novelty: no"}), ("b", {})],
        6: [("a", {"source": "2301.00006v9"}), ("b", {"problem": "novelty: no"})],
        7: [],
    }
    replies = [reply for number in talks for reply in make_listed(number).values()]
    for number, said in talks.items():
        for model, options in said:
            told = {"source": f"2301.{number:05}v1", "model": model, **options}
            replies.append(make_conversation(f"p{number:02}", good, **told))
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    report = build(RESEARCH_14K, snapshot, tmp_path / "out", policy=read_policy())
    assert outlined_by(tmp_path / "out") == {
        "p01": "a",
        "p04": "b",
        "p05": "b",
        "p07": "extractive",
    }
    assert report.manifest.dropped == {"outline: outline-refused": 1, "outline: outline-stale": 2}


@pytest.mark.parametrize(
    ("asked_with", "expected"),
    [
        ([], ""),
        (["old"], "old"),
        (["old", "old", "older"], "old"),
        (["b", "a"], "a"),
        (["old", "old", prompt_hash()], prompt_hash()),
    ],
    ids=["none", "one", "most", "tie", "today"],
)
def test_one_question_holds_for_all_papers(asked_with: list[str], expected: str) -> None:
    keys = [f"org/model/p{i}/{prompts}" for i, prompts in enumerate(asked_with)]
    assert valid_prompts(keys) == expected


COMPONENTS_14K = ("paper_text", "outline", "abstract", "reference_abstracts")
CC = "http://creativecommons.org/licenses/"
LICENCES = [*[f"{CC}by/4.0/"] * 4, f"{CC}by-sa/4.0/", f"{CC}by-nc-nd/4.0/", "arXiv", ""]
CITED_LICENCES = ["CCBY", "CCBY", "CC0", "CCBYNCND", "publisher-specific", None]
few_components = st.sets(st.sampled_from(COMPONENTS_14K), max_size=2)
requests = st.sets(st.sampled_from(COMPONENTS_14K), min_size=1, max_size=2)
policies = st.builds(
    lambda unnamed, terms, requests: Policy.model_validate(
        {
            "name": "random",
            "accept_terms": sorted(terms),
            "components": {c: ["licence"] for c in COMPONENTS_14K if c not in unnamed},
            "opt_out": [
                {
                    "paper_ids": [f"p{i:02}"],
                    "components": sorted(request),
                    "date": "2026-01-01",
                    "source": "mail",
                }
                for i, request in enumerate(requests)
            ],
        }
    ),
    st.one_of(st.just(set()), few_components),
    st.sets(st.sampled_from(["share-alike", "non-commercial"])),
    st.lists(requests, max_size=4),
)


def canary(component: str, number: int) -> str:
    return f"{component}{number}canary"


@settings(
    max_examples=12,
    # An example is four papers; to shrink it takes minutes and shows no more.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    policy=policies,
    licences=st.lists(st.sampled_from(LICENCES), min_size=4, max_size=4),
    cited_licences=st.lists(st.sampled_from(CITED_LICENCES), min_size=4, max_size=4),
)
def test_no_byte_of_a_withheld_component_stands_in_any_file(
    policy: Policy,
    licences: list[str],
    cited_licences: list[str | None],
    tmp_path_factory: pytest.TempPathFactory,
    make_listed: Callable[..., dict[str, Reply]],
    make_conversation: Callable[..., Reply],
    make_outline: Callable[[str], str],
    make_snapshot: Snapshots,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without compression a file's bytes are its values, so that nothing hides in them.
    writer = pq.ParquetWriter
    monkeypatch.setattr(
        pq,
        "ParquetWriter",
        lambda *a, **k: writer(*a, **{**k, "compression": "none", "compression_level": None}),
    )
    replies = []
    for i in range(4):
        words = {c: f"We show of {canary(c, i)} that it is so." for c in COMPONENTS_14K}
        listed = make_listed(
            i,
            licence=licences[i],
            abstract=words["abstract"],
            text=words["paper_text"],
            cited_abstract=words["reference_abstracts"],
            cited_licence=cited_licences[i],
            entry_abstract=words["reference_abstracts"],
        )
        # The last paper's outline is refused, in words that quote it.
        problem = f"novelty: no number, found {words['outline']!r}" if i == 3 else None
        talk = make_conversation(
            f"p{i:02}", make_outline(words["outline"]), source=f"2301.{i:05}v1", problem=problem
        )
        replies += [*listed.values(), talk]
    folder = tmp_path_factory.mktemp("consent")
    snapshot = make_snapshot(folder / "snapshot", replies)
    build(RESEARCH_14K, snapshot, folder / "out", policy=policy, allow_empty=True)
    content = all_bytes(folder / "out")
    verdicts = pl.read_parquet(folder / "out" / "consent.parquet").rows(named=True)
    assert {row["paper_id"] for row in verdicts} == {"p00", "p01", "p02"}
    for row in verdicts:
        word = canary(row["component"], int(row["paper_id"][1:])).encode()
        if row["verdict"] == "withhold":
            assert word not in content, row
    assert not any(canary(component, 3).encode() in content for component in COMPONENTS_14K)
    opened = {
        (row["paper_id"], row["component"]) for row in verdicts if row["verdict"] == "publish"
    }
    for paper_id in rows_of(folder / "out", "default"):
        for component in COMPONENTS_14K:
            shown = canary(component, int(paper_id[1:])).encode() in content
            assert shown == ((paper_id, component) in opened)


def all_bytes(folder: Path) -> bytes:
    """Every byte of a build, and every value of its Parquet files."""
    raw = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    values = [
        json.dumps(pl.read_parquet(p).to_dicts(), default=str) for p in folder.rglob("*.parquet")
    ]
    return raw + "".join(values).encode()
