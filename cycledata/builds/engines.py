"""Map a function over items in order: in this process, in local worker processes, or on Ray.

All three give the same results in the same order, so the bytes of a build do not depend on the
engine.
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
    """Yield the results of ``work`` in the order of ``items``.

    At most two items per worker are in flight.

    Args:
        work: a picklable pure function.
        items: picklable inputs, read lazily.
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
            "a worker process died: out of memory (try fewer --workers), or started by a script"
            ' that does not build inside `if __name__ == "__main__":`'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Delay signals: a worker that is interrupted while it starts prints a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    # Masked signals would be delivered to another thread instead.
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
    """Ignore Ctrl-C, which the parent process handles, and exit when the parent exits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: "BaseProcess") -> None:
    # A killed parent leaves its queues open, and its workers would wait forever.
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
        # Ray Data moves rows of columns; items and results are pickled into one column.
        rows = [{"item": pickle.dumps(item)} for item in items]
        results = ray.data.from_items(rows, override_num_blocks=max(1, len(rows))).map(
            partial(_work_on_row, pickle.dumps(work)), concurrency=n_workers
        )
        for row in results.iter_rows():
            yield pickle.loads(row["result"])  # noqa: S301  pickled by this module
    finally:
        if started_here:
            ray.shutdown()


def _work_on_row(work: bytes, row: dict[str, Any]) -> dict[str, Any]:
    function = pickle.loads(work)  # noqa: S301  pickled by this module
    item = pickle.loads(row["item"])  # noqa: S301  pickled by this module
    return {"result": pickle.dumps(function(item))}
