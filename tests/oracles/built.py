"""Cases of the oracles as values of the package."""

import tropical as tp
from oracles.activation_z3 import Case
from tropical.activation.compiled.engine import can_enumerate
from tropical.polyhedra.chart import Chart


def network(case: Case) -> tp.ReLUNetwork:
    return tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)


def domain(case: Case) -> tp.Box | None:
    return None if case.box is None else tp.Box(*case.box)


def complex_of(case: Case, route: str = "auto") -> tp.PolyhedralComplex:
    return tp.polyhedral_complex(network(case), domain(case), route=route)


def compiled_applies(case: Case) -> bool:
    """Whether compiled cutting is possible; the route "compiled" is refused otherwise."""
    net = network(case)
    chart = Chart.of(net.gradients(), net.input_dim, domain(case))
    return can_enumerate(chart.restrict(net), chart.cone)
