"""Ctrl-C in commands at work: exit code 130, no traceback, no process and no part of a file left; kill -9 likewise."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from case_counts import few

import tropical as tp
from learning.instances import random_network

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux which processes there are")
ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "import sys; from tropical_relu_cli import start; sys.argv[0] = 'command'; sys.exit(start.{}())"
COMMANDS = {  # the words of a command that takes minutes, and how the line begins that it says when it starts to work
    "relu_learn scaling --size small --part b --jobs 2 --out new": "[0/27]",
    "tropical convert net.json new.json --as lattice": "covering",
    "tropical inspect net.json": "cutting",
    "tropical equivalent net.json other.json --certificate new.json": "comparing",
    "tropical plot plane.json --out new.png": "drawing",
    "relu_learn recover net.json --samples 500000 --out new": "learning from",
    "relu_learn lemmas net.json --lemma L5 --out new": "L5",
}


@pytest.fixture
def folder(tmp_path):
    net, plane = random_network(5, (24, 24), 5, 0), random_network(2, (60, 60), 2, 0)
    tp.save_network(net, tmp_path / "net.json")
    tp.save_network(net.compose(tp.AffineMap(tuple(map(unit, range(5))))), tmp_path / "other.json")
    tp.save_network(plane, tmp_path / "plane.json")
    return tmp_path


def unit(place):
    return tp.AffineForm([int(place == other) for other in range(5)])


def _as_in_a_terminal():
    """Jobs that a shell runs in the background ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def at_work(folder, command):
    """The process of a command, in a session of its own, once it has said that it works."""
    program, *words = command.split()
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(program), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_as_in_a_terminal,
    )
    line = next((line for line in process.stderr if line.startswith(COMMANDS[command])), None)
    assert line is not None, process.wait()
    return process


def session(process):
    """The processes of its session that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, number = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(number) == process.pid and state != "Z":
            found.append(stat.parent.name)
    return found


def wait_until_gone(process):
    end = time.monotonic() + 60
    while session(process):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("command", few(COMMANDS, 2))
def test_ctrl_c_while_a_command_works(folder, command):
    process = at_work(folder, command)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert not {"Traceback", "Exception ignored", "KeyboardInterrupt"} & set(stderr.replace(":", " ").split())
    wait_until_gone(process)
    left = {path.name for path in folder.rglob("*")} - {"net.json", "other.json", "plane.json"}
    assert not {name for name in left if name.endswith(".tmp")}
    reported = command.split()[1] in ("scaling", "lemmas")  # what was found until then
    assert bool(left) == reported


@pytest.mark.exhaustive
@pytest.mark.parametrize("command", COMMANDS)
def test_kill_9_leaves_no_process(folder, command):
    process = at_work(folder, command)
    process.kill()
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    wait_until_gone(process)
