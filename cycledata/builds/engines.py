"""Map a function over chunks of work, in order: in this process, on local workers, or on Ray.

The three give the same results in the same order, so a build's bytes do not depend on the engine.
"""

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from cycledata.errors import BuildError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

Engine = Literal["local", "ray"]
T = TypeVar("T")
R = TypeVar("R")


def map_in_order(
    work: Callable[[T], R], items: Iterable[T], *, engine: Engine = "local", n_workers: int = 1
) -> Iterator[R]:
    """Results of ``work`` in the order of ``items``; at most a few items a worker are in flight.

    Args:
        work: a picklable pure function.
        items: picklable inputs; read lazily, so memory does not grow with their number.
        engine: ``"local"`` for this machine's processes, ``"ray"`` for a Ray cluster.
        n_workers: processes, or Ray tasks at a time.

    Raises:
        ValueError: fewer than one worker.
        BuildError: a worker process died.
        ImportError: ``engine="ray"`` without the extra ``cluster``.
    """
    if n_workers < 1:
        raise ValueError(f"n_workers must be at least 1, got {n_workers}")
    if engine == "ray":
        return _map_on_ray(work, items, n_workers)
    if n_workers == 1:
        return map(work, items)
    return _map_on_processes(work, items, n_workers)


def _map_on_processes(work: Callable[[T], R], items: Iterable[T], n_workers: int) -> Iterator[R]:
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # "spawn": Arrow and SQLite start threads, and a forked copy of their locks can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_start_worker)
    try:
        iterator = iter(items)
        pending: deque[Future[R]] = deque()

        def submit(n_items: int) -> None:
            for item in islice(iterator, n_items):
                with _uninterrupted():
                    pending.append(pool.submit(work, item))

        submit(2 * n_workers)
        while pending:
            result = pending.popleft().result()
            submit(1)
            yield result
    except BrokenProcessPool as error:
        raise BuildError(
            "a worker process died, perhaps for want of memory; try fewer --workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait: a worker that is cut off while it starts leaves a traceback behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    # Masking them would not do: another thread would take them for this one.
    before = {
        stop: signal.signal(stop, lambda number, _: waiting.append(number)) for stop in _STOPS
    }
    try:
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler or signal.SIG_DFL)
    for number in waiting[:1]:
        signal.raise_signal(number)


def _start_worker() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "BaseProcess") -> None:
    # A killed parent closes no queue, and its workers would wait for work for ever.
    parent.join()
    os._exit(1)


def _map_on_ray(work: Callable[[T], R], items: Iterable[T], n_workers: int) -> Iterator[R]:
    try:
        import ray
    except ImportError as error:
        raise ImportError("the Ray engine needs: pip install 'cyclekit[cluster]'") from error
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False)
    try:
        ray.data.DataContext.get_current().execution_options.preserve_order = True
        # Ray Data moves rows of columns; the items and results travel in one of bytes.
        rows = [{"item": pickle.dumps(item)} for item in items]
        results = ray.data.from_items(rows, override_num_blocks=max(1, len(rows))).map(
            partial(_work_on_row, pickle.dumps(work)), concurrency=n_workers
        )
        for row in results.iter_rows():
            yield pickle.loads(row["result"])  # noqa: S301  our own bytes, made one line above
    finally:
        if started_here:
            ray.shutdown()


def _work_on_row(work: bytes, row: dict[str, Any]) -> dict[str, Any]:
    function = pickle.loads(work)  # noqa: S301  our own bytes, from _map_on_ray
    item = pickle.loads(row["item"])  # noqa: S301  likewise
    return {"result": pickle.dumps(function(item))}
