"""Weights whose modules are named: ["Linear", "LeakyReLU(0.1)", "Linear"], each taking its arrays from the file."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from flint import fmpq

from tropical.arguments import abbreviated, as_sequence
from tropical.arithmetic.rationals import as_fraction
from tropical.files import check_count
from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.named_arrays import NamedArrays, short_name
from tropical.formats.operators.products import linear
from tropical.formats.operators.table import TORCH
from tropical.formats.weights.names import Module
from tropical.formats.weights.order import chain, layout
from tropical.functions.network import ReLUNetwork

_ENTRY = re.compile(r"([A-Za-z0-9]+)(?:\(([^()]*)\))?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class _Entry(NamedTuple):
    """One entry of ``layers``: the kind of module, a number in its brackets, or the name of a module in the file."""

    kind: str
    number: fmpq | None
    name: str | None


def stacked(arrays: NamedArrays, modules: Sequence[Module], layers: Sequence[str]) -> ReLUNetwork:
    """The network of the named modules; ``ValueError`` where they and the arrays of the file do not go together."""
    entries = [_entry(text, f"layers[{i}]") for i, text in enumerate(as_sequence(layers, "layers", "names of modules"))]
    order, transposed = _order(modules, [entry for entry in entries if entry.kind in _HOLDING], arrays.in_order)
    check_count(sum(map(prod, arrays.shapes.values())))
    sizes = [size for module in order if (size := module.sizes(transposed)) and size[0]]
    if not sizes:
        raise ValueError("layers must name a Linear or a BatchNorm1d, which tells the number of inputs")
    graph = Graph(sizes[0][0])
    x = graph.inputs((1, sizes[0][0]))
    left = iter(order)
    for entry in entries:
        if entry.kind in _HOLDING:
            x = _HOLDING[entry.kind](graph, x, _values(arrays, next(left), transposed), entry.number)
        else:
            x = _PLAIN[entry.kind](graph, x, *(() if entry.number is None else (entry.number,)))
    return graph.network(x)


def _entry(text: str, where: str) -> _Entry:
    match = _ENTRY.fullmatch(text) if isinstance(text, str) else None
    kind, argument = (match[1], match[2]) if match else ("", None)
    if kind in _NUMBERED and argument and _NUMBER.fullmatch(argument):
        number = as_fraction(float(argument), f"{where}: {kind}")
        return _Entry(kind, fmpq(number.numerator, number.denominator), None)
    if kind not in _HOLDING and (kind not in _PLAIN or argument is not None):
        known = ", ".join(sorted({*_HOLDING, *_PLAIN}, key=lambda name: (name != "Linear", name != "ReLU", name)))
        forms = "as it is, as Linear(name in the file), or as LeakyReLU(0.1)"
        raise ValueError(f"{where} must be one of {known} ({forms}), got {abbreviated(text)}")
    return _Entry(kind, None, argument)


def _order(modules: Sequence[Module], entries: Sequence[_Entry], in_file_order: bool) -> tuple[list[Module], bool]:
    """The modules that the entries take, by name or in their order; whether the weights are transposed."""
    kinds, found = [entry.kind for entry in entries], [module.kind for module in modules]
    for kind in sorted({*kinds, *found}):
        if kinds.count(kind) != found.count(kind):
            names = ", ".join(short_name(module.path) for module in modules[:8] if module.kind == kind) or "none"
            raise ValueError(f"layers names {kinds.count(kind)} {kind}, the file has {found.count(kind)}: {names}")
    given = [entry.name for entry in entries if entry.name is not None]
    if not given:
        return chain(modules, kinds, in_file_order)
    by_path = {module.path: module for module in modules} | {".".join(module.parts): module for module in modules}
    order = [by_path[name] for name in given if name in by_path]
    if len(set(map(id, order))) < len(modules):
        paths = ", ".join(short_name(module.path) for module in modules[:8])
        raise ValueError(f"layers must name each module of the file, or none of them: {paths}, got {given[:8]}")
    if [module.kind for module in order] != kinds:
        raise ValueError(f"layers must give each module its kind, which are {[module.kind for module in order][:8]}")
    return order, layout(order)


_Values = Callable[[str], Tensor]
"""The numbers of an array by its role; those of a bias or of the scales that a file leaves out."""


def _values(arrays: NamedArrays, module: Module, transposed: bool) -> _Values:
    """A matrix (n_out, n_in) for the weight of a linear layer, vectors else."""

    def values(role: str) -> Tensor:
        if role not in module.shapes:
            size = (module.sizes(transposed) or (0, 0))[1]
            return tensor([fmpq(role == "weight")] * size, (size,))
        name = module.names[role]
        numbers = tensors.exact(arrays.read(name), f"array {short_name(name)}")
        if module.kind != "Linear" or role != "weight":
            return numbers.reshape(-1)
        return numbers.T if transposed else numbers

    return values


def _linear(graph: Graph, x: Tensor, values: _Values, number: fmpq | None) -> Tensor:
    return linear(graph, x, values("weight"), values("bias"))


def _batch_norm(graph: Graph, x: Tensor, values: _Values, number: fmpq | None) -> Tensor:
    scale, shift, mean, variance = map(values, ("weight", "bias", "running_mean", "running_var"))
    return tensors.batch_normalisation(graph, x, scale, shift, mean, variance, _EPSILON if number is None else number)


def _same(graph: Graph, x: Tensor, *number: fmpq) -> Tensor:
    return x


_EPSILON = fmpq(*(1e-5).as_integer_ratio())  # as torch has it
_HOLDING: Mapping[str, Callable[[Graph, Tensor, _Values, fmpq | None], Tensor]] = {
    "Linear": _linear,
    "BatchNorm1d": _batch_norm,
    "PReLU": lambda graph, x, values, number: graph.unit(x, values("weight")),
}
_PLAIN: Mapping[str, Callable[..., Tensor]] = {
    "ReLU": TORCH["F.relu"],
    "LeakyReLU": TORCH["F.leaky_relu"],
    "ReLU6": TORCH["F.relu6"],
    "Hardtanh": TORCH["F.hardtanh"],
    "Identity": _same,
    "Dropout": _same,
    "Flatten": _same,
}
_NUMBERED = ("BatchNorm1d", "LeakyReLU", "Dropout")
