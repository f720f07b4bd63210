"""scikit-learn: fitted perceptrons, linear models and scalers, alone and in pipelines, followed step by step.

Estimators are recognised by the names of their classes, so that the package is not imported, and their fitted
parameters are taken exactly. Nothing is asked of a model but its parameters; no file of models (a pickle) is read.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import fmpq

from tropical.arithmetic.rationals import as_flint, as_fraction
from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.operators.products import linear
from tropical.functions.network import ReLUNetwork


def from_sklearn(model: Any) -> ReLUNetwork:
    """Return the exact network that a fitted model of scikit-learn stands for, its float64 parameters taken exactly.

    Regressors give what ``predict`` does. Classifiers give what their classes are read off: ``decision_function`` of
    linear ones; the values before the logistic function or softmax of an ``MLPClassifier``, one for two classes, else
    one for each. Known are ``MLPRegressor`` and ``MLPClassifier`` (activation relu or identity), linear models,
    ``StandardScaler``, ``MinMaxScaler``, ``MaxAbsScaler``, ``RobustScaler`` and ``PCA``; ``Pipeline``,
    ``ColumnTransformer``, ``TransformedTargetRegressor``, ``GridSearchCV`` and ``RandomizedSearchCV`` of them. Raises
    ``ValueError`` for a model that is not fitted, not known, or not continuous and piecewise linear.

    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from_sklearn(MinMaxScaler((0, 2), clip=True).fit([[0.0], [4.0]]))([7])
    (Fraction(2, 1),)
    """
    _step_of(model)
    parts = [model, *(step for _, step in getattr(model, "steps", []))]  # a pipeline asks its first step alone
    sizes = [size for part in parts if isinstance(size := getattr(part, "n_features_in_", None), int)]
    if not sizes:
        raise ValueError(f"{type(model).__name__} is not fitted: call fit first")
    graph = Graph(sizes[0])
    return graph.network(_applied(graph, model, graph.inputs((sizes[0],))))


_Step = Callable[[Graph, Any, Tensor], Tensor]


def _step_of(model: Any, inverse: bool = False) -> _Step:
    steps = _INVERSES if inverse else _STEPS
    kind = type(model).__name__
    if not type(model).__module__.startswith("sklearn.") or kind not in steps:
        reason = "not continuous" if any(part in kind for part in _DISCONTINUOUS) else "not supported"
        reason = "not piecewise linear" if any(part in kind for part in _CURVED) else reason
        known = ", ".join(name for name in steps if name not in _LINEAR[2:])
        raise ValueError(f"model must be one of {known}, ... of scikit-learn, got {kind}, which is {reason}")
    return steps[kind]


def _applied(graph: Graph, model: Any, x: Tensor, inverse: bool = False) -> Tensor:
    if model is None or (isinstance(model, str) and model == "passthrough"):
        return x
    step = _step_of(model, inverse)
    try:
        return step(graph, model, x)
    except ValueError as error:
        raise ValueError(f"{type(model).__name__}: {error}") from error


def _fitted(model: Any, name: str) -> Any:
    value = getattr(model, name, None)
    if value is None:
        raise ValueError(f"it is not fitted (no {name}): call fit first")
    return value


def _exact(value: Any, name: str) -> Tensor:
    return tensors.exact(np.asarray(value), name)


def _scaled(graph: Graph, model: Any, x: Tensor) -> Tensor:
    for operation, name, flag in _SCALINGS[type(model).__name__]:
        if flag is None or getattr(model, flag):
            x = tensors.elementwise(graph, operation, x, _exact(_fitted(model, name), name))
    if getattr(model, "clip", False):
        low, high = (as_fraction(q, "feature_range") for q in getattr(model, "feature_range", (-1, 1)))
        return tensors.clip(graph, x, as_flint(low), as_flint(high))
    return x


def _unscaled(graph: Graph, model: Any, x: Tensor) -> Tensor:
    for operation, name, flag in reversed(_SCALINGS[type(model).__name__]):
        if flag is None or getattr(model, flag):
            x = tensors.elementwise(graph, _OPPOSITE[operation], x, _exact(_fitted(model, name), name))
    return x


def _identity(name: str) -> _Step:
    """The step of a ``FunctionTransformer`` whose function of this name is the identity."""

    def step(graph: Graph, model: Any, x: Tensor) -> Tensor:
        if getattr(model, name) is not None:
            raise ValueError(f"only the identity can be followed, {name}=None")
        return x

    return step


def _pca(graph: Graph, model: Any, x: Tensor) -> Tensor:
    if model.whiten:
        raise ValueError("whiten=True divides by square roots, which are no rational numbers")
    centred = tensors.elementwise(graph, operator.sub, x, _exact(_fitted(model, "mean_"), "mean_"))
    return tensors.matmul(graph, centred, _exact(_fitted(model, "components_"), "components_").T)


def _linear(graph: Graph, model: Any, x: Tensor) -> Tensor:
    coefficients = _exact(np.atleast_2d(_fitted(model, "coef_")), "coef_")
    constants = _exact(np.atleast_1d(_fitted(model, "intercept_")), "intercept_")
    return linear(graph, x, coefficients, constants)


def _perceptron(graph: Graph, model: Any, x: Tensor) -> Tensor:
    weights, biases = _fitted(model, "coefs_"), _fitted(model, "intercepts_")
    if model.activation not in ("relu", "identity"):
        raise ValueError(f"activation {model.activation!r} is not piecewise linear: relu and identity are")
    if _fitted(model, "out_activation_") not in ("identity", "logistic", "softmax"):
        raise ValueError(f"what it predicts, {model.out_activation_!r} of the last layer, is not piecewise linear")
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        if index and model.activation == "relu":
            x = graph.unit(x, fmpq(0))
        x = linear(graph, x, _exact(weight, f"coefs_[{index}]").T, _exact(bias, f"intercepts_[{index}]"))
    return x


def _pipeline(graph: Graph, model: Any, x: Tensor) -> Tensor:
    for _, step in model.steps:
        x = _applied(graph, step, x)
    return x


def _pipeline_inverse(graph: Graph, model: Any, x: Tensor) -> Tensor:
    for _, step in reversed(model.steps):
        x = _applied(graph, step, x, inverse=True)
    return x


def _columns(graph: Graph, model: Any, x: Tensor) -> Tensor:
    if model.transformer_weights:
        raise ValueError("transformer_weights are not supported")
    parts = [x[:0]]
    for _, transformer, columns in _fitted(model, "transformers_"):
        places = _places(model, columns, len(x))
        if len(places) and not (isinstance(transformer, str) and transformer == "drop"):
            parts.append(_applied(graph, transformer, x[places]))
    return np.concatenate(parts)


def _places(model: Any, columns: Any, count: int) -> Any:
    """The indices of columns that are given by a number, numbers, a slice, a mask, or names."""
    columns = [columns] if isinstance(columns, (str, int)) else columns
    if isinstance(columns, slice) or not all(isinstance(name, str) for name in columns):
        return np.arange(count)[columns]
    names = list(getattr(model, "feature_names_in_", []))
    return [names.index(name) for name in columns]


def _target(graph: Graph, model: Any, x: Tensor) -> Tensor:
    y = _applied(graph, _fitted(model, "regressor_"), x)
    return _applied(graph, _fitted(model, "transformer_"), y, inverse=True)


def _best(graph: Graph, model: Any, x: Tensor) -> Tensor:
    return _applied(graph, _fitted(model, "best_estimator_"), x)


_LINEAR = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "SGDRegressor",
    "HuberRegressor", "LinearSVR", "LogisticRegression", "LogisticRegressionCV", "RidgeClassifier", "SGDClassifier",
    "Perceptron", "LinearSVC",
)  # fmt: skip
_SCALINGS: Mapping[str, tuple[tuple[Callable[[Any, Any], Any], str, str | None], ...]] = {
    "StandardScaler": ((operator.sub, "mean_", "with_mean"), (operator.truediv, "scale_", "with_std")),
    "MinMaxScaler": ((operator.mul, "scale_", None), (operator.add, "min_", None)),
    "MaxAbsScaler": ((operator.truediv, "scale_", None),),
    "RobustScaler": ((operator.sub, "center_", "with_centering"), (operator.truediv, "scale_", "with_scaling")),
}
"""What is done to x, with which parameter, and which flag of the model switches it on."""
_OPPOSITE = {operator.add: operator.sub, operator.sub: operator.add,
             operator.mul: operator.truediv, operator.truediv: operator.mul}  # fmt: skip
_STEPS: Mapping[str, _Step] = {
    "MLPRegressor": _perceptron,
    "MLPClassifier": _perceptron,
    **dict.fromkeys(_SCALINGS, _scaled),
    "PCA": _pca,
    "FunctionTransformer": _identity("func"),
    "Pipeline": _pipeline,
    "ColumnTransformer": _columns,
    "TransformedTargetRegressor": _target,
    "GridSearchCV": _best,
    "RandomizedSearchCV": _best,
    **dict.fromkeys(_LINEAR, _linear),
}
_INVERSES: Mapping[str, _Step] = {
    **dict.fromkeys(_SCALINGS, _unscaled),
    "FunctionTransformer": _identity("inverse_func"),
    "Pipeline": _pipeline_inverse,
}
_DISCONTINUOUS = ("Tree", "Forest", "Boosting", "Neighbors", "Discretizer", "Binarizer")
_CURVED = ("Normalizer", "Polynomial", "Spline", "Gaussian", "SVC", "SVR", "PowerTransformer")
