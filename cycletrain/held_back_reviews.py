"""Reviews of held-back papers during SFT: the proxy MSE of a reviewer while it learns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import mean
from typing import Any

from cycledata.errors import TrainingError
from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatRequest, Sampling
from cycledata.records import Message
from cycleeval.proxy import proxy_error
from cycletrain.build_chats import PaperRatings, iterate_chats, iterate_ratings
from cycletrain.config import SftConfig
from cycletrain.generation import TransformersGenerator
from cycletrain.prepared_examples import held_back
from cycletrain.ranks import from_first, is_main_process
from cycletrain.reviewing import prediction_on_scale
from cycletrain.run_record import TextSample

_N_SAMPLES = 3
_SAMPLE_CHARACTERS = 4000


@dataclass(slots=True)
class HeldBackReviews:
    """Held-back papers, their human ratings, and the last reviews of them."""

    chats: dict[str, tuple[Message, ...]]
    """System and user turn by paper id."""
    ratings: dict[str, PaperRatings]
    """Human ratings by paper id, at least two, with the scale of the venue."""
    max_tokens: int
    samples: tuple[TextSample, ...] = field(default=())
    """Some reviews of the last measurement."""

    @staticmethod
    def of(config: SftConfig) -> "HeldBackReviews":
        """Return the papers to review: the first held-back ones with at least two ratings.

        Raises:
            TrainingError: no held-back paper has two ratings.
        """
        rows = dict(iterate_chats(config.build, "train"))
        kept = held_back(config, list(rows))
        rated = (
            paper
            for paper in iterate_ratings(config.build, "train")
            if paper.paper_id in kept and len(paper.ratings) >= 2
        )
        chosen = islice(rated, config.validation.n_reviewed)
        ratings = {paper.paper_id: paper for paper in chosen}
        if not ratings:
            raise TrainingError(
                "validation: expected held-back papers with two human ratings, found none; raise"
                " validation.share"
            )
        chats = {paper_id: rows[paper_id][:-1] for paper_id in ratings}
        return HeldBackReviews(chats, ratings, config.validation.max_tokens)

    def measure(self, model: Any, tokenizer: Any) -> dict[str, float]:
        """Return the proxy MSE of the most likely reviews and the share that cannot be read.

        Every process returns the numbers of the first one, which alone generates.
        """
        return from_first(self._measure(model, tokenizer) if is_main_process() else {})

    def _measure(self, model: Any, tokenizer: Any) -> dict[str, float]:
        generator = TransformersGenerator(model, tokenizer, name="model in training")
        sampling = Sampling(temperature=0, max_tokens=self.max_tokens)
        requests = [ChatRequest(key, chat, 0) for key, chat in self.chats.items()]
        texts: list[str] = []
        for start in range(0, len(requests), 4):
            part = requests[start : start + 4]
            texts += [completion.text for completion in generator.complete(part, sampling)]
        self.samples = tuple(
            TextSample(title=f"Review of {key}, held back", text=text[:_SAMPLE_CHARACTERS])
            for key, text in list(zip(self.chats, texts, strict=True))[:_N_SAMPLES]
        )
        return _errors(list(self.ratings.values()), texts)


def _errors(papers: Sequence[PaperRatings], texts: Sequence[str]) -> dict[str, float]:
    """Return the error of the readable reviews; one off the scale of its venue is unreadable."""
    predictions = [
        prediction_on_scale(text, paper.scale) for paper, text in zip(papers, texts, strict=True)
    ]
    read = [
        (paper.ratings, found.ratings)
        for paper, found in zip(papers, predictions, strict=True)
        if not isinstance(found, Unreadable) and found.ratings
    ]
    values = {"eval_unreadable_share": 1 - len(read) / len(texts)}
    if read:
        errors = proxy_error([model for _, model in read], [human for human, _ in read], mode="n")
        values["eval_proxy_mse"] = mean(errors.tolist())
    return values
