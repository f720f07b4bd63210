"""Loading compiled code: once in a process, whichever thread asks first; announced where it has to be compiled only."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tropical.activation.compiled import loading


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache folder with nothing in it, and a process that has loaded nothing and would compile at once."""
    was = loading.is_loaded()
    loading._load.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(loading, "cache_folder", lambda: tmp_path)
        patch.setattr(loading, "_compile", lambda: None)
        yield tmp_path
    loading._load.cache_clear()
    if was:
        loading.load()


def interrupted():
    raise KeyboardInterrupt


def test_threads_load_once(folder, monkeypatch):
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


def test_the_first_compilation_says_how_long_it_takes(folder, capfd):
    assert not loading.is_kept()
    loading.load()
    assert "compiling, about a minute, once on this machine" in capfd.readouterr().err
    assert loading.is_kept()
    loading._load.cache_clear()
    loading.load()
    assert capfd.readouterr().err == ""


def test_an_interrupted_compilation_is_not_taken_for_a_whole_one(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(loading, "_compile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loading.load()
    assert not loading.is_kept()
    assert not loading.is_loaded()
    loading.load()
    assert loading.is_kept()
    assert loading.is_loaded()


def test_without_a_folder_every_process_compiles(folder, monkeypatch, capfd):
    monkeypatch.setattr(loading, "cache_folder", lambda: None)
    loading.load()
    assert not loading.is_kept()
    assert "compiling" in capfd.readouterr().err
