"""PyTorch: modules in memory, and files of parameters (state dicts) that are read without running any code.

A module is followed by ``torch.fx``, which sees what its ``forward`` calls: the modules and functions in
:mod:`tropical.formats.torch.modules` and :mod:`tropical.formats.torch.functions`, in any nesting, with residual sums
and concatenations.
"""

import io
import math
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tropical.files import MAX_BYTES, load_extra
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.named_arrays import check_shapes, exact_arrays, network_of, sequential_names
from tropical.formats.torch.modules import Calls, floats, parameter, stack
from tropical.functions.network import ReLUNetwork

_MALFORMED = (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, AttributeError, TypeError, AssertionError,
              OverflowError, MemoryError, zipfile.BadZipFile, struct.error)  # fmt: skip


def from_torch(module: Any, input_shape: Sequence[int] | None = None) -> ReLUNetwork:
    """Return the exact network that a ``torch.nn.Module`` in evaluation mode computes on one input.

    ``input_shape`` is the shape without the batch axis, as (1, 28, 28); the network's inputs and outputs are the
    tensors in C order. It may be left out where the first layer is ``Linear``. Parameters are taken exactly, whatever
    their width; a batch normalisation's factor is rounded to float64 where its root is irrational. Raises
    ``ValueError`` naming the module by its path, or the function, that is not supported or not piecewise linear.

    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> from tropical.formats import from_torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = torch.nn.init.ones_(layer.weight)
    >>> from_torch(torch.nn.Sequential(layer, torch.nn.LeakyReLU(0.5)))([-4, 2])
    (Fraction(-1, 1),)
    """
    torch = load_extra("torch", "torch", "from_torch")
    if not isinstance(module, torch.nn.Module):
        raise ValueError(f"module must be a torch.nn.Module, got {type(module).__name__}")
    shape = tuple(input_shape) if input_shape is not None else _first_shape(torch, module)
    if not shape or any(not isinstance(size, int) or size < 1 for size in shape):
        raise ValueError(f"input_shape must hold positive integers, got {shape}")
    for path, part in module.named_modules():
        if part._forward_hooks or part._forward_pre_hooks:
            raise ValueError(f"module {path!r} ({type(part).__name__}) has hooks, which may change what it computes")
    graph = Graph(math.prod(shape))
    return graph.network(_follow(torch, module, graph, graph.inputs((1, *shape))))


def _first_shape(torch: Any, module: Any) -> tuple[int, ...]:
    leaves = [m for m in module.modules() if not list(m.children()) and list(m.parameters())]
    if not leaves or type(leaves[0]) is not torch.nn.Linear:
        first = type(leaves[0]).__name__ if leaves else "no layer with parameters"
        raise ValueError(f"input_shape is needed: the module begins with {first}, which does not fix it")
    return (int(leaves[0].in_features),)


def _follow(torch: Any, module: Any, graph: Graph, x: Tensor) -> Tensor:
    calls = Calls(torch, graph)
    if calls.knows(module):
        return _one_tensor(calls.module(module, "", x))
    try:
        traced = torch.fx.symbolic_trace(module)
    except (torch.fx.proxy.TraceError, TypeError, RuntimeError) as error:  # as Python meets a proxy for a tensor
        raise ValueError(f"{type(module).__name__}.forward cannot be followed: {error}") from error
    values: dict[Any, Any] = {}
    for node in traced.graph.nodes:
        if node.op == "output":
            return _one_tensor(values[node.args[0]] if isinstance(node.args[0], torch.fx.Node) else node.args[0])
        if node.op == "placeholder":
            values[node] = _input_of(node, x, bool(values))
            continue
        args = torch.fx.node.map_arg(node.args, values.__getitem__)
        kwargs = torch.fx.node.map_arg(node.kwargs, values.__getitem__)
        if node.op == "call_module":
            values[node] = calls.module(traced.get_submodule(node.target), node.target, *args, **kwargs)
        elif node.op == "get_attr":
            owner, _, name = node.target.rpartition(".")
            values[node] = parameter(torch, getattr(traced.get_submodule(owner), name), node.target)
        else:
            values[node] = calls.function(node.target, *args, **kwargs)
    raise ValueError(f"{type(module).__name__}.forward returns nothing")


def _input_of(node: Any, x: Tensor, taken: bool) -> Tensor | None:
    if not taken:
        return x
    if not node.args:
        raise ValueError(f"forward takes a second input {node.target!r}: modules of one input are supported")
    return None if node.args[0] is None else np.array(node.args[0])


def _one_tensor(value: Any) -> Tensor:
    if not isinstance(value, np.ndarray):
        raise ValueError(f"forward must return one tensor, got {type(value).__name__}")
    return value


def decode(data: bytes, layers: Sequence[str] | None = None) -> ReLUNetwork:
    """The network of a state dict, its parameters in their order.

    Without ``layers`` the keys must be those of a plain ``nn.Sequential``: 0.weight, 0.bias, 2.weight, ... with one
    module between two ``Linear``, which is taken to be ``ReLU`` (a state dict does not say). Otherwise ``layers``
    lists the modules: "Linear", "ReLU", "ReLU6", "Hardtanh", "LeakyReLU" (slope 0.01) or "LeakyReLU(0.2)", "PReLU",
    "Identity", "Dropout", "Flatten".
    """
    torch = load_extra("torch", "torch", "reading .pt files")
    state = _load_state(torch, data)
    if layers is not None:
        return from_torch(stack(torch, state, layers))
    try:
        names = sequential_names(state)
        check_shapes({names[key]: tuple(value.shape) for key, value in state.items()})
    except ValueError as error:
        hint = "name the modules with layers=[...], or build the module and use from_torch"
        raise ValueError(f"not the parameters of plain Linear and ReLU layers: {error}; {hint}") from error
    return network_of({names[key]: floats(torch, value, key) for key, value in state.items()})


def _load_state(torch: Any, data: bytes) -> dict[str, Any]:
    _check_archive(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on kinds of tensors that are refused below
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _MALFORMED as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise ValueError(f"not a file of tensors alone, and code is not run (save state_dict()): {reason}") from error
    if not isinstance(state, Mapping) or not state:
        raise ValueError(f"must hold a state dict with at least one tensor, got {type(state).__name__}")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise ValueError(f"entry {str(key)[:60]!r} of the state dict is no tensor but {type(value).__name__}")
    return dict(state)


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(f"not an archive that torch.save writes (since version 1.6): {error}") from error
    size = sum(member.file_size for member in members)
    if size > MAX_BYTES:
        raise ValueError(f"the tensors unpack to {size} bytes, at most {MAX_BYTES} are read")
    if any(member.filename.endswith("constants.pkl") for member in members):
        raise ValueError("a TorchScript archive holds code: save module.state_dict() instead")


def encode(net: ReLUNetwork) -> bytes:
    """The state dict of an ``nn.Sequential`` of ``Linear`` and ``ReLU`` in float64; ``ValueError`` for other slopes."""
    torch = load_extra("torch", "torch", "writing .pt files")
    arrays = exact_arrays(net)
    other = [name for name in arrays if name.startswith("slopes")]
    if other:
        raise ValueError(f"{other[0]} are not those of ReLU: save the network as .json, .npz or .onnx")
    pairs = (name.split("_") for name in arrays)
    state = {f"{2 * int(index)}.{kind}": torch.from_numpy(arrays[f"{kind}_{index}"]) for kind, index in pairs}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
