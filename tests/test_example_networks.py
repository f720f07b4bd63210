"""The networks that are shipped are those that their generator makes."""

import importlib.util
from pathlib import Path

import pytest

from tropical import load_network

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def make_networks():
    spec = importlib.util.spec_from_file_location("make_networks", EXAMPLES / "make_networks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_files_are_what_the_generator_writes(make_networks, tmp_path):
    made = {path.name: path.read_bytes() for path in make_networks.write(tmp_path)}
    assert made == {path.name: path.read_bytes() for path in (EXAMPLES / "networks").iterdir()}


def test_files_hold_the_networks(make_networks):
    for name, net in make_networks.run().items():
        assert load_network(EXAMPLES / "networks" / name) == net


def test_the_perturbed_weight_is_live(make_networks):
    nets = make_networks.run()
    x = [1] + [0] * 49
    assert nets["h6.json"](x) != nets["h6_perturbed.json"](x)
