"""Was it written by a model? Fast-DetectGPT's curvature over papers or reviews (Sec. 3.4, 4.4).

Human texts come from a build, generated ones from a rollout or its reviews. Half of each calibrates
(the threshold, the reference values of the probability), the other half is judged. The criteria go
to ``criteria.jsonl``, which ``cycleeval detection`` scores, the verdicts to ``detections.jsonl``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cycledata.formats.paper_text import ResearchText, parse_messages
from cycledata.formats.review_messages import paper_as_text
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.load import iterate_rows
from cycledata.records import Message, Record
from cycleeval.detection import Criterion
from cycletrain.checkpoints import load_model, load_tokenizer
from cycletrain.config import DetectConfig
from cycletrain.curvature import (
    Moments,
    curvature_moments,
    fit_threshold,
    machine_probability,
    windows,
)
from cycletrain.generation import seed_of
from cycletrain.latex_paper import text_as_paper
from cycletrain.preferences import Reward, Rollout
from cycletrain.run_record import RunRecord, close_run, open_run


class Detection(Record):
    """The verdict on one text of the test split."""

    text_id: str
    generated: bool
    """The truth."""
    criterion: float
    called_generated: bool
    """The criterion is larger than the threshold."""
    probability: float
    """Share of generated texts among the nearest reference criteria."""


def run(config: DetectConfig) -> RunRecord:
    """Score, calibrate, judge; writes the two files and the record."""
    record = open_run("detect", config)
    detector = Detector(config)
    scored: list[tuple[str, str | None, float]] = []
    counts = {"human": 0, "generated": 0, "too_short": 0}
    for source, texts in ((None, human_texts(config)), (config.source, generated_texts(config))):
        for text_id, text in texts:
            value = detector.criterion(text)
            if value is None:
                counts["too_short"] += 1
                continue
            counts["human" if source is None else "generated"] += 1
            scored.append((text_id, source, value))
    calibrates = calibration_papers(config, [text_id for text_id, _, _ in scored])
    criteria = [
        Criterion(
            text_id=text_id,
            format=config.format,
            source=source,
            split="calibration" if _paper_of(text_id) in calibrates else "test",
            criterion=value,
        )
        for text_id, source, value in scored
    ]
    write_jsonl(config.out / "criteria.jsonl", criteria)
    threshold, detections = judge(config, criteria)
    write_jsonl(config.out / "detections.jsonl", detections)
    metrics = {"threshold": threshold, **_rates(detections)}
    return close_run(config.out, record.model_copy(update={"counts": counts, "metrics": metrics}))


def human_texts(config: DetectConfig) -> Iterator[tuple[str, str]]:
    """Texts that people wrote: the reviews, or the papers, of a build's split."""
    for row in iterate_rows(config.build, "default", config.split, ["paper_id", "messages"]):
        messages = [Message.model_validate(message) for message in row["messages"]]
        if config.format == "review":
            yield row["paper_id"], messages[-1].content
            continue
        paper = parse_messages(messages)
        if isinstance(paper, ResearchText):
            shown = text_as_paper(paper.title, paper.abstract, paper.sections, row["paper_id"])
            yield row["paper_id"], paper_as_text(shown)


def generated_texts(config: DetectConfig) -> Iterator[tuple[str, str]]:
    """Readable papers of a rollout, or readable reviews of its papers, in the same format."""
    if config.format == "paper":
        for rollout in read_jsonl(config.generated, Rollout):
            if rollout.review_text is not None:
                yield f"{rollout.prompt_id}/{rollout.index}", rollout.review_text
        return
    for reward in read_jsonl(config.generated, Reward):
        if reward.reward is not None and reward.text is not None:
            yield f"{reward.prompt_id}/{reward.index}", reward.text


class Detector:
    """A scoring model, perhaps with another that samples."""

    def __init__(self, config: DetectConfig) -> None:
        self._tokenizer = load_tokenizer(config.model)
        self._scoring = load_model(config.model).eval()
        self._reference: Any = None
        if config.reference is not None:
            self._reference = load_model(config.reference).eval()
        self._config = config

    def criterion(self, text: str) -> float | None:
        """Curvature of one text; None where it is too short to tell."""
        import torch

        ids = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        if len(ids) < self._config.min_tokens:
            return None
        total: Moments | None = None
        for window in windows(
            len(ids), size=self._config.window_tokens, overlap=self._config.overlap_tokens
        ):
            shown = torch.tensor([ids[window.start : window.end]], device=self._scoring.device)
            skip = window.first - window.start - 1
            with torch.no_grad():
                scoring = self._scoring(shown, use_cache=False).logits[:, skip:-1]
                reference = None
                if self._reference is not None:
                    reference = self._reference(shown, use_cache=False).logits[:, skip:-1]
            found = curvature_moments(scoring, shown[:, skip + 1 :], reference)
            total = found if total is None else Moments(*map(torch.add, total, found))
        assert total is not None
        return float(total.criterion())


class Judged(NamedTuple):
    """A threshold and what it says."""

    threshold: float
    detections: list[Detection]


def judge(config: DetectConfig, criteria: Sequence[Criterion]) -> Judged:
    """Fit on the calibration split, judge the test split.

    Raises:
        ValueError: no human or no generated text to calibrate on.
    """
    human = _values(criteria, generated=False)
    machine = _values(criteria, generated=True)
    if not human or not machine:
        raise ValueError(
            f"{len(human)} human and {len(machine)} generated texts to calibrate on, expected one"
            " of each; give more texts or another calibration_share"
        )
    threshold = fit_threshold(human, max_false_positive_rate=config.max_false_positive_rate)
    return Judged(
        threshold,
        [
            Detection(
                text_id=row.text_id,
                generated=row.source is not None,
                criterion=row.criterion,
                called_generated=row.criterion > threshold,
                probability=machine_probability(
                    row.criterion, human, machine, neighbours=config.neighbours
                ),
            )
            for row in criteria
            if row.split == "test"
        ],
    )


def _values(criteria: Iterable[Criterion], *, generated: bool) -> list[float]:
    return [
        row.criterion
        for row in criteria
        if row.split == "calibration" and (row.source is not None) == generated
    ]


def calibration_papers(config: DetectConfig, text_ids: Iterable[str]) -> frozenset[str]:
    """Papers that calibrate, drawn by id: all texts on one paper are on one side."""
    papers = sorted(
        {_paper_of(text_id) for text_id in text_ids},
        key=lambda paper: (seed_of(config.seed, "calibration", paper), paper),
    )
    size = round(config.calibration_share * len(papers))
    return frozenset(papers[: min(max(size, 1), len(papers) - 1)])


def _paper_of(text_id: str) -> str:
    return text_id.partition("/")[0]


def _rates(detections: Sequence[Detection]) -> dict[str, float]:
    rates = {}
    for name, generated in (("false_positive_rate", False), ("true_positive_rate", True)):
        calls = [row.called_generated for row in detections if row.generated == generated]
        if calls:
            rates[name] = sum(calls) / len(calls)
    return rates
