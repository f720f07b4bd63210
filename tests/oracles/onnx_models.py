"""ONNX models made by hand, and their outputs as onnxruntime computes them."""

import numpy as np

from oracles.float_errors import assert_runtime_agrees
from tropical.formats.onnx import reading


def node(kind, inputs="x", outputs="y", **attributes):
    """A node of the ONNX operators, or of another domain where ``domain`` is given."""
    from onnx import helper

    return helper.make_node(
        kind, [i for i in inputs.split(",") if inputs], outputs.split(","), name=f"the_{kind}_{outputs}", **attributes
    )


def model(nodes, shape, constants=(), opset=17, kind=1, outputs=("y",), ir_version=8, functions=()):
    """The bytes of a model from x, of the given shape, to y; constants are arrays by name."""
    from onnx import helper, numpy_helper

    initializers = [c if hasattr(c, "dims") else numpy_helper.from_array(c, k) for k, c in dict(constants).items()]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        initializers,
    )
    domains = sorted({entry.domain for entry in nodes} - {""})
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in domains)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, functions=functions)
    return made.SerializeToString()


def outputs_at(data, X, names=None):
    """onnxruntime's outputs at points (n, n_in), flat and one after another: (n, n_out)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    shape = [n if isinstance(n, int) else 1 for n in session.get_inputs()[0].shape]
    runs = (session.run(names, {session.get_inputs()[0].name: x.reshape(shape)}) for x in X)
    return np.stack([np.concatenate([y.ravel() for y in run]) for run in runs])


def agree(data, points=1000, roundoff=2.0**-24, dtype=np.float32):
    """The imported network, once its exact values have been compared with onnxruntime's."""
    net = reading.decode(data)
    X = np.random.default_rng(1).normal(size=(points, net.input_dim)).astype(dtype)
    assert_runtime_agrees(net, X.astype(np.float64), outputs_at(data, X), roundoff)
    return net
