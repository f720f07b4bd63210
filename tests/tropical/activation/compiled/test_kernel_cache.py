"""Compiled code on disk: reused for the same sources only, and no failure of the disk is one of the program."""

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from case_counts import exhaustive

import tropical
from tropical.activation.compiled.kernels import cache_folder, code_cache

PACKAGE = Path(tropical.__file__).parent
ROOM = Path("activation", "compiled", "kernels")
MACHINERY = ("__init__.py", "cache_folder.py", "code_cache.py", "compilation.py")
KERNELS = {
    "steps.py": """from tropical.activation.compiled.kernels.compilation import compiled, inlined

@compiled
def double(x):
    return 2 * x

@inlined
def step(x):
    return x + 1
""",
    "walks.py": """from tropical.activation.compiled.kernels.compilation import compiled
from tropical.activation.compiled.kernels.steps import double, step

@compiled
def walk(x):
    return step(double(x))

@compiled
def first(pair):
    return pair.left

@compiled
def beyond(values):
    return values[7]
""",
}
WALK = """from tropical.activation.compiled.kernels.walks import walk
print(walk(3), sum(walk.stats.cache_hits.values()) if hasattr(walk, "stats") else None)
"""


@pytest.fixture
def package(tmp_path):
    return stand_in(tmp_path)


def stand_in(root):
    """A stand-in for the package: the machinery of its kernels, and three tiny ones."""
    kernels = root / "package" / "tropical" / ROOM
    kernels.mkdir(parents=True)
    for folder in (*ROOM.parents[:-1], Path()):
        (root / "package" / "tropical" / folder / "__init__.py").touch()
    for name in MACHINERY:
        shutil.copy(PACKAGE / ROOM / name, kernels)
    for name, source in KERNELS.items():
        (kernels / name).write_text(source)
    return kernels


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    """Such a stand-in, used once."""
    root = tmp_path_factory.mktemp("compiled")
    assert run(stand_in(root)) == ("7 0", [])
    return root


@pytest.fixture
def used_package(tmp_path, compiled_once):
    """A stand-in whose code is on the disk already."""
    shutil.copytree(compiled_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "package" / "tropical" / ROOM


def root_of(package):
    return package.parents[len(ROOM.parts)]


def environment(package, **more):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("NUMBA_", "XDG_"))}
    root = root_of(package)
    return {**kept, "PYTHONPATH": str(root), "XDG_CACHE_HOME": str(root / "cache"), "PYTHONNOUSERSITE": "1", **more}


def run(package, program=WALK, **more):
    """What the program prints, and the lines on standard error."""
    command = [sys.executable, "-c", program]
    result = subprocess.run(
        command, cwd=package, env=environment(package, **more), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip(), result.stderr.splitlines()


def files(package, pattern):
    return sorted((root_of(package) / "cache" / "tropical-relu").glob(f"kernels-*/{pattern}"))


def test_code_is_kept_for_the_user_alone_and_reused(package):
    assert run(package) == ("7 0", [])
    assert run(package) == ("7 1", [])
    (folder,) = {path.parent for path in files(package, "*.nbc")}
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    assert not list(package.rglob("*.nb?"))


def test_an_edited_kernel_is_compiled_anew_in_its_callers(used_package):
    package = used_package
    (package / "steps.py").write_text(KERNELS["steps.py"].replace("x + 1", "x + 2").replace("2 * x", "3 * x"))
    assert run(package)[0] == "11 0"
    (package / "steps.py").write_text(KERNELS["steps.py"])
    assert run(package)[0] == "7 1"


def test_a_source_that_changed_since_it_was_imported_is_not_kept(package):
    changed = (
        f"from tropical.activation.compiled.kernels import walks\nopen(r'{package / 'steps.py'}', 'a').write('# new')\n"
    )
    assert run(package, changed + WALK) == ("7 0", [])
    assert files(package, "*.nbc") == []


@pytest.mark.parametrize(
    ("pattern", "spoil"),
    [
        ("walks*.nbc", lambda data: data[:1000]),
        exhaustive(("*.nbc", lambda data: data[:2000] + bytes(64) + data[2064:])),
        ("*.nbi", lambda data: data[:-9]),
        exhaustive(("*.nb?", lambda data: b"")),
    ],
)
def test_damaged_files_are_named_and_written_anew(used_package, pattern, spoil):
    for path in files(used_package, pattern):
        path.write_bytes(spoil(path.read_bytes()))
    result, (line,) = run(used_package)
    assert result == "7 0"
    assert "damaged" in line
    assert str(files(used_package, "*.nbc")[0].parent) in line
    assert run(used_package) == ("7 1", [])


def test_code_of_other_types_under_the_name_of_an_entry_is_not_taken(package):
    program = "from tropical.activation.compiled.kernels.walks import walk\nprint(walk(3), walk(1.5))"
    assert run(package, program)[0] == "7 4.0"
    one, two = files(package, "walks.walk*.nbc")
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(kept)
    assert run(package, program) == ("7 4.0", [])


def test_fields_of_a_named_tuple_in_another_order(package):
    program = """from tropical.pairs import Pair
from tropical.activation.compiled.kernels.walks import first
print(first(Pair(left=3, right=4)))
"""
    for fields in ("left right", "right left"):
        (root_of(package) / "tropical" / "pairs.py").write_text(
            f"import collections\nPair = collections.namedtuple('Pair', '{fields}')"
        )
        assert run(package, program) == ("3", [])


def test_a_full_disk_is_said_once_and_changes_nothing(package):
    full = """import errno, os
from tropical.activation.compiled.kernels import code_cache
def fail(self, name, data): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
code_cache._Files._save_data = fail
"""
    result, (line,) = run(package, full + WALK)
    assert result == "7 0"
    assert "No space left" in line
    assert "kernels-" in line


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_disk_that_is_full_in_the_middle_of_a_file(package):
    """Of the system itself: a write beyond the largest size that a file may have."""
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
    result, (line,) = run(package, limit + WALK)
    assert result == "7 0"
    assert "File too large" in line
    assert not files(package, "*.tmp*")
    assert run(package) == ("7 0", [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, error):
    (place := tmp_path / "walk.nbc").write_bytes(b"old")

    def write():
        with code_cache._Files._open_for_write(None, str(place)) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        write()
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(place, b"old")]


def test_no_folder_is_said_once_and_changes_nothing(package, tmp_path):
    (tmp_path / "file").touch()
    result, (line,) = run(package, XDG_CACHE_HOME=str(tmp_path / "file"))
    assert result == "7 0"
    assert "every process compiles it" in line
    assert str(tmp_path / "file") in line


@pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
def test_a_folder_that_others_may_write_to_is_not_used(used_package):
    package = used_package
    (folder,) = {path.parent for path in files(package, "*.nbc")}
    result, (line,) = run(package, "import os\nos.getuid = lambda: 4242\n" + WALK)
    assert result == "7 0"
    assert "another user" in line
    for place in (folder, folder.parent):
        place.chmod(0o770)
        result, (line,) = run(package)
        assert result == "7 0"
        assert f"other users may write to {place}" in line
        place.chmod(0o700)


@pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
def test_a_folder_whose_name_is_in_the_hands_of_others_is_not_used(tmp_path, monkeypatch):
    (place := tmp_path / "caches").mkdir()
    place.chmod(0o777)
    with pytest.raises(ValueError, match=rf"other users may write to {place}$"):
        cache_folder._make_private(place / "ours")
    place.chmod(0o1777)  # as /tmp: everybody renames and removes what is his
    assert not cache_folder._make_private(place / "ours")
    (place / "link").symlink_to(place / "ours")
    assert not cache_folder._make_private(place / "link")
    of_another = SimpleNamespace(st_uid=os.getuid() + 1)
    monkeypatch.setattr(Path, "lstat", lambda path: of_another)
    with pytest.raises(ValueError, match="link belongs to another user"):
        cache_folder._make_private(place / "link")


def test_threads_that_compile_at_once(package):
    program = """import threading
from tropical.activation.compiled.kernels.walks import walk
start, found = threading.Barrier(8), []
def go():
    start.wait()
    found.append(walk(3))
threads = [threading.Thread(target=go) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(found)
"""
    assert run(package, program) == (str([7] * 8), [])
    assert run(package) == ("7 1", [])
    assert not files(package, "*.tmp*")


def test_processes_that_compile_at_once(package):
    command = [sys.executable, "-c", WALK]
    options = {"cwd": package, "env": environment(package), "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **options) for _ in range(3)]
    for process in processes:
        stdout, stderr = process.communicate()
        assert (stdout.split()[0], stderr) == ("7", "")
    assert run(package) == ("7 1", [])
    assert not files(package, "*.tmp*")


def test_checked_and_unchecked_code_do_not_mix(package):
    program = """import numpy as np
from tropical.activation.compiled.kernels.walks import beyond
try: beyond(np.zeros(16)[:4]), print("unchecked")
except IndexError: print("checked")
"""
    for _ in range(2):
        assert run(package, program)[0] == "unchecked"
        assert run(package, program, NUMBA_BOUNDSCHECK="1")[0] == "checked"
    assert len({path.parent for path in files(package, "*.nbc")}) == 2


def test_settings_of_numba_are_respected(package, tmp_path):
    assert run(package, NUMBA_DISABLE_JIT="1") == ("7 None", [])
    assert not (root_of(package) / "cache").exists()
    run(package, NUMBA_CACHE_DIR=str(tmp_path / "elsewhere"), NUMBA_CACHE_LOCATOR_CLASSES="InTreeCacheLocator")
    assert list((tmp_path / "elsewhere" / "tropical-relu").glob("kernels-*/*.nbc"))
    assert not list(package.rglob("*.nb?"))


def test_a_numba_with_other_insides_compiles_without_a_cache(package):
    assert run(package, "import numba.core.caching as inside\ndel inside.IndexDataCacheFile\n" + WALK) == ("7 0", [])
    changed = "import numba.core.compiler as inside\ninside.CompileResult._reduce = None\n"
    assert run(package, changed + WALK)[0] == "7 0"


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"HOME": "/home/someone"}, "/home/someone/.cache"),
        ("linux", {"HOME": "/home/someone", "XDG_CACHE_HOME": "/caches"}, "/caches"),
        ("linux", {"HOME": "/home/someone", "XDG_CACHE_HOME": "caches"}, "/home/someone/.cache"),
        ("darwin", {"HOME": "/Users/someone"}, "/Users/someone/Library/Caches"),
    ],
)
def test_where_caches_go(monkeypatch, platform, variables, expected):
    import numba

    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert cache_folder._base() == Path(expected)
    monkeypatch.setenv("HOME", "nowhere")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(ValueError, match="no home"):
        cache_folder._base()


def test_folders_unused_for_months_are_removed(tmp_path):
    for name in ("kernels-old", "kernels-new", "kernels-young", "other"):
        (tmp_path / name / "inside").mkdir(parents=True)
    months_ago = time.time() - 200 * 24 * 3600
    for name in ("kernels-old", "kernels-new", "other"):
        os.utime(tmp_path / name, (months_ago, months_ago))
    cache_folder._remove_unused(tmp_path / "kernels-new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernels-new", "kernels-young", "other"]


@pytest.mark.parametrize("path", sorted((PACKAGE / ROOM).glob("*.py")), ids=lambda path: path.name)
def test_a_kernel_depends_on_kernels_only(path):
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert all(
        name.startswith("tropical.activation.compiled.kernels") for name in names if name.split(".")[0] == "tropical"
    )


@pytest.mark.exhaustive
def test_the_kernels_themselves(tmp_path):
    root = tmp_path / "package"
    shutil.copytree(PACKAGE, root / "tropical", ignore=shutil.ignore_patterns("__pycache__"))
    program = """import tropical as tp
from tropical.activation.compiled.kernels.sweeping import cut_layer
net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1]], [[1, 1], [1, -1]], [[1, 1]]])
print(tp.polyhedral_complex(net, route="compiled").num_cells, sum(cut_layer.stats.cache_hits.values()))
"""
    kernels = root / "tropical" / ROOM
    result, (line,) = run(kernels, program)
    assert result == "5 0"
    assert "compiling, about a minute" in line
    assert run(kernels, program)[0] == "5 1"
    largest = max(files(kernels, "*.nbc"), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:1000])
    result, lines = run(kernels, program)
    assert result == "5 0"
    assert "damaged" in lines[0]
    assert run(kernels, program)[0] == "5 1"
    assert not list(kernels.rglob("*.nb?"))
