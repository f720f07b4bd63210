"""Exit codes of the installed commands: 1 says refuted and nothing else does, 0 says that the result was written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tropical as tp
from tropical.proofs import checker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")
BIN = Path(sys.executable).parent
CHECKER = f"{sys.executable} -I {checker.__file__} proof.json"
EQUAL, DIFFERENT = "tropical equivalent net.json net.json", "tropical equivalent net.json other.json"
START = "import sys; from tropical_relu_cli import start; sys.exit(start._run('fake'))"
VERDICT = """class main:
    def run():
        print("refuted")
        return 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exit")
    tp.save_network(tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1]], [[1, 1]]]), folder / "net.json")
    tp.save_network(tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1]], [[1, 2]]]), folder / "other.json")
    net = tp.load_network(folder / "net.json")
    tp.save_certificate(tp.equivalent(net, net).certificate, folder / "proof.json")
    (folder / "ä φ.json").write_bytes((folder / "other.json").read_bytes())
    (folder / "broken" / "flint").mkdir(parents=True)
    (folder / "broken" / "flint" / "__init__.py").write_text("raise ImportError('broken')")
    (folder / "leaving" / "flint").mkdir(parents=True)
    (folder / "leaving" / "flint" / "__init__.py").write_text("raise SystemExit(1)")
    return folder


def shell(command, folder, **options):
    """Run in bash, where the code of a pipe is that of its first failing part."""
    line = f'export PATH="{BIN}:$PATH"; set -o pipefail; {command}'
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (EQUAL, 0),
        (DIFFERENT, 1),
        (f"{DIFFERENT} 2>&-", 1),
        (f"{DIFFERENT} >&-", 74),
        (f"{DIFFERENT} | true", 74),
        ("PYTHONPATH=broken " + EQUAL, 70),
        ("PYTHONPATH=leaving " + EQUAL, 70),
        (f"{DIFFERENT} --certificate missing/proof.json", 2),
        ("PYTHONIOENCODING=ascii tropical equivalent net.json 'ä φ.json'", 1),
        ("relu-learn lemmas net.json --lemma L1 | true", 74),
        ("PYTHONPATH=broken relu-learn --help", 70),
        (f"{sys.executable} -c 'from tropical.cli import main; main()' --help >&-", 74),
        (CHECKER, 0),
        (f"{CHECKER} >&-", 2),
        (f"{CHECKER} | true", 2),
    ],
)
def test_the_code_of_an_installed_command(folder, command, code):
    result = shell(command, folder)
    assert result.returncode == code, result.stderr


@pytest.mark.exhaustive
@pytest.mark.parametrize("command", [EQUAL, DIFFERENT, f"{DIFFERENT} --json", "tropical inspect net.json"])
@pytest.mark.parametrize(
    ("around", "code"),
    [
        ("{} <&-", None),
        ("{} 2>/dev/full", None),
        ("PYTHONOPTIMIZE=2 {}", None),
        ("PYTHONWARNINGS=error {}", None),
        ("PYTHONIOENCODING=ascii LC_ALL=C {}", None),
        ("{} >/dev/full", 74),
        ("{} >/dev/full 2>/dev/full", 74),
        ("{} >&- 2>&- <&-", 74),
        ("{} 1</dev/null", 74),
        ("{} 2>&1 | head -c 1", 74),
    ],
)
def test_what_happens_to_the_streams(folder, command, around, code):
    usual = 1 if command.startswith(DIFFERENT) else 0
    result = shell(around.format(command), folder)
    assert result.returncode == (usual if code is None else code), result.stderr


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="where address space can be limited")
@pytest.mark.parametrize("limit", [20_000, 30_000, 60_000, 100_000, 150_000, 180_000, 200_000, 400_000])
def test_little_memory_is_no_refutation(folder, limit):
    result = shell(f"ulimit -v {limit}; {EQUAL}", folder)
    assert result.returncode == 70 or (result.returncode == 0 and "proved" in result.stdout)


@pytest.mark.parametrize(
    "command", ["tropical --help", "tropical --version", "_TROPICAL_COMPLETE=bash_source tropical"]
)
def test_help_that_cannot_be_written(folder, command):
    assert shell(f"{command} >&-", folder).returncode == 74


def test_an_unknown_kind_of_completion_is_a_usage_error(folder):
    assert shell("_TROPICAL_COMPLETE=nonsense tropical", folder).returncode == 2


@pytest.mark.parametrize(
    ("source", "around", "code", "told"),
    [
        (VERDICT, "{}", 1, ""),
        (VERDICT, "{} | true", 74, "Broken pipe"),
        (VERDICT.replace('"refuted"', '"refuted " * 10**6'), "{} | head -c 1", 74, "Broken pipe"),
        (VERDICT, "{} >&-", 74, "closed"),
        (VERDICT, "{} 2>&-", 1, ""),
        (VERDICT.replace('"refuted"', '"\\udcff φ"'), "PYTHONIOENCODING=ascii {}", 1, ""),
        (VERDICT.replace("return 1", "raise SystemExit(1)"), "{}", 70, "SystemExit"),
        (VERDICT.replace("return 1", "raise MemoryError"), "{}", 70, "MemoryError"),
        (VERDICT.replace("return 1", "return main.run()"), "{}", 70, "RecursionError"),
        (VERDICT.replace("return 1", "raise KeyboardInterrupt"), "{}", 130, ""),
        (VERDICT.replace("return 1", "raise GeneratorExit"), "{}", 70, "GeneratorExit"),
        (VERDICT.replace("return 1", "raise OSError(28, 'full')"), "{} 2>&-", 70, ""),
        ("raise ImportError('nothing here')", "{}", 70, "nothing here"),
        ("raise KeyboardInterrupt", "{}", 130, ""),
        ("raise SystemExit(1)", "{}", 70, "SystemExit"),
        ("import sys; sys.exit('text')", "{}", 70, "text"),
        ("syntax error", "{}", 70, "SyntaxError"),
        ("import warnings; warnings.warn('old')", "PYTHONWARNINGS=error {}", 70, "old"),
        ("import ctypes; ctypes.CDLL(None).exit(1)", "{}", 70, ""),
        (VERDICT.replace("return 1", "import ctypes; ctypes.CDLL(None).exit(1)"), "{}", 70, ""),
        (VERDICT + "import atexit, ctypes; atexit.register(ctypes.CDLL(None).exit, 0)", "{}", 1, ""),
    ],
)
def test_how_a_command_may_end(tmp_path, source, around, code, told):
    (tmp_path / "fake.py").write_text(source)
    root = Path(__file__).resolve().parent.parent
    result = shell(around.format(f'PYTHONPATH=".:{root}" {sys.executable} -c "{START}"'), tmp_path)
    assert result.returncode == code, result.stderr
    assert told in result.stderr
    assert "Exception ignored" not in result.stderr


def _as_in_a_terminal():
    """Jobs that a shell runs in the background ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_while_the_packages_are_imported(tmp_path, number, code):
    (tmp_path / "fake.py").write_text("import time; open('here', 'w').close(); time.sleep(60)")
    root = Path(__file__).resolve().parent.parent
    environment = {"PYTHONPATH": f"{tmp_path}:{root}"}
    process = subprocess.Popen(
        [sys.executable, "-c", START],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_as_in_a_terminal,
    )
    while not (tmp_path / "here").exists():
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == code
