"""Networks that every check has to survive: constant, linear, duplicated, cancelling, dead, on a line, of full rank."""

import tropical as tp
from learning import instances

_arrays = tp.ReLUNetwork.from_arrays

HOMOGENEOUS = {
    "constant 0": _arrays([[[1, 2]], [[0]]]),
    "no hidden layer": _arrays([[[1, 2]]]),
    "one input": _arrays([[[1], [-1]], [[1, 1]]]),
    "duplicates": _arrays([[[1, 2], [1, 2], [2, 4]], [[1, 1, -1]]]),
    "cancelling, dead and duplicated units": instances.cancelling(4, 1),
    "k = 1": instances.random_network(1, (4, 4), 5, 0),
    "full dimension": instances.random_network(2, (5,), 2, 0),
}

BIASED = {
    "constant": _arrays([[[1, 2]], [[0]]], [[1], [3]]),
    "affine": _arrays([[[1, 2]]], [[3]]),
    "with biases": _arrays([[[1, 0], [1, 1], [0, 1]], [[1, -2, 1]]], [[1, 0, -1], [3]]),
}
