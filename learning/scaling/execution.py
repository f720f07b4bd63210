"""Runs carried out here or on processes; what they give depends on neither."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from multiprocessing.connection import wait

from learning.scaling.part import Parameters, Row, Run

__all__ = ["finished_runs"]

Outcome = tuple[Run, Row, float]
Function = Callable[[Parameters, int], Row]


def finished_runs(
    runs: Sequence[Run], functions: Mapping[str, Function], *, seed: int, jobs: int, alone: Collection[str] = ()
) -> Generator[Outcome, None, None]:
    """Carry out the runs and yield (run, row, seconds) as they end: on ``jobs`` processes, the lonely ones after that.

    ``functions``: for each letter (parameters, seed) -> row. ``alone``: letters whose runs have no other beside them.
    Close the iterator to end what is still running. Each run has one BLAS thread.
    """
    together = [run for run in runs if run.letter not in alone] if jobs > 1 else []
    if together:
        with closing(_on_processes(together, functions, seed, jobs)) as outcomes:
            yield from outcomes
    done = set(map(id, together))
    for run in runs:
        if id(run) not in done:
            yield run, *_carried_out(functions[run.letter], run, seed)


def _on_processes(
    runs: Sequence[Run], functions: Mapping[str, Function], seed: int, jobs: int
) -> Generator[Outcome, None, None]:
    """In the order in which the runs end."""
    older = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(runs)), context, initializer=_follow_parent)
    pending = {}
    try:
        with _ctrl_c_waits():  # for workers that begin now, until they act on it as they should
            pending = {pool.submit(_carried_out, functions[run.letter], run, seed): run for run in runs}
        for future in as_completed(list(pending)):
            yield pending.pop(future), *future.result()
    finally:
        if pending:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - older:
                worker.terminate()
        pool.shutdown()


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Let Ctrl-C come after the block; processes that begin in it inherit this for good."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    """Ctrl-C reaches every process of the terminal: the one that keeps the runs acts on it, and workers end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    """End this process once another one has ended, however it did."""
    wait([sentinel])
    os._exit(1)


def _carried_out(function: Function, run: Run, seed: int) -> tuple[Row, float]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        start = time.perf_counter()
        row = function(run.parameters, run.seed(seed))
        return row, time.perf_counter() - start
