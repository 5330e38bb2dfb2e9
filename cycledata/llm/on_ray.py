"""Engines on a Ray cluster: rows as a Ray dataset, one engine in each actor."""

import re
from collections.abc import Generator
from typing import Any

from cycledata.errors import FetchError

_RAISED = re.compile(r"(?!ray\.)[\w.]{1,80}(?:Error|Exception): ")
"""Line of a traceback with an exception other than Ray's own."""


def map_on_ray(
    rows: list[dict[str, bytes]],
    engine: type,
    arguments: tuple[Any, ...],
    *,
    batch_size: int,
    n_engines: int,
    gpus_per_engine: float,
) -> Generator[dict[str, Any], None, None]:
    """Yield the rows that engines make of rows, a batch at a time, in the order they are done.

    It runs on the present Ray cluster, on the one that `RAY_ADDRESS` names, or on one started on
    this machine.

    Args:
        rows: Ray's object store has all of them.
        engine: class of the actors; called with a `pyarrow.Table`, it returns one.
        arguments: of its constructor.
        batch_size: rows per call.
        n_engines: actors.
        gpus_per_engine: GPUs that Ray reserves for one actor.

    Raises:
        FetchError: an engine does not start or answer.
        ImportError: the extra `cluster` is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError("several engines need: pip install 'cyclekit[cluster]'") from error
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(include_dashboard=False, log_to_driver=False)
    try:
        # One block per batch: its rows come back as soon as the last of them is done.
        yield from (
            ray.data.from_items(rows, override_num_blocks=-(-len(rows) // batch_size))
            .map_batches(
                engine,
                fn_constructor_args=arguments,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(size=n_engines),
                num_cpus=1,
                num_gpus=gpus_per_engine,
            )
            .iter_rows()
        )
    except ray.exceptions.RayError as error:
        raise FetchError(
            f"an engine on Ray: {_reason(error)}; what was recorded is kept"
        ) from error
    finally:
        if started_here:
            ray.shutdown()


def _reason(error: Exception) -> str:
    """Return the error of an actor from the traceback that Ray makes of it."""
    lines = str(error).split("\n")
    reasons = [line for line in lines if _RAISED.match(line)]
    return (reasons[-1] if reasons else lines[0])[:400]
