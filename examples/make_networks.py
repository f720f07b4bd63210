"""Write the networks of examples/networks: `python examples/make_networks.py`."""

from fractions import Fraction
from pathlib import Path

from learning import instances
from tropical import ReLUNetwork, save_network

FOLDER = Path(__file__).resolve().parent / "networks"


def run() -> dict[str, ReLUNetwork]:
    """The example networks by file name: three small ones to look at, then those to recover from samples."""
    h6 = instances.h6(50, seed=0)
    return {
        "max_xy.json": ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]]),
        "duplicate_unit.json": ReLUNetwork.from_arrays(
            [[[1, 0], [1, 0], [0, 1]], [[1, 1, 1]]], [["1/2", "1/2", 0], [0]]
        ),
        "parity3_plain.json": instances.parity(3, 3, seed=None),
        "h6.json": h6,
        "h6_perturbed.json": perturbed(h6),
        "h4.json": instances.h4(30, seed=0),
        "parity3.json": instances.parity(3, 100, seed=0),
        "sequential.json": instances.sequential(30, seed=0),
        "random_50_6_6.json": instances.random_network(2, (6, 6), 50, seed=0),
    }


def perturbed(net: ReLUNetwork) -> ReLUNetwork:
    """The same network with its very first weight changed by 2^-40."""
    weights = [[list(row) for row in layer.weight] for layer in net.layers]
    weights[0][0][0] += Fraction(1, 2**40)
    return ReLUNetwork.from_arrays(weights, [layer.bias for layer in net.layers])


def write(folder: Path = FOLDER) -> list[Path]:
    """Write every network into ``folder`` and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, net in run().items():
        paths.append(folder / name)
        save_network(net, paths[-1])
    return paths


if __name__ == "__main__":
    write()
