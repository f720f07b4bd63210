"""Compiling every function that is called from outside, for the types of arguments with which it is called."""

from typing import Any

import numba
import numpy as np

from tropical.activation.compiled.kernels.composition import compose_rows
from tropical.activation.compiled.kernels.dividing import choose_side, copy_side, count_sides
from tropical.activation.compiled.kernels.faces import count_faces, read_facets, read_incidences
from tropical.activation.compiled.kernels.joining import is_apart
from tropical.activation.compiled.kernels.lists import collect, length_of_list
from tropical.activation.compiled.kernels.ordering import find_rows, sort_ties
from tropical.activation.compiled.kernels.reading import look_around, read_cells
from tropical.activation.compiled.kernels.refining import Solver, normalise, solve, write_height
from tropical.activation.compiled.kernels.skeleton import Room, set_sign
from tropical.activation.compiled.kernels.splitting import finish_vertex
from tropical.activation.compiled.kernels.sweeping import cut_layer
from tropical.activation.compiled.kernels.values import clear_tight, first_signs, layer_signs, layer_values, row_values


def entries() -> Any:
    """The functions, each with an example of its arguments."""
    sk = Room().skeleton(1, 1, 1, 1)
    u, floats, rows, cube = np.uint64(0), np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1, 1))
    integers, words, table = np.zeros(1, np.int64), np.zeros(1, np.uint64), np.zeros((1, 1), np.uint64)
    singles, around = np.zeros((1, 1), np.float32), np.zeros((1, 3), np.uint32)
    lists = integers, integers, np.zeros((1, 1), np.int64)
    items, state = np.zeros(1, np.uint32), integers
    solver = Solver(rows, rows, floats, rows, floats, rows, rows, rows)
    layer = integers, words, rows, singles, floats, floats, floats, floats, False
    return (
        (first_signs, (u, u, u, rows, rows, sk, u, u)),
        (layer_values, (0, *layer, u, sk, u, words, floats, singles[0])),
        (row_values, (integers, cube, cube, u, sk, u, floats, floats)),
        (clear_tight, (0, u, u, u, u, u, sk, u)),
        (layer_signs, (u, u, u, sk, u, u)),
        (collect, (0, u, u, u, sk, *lists, state)),
        (length_of_list, (0, *lists)),
        (
            cut_layer,
            (False, False, rows, rows, solver, sk, *(u,) * 7, *lists, items, items, floats, integers, state),
        ),
        (finish_vertex, (sk, u, u, u, u, u, items, floats, *lists, state)),
        (normalise, (solver, 0)),
        (solve, (rows, rows, rows, 0)),
        (write_height, (sk, u, floats, rows, 0)),
        (is_apart, (sk, 0, 0, 0.0)),
        (set_sign, (sk, u, u, False, False)),
        (look_around, (*(u,) * 5, sk, around, table)),
        (read_cells, (*(u,) * 7, sk, around, *(table,) * 3, 0, integers, items, integers, integers, words)),
        (
            compose_rows,
            (0, integers, table, integers, cube, cube, rows, *(floats,) * 6, False, cube, cube),
        ),
        (sort_ties, (table, integers)),
        (find_rows, (table, table, integers)),
        (count_faces, (0, 0, 0, 0, False, sk, integers, lists[2], integers, integers)),
        (read_incidences, (0, 0, 0, 0, 0, 0, 0, sk, table, integers, 0)),
        (choose_side, (0, u, u, u, sk, integers, False, integers)),
        (copy_side, (0, u, u, u, sk, integers, False, integers, sk)),
        (count_sides, (0, 0, u, u, u, sk, integers, integers)),
        (read_facets, (0, 0, 0, 0, 0, 0, sk, table, integers, 0, integers)),
    )


def compile_all() -> None:
    """Compile them, or load what was compiled before."""
    if numba.config.DISABLE_JIT:
        return
    for function, arguments in entries():
        function.compile(tuple(map(numba.typeof, arguments)))
