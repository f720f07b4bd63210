r"""Networks as JSON: readable, versioned, every rational preserved.

.. code-block:: json

    {"format": "tropical-relu network", "version": 1, "numbers": "decimal",
     "layers": [{"weight": [[1], ["-1/3"]], "bias": [0, 2], "slopes": [[0, 1], [1, 1]]},
                {"weight": [[1, 1]]}]}

``weight`` has shape (n_out, n_in); ``bias`` may be left out where it is 0, ``slopes`` (left, right) of the units of a
hidden layer where they are all ReLU. The last layer is affine and has no slopes.
"""

import json
from fractions import Fraction
from typing import Any

from tropical.formats import numbers
from tropical.functions.layer import RELU, Layer
from tropical.functions.network import ReLUNetwork

SCHEMA = "tropical-relu network"
VERSION = 1


def decode(data: bytes) -> ReLUNetwork:
    """The network in a JSON document; ``ValueError`` naming what is wrong in it."""
    document = numbers.read_object(numbers.parse_json(data), "document", ("format", "version", "numbers", "layers"))
    numbers.check_header(document, SCHEMA, VERSION)
    read = numbers.decoder(document["numbers"])
    layers = document["layers"]
    if not isinstance(layers, list) or not layers:
        raise ValueError("layers must be a list of at least one layer")
    weights, biases, slopes = [], [], []
    for index, entry in enumerate(layers):
        where = f"layer {index}"
        optional = ("bias", "slopes") if index < len(layers) - 1 else ("bias",)
        layer = numbers.read_object(entry, where, ("weight",), optional)
        weights.append(numbers.read_matrix(layer["weight"], read, f"{where}: weight"))
        biases.append(numbers.read_vector(layer["bias"], read, f"{where}: bias") if "bias" in layer else None)
        slopes.append(_slopes(layer, len(weights[-1]), read, where))
    return ReLUNetwork.from_arrays(weights, biases, slopes[:-1])


def _slopes(layer: dict[str, Any], units: int, read: Any, where: str) -> list[list[Fraction]] | None:
    if "slopes" not in layer:
        return None
    pairs = numbers.read_matrix(layer["slopes"], read, f"{where}: slopes")
    if len(pairs) != units or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"{where}: slopes must be one pair [left, right] for each of the {units} units")
    return pairs


def encode(net: ReLUNetwork) -> bytes:
    """The JSON document of a network, one row of a matrix on each line; equal networks give equal bytes."""
    style = numbers.notation(q for layer in net.layers for row in _numbers_of(layer) for q in row)
    texts = [_layer_text(layer, style, hidden=True) for layer in net.layers[:-1]]
    layers = ",\n".join([*texts, _layer_text(net.layers[-1], style, hidden=False)])
    head = f'"format": {json.dumps(SCHEMA)},\n"version": {VERSION},\n"numbers": {json.dumps(style)}'
    return f'{{\n{head},\n"layers": [\n{layers}\n]\n}}\n'.encode()


def _numbers_of(layer: Layer) -> list[tuple[Fraction, ...]]:
    return [*layer.weight, layer.bias, *layer.slopes]


def _layer_text(layer: Layer, style: str, hidden: bool) -> str:
    write = numbers.encoder(style)
    rows = ",\n".join("   " + json.dumps([write(q) for q in row]) for row in layer.weight)
    parts = [f' {{"weight": [\n{rows}]']
    if any(layer.bias):
        parts.append(f'  "bias": {json.dumps([write(q) for q in layer.bias])}')
    if hidden and any(pair != RELU for pair in layer.slopes):
        parts.append(f'  "slopes": {json.dumps([[write(left), write(right)] for left, right in layer.slopes])}')
    return ",\n".join(parts) + "}"
