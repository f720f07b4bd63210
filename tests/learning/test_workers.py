"""What goes wrong with an executor, not in the work: one error that says what to do."""

import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import learning as ln
from learning.filtering.moments import in_order

USES = {
    "in order": lambda executor: list(in_order(abs, [-1, -2], executor)),
    "filtered PCA": lambda executor: ln.FilteredPCA().fit_batches(batches, executor),
    "sweep": lambda executor: ln.lemmas.sweep("h6", [0, 1], ["L2"], executor=executor),
}


class Dying(ProcessPoolExecutor):
    """Its workers are gone before they have done anything, as after kill -9."""

    def submit(self, function, /, *arguments, **options):
        return super().submit(os._exit, 9)


def batches():
    X = np.random.default_rng(0).standard_normal((2000, 4))
    yield X, abs(X[:, 0])


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_worker_that_dies(use):
    with (
        Dying(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(BrokenExecutor, match=r"ended abruptly .* fewer workers if memory is short, or leave executor"),
    ):
        use(executor)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_executor_that_takes_no_work(use):
    (executor := ThreadPoolExecutor(1)).shutdown()
    with pytest.raises(ValueError, match="executor takes no work, make a new one"):
        use(executor)


def test_an_error_of_the_work_is_passed_on():
    with ThreadPoolExecutor(1) as executor, pytest.raises(TypeError, match="bad operand"):
        list(in_order(abs, ["a"], executor))
