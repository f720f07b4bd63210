"""Loading the compiled code: once in a process, whichever thread asks first, and again after Ctrl-C."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tropical.activation.compiled import loading


@pytest.fixture
def unloaded():
    """As in a process that has not loaded anything, whatever this one has."""
    was = loading.is_loaded()
    loading._load.cache_clear()
    yield
    loading._load.cache_clear()
    if was:
        loading.load()


def test_threads_load_once(unloaded, monkeypatch):
    calls, start = [], threading.Barrier(8)

    def load():
        start.wait()
        loading.load()

    monkeypatch.setattr(loading, "_compile", lambda: calls.append(threading.get_ident()))
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(load) for _ in range(8)]:
            future.result()
    assert len(calls) == 1
    assert loading.is_loaded()


def test_an_interrupted_loading_is_done_again(unloaded, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loading, "_compile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loading.load()
    assert not loading.is_loaded()
    monkeypatch.setattr(loading, "_compile", lambda: None)
    loading.load()
    assert loading.is_loaded()
