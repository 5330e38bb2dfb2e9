"""Outlines from several engines at once: papers as a Ray dataset, one engine in each actor.

An actor finishes a conversation, repeated requests included, so no engine waits for another. The
snapshot stays with the driver, which records every conversation as it comes back.
"""

import datetime as dt
import pickle
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cycledata.llm.chat import ChatModel
from cycledata.llm.on_ray import map_on_ray
from cycledata.outlines.ask import (
    DEFAULT_SAMPLING,
    MAX_ATTEMPTS,
    OutlineReport,
    converse,
    count_outcomes,
    is_known,
    reply_of,
)
from cycledata.outlines.prompt import PaperToOutline
from cycledata.outlines.read import SeededSampling, read_outline_reply
from cycledata.snapshot.open import OpenSnapshot

if TYPE_CHECKING:
    import pyarrow as pa


def extract_outlines_on_ray(
    papers: Iterable[PaperToOutline],
    snapshot: OpenSnapshot,
    model: str,
    make_backend: Callable[[], ChatModel],
    *,
    max_chars: int,
    n_engines: int,
    gpus_per_engine: float,
    sampling: SeededSampling = DEFAULT_SAMPLING,
    max_attempts: int = MAX_ATTEMPTS,
    batch_size: int = 64,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    on_progress: Callable[[OutlineReport], None] = lambda _: None,
) -> OutlineReport:
    """As ``extract_outlines``, on the present Ray cluster or one started on this machine.

    Killed, it loses the batches in flight, ``batch_size`` papers an engine and as many queued, and
    goes on from there when run again.

    Args:
        papers: with distinct ids; Ray's object store has the texts of all that are not known.
        snapshot: where conversations are recorded.
        model: what ``make_backend`` answers as; names what is known already.
        make_backend: starts an engine; called once in each actor.
        max_chars: budget for one paper, see ``prompt_budget``.
        n_engines: actors, each with an engine of its own.
        gpus_per_engine: GPUs that Ray keeps for one actor.
        sampling: passed on and recorded.
        max_attempts: maximum number of replies per paper.
        batch_size: conversations per engine at a time.
        clock: gives the time of a reply.
        on_progress: called after every conversation with the counts so far.

    Raises:
        FetchError: an engine does not start or answer; recorded conversations are kept.
        ImportError: the extra ``cluster`` is not installed.
    """
    rows: list[dict[str, bytes]] = []
    report = OutlineReport(0, 0, 0)
    for paper in papers:
        if is_known(snapshot, model, paper):
            report += OutlineReport(0, 0, 1)
        else:
            rows.append({"paper": pickle.dumps(paper)})
    if not rows:
        return report
    answered = map_on_ray(
        rows,
        _Engine,
        (make_backend, max_chars, sampling, max_attempts),
        batch_size=batch_size,
        n_engines=n_engines,
        gpus_per_engine=gpus_per_engine,
    )
    for row in answered:
        record = read_outline_reply(row["record"])
        snapshot.add(reply_of(record, row["url"], clock()), replace=True)
        report += count_outcomes([record])
        on_progress(report)
    return report


class _Engine:
    """Actor: starts an engine once, then runs conversations batch by batch."""

    def __init__(
        self,
        make_backend: Callable[[], ChatModel],
        max_chars: int,
        sampling: SeededSampling,
        max_attempts: int,
    ) -> None:
        self._backend = make_backend()
        self._options: dict[str, Any] = {
            "max_chars": max_chars,
            "sampling": sampling,
            "max_attempts": max_attempts,
        }

    def __call__(self, batch: "pa.Table") -> "pa.Table":
        import pyarrow as pa

        papers = [pickle.loads(item) for item in batch["paper"].to_pylist()]  # noqa: S301  our own bytes, from the driver
        ended = converse(papers, self._backend, **self._options)
        records = [record.model_dump_json().encode() for done in ended for record in done]
        return pa.table({"record": records, "url": [self._backend.url] * len(records)})
