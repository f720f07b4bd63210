"""In which order modules follow one another: that of the file, or the only one that their sizes and numbers allow."""

from collections.abc import Sequence

from tropical.formats.named_arrays import shape_text, short_name
from tropical.formats.weights.names import Module

_MAX_SEARCHED = 64
_MAX_STEPS = 20_000


def chain(modules: Sequence[Module], kinds: Sequence[str], in_file_order: bool) -> tuple[list[Module], bool]:
    """The order in which the modules, of these kinds one after another, form a chain; whether weights are (in, out).

    The order of the file is taken where it means something (``in_file_order``), forms a chain, and follows the numbers
    of modules whose names differ by numbers alone; else the only one that does. ``ValueError`` for none, or several.
    """
    layouts = _layouts(modules)
    found = _chains_of_file(modules, kinds, layouts) if in_file_order else []
    if not found or not _follows_numbers(found[0][0]):
        paths = [module.path for module in modules]
        searched = [(order, t) for t in layouts for order in _Search(modules, kinds, t).found]
        others = [chain for chain in searched if chain not in found]
        found = searched if paths == sorted(paths) else [*found, *others]  # Dense_10 before Dense_2 is the alphabet's
    _check_one(found, modules)
    return found[0]


def _chains_of_file(
    modules: Sequence[Module], kinds: Sequence[str], layouts: Sequence[bool]
) -> list[tuple[list[Module], bool]]:
    queues = {kind: iter([module for module in modules if module.kind == kind]) for kind in kinds}
    order = [next(queues[kind]) for kind in kinds]
    return [(order, transposed) for transposed in layouts if _is_chain(order, transposed)]


def layout(order: Sequence[Module]) -> bool:
    """Whether the weights of a chain in this order are (n_in, n_out); ``ValueError`` if both or neither may be."""
    found = [(list(order), transposed) for transposed in _layouts(order) if _is_chain(order, transposed)]
    _check_one(found, order)
    return found[0][1]


def _layouts(modules: Sequence[Module]) -> list[bool]:
    linear = [set(module.layouts) for module in modules if module.kind == "Linear"]
    return sorted(set.intersection(*linear)) if linear else [False]


def _check_one(found: Sequence[tuple[list[Module], bool]], modules: Sequence[Module]) -> None:
    if not found:
        shapes = [f"{m.path[:40]} {shape_text(next(iter(m.shapes.values())))}" for m in modules[:8]]
        shown = f"{', '.join(shapes)}{', ...' * (len(modules) > 8)}"
        raise ValueError(
            f"the layers form no chain: {shown}; other networks are read by from_torch and from .onnx files"
        )
    if len({transposed for _, transposed in found}) > 1:
        raise ValueError(
            "whether the weights are (n_out, n_in) or (n_in, n_out) is not in the file, and both fit:"
            " save them as (n_out, n_in) under the names weight_0, bias_0, weight_1, ..."
        )
    if len(found) > 1:
        first = next(a for a, b in zip(found[0][0], found[1][0], strict=True) if a is not b)
        raise ValueError(
            f"the order of the layers is not in the file: {short_name(first.path)} fits in several places;"
            ' layers=["Linear(name)", ...] gives it'
        )


def _is_chain(order: Sequence[Module], transposed: bool) -> bool:
    """Whether each module takes as many inputs as the one before it has outputs."""
    width = 0
    for module in order:
        width = _width_after(width, module.sizes(transposed))
        if width < 0:
            return False
    return True


def _width_after(width: int, size: tuple[int, int] | None) -> int:
    """The width behind a module of (inputs, outputs), 0 where it is not known; -1 if the module does not fit."""
    if size is None or (width and size[0] and width != size[0]):
        return -1
    return size[1] or width


def _follows_numbers(order: Sequence[Module]) -> bool:
    last: dict[tuple[str, str], tuple[int, ...]] = {}
    for module in order:
        stem, numbers = module.numbering
        if numbers < last.get((module.kind, stem), ()):
            return False
        last[module.kind, stem] = numbers
    return True


class _Search:
    """Chains module by module, at most two of them."""

    def __init__(self, modules: Sequence[Module], kinds: Sequence[str], transposed: bool) -> None:
        self.found: list[list[Module]] = []
        self._kinds, self._transposed, self._steps = kinds, transposed, 0
        self._queues: dict[tuple[str, str], list[Module]] = {}
        for module in sorted(modules, key=lambda module: module.numbering[1], reverse=True):
            self._queues.setdefault((module.kind, module.numbering[0]), []).append(module)
        if len(modules) > _MAX_SEARCHED:
            raise ValueError(f"the order of the {len(modules)} layers is not in the file")
        self._extend([], 0)

    def _extend(self, order: list[Module], width: int) -> None:
        if len(order) == len(self._kinds):
            self.found.append(list(order))
            return
        for (kind, _), queue in self._queues.items():
            self._steps += 1
            if self._steps > _MAX_STEPS:
                raise ValueError("the order of the layers is not in the file, and too many fit")
            if not queue or kind != self._kinds[len(order)]:
                continue
            after = _width_after(width, queue[-1].sizes(self._transposed))
            if after >= 0:
                order.append(queue.pop())
                self._extend(order, after)
                queue.append(order.pop())
            if len(self.found) > 1:
                return
