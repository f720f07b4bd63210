"""A network or a lattice polynomial from a file that the command line names."""

from pathlib import Path

from tropical.formats import load_lattice_polynomial, load_network
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork

Loaded = ReLUNetwork | LatticePolynomial


def load_function(path: Path, layers: str | None = None) -> Loaded:
    """A network, or else a lattice polynomial; if the file is neither, the complaint is about the network.

    ``layers`` lists the modules of a file of weights, separated by commas.
    """
    try:
        return load_network(path, None if layers is None else [name.strip() for name in layers.split(",")])
    except ValueError as error:
        if path.suffix.lower() != ".json":
            raise
        try:
            return load_lattice_polynomial(path)
        except ValueError:
            raise error from None
