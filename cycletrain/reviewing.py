"""Papers to reviews by CycleReviewer, as predictions or as rewards (Sec. 3.1, Eq. 1).

A completion without a readable rating is sampled again with another seed. If it stays unreadable
the paper has no reward and no ratings; it is counted and never becomes a zero.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import ICLR_RATING, SCALES
from cycledata.formats.review_messages import ask_for_reviewers, paper_as_text, reviewer_prompt
from cycledata.formats.unreadable import Unreadable
from cycledata.load import MANIFEST, verify_build
from cycledata.records import Message, PaperText, RatingScale, Record, first_problem
from cycleeval.prediction_lines import ASPECTS
from cycleeval.predictions import Prediction, prediction_of_text
from cycleeval.review.form import form_of_build
from cycletrain.build_chats import iterate_chats, iterate_ratings
from cycletrain.generation import Generator
from cycletrain.preferences import Reward, Rollout
from cycletrain.sampling import ParsedCompletion, SamplingPlan, sample_readable

DEFAULT_REVIEWERS = 4
"""Simulated reviewers per paper unless the caller or the build says otherwise."""
_ANY_NUMBER = (-1000.0, 1000.0)
_MAX_BYTES = 20_000_000
"""Larger files are refused: no paper is that long."""


class PredictionLine(Record):
    """One paper's reviews; a predictions file of ``cycleeval`` has one per line."""

    paper_id: str
    ratings: tuple[float, ...] | None = None
    """Rating per simulated reviewer; None if the text could not be read."""
    decision: Literal["accept", "reject"] | None = None
    """None if the text states none."""
    soundness: tuple[float, ...] | None = None
    """One per reviewer; None if a reviewer left it out."""
    presentation: tuple[float, ...] | None = None
    """Like ``soundness``."""
    contribution: tuple[float, ...] | None = None
    """Like ``soundness``."""
    confidence: tuple[float, ...] | None = None
    """Like ``soundness``."""
    text: str
    """The completion."""


def read_papers(
    paths: Sequence[Path],
    *,
    split: str,
    n_reviewers: int | None,
    scale: RatingScale = ICLR_RATING,
) -> dict[str, tuple[Message, ...]]:
    """Return the reviewer's chat per paper, by paper id, from files and builds.

    Args:
        paths: LaTeX, Markdown or plain text (the id is the file's name), JSON Lines from
            ``cycledata parse`` (the id is ``file``), or a Review-5k build.
        split: split of a build.
        n_reviewers: reviewers per paper; None takes the number of reviews that a build's paper
            has, and ``DEFAULT_REVIEWERS`` for files.
        scale: rating scale for files; papers of a build keep that of their venue.

    Raises:
        ParseError: a file without a paper, or an id that appears twice.
    """
    chats: dict[str, tuple[Message, ...]] = {}
    for path in paths:
        for paper_id, messages in _papers_of(path, split):
            if paper_id in chats:
                raise ParseError("paper", f"{paper_id}: expected once, found twice; rename one")
            if len(messages) == 1:
                n = n_reviewers or DEFAULT_REVIEWERS
                messages = review_chat(messages[0].content, n_reviewers=n, scale=scale)
            elif n_reviewers is not None:
                system = ask_for_reviewers(messages[0].content, n_reviewers)
                messages = (Message(role="system", content=system), *messages[1:])
            chats[paper_id] = messages
    return chats


def read_scales(paths: Sequence[Path], *, split: str) -> dict[str, RatingScale]:
    """Return the rating scale of the papers of builds, by paper id.

    Args:
        paths: as for `read_papers`; files have no scale of their own.
        split: split of a build.
    """
    return {
        paper.paper_id: paper.scale
        for path in paths
        if (path / MANIFEST).is_file()
        for paper in iterate_ratings(path, split)
        if paper.scale is not None
    }


def scale_named(name: str) -> RatingScale:
    """Return a rating scale: a known one by name, or that of the one venue of a build.

    Raises:
        ParseError: ``rating-scale``, no such scale; gives the names.
    """
    if name in SCALES:
        return SCALES[name].scale
    if (Path(name) / MANIFEST).is_file():
        return form_of_build(Path(name)).scale
    known = ", ".join(SCALES)
    raise ParseError("rating-scale", f"{name}: expected a folder of a build, or one of {known}")


def _papers_of(path: Path, split: str) -> Iterator[tuple[str, tuple[Message, ...]]]:
    """Yield id and text of each paper, after the system turn that a build has for it."""
    if (path / MANIFEST).is_file():
        verify_build(path)
        for paper_id, messages in iterate_chats(path, split):
            yield paper_id, messages[:2]
        return
    for paper_id, text in _texts_of(path):
        yield paper_id, (Message(role="user", content=text),)


def _texts_of(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        found = f"{path.stat().st_size} bytes" if path.is_file() else "no such file"
        found = "a folder that is no build" if path.is_dir() else found
        raise ParseError(
            "paper",
            f"{path}: expected a build or a file of at most {_MAX_BYTES} bytes, found {found}",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(
            "paper", f"{path}: not UTF-8 text; run `cycledata parse {path.name}`, review its output"
        ) from error
    if not text.strip():
        raise ParseError("paper", f"{path}: expected the text of a paper, found none")
    if path.suffix != ".jsonl":
        yield path.name, text
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                paper = PaperText.model_validate_json(line)
            except ValidationError as error:
                raise ParseError("paper", f"{path.name}:{number}: {_why(line, error)}") from error
            yield paper.file, paper_as_text(paper)


def _why(line: str, error: ValidationError) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return "expected a JSON object, found something else"
    if isinstance(found, dict) and "error" in found:
        return f"`cycledata parse` could not read this file: {found['error']}"
    return f"not an object of `cycledata parse`: {first_problem(error)}"


def review_chat(
    paper: str, *, n_reviewers: int, scale: RatingScale = ICLR_RATING
) -> tuple[Message, Message]:
    """Return the chat that asks CycleReviewer for reviews of one paper, as in Review-5k.

    Args:
        paper: text of the paper, Markdown or LaTeX.
        n_reviewers: reviewers asked for; the model may write another number.
        scale: rating scale that the model was trained on; by default that of CycleReviewer.
    """
    system = Message(role="system", content=reviewer_prompt(n_reviewers, scale))
    return (system, Message(role="user", content=paper))


def review_papers(
    generator: Generator,
    chats: Mapping[str, tuple[Message, ...]],
    *,
    plan: SamplingPlan,
    scale: RatingScale | None = None,
) -> dict[str, ParsedCompletion[Prediction]]:
    """Return the prediction per paper id, read as ``cycleeval score`` reads it.

    Args:
        generator: the reviewer.
        chats: chat per paper id.
        plan: sampling and attempts.
        scale: a review with a rating off this scale is unreadable; None reads 0 to 10.
    """
    read = partial(prediction_on_scale, scale=scale)
    return sample_readable(generator, chats, read, name="review", plan=plan)


def prediction_on_scale(text: str, scale: RatingScale | None) -> Prediction | Unreadable:
    """Return the prediction of a reviewer's text, or why there is none.

    Args:
        text: the completion.
        scale: a rating off this scale is unreadable; None reads 0 to 10.
    """
    if scale is None or scale.values == ICLR_RATING.values:
        return prediction_of_text(text, scale=None if scale is None else _ends(scale))
    # Another form has other aspects; `cycleeval score` compares them with those of the form.
    others = dict.fromkeys((*ASPECTS, "confidence"), _ANY_NUMBER)
    return prediction_of_text(text, scale=_ends(scale), others=others)


def _ends(scale: RatingScale) -> tuple[float, float]:
    return float(scale.values[0]), float(scale.values[-1])


def reward_papers(
    generator: Generator,
    rollouts: Sequence[Rollout],
    *,
    n_reviewers: int,
    plan: SamplingPlan,
    scale: RatingScale = ICLR_RATING,
) -> list[Reward]:
    """Return one reward per paper, in the order of the papers; unreadable ones have reward None."""
    texts = {f"{r.prompt_id}/{r.index}": r.review_text for r in rollouts}
    chats = {
        key: review_chat(text, n_reviewers=n_reviewers, scale=scale)
        for key, text in texts.items()
        if text is not None
    }
    completions = review_papers(generator, chats, plan=plan, scale=scale)
    rewards = []
    for rollout, key in zip(rollouts, texts, strict=True):
        place: dict[str, Any] = {"prompt_id": rollout.prompt_id, "index": rollout.index}
        if key in completions:
            rewards.append(_reward(place, completions[key]))
        else:
            rewards.append(Reward(**place, reward=None, unreadable=f"paper: {rollout.unreadable}"))
    return rewards


def _reward(place: dict[str, Any], completion: ParsedCompletion[Prediction]) -> Reward:
    row = {**place, "text": completion.text, "n_tries": completion.n_tries}
    if isinstance(completion.value, Unreadable):
        why = f"review: {completion.value.where}: {completion.value.why}"
        return Reward.model_validate({**row, "reward": None, "unreadable": why})
    prediction = completion.value
    return Reward.model_validate(
        {
            **row,
            "reward": mean(prediction.ratings),
            "ratings": prediction.ratings,
            "decision": prediction.decision,
        }
    )


def predict(
    generator: Generator,
    chats: Mapping[str, tuple[Message, ...]],
    *,
    plan: SamplingPlan,
    scales: Mapping[str, RatingScale] | None = None,
) -> list[PredictionLine]:
    """Review papers; an unreadable completion has no ratings but keeps its text.

    Args:
        generator: the reviewer.
        chats: chat per paper id.
        plan: sampling and attempts.
        scales: rating scale per paper id; a rating off it is unreadable. 0 to 10 where missing.
    """
    by_scale: dict[RatingScale | None, dict[str, tuple[Message, ...]]] = {}
    for paper_id, chat in chats.items():
        by_scale.setdefault((scales or {}).get(paper_id), {})[paper_id] = chat
    completions: dict[str, ParsedCompletion[Prediction]] = {}
    for scale, group in by_scale.items():
        completions |= review_papers(generator, group, plan=plan, scale=scale)
    return [_prediction(paper_id, completions[paper_id]) for paper_id in chats]


def _prediction(paper_id: str, completion: ParsedCompletion[Prediction]) -> PredictionLine:
    prediction = completion.value
    if isinstance(prediction, Unreadable):
        return PredictionLine(paper_id=paper_id, text=completion.text)
    return PredictionLine(
        paper_id=paper_id,
        ratings=prediction.ratings,
        decision=prediction.decision,
        soundness=prediction.soundness,
        presentation=prediction.presentation,
        contribution=prediction.contribution,
        confidence=prediction.confidence,
        text=completion.text,
    )


def as_line(prediction: PredictionLine) -> str:
    """Return one line of a predictions file; absent fields are left out."""
    return prediction.model_dump_json(exclude_none=True)
