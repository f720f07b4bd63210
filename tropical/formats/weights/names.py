"""Which arrays of a file belong to one module: fc1.weight and fc1.bias, W1 and b1, Dense_0/kernel, arr_0 and arr_1."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from tropical.formats.named_arrays import Shape, shape_text, short_name

_ROLES = {
    **dict.fromkeys(("weight", "weights", "kernel", "w", "coefs"), "weight"),
    **dict.fromkeys(("bias", "biases", "b", "intercepts"), "bias"),
    **{role: role for role in ("running_mean", "running_var", "num_batches_tracked")},
}
_ROLE = rf"(?P<role>(?i:{'|'.join(_ROLES)}))"
_NAMES = [
    re.compile(rf"(?:(?P<path>.+)[./])?{_ROLE}(?P<number>)"),
    re.compile(rf"(?P<path>[^./]+)_{_ROLE}(?P<number>)"),
    re.compile(rf"(?:(?P<path>.+)[./])?{_ROLE}_?(?P<number>[0-9]{{1,6}})"),
]
_PLACE = re.compile(r"arr_([0-9]{1,6})")
_WRAPPERS = ("module", "_orig_mod", "model", "net", "network", "params")

Key = tuple[str, str]


@dataclass(frozen=True)
class Module:
    """The arrays of one module by their roles: "weight", "bias", "running_mean", "running_var".

    ``path`` names it; ``parts`` are the components of the path without the wrappers that all modules have in common.
    """

    path: str
    parts: tuple[str, ...]
    names: Mapping[str, str]
    shapes: Mapping[str, Shape]

    @property
    def kind(self) -> str:
        """Linear, BatchNorm1d or PReLU; ``ValueError`` naming the module if it is none of them."""
        where = f"module {short_name(self.path)}"
        for role, shape in self.shapes.items():
            if 0 in shape:
                raise ValueError(f"{where}: {role} is empty, shape {shape_text(shape)}")
        if "running_mean" in self.shapes and "running_var" in self.shapes:
            return "BatchNorm1d"
        if "weight" not in self.shapes:
            raise ValueError(f"array {short_name(next(iter(self.names.values())))} belongs to no weight")
        shape = self.shapes["weight"]
        if len(shape) == 1 and "bias" not in self.shapes:
            return "PReLU"
        if len(shape) != 2:
            vector = "a LayerNorm is not piecewise linear, and a row is to be saved as a matrix"
            hint = vector if len(shape) < 2 else "convolutions are read by from_torch and from .onnx files"
            raise ValueError(f"{where}: weight must have 2 dimensions, got shape {shape_text(shape)}: {hint}")
        bias = self.shapes.get("bias", (1,))
        if len(bias) > 2 or (len(bias) == 2 and 1 not in bias):
            raise ValueError(f"{where}: bias must be a vector, got shape {shape_text(bias)}")
        return "Linear"

    @property
    def layouts(self) -> tuple[bool, ...]:
        """Whether the weight may be transposed, that is (n_in, n_out): a kernel is, a weight is not, a W may be."""
        name = self.names.get("weight", "weight").lower()
        return (False,) if name.endswith("weight") else (True,) if name.endswith("kernel") else (False, True)

    def sizes(self, transposed: bool) -> tuple[int, int] | None:
        """Numbers of inputs and outputs, 0 for any; None if the arrays do not fit each other."""
        if self.kind == "Linear":
            n_out, n_in = reversed(self.shapes["weight"]) if transposed else self.shapes["weight"]
            bias = self.shapes.get("bias")
            return (n_in, n_out) if bias is None or prod(bias) == n_out else None
        lengths = {prod(shape) for shape in self.shapes.values()}
        size = lengths.pop()
        if lengths:
            return None
        return (0, 0) if self.kind == "PReLU" and size == 1 else (size, size)

    @property
    def numbering(self) -> tuple[str, tuple[int, ...]]:
        """The path without its numbers, and the numbers: fc1 comes before fc2, and Dense_9 before Dense_10."""
        path = ".".join(self.parts)
        return re.sub(r"_?[0-9]+", "", path), tuple(map(int, re.findall(r"[0-9]+", path)))


def modules_of(shapes: Mapping[str, Shape]) -> list[Module]:
    """The modules in the order in which their first arrays come; ``ValueError`` for a name that fits none.

    >>> [module.path for module in modules_of({"fc1.weight": (3, 2), "fc1.bias": (3,), "out.weight": (1, 3)})]
    ['fc1', 'out']
    """
    in_places = shapes and all(_PLACE.fullmatch(name) for name in shapes)
    grouped = _in_places(shapes) if in_places else _by_name(shapes)
    if not grouped:
        raise ValueError("the file holds no array: a network needs at least one weight matrix")
    wrappers = _common_wrappers([path for path, _ in grouped])
    made = []
    for (path, number), names in grouped.items():
        held = {role: shapes[name] for role, name in names.items() if role != "num_batches_tracked"}
        shown = names.get("weight", path) if number else path
        made.append(Module(shown, (shown,) if number else _parts(path)[wrappers:], names, held))
    return made


def _by_name(shapes: Mapping[str, Shape]) -> dict[Key, dict[str, str]]:
    grouped: dict[Key, dict[str, str]] = {}
    for name in shapes:
        key, role = _split(name)
        roles = grouped.setdefault(key, {})
        if role in roles:
            raise ValueError(f"{short_name(roles[role])} and {short_name(name)} are both the {role} of one module")
        roles[role] = name
    return grouped


def _split(name: str) -> tuple[Key, str]:
    """The path and the number of the module, and the role that the array has in it."""
    plain = name.removesuffix(":0")  # with which TensorFlow ends the names of variables
    found = next(filter(None, (pattern.fullmatch(plain) for pattern in _NAMES)), None)
    if found is None:
        raise ValueError(
            f"unknown array {short_name(name)}: expected weight_0, bias_0, weight_1, ... or names such as fc1.weight;"
            " other modules are read by from_torch and from .onnx files"
        )
    path = found["path"] or ""
    head, _, last = path.rpartition("/")
    return (last if head == last else path, found["number"]), _ROLES[found["role"].lower()]  # dense/dense/kernel:0


def _in_places(shapes: Mapping[str, Shape]) -> dict[Key, dict[str, str]]:
    """Arrays without names, in their order: each matrix begins a layer, a vector after it is its bias."""
    grouped: dict[Key, dict[str, str]] = {}
    last: dict[str, str] = {}
    for name in sorted(shapes, key=lambda name: int(name.removeprefix("arr_"))):
        if len(shapes[name]) != 1:
            last = grouped[name, ""] = {"weight": name}
        elif "weight" not in last or "bias" in last:
            raise ValueError(
                f"array {name!r} is a vector that follows no matrix: name the arrays weight_0, bias_0, ..."
            )
        else:
            last["bias"] = name
    return grouped


def _parts(path: str) -> tuple[str, ...]:
    return tuple(re.split(r"[./]", path))


def _common_wrappers(paths: list[str]) -> int:
    """How many of the first components all paths have in common, if they are names of mere wrappers as "module"."""
    heads = [_parts(path)[:-1] for path in paths]
    count = 0
    while all(len(head) > count and head[count] == heads[0][count] for head in heads) and heads[0][count] in _WRAPPERS:
        count += 1
    return count
