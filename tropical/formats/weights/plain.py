"""Files of linear layers alone: a chain of them, ReLU between as far as the names leave that open."""

from collections.abc import Sequence
from itertools import pairwise

from tropical.formats.named_arrays import short_name
from tropical.formats.weights.names import Module


def check_plain(modules: Sequence[Module]) -> None:
    """``ValueError`` where names or shapes say that something else may stand between two layers than one activation.

    Numbers in steps of two are those of a sequential module. A list of layers 0, 1, 2, ... has its activations
    elsewhere, as layers with names have. Modules inside of modules may be joined in any way, unless they are a list of
    blocks of one layer each.
    """
    for module in modules:
        if module.kind != "Linear":
            raise ValueError(
                f"module {short_name(module.path)} looks like a {module.kind}: what stands around it is not in the file"
            )
    paths = [module.parts for module in modules]
    shared = 0  # components that say nothing, since all paths have them
    while len(paths) > 1 and all(len(path) > shared + 1 and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    numbered: dict[tuple[str, ...], list[int]] = {}
    for path in paths:
        place = next((i for i in range(shared, len(path)) if path[i].isdecimal()), None)
        nested = len(path) > shared + 1 if place is None else place > shared + 1 or len(path) > place + 2
        if place is not None:
            places = numbered.setdefault(path[:place], [])
            nested = nested or int(path[place]) in places
            places.append(int(path[place]))
        if nested:
            name = short_name(".".join(path))
            raise ValueError(f"how modules inside of modules, such as {name}, are joined is not in the file")
    for container, places in numbered.items():
        if not container or sorted(places) != list(range(len(places))):  # no list of layers
            if len(places) < len(modules):
                raise ValueError("the arrays belong to several modules: what stands between them is not in the file")
            _check_steps(sorted(places))


def _check_steps(places: list[int]) -> None:
    for first, second in pairwise(places):
        if second - first == 1:
            raise ValueError(f"whether a ReLU stands between modules {first} and {second} is not in the file")
        if second - first != 2:
            raise ValueError(
                f"modules {first} and {second} with arrays are {second - first} apart, where one ReLU between affine"
                " layers makes it 2: what stands between is not in the file"
            )
