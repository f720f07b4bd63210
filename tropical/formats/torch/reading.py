"""PyTorch: modules in memory, and files of parameters (state dicts) that are read without running any code.

A module is followed by ``torch.fx``, which sees what its ``forward`` calls: the modules and functions in
:mod:`tropical.formats.torch.modules` and :mod:`tropical.formats.torch.functions`, in any nesting, with residual sums
and concatenations.
"""

import io
import math
import operator
import pickle
import struct
import tarfile
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from tropical.files import MAX_BYTES, load_extra
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.named_arrays import NamedArrays, exact_arrays
from tropical.formats.torch.modules import Calls, floats, parameter
from tropical.functions.network import ReLUNetwork

_WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}
_METADATA = {"": {"version": 1, "activations": "ReLU"}}
"""Kept by ``torch.save`` beside a state dict: what tells ours, whose layers have ReLU between, from any other."""
_LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
_MAX_DEPTH = 2

_MALFORMED = (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, AttributeError, TypeError, AssertionError,
              OverflowError, MemoryError, zipfile.BadZipFile, struct.error)  # fmt: skip


def from_torch(module: Any, input_shape: Sequence[int] | None = None) -> ReLUNetwork:
    """Return the exact network that a ``torch.nn.Module`` in evaluation mode computes on one input.

    ``input_shape`` is the shape without the batch axis, as (1, 28, 28); the network's inputs and outputs are the
    tensors in C order. It may be left out where the first layer is ``Linear``. Parameters are taken exactly, whatever
    their width; a batch normalisation's factor is rounded to float64 where its root is irrational. What
    ``DataParallel`` and ``torch.compile`` put around a module is taken off; TorchScript is not read. Raises
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
    module = _plain_module(torch, module)
    shape = tuple(input_shape) if input_shape is not None else _first_shape(torch, module)
    if not shape or any(not isinstance(size, int) or size < 1 for size in shape):
        raise ValueError(f"input_shape must hold positive integers, got {shape}")
    for path, part in module.named_modules():
        if part._forward_hooks or part._forward_pre_hooks:
            raise ValueError(f"module {path!r} ({type(part).__name__}) has hooks, which may change what it computes")
    graph = Graph(math.prod(shape))
    return graph.network(_follow(torch, module, graph, graph.inputs((1, *shape))))


def _plain_module(torch: Any, module: Any) -> Any:
    """The module that runs, out of what ``DataParallel`` and ``torch.compile`` put around it; ``ValueError`` else."""
    while type(module).__name__ in _WRAPPERS and isinstance(module, torch.nn.Module) and not module._forward_hooks:
        module = getattr(module, _WRAPPERS[type(module).__name__])
    if not isinstance(module, torch.nn.Module):
        files = "; load_network reads files, and the state dicts in them"
        hint = files if isinstance(module, (str, PathLike, Mapping)) else _compiled(torch, module)
        raise ValueError(f"module must be a torch.nn.Module, got {type(module).__name__}{hint}")
    for path, part in module.named_modules():
        where = f"module {path!r} ({type(part).__name__})" if path else type(part).__name__
        if hint := _compiled(torch, part):
            raise ValueError(f"{where} cannot be followed{hint}")
        if type(part).__name__ in _WRAPPERS:
            raise ValueError(f"{where} wraps another module: put the module itself in its place")
    return module


def _compiled(torch: Any, part: Any) -> str:
    """What to do about TorchScript and exported programs; "" for anything else."""
    exported = any(kind.__module__.startswith("torch.export") for kind in type(part).__mro__)
    if not exported and not isinstance(part, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
        return ""
    return ": pass the module that it was made from, or write that with torch.onnx.export for load_network"


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
        traced = _traced(torch, module)
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


def _traced(torch: Any, module: Any) -> Any:
    """What ``forward`` calls. Of x += y it is that which writes in place, where torch.fx alone would take x + y."""

    def writing(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda x, y: x.tracer.create_proxy("call_function", operation, (x, y), {})

    names = {"__iadd__": operator.iadd, "__isub__": operator.isub, "__imul__": operator.imul}
    seen = type("Seen", (torch.fx.Proxy,), {name: writing(operation) for name, operation in names.items()})
    tracer = type("Tracer", (torch.fx.Tracer,), {"proxy": lambda self, node: seen(node, self)})
    return torch.fx.GraphModule(module, tracer().trace(module))


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


def decode(data: bytes) -> NamedArrays:
    """The tensors of the one state dict in a file; ``ValueError`` naming what is wrong in it."""
    torch = load_extra("torch", "torch", "reading files of torch")
    where, state = _state_dict(torch, _load(torch, data))
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise ValueError(f"entry {str(key)[:60]!r} of {where} is no tensor but {type(value).__name__}")
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    return NamedArrays(shapes, lambda name: floats(torch, state[name], name), relu_stated=_states_relu(state))


def _states_relu(state: Any) -> bool:
    metadata = getattr(state, "_metadata", None)
    about_all = metadata.get("") if isinstance(metadata, dict) else None
    stated = about_all.get("activations") if isinstance(about_all, dict) else None
    return isinstance(stated, str) and stated == _METADATA[""]["activations"]


def _load(torch: Any, data: bytes) -> Any:
    _check_container(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on kinds of tensors that are refused below
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _MALFORMED as error:
        text = str(error).strip()
        reason = text.rpartition("WeightsUnpickler error: ")[2].partition("\n")[0].partition(" Please use ")[0][:200]
        way = "load it where you trust it, and save the state dict alone (module.state_dict())"
        raise ValueError(f"not a file of tensors alone, and code is not run: {way}: {reason}") from error


def _state_dict(torch: Any, content: Any) -> tuple[str, Mapping[Any, Any]]:
    """The one mapping with matrices in it, of a checkpoint whose other entries are left alone, and its name."""
    if not isinstance(content, Mapping):
        raise ValueError(f"must hold a state dict with at least one tensor, got {type(content).__name__}")
    found = list(_state_dicts(torch, content, (), set()))
    if len(found) > 1:
        names = ", ".join(repr(name[:60]) for name, _ in found[:8])
        raise ValueError(f"the file holds several state dicts, {names}: save the one that is meant by itself")
    if found:
        name, state = found[0]
        return (f"the state dict {name!r}" if name else "the state dict"), state
    if not content:
        raise ValueError("must hold a state dict with at least one tensor, got an empty one")
    return "the state dict", content


def _state_dicts(
    torch: Any, content: Mapping[Any, Any], path: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Mappings that hold a matrix, from the outside; those of optimisers stand deeper, under numbers, or in lists."""
    seen.add(id(content))
    entries = [(key, value) for key, value in content.items() if isinstance(key, str)]
    if any(isinstance(value, torch.Tensor) and value.ndim > 1 for _, value in entries):
        yield ".".join(path), content
    for key, value in entries:
        if isinstance(value, Mapping) and id(value) not in seen and len(path) < _MAX_DEPTH:
            yield from _state_dicts(torch, value, (*path, key), seen)


def _check_container(data: bytes) -> None:
    """Archives as since torch 1.6, or the stream of pickles before, which torch reads as restricted as those."""
    if data.startswith(_LEGACY) and not tarfile.is_tarfile(io.BytesIO(data)):  # a tar file would be unpacked to disk
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(f"not an archive that torch.save writes: {error}") from error
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
    held = OrderedDict(state)
    held._metadata = _METADATA  # type: ignore[attr-defined]
    buffer = io.BytesIO()
    torch.save(held, buffer)
    return buffer.getvalue()
