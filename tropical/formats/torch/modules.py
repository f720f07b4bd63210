"""PyTorch modules as operations on tensors of a graph."""

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tropical.files import check_count
from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.torch.functions import MODULES, functions


def parameter(torch: Any, value: Any, where: str) -> Tensor:
    """A parameter or buffer as numbers, exactly."""
    return tensors.exact(floats(torch, value, where), where)


def floats(torch: Any, value: Any, where: str) -> NDArray[Any]:
    """A parameter or buffer as an array; ``ValueError`` for types that an array cannot hold exactly."""
    if not isinstance(value, torch.Tensor):
        raise ValueError(f"{where} must be a tensor, got {type(value).__name__}")
    check_count(value.numel())
    if value.is_quantized or value.layout is not torch.strided or value.is_complex() or value.is_meta:
        raise ValueError(f"{where} must be a dense real tensor, got {value.dtype} in layout {value.layout}")
    plain = value.detach().cpu()
    array: NDArray[Any] = (plain.double() if plain.is_floating_point() else plain).numpy()
    return array


class Calls:
    """What a module or function does to tensors; ``ValueError`` naming what is not known."""

    def __init__(self, torch: Any, graph: Graph) -> None:
        self._torch, self._graph = torch, graph
        self._functions = functions(torch)

    def knows(self, module: Any) -> bool:
        """Whether the module is supported by itself, so that it need not be followed."""
        return self._name(module) is not None

    def _name(self, module: Any) -> str | None:
        """The name of its class, or of the one below a parametrisation, if it is one of torch.nn in the table."""
        kind = type(module)
        if self._torch.nn.utils.parametrize.is_parametrized(module):
            kind = kind.__bases__[0]
        name = str(kind.__name__)
        return name if name in MODULES and kind is getattr(self._torch.nn, name, None) else None

    def module(self, module: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        """The output of a module of torch.nn."""
        name = self._name(module)
        where = f"module {path!r} ({type(module).__name__})" if path else type(module).__name__
        if name is None:
            raise ValueError(f"{where} is not supported: 'What loads' in the documentation lists those that are")
        if len(args) != 1 or kwargs or not isinstance(args[0], np.ndarray):
            raise ValueError(f"{where} must be called on one tensor")
        function = MODULES[name]
        names = list(inspect.signature(function).parameters)[2:]
        try:
            found = {key: self._attribute(module, key) for key in names if hasattr(module, key)}
            result = function(self._graph, args[0], **found)
            return _written(args[0], result) if found.get("inplace") else result
        except (ValueError, TypeError, LookupError) as error:
            raise ValueError(f"{where}: {error}") from error

    def _attribute(self, module: Any, key: str) -> Any:
        """A parameter or buffer as exact numbers, anything else as it is."""
        value = getattr(module, key)
        return parameter(self._torch, value, key) if isinstance(value, self._torch.Tensor) else value

    def function(self, target: Any, *args: Any, **kwargs: Any) -> Any:
        """The result of a function, or of the method of that name."""
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        function = self._functions.get(target)
        if function is None:
            raise ValueError(
                f"function {name!r} in forward is not supported: 'What loads' in the documentation lists those that are"
            )
        try:
            bound = inspect.signature(function).bind(self._graph, *args, **kwargs).arguments
        except TypeError as error:
            raise ValueError(f"function {name!r} in forward with arguments that are not supported: {error}") from None
        try:
            result = function(self._graph, *args, **kwargs)
            in_place = name.endswith("_") or name in ("iadd", "isub", "imul") or bound.get("inplace")
            return _written(list(bound.values())[1], result) if in_place else result
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"function {name!r} in forward: {error}") from error


def _written(x: Any, result: Any) -> Any:
    """The tensor itself with new values, which whatever shares its memory sees, too; a number stays a number."""
    if isinstance(x, np.ndarray):
        x[...] = result
        return x
    return result
