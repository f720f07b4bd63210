"""The models of tests/reference/models, as their makers wrote them, against the outputs that stand beside them."""

import json
from pathlib import Path

import numpy as np
import pytest

import tropical as tp
from oracles.float_errors import assert_runtime_agrees
from tropical.formats.operators.table import ONNX

pytest.importorskip("onnx")
MODELS = Path(__file__).resolve().parents[2] / "reference" / "models"


def answers(name):
    document = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return np.array(document["points"]), np.array(document["outputs"])


@pytest.mark.parametrize("name", [path.stem for path in sorted(MODELS.glob("*.onnx"))])
def test_models_load_as_their_makers_compute_them(name):
    X, Y = answers(name)
    net = tp.load_network(MODELS / f"{name}.onnx", cut_head=True)
    if "class" not in name:
        assert_runtime_agrees(net, X, Y)
        return
    exponentials = np.exp(np.hstack([np.zeros((len(X), int(net.output_dim == 1))), net.evaluate(X)]))
    assert np.allclose(exponentials / exponentials.sum(axis=1, keepdims=True), Y, rtol=0, atol=1e-6)


def test_a_head_is_not_cut_off_unasked():
    with pytest.raises(tp.FormatError, match=r"\(Softmax\): .* cut_head=True"):
        tp.load_network(MODELS / "torch_classifier_script.onnx")


@pytest.mark.parametrize("name", [path.stem for path in sorted(MODELS.glob("operators/*.onnx"))])
def test_models_of_one_operator(name):
    X, Y = answers(f"operators/{name}")
    assert_runtime_agrees(tp.load_network(MODELS / "operators" / f"{name}.onnx"), X, Y)


def test_every_operator_of_the_table_has_a_model():
    names = {kind for path in MODELS.glob("operators/*.onnx") for kind in path.stem.split("_")}
    assert names == {operator.rpartition(".")[2] for operator in ONNX}


@pytest.mark.parametrize("name", ["classifier", "mixed", "residual"])
def test_both_exporters_of_torch_give_one_function(name):
    X, _ = answers(f"torch_{name}_script")
    script, dynamo = (
        tp.load_network(MODELS / f"torch_{name}_{kind}.onnx", cut_head=True) for kind in ("script", "dynamo")
    )
    assert script.evaluate_exact(X.tolist()) == dynamo.evaluate_exact(X.tolist())


def test_a_classifier_of_labels_names_its_outputs():
    file, names = MODELS / "sklearn_classifier.onnx", ("output_label", "output_probability")
    with pytest.raises(tp.FormatError, match=rf"got \['{names[0]}', '{names[1]}'\]: choose with outputs="):
        tp.load_network(file)
    scores = tp.load_network(file, cut_head=True)
    assert all(tp.load_network(file, outputs=name, cut_head=True) == scores for name in names)


def test_weights_beside_a_model_are_missed_by_name(tmp_path):
    name = "torch_classifier_dynamo.onnx"
    (tmp_path / name).write_bytes((MODELS / name).read_bytes())
    with pytest.raises(
        tp.FormatError, match=r"another file, 'torch_classifier_dynamo.onnx.data': .* external_data=False"
    ):
        tp.load_network(tmp_path / name, cut_head=True)
