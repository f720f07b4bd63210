"""Loading compiled code: announced where it has to be compiled, and only there."""

import pytest

from tropical.activation.compiled import loading


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache folder with nothing in it, and a process that has loaded nothing."""
    monkeypatch.setattr(loading, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(loading, "_compile", lambda: None)
    loading.load.cache_clear()
    yield tmp_path
    loading.load.cache_clear()


def test_the_first_compilation_says_how_long_it_takes(folder, capfd):
    assert not loading.is_kept()
    loading.load()
    assert "compiling, about a minute, once on this machine" in capfd.readouterr().err
    assert loading.is_kept()
    loading.load.cache_clear()
    loading.load()
    assert capfd.readouterr().err == ""


def test_an_interrupted_compilation_is_not_taken_for_a_whole_one(folder, monkeypatch, capfd):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "_compile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loading.load()
    assert not loading.is_kept()
    assert not loading.is_loaded()


def test_without_a_folder_every_process_compiles(folder, monkeypatch, capfd):
    monkeypatch.setattr(loading, "cache_folder", lambda: None)
    loading.load()
    assert not loading.is_kept()
    assert "compiling" in capfd.readouterr().err
