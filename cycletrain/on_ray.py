"""Papers and reviews by several copies of a model on a Ray cluster, in this process or on servers.

On Ray, an actor finishes whole papers, further attempts included, so no copy waits for another. The
folder of the job stays with the driver, which records every paper or review as it comes back.
"""

import pickle
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cycledata.files import locked
from cycledata.jsonl import append_jsonl, cut_incomplete_line, read_jsonl
from cycledata.llm.on_ray import map_on_ray
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import Generator, open_generator
from cycletrain.preferences import Reward, Rollout
from cycletrain.sampling import SamplingPlan, log_progress
from cycletrain.servers import generator_of

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R", Rollout, Reward)
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
RECORDED = "on-ray.jsonl"
"""File of the job's folder with the rows that engines have finished."""


class RowMaker(Protocol[T_contra, R_co]):
    """What a model makes of items; can be pickled, as a partial of `write_papers` can."""

    def __call__(
        self, generator: Generator, items: Sequence[T_contra], /, *, plan: SamplingPlan
    ) -> Sequence[R_co]:
        """Return the rows of the items, in their order."""


def sample_rows(
    model: ModelConfig,
    work: RowMaker[T, R],
    items: Sequence[T],
    row: type[R],
    *,
    keys_of: Callable[[T], Sequence[tuple[str, int]]],
    plan: SamplingPlan,
) -> list[R]:
    """Return the rows that a model makes of items, in their order.

    Args:
        model: with ``cluster``, a copy of it runs in each actor of a Ray cluster.
        work: makes the rows of some items.
        items: papers or prompts.
        row: type of the rows.
        keys_of: prompt id and index of each row of an item.
        plan: sampling; its folder records what is finished, and a killed run resumes from it.

    Raises:
        FetchError: an engine on Ray does not start or answer; finished rows are kept.
        ImportError: the extra ``cluster`` is not installed.
    """
    if model.cluster is None:
        with generator_of(model, plan.folder) as generator:
            return list(work(generator, items, plan=plan))
    path = plan.folder / RECORDED
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(f"{path.name}.lock")):
        cut_incomplete_line(path)
        known = read_jsonl(path, row) if path.is_file() else iter(())
        done = {(found.prompt_id, found.index): found for found in known}
        wanted = [keys_of(item) for item in items]
        n_rows = sum(map(len, wanted))
        left = [
            {"item": pickle.dumps(item)}
            for item, keys in zip(items, wanted, strict=True)
            if any(key not in done for key in keys)
        ]
        if left:
            finished = map_on_ray(
                left,
                _Engine,
                (model, work, plan),
                batch_size=max(1, plan.batch_size * len(items) // n_rows),
                n_engines=model.cluster.engines,
                gpus_per_engine=model.cluster.gpus_per_engine,
            )
            show = log_progress(f"{row.__name__.lower()}s on Ray")
            with closing(finished):
                for answer in finished:
                    found = row.model_validate_json(answer["row"])
                    append_jsonl(path, [found])
                    done[found.prompt_id, found.index] = found
                    show(len(done), n_rows)
    return [done[key] for keys in wanted for key in keys]


class _Engine:
    """Actor: loads the model once, then makes the rows of batch after batch."""

    def __init__(self, model: ModelConfig, work: RowMaker[Any, Any], plan: SamplingPlan) -> None:
        self._generator = open_generator(model)
        self._work = work
        self._plan = plan

    def __call__(self, batch: "pa.Table") -> "pa.Table":
        import pyarrow as pa

        items = [pickle.loads(item) for item in batch["item"].to_pylist()]  # noqa: S301  our own bytes, from the driver
        with tempfile.TemporaryDirectory(prefix="cycletrain-") as folder:
            rows = self._work(self._generator, items, plan=replace(self._plan, folder=Path(folder)))
        return pa.table({"row": [row.model_dump_json().encode() for row in rows]})
