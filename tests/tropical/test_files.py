"""Whole files: what is no regular file is refused, and neither failure nor Ctrl-C leaves a part behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import tropical as tp
from tropical.files import FormatError, read_bytes, write_atomically

NET = tp.ReLUNetwork.from_arrays([[[1, 2]], [[1]]])
CERTIFICATE = tp.equivalent(NET, NET).certificate
WRITERS = {
    "bytes": (write_atomically, b"x", "f.bin"),
    "network": (lambda path, net: tp.save_network(net, path), NET, "f.json"),
    "certificate": (lambda path, certificate: tp.save_certificate(certificate, path), CERTIFICATE, "f.json"),
}


@pytest.fixture(params=WRITERS)
def write(request):
    """Writes a file into a folder and returns its path."""
    function, content, name = WRITERS[request.param]
    return lambda folder: function(folder / name, content) or folder / name


def test_what_is_no_regular_file_is_not_replaced(write, tmp_path):
    (place := write(tmp_path)).unlink()
    os.mkfifo(place)
    with pytest.raises(OSError, match="it is not a regular file") as caught:
        write(tmp_path)
    assert caught.value.filename == str(place)
    assert stat.S_ISFIFO(place.stat().st_mode)
    assert list(tmp_path.iterdir()) == [place]


def test_a_link_to_a_device_is_not_replaced(write, tmp_path):
    (place := write(tmp_path)).unlink()
    place.symlink_to(os.devnull)
    with pytest.raises(OSError, match="it is not a regular file"):
        write(tmp_path)
    assert place.is_symlink()


@pytest.mark.parametrize("load", [tp.load_network, tp.load_lattice_polynomial, tp.load_certificate])
def test_reading_a_pipe_is_one_error_at_once(load, tmp_path):
    os.mkfifo(tmp_path / "f.json")
    with pytest.raises(FormatError, match=r"f\.json: cannot be read: it is not a regular file"):
        load(tmp_path / "f.json")


def test_a_number_is_no_path():
    """As a descriptor it would be read, and closed."""
    with pytest.raises(ValueError, match="int"):
        tp.load_certificate(0)
    assert os.fstat(0)


@pytest.mark.parametrize("at", [(os, "fsync"), (Path, "replace")])
@pytest.mark.parametrize("error", [KeyboardInterrupt("pressed"), OSError(28, "No space left on device")])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(write, tmp_path, monkeypatch, at, error):
    place = write(tmp_path)
    place.write_bytes(b"old")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(*at, fail)
    with pytest.raises(type(error), match=r"pressed|No space"):
        write(tmp_path)
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(place, b"old")]


@pytest.mark.parametrize("name", ["missing/f", "file/f", "x" * 300])
def test_errors_name_the_file_that_was_asked_for(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"No such file|Not a directory|File name too long") as caught:
        write_atomically(tmp_path / name, b"x")
    assert caught.value.filename == str(tmp_path / name)


def test_the_limit_is_that_of_the_caller(tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    assert read_bytes(tmp_path / "f", 5) == b"12345"
    with pytest.raises(FormatError, match="larger than 4 bytes"):
        read_bytes(tmp_path / "f", 4)


def test_a_link_stays_and_what_it_leads_to_is_replaced(write, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (place := write(tmp_path)).rename(target := tmp_path / "elsewhere" / "target")
    place.symlink_to(target)
    target.write_bytes(b"old")
    assert write(tmp_path) == place
    assert place.is_symlink()
    assert target.read_bytes() != b"old"
    assert {path.name for path in tmp_path.rglob("*")} == {place.name, "elsewhere", "target"}


def test_the_file_of_standard_output_is_not_replaced(write, tmp_path):
    (place := write(tmp_path)).write_bytes(b"printed")
    saved = os.dup(1)
    with place.open("ab") as file:
        os.dup2(file.fileno(), 1)
    try:
        with pytest.raises(OSError, match="standard output goes there") as caught:
            write(tmp_path)
    finally:
        os.dup2(saved, 1)
        os.close(saved)
    assert caught.value.filename == str(place)
    assert place.read_bytes() == b"printed"


def test_a_closed_standard_output_is_no_file(tmp_path):
    code = "import os; from pathlib import Path; from tropical.files import write_atomically\n"
    code += "Path('f').touch(); os.close(1); write_atomically(Path('f'), b'x')"
    path = os.pathsep.join([str(Path(tp.__file__).parents[1]), *sys.path])
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, check=True)
    assert (tmp_path / "f").read_bytes() == b"x"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_a_file_replaced_between_a_look_and_the_reading(tmp_path, monkeypatch, make):
    """What took its place is neither waited for nor read."""
    place, look = tmp_path / "f.json", Path.stat
    place.write_bytes(b"{}")

    def stat_and_replace(path):
        status = look(path)
        place.unlink()
        make(place)
        return status

    monkeypatch.setattr(Path, "stat", stat_and_replace)
    with pytest.raises(FormatError, match=r"f\.json: cannot be read"):
        read_bytes(place)


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    place, look = tmp_path / "f", Path.stat
    place.write_bytes(b"12")

    def stat_and_grow(path):
        status = look(path)
        place.write_bytes(b"12345")
        return status

    monkeypatch.setattr(Path, "stat", stat_and_grow)
    with pytest.raises(FormatError, match="larger than 4 bytes"):
        read_bytes(place, 4)


def test_a_sparse_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "f.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FormatError, match="larger than"):
        tp.load_network(tmp_path / "f.json")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(write, tmp_path):
    """Of the system itself: a write beyond the largest size that a file may have."""
    import resource

    (place := write(tmp_path)).write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(place)
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(place, b"old")]
