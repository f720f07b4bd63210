"""The models of tests/reference/models, as their makers wrote them, against the outputs that stand beside them."""

import json
from pathlib import Path

import numpy as np
import pytest

import tropical as tp
from oracles.float_errors import assert_runtime_agrees

pytest.importorskip("onnx")
MODELS = Path(__file__).resolve().parents[2] / "reference" / "models"


def answers(name):
    document = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return np.array(document["points"]), np.array(document["outputs"])


@pytest.mark.parametrize("name", [path.stem for path in sorted(MODELS.glob("*.onnx"))])
def test_models_load_as_their_makers_compute_them(name):
    X, Y = answers(name)
    net = tp.load_network(MODELS / f"{name}.onnx", cut_head=True)
    if "classifier" not in name:
        assert_runtime_agrees(net, X, Y)
        return
    scores = net.evaluate(X)
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.allclose(softmax, Y, rtol=0, atol=1e-6)
    with pytest.raises(tp.FormatError, match=r"\(Softmax\): .* cut_head=True"):
        tp.load_network(MODELS / f"{name}.onnx")


@pytest.mark.parametrize("name", ["classifier", "mixed", "residual"])
def test_both_exporters_of_torch_give_one_function(name):
    X, _ = answers(f"torch_{name}_script")
    script, dynamo = (
        tp.load_network(MODELS / f"torch_{name}_{kind}.onnx", cut_head=True) for kind in ("script", "dynamo")
    )
    assert script.evaluate_exact(X.tolist()) == dynamo.evaluate_exact(X.tolist())


def test_a_classifier_of_labels_names_its_outputs():
    file = MODELS / "sklearn_layout.onnx"
    with pytest.raises(tp.FormatError, match=r"got \['label', 'probabilities', 'out'\]: choose with outputs="):
        tp.load_network(file)
    assert tp.load_network(file, outputs="out") == tp.load_network(file, outputs="label", cut_head=True)


def test_weights_beside_a_model_are_missed_by_name(tmp_path):
    name = "torch_classifier_dynamo.onnx"
    (tmp_path / name).write_bytes((MODELS / name).read_bytes())
    with pytest.raises(
        tp.FormatError, match=r"another file, 'torch_classifier_dynamo.onnx.data': .* external_data=False"
    ):
        tp.load_network(tmp_path / name, cut_head=True)
