"""Networks as ONNX models in float64: Gemm, Relu, and PRelu for other slopes."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tropical.arithmetic.rationals import saturated
from tropical.files import load_extra
from tropical.formats.named_arrays import exact_arrays
from tropical.functions.layer import Layer
from tropical.functions.network import ReLUNetwork

_OPSET, _IR_VERSION = 17, 8


def encode(net: ReLUNetwork) -> bytes:
    """The model of a network, from x (N, n_in) to y (N, n_out); ``ValueError`` if a parameter is no float64.

    A layer of ReLU becomes Gemm and Relu. Slopes (l, r) become r PRelu(t, l/r) where the quotient is a float64, else
    r relu(t) - l relu(-t): two kinks on one hyperplane. Units with l = r stay uncut.
    """
    onnx = load_extra("onnx", "onnx", "writing .onnx files")
    arrays = exact_arrays(net)
    writer = _Writer(onnx)
    name = "x"
    for index, layer in enumerate(net.layers):
        parameters = [writer.constant(arrays[f"{kind}_{index}"], f"{kind}_{index}") for kind in ("weight", "bias")]
        if index == len(net.layers) - 1:
            writer.node("Gemm", [name, *parameters], "y", transB=1)
            break
        name = writer.node("Gemm", [name, *parameters], f"preactivation_{index}", transB=1)
        if f"slopes_{index}" in arrays:
            name = writer.activation(name, layer, index)
        else:
            name = writer.node("Relu", [name], f"activation_{index}")
    return writer.model(net.input_dim, net.output_dim)


class _Writer:
    """Nodes, each named by its only output, and their constants."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, array: NDArray[np.float64], name: str) -> str:
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def activation(self, name: str, layer: Layer, index: int) -> str:
        """c PRelu(t, p), and d PRelu(-t, q) added where some unit needs it."""
        c, p, d, q = np.array([_terms(left, right) for left, right in layer.slopes]).T
        value = self._scaled(name, c, p, f"right_{index}")
        if d.any():
            negated = self.node("Neg", [name], f"negated_{index}")
            value = self.node("Add", [value, self._scaled(negated, d, q, f"left_{index}")], f"activation_{index}")
        return value

    def _scaled(self, name: str, factor: NDArray[np.float64], slope: NDArray[np.float64], label: str) -> str:
        bent = self.node("PRelu", [name, self.constant(slope, f"slope_{label}")], f"bent_{label}")
        if (factor == 1).all():
            return bent
        return self.node("Mul", [bent, self.constant(factor, f"factor_{label}")], f"scaled_{label}")

    def model(self, inputs: int, outputs: int) -> bytes:
        helper, double = self._onnx.helper, self._onnx.TensorProto.DOUBLE
        ends = [helper.make_tensor_value_info(name, double, ["N", n]) for name, n in (("x", inputs), ("y", outputs))]
        graph = helper.make_graph(self._nodes, "network", ends[:1], ends[1:], self._constants)
        opsets = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="tropical-relu")
        return bytes(model.SerializeToString(deterministic=True))


def _terms(left: Fraction, right: Fraction) -> tuple[float, float, float, float]:
    """(c, p, d, q) with c PRelu(t, p) + d PRelu(-t, q) of the given slopes; a slope 1 bends nothing."""
    if right:
        ratio = saturated(left / right)
        if ratio - ratio == 0 and Fraction(ratio) == left / right:
            return float(right), ratio, 0.0, 1.0
        return float(right), 0.0, float(-left), 0.0
    return 0.0, 1.0, float(-left), (0.0 if left else 1.0)
