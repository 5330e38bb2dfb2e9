"""Detection of generated papers and reviews by Fast-DetectGPT's curvature (Sec. 3.4, 4.4).

Human texts are from a build, generated ones from a rollout or its reviews. One share of the papers
calibrates the threshold and the probability, the rest is classified. ``criteria.jsonl`` is scored
by ``cycleeval detection``; ``detections.jsonl`` has one verdict per text.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cycledata.console import time_left
from cycledata.errors import TrainingError
from cycledata.formats.paper_text import ResearchText, parse_messages
from cycledata.formats.review_messages import paper_as_text
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.records import Record
from cycleeval.detection import Criterion
from cycletrain.build_chats import iterate_chats
from cycletrain.chat_tokens import encode_text
from cycletrain.checkpoints import load_model, load_tokenizer
from cycletrain.config import DetectConfig
from cycletrain.curvature import (
    Moments,
    curvature_moments,
    fit_threshold,
    machine_probability,
    windows,
)
from cycletrain.endpoint_curvature import moments_of_top
from cycletrain.generation import seed_of
from cycletrain.latex_paper import text_as_paper
from cycletrain.preferences import Reward, Rollout
from cycletrain.run_record import RunRecord, close_run, open_run

log = logging.getLogger(__name__)
_TEXTS_PER_LOG = 20


class Detection(Record):
    """Verdict on one text of the test share."""

    text_id: str
    generated: bool
    """True if a model wrote the text."""
    criterion: float
    called_generated: bool
    """True if the criterion is larger than the threshold."""
    probability: float
    """Share of generated texts among the nearest reference criteria."""


def run(config: DetectConfig) -> RunRecord:
    """Score, calibrate and classify; write the two files and the record.

    Raises:
        TrainingError: no human or no generated text, or a reference model with other tokens.
    """
    dataset = "review-5k" if config.format == "review" else "research-14k"
    record = open_run("detect", config, dataset=dataset)
    detector = open_detector(config)
    scored: list[tuple[str, str | None, float]] = []
    counts = {"human": 0, "generated": 0, "too_short": 0}
    texts: list[tuple[str | None, str, str]] = [
        *((None, text_id, text) for text_id, text in human_texts(config)),
        *((config.source, text_id, text) for text_id, text in generated_texts(config)),
    ]
    started = time.monotonic()
    for n_done, (source, text_id, text) in enumerate(texts, 1):
        value = detector.criterion(text)
        if value is None:
            counts["too_short"] += 1
        else:
            counts["human" if source is None else "generated"] += 1
            scored.append((text_id, source, value))
        if n_done % _TEXTS_PER_LOG == 0 and n_done < len(texts):
            seconds = (time.monotonic() - started) / n_done * (len(texts) - n_done)
            log.info("texts scored: %s of %s, %s", n_done, len(texts), time_left(seconds))
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
    """Yield id and text of the human reviews, or papers, of a build's split."""
    for paper_id, messages in iterate_chats(config.build, config.split):
        if config.format == "review":
            yield paper_id, messages[-1].content
            continue
        paper = parse_messages(messages)
        if isinstance(paper, ResearchText):
            shown = text_as_paper(paper.title, paper.abstract, paper.sections, paper_id)
            yield paper_id, paper_as_text(shown)


def generated_texts(config: DetectConfig) -> Iterator[tuple[str, str]]:
    """Yield id and text of a rollout's readable papers, or of their readable reviews."""
    if config.format == "paper":
        for rollout in read_jsonl(config.generated, Rollout):
            if rollout.review_text is not None:
                yield f"{rollout.prompt_id}/{rollout.index}", rollout.review_text
        return
    for reward in read_jsonl(config.generated, Reward):
        if reward.reward is not None and reward.text is not None:
            yield f"{reward.prompt_id}/{reward.index}", reward.text


def open_detector(config: DetectConfig) -> "Detector | EndpointDetector":
    """Return the detector: in this process, or at the endpoint that the scoring model names."""
    if config.model.is_endpoint:
        return EndpointDetector(config)
    return Detector(config)


class EndpointDetector:
    """A scoring model behind an endpoint that has `prompt_logprobs`, e.g. vLLM.

    The endpoint sends the likeliest tokens only. The probability of all others is spread evenly
    over them, so the criterion is an approximation; see ``moments_of_top``.

    Raises:
        TrainingError: no tokenizer, or a reference model.
    """

    def __init__(self, config: DetectConfig) -> None:
        from cycledata.llm.endpoint import ChatEndpoint

        if config.tokenizer is None or config.reference is not None:
            raise TrainingError(
                "model: an endpoint scores with the tokens of `tokenizer` and without `reference`;"
                " set the one and leave out the other"
            )
        model = config.model
        self._endpoint = ChatEndpoint(model.path, model.name, key_variable=model.key_variable)
        self._tokenizer = load_tokenizer(config.tokenizer)
        self._first = first_tokens(self._tokenizer) or [self._tokenizer.eos_token_id]
        self._config = config

    def criterion(self, text: str) -> float | None:
        """Return the curvature of one text; None if the text is too short."""
        import torch

        ids = encode_text(self._tokenizer, text)
        if len(ids) < self._config.min_tokens:
            return None
        total: Moments | None = None
        size = self._config.window_tokens - len(self._first)
        for window in windows(len(ids), size=size, overlap=self._config.overlap_tokens):
            tokens = [*self._first, *ids[window.start : window.end]]
            rows = self._endpoint.prompt_logprobs(tokens, self._config.top_logprobs)
            n_scored = window.end - window.first + (window.start == 0)
            found = moments_of_top(
                rows[-n_scored:], tokens[-n_scored:], vocabulary=len(self._tokenizer)
            )
            total = found if total is None else Moments(*map(torch.add, total, found))
        assert total is not None
        return float(total.criterion())


class Detector:
    """A scoring model, and a sampling model if that is another one."""

    def __init__(self, config: DetectConfig) -> None:
        self._tokenizer = load_tokenizer(config.model)
        self._scoring = load_model(config.model).eval()
        self._reference: Any = None
        if config.reference is not None:
            _require_same_tokens(self._tokenizer, load_tokenizer(config.reference))
            self._reference = load_model(config.reference).eval()
        self._config = config
        self._first = first_tokens(self._tokenizer)

    def criterion(self, text: str) -> float | None:
        """Return the curvature of one text; None if the text is too short.

        Every window begins with the tokens that the tokenizer puts before a text (BOS), as in the
        authors' code; they are not scored.
        """
        import torch

        ids = encode_text(self._tokenizer, text)
        if len(ids) < self._config.min_tokens:
            return None
        total: Moments | None = None
        size = self._config.window_tokens - len(self._first)
        for window in windows(len(ids), size=size, overlap=self._config.overlap_tokens):
            tokens = [*self._first, *ids[window.start : window.end]]
            shown = torch.tensor([tokens], device=self._scoring.device)
            # After BOS the first token of a text is scored too.
            first = 0 if window.start == 0 and self._first else window.first - window.start
            skip = len(self._first) + first - 1
            with torch.no_grad():
                scoring = self._scoring(shown, use_cache=False).logits[:, skip:-1]
                reference = None
                if self._reference is not None:
                    reference = self._reference(shown, use_cache=False).logits[:, skip:-1]
            found = curvature_moments(scoring, shown[:, skip + 1 :], reference)
            total = found if total is None else Moments(*map(torch.add, total, found))
        assert total is not None
        return float(total.criterion())


def first_tokens(tokenizer: Any) -> list[int]:
    """Return the tokens that the tokenizer puts before a text: BOS, or none."""
    with_first: list[int] = tokenizer("a")["input_ids"]
    plain: list[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
    n_first = next((i for i in range(len(with_first)) if with_first[i:][: len(plain)] == plain), 0)
    return with_first[:n_first]


def _require_same_tokens(scoring: Any, reference: Any) -> None:
    """Check that two models read the same tokens.

    Raises:
        TrainingError: they do not: the criterion compares probabilities of the same token.
    """
    if scoring.get_vocab() != reference.get_vocab():
        raise TrainingError(
            "reference: expected the tokenizer of the scoring model, found another vocabulary; use"
            " two models of one family"
        )


class CalibratedVerdicts(NamedTuple):
    """A threshold and its verdicts."""

    threshold: float
    detections: list[Detection]


def judge(config: DetectConfig, criteria: Sequence[Criterion]) -> CalibratedVerdicts:
    """Fit on the calibration share and classify the rest.

    Raises:
        TrainingError: no human or no generated text to calibrate on.
    """
    human = _values(criteria, generated=False)
    machine = _values(criteria, generated=True)
    if not human or not machine:
        raise TrainingError(
            f"{len(human)} human and {len(machine)} generated texts to calibrate on, expected one"
            " of each; give more texts or another calibration_share"
        )
    threshold = fit_threshold(human, max_false_positive_rate=config.max_false_positive_rate)
    return CalibratedVerdicts(
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
    """Return the papers that calibrate, drawn by id: all texts of one paper are used alike."""
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
