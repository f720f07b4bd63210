"""A network from named arrays: under our own names, of named modules, or of linear layers with ReLU assumed between."""

from collections.abc import Sequence
from math import prod

from tropical.formats.named_arrays import NamedArrays, check_shapes, network_of
from tropical.formats.weights.names import Module, modules_of
from tropical.formats.weights.order import chain
from tropical.formats.weights.plain import check_plain
from tropical.formats.weights.stack import stacked
from tropical.functions.network import ReLUNetwork

_HINT = 'layers=["Linear", "ReLU", "Linear"] names the modules, in their order'


def decode(arrays: NamedArrays, layers: Sequence[str] | None = None) -> tuple[ReLUNetwork, str]:
    """The network, and what was assumed about it: nothing (""), or that ReLU stands between its layers.

    Names weight_0, bias_0, slopes_0, weight_1, ... say all. Others are those of modules, which ``layers`` tells.
    ``ValueError`` naming what the file leaves open.
    """
    if layers is not None:
        return stacked(arrays, modules_of(arrays.shapes), layers), ""
    if "weight_0" in arrays.shapes or not arrays.shapes:
        check_shapes(arrays.shapes)
        return network_of({name: arrays.read(name) for name in arrays.shapes}), ""
    modules = modules_of(arrays.shapes)
    try:
        check_plain(modules)
    except ValueError as error:
        raise ValueError(f"{error}; {_HINT}") from error
    order, transposed = chain(modules, ["Linear"] * len(modules), arrays.in_order)
    return _plain(arrays, order, transposed), "" if arrays.relu_stated or len(order) == 1 else _assumption(order)


def _plain(arrays: NamedArrays, order: Sequence[Module], transposed: bool) -> ReLUNetwork:
    shapes, read = {}, {}
    for index, module in enumerate(order):
        for role, shape in module.shapes.items():
            name, turned = f"{role}_{index}", role == "weight" and transposed
            shapes[name] = (prod(shape),) if role == "bias" else shape[::-1] if turned else shape
            read[name] = (module.names[role], turned)
    check_shapes(shapes)
    values = {name: arrays.read(source).T if turned else arrays.read(source) for name, (source, turned) in read.items()}
    return network_of({name: values[name].reshape(shape) for name, shape in shapes.items()})


def _assumption(order: Sequence[Module]) -> str:
    paths = [module.path[:40] for module in order]
    shown = ", ".join(paths if len(paths) < 8 else [*paths[:6], "...", paths[-1]])
    return (
        f"ReLU is assumed between the layers ({shown}) and nothing else: weights do not say what stands between them,"
        f" {_HINT}"
    )
