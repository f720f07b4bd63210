"""Models of scikit-learn: against what it predicts in floats, and against its formulas over Q, written here again."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from sklearn import decomposition, ensemble, linear_model, neighbors, neural_network, preprocessing, svm, tree
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

import tropical as tp

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)) * [1, 10, 0.1, 3] + [0, 5, 1, -2]
y = np.abs(X[:, 0]) + X[:, 1] * 0.3
TARGETS = np.stack([y, X[:, 2] - y], axis=1)
BINARY, CLASSES = (y > 2).astype(int), np.digitize(y, [1, 2, 4])
POINTS = RNG.normal(size=(40, 4)) * 5


def fit(model, target=y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, target)


def regressor(**arguments):
    return neural_network.MLPRegressor(hidden_layer_sizes=(6, 5), max_iter=15, random_state=0, **arguments)


def classifier(**arguments):
    return neural_network.MLPClassifier(hidden_layer_sizes=(6,), max_iter=15, random_state=0, **arguments)


def agrees(model, method="predict"):
    """The network, whose floats are those of scikit-learn up to rounding."""
    net = tp.from_sklearn(model)
    expected = np.asarray(getattr(model, method)(POINTS), dtype=float).reshape(len(POINTS), -1)
    values = np.array([[float(q) for q in row] for row in net.evaluate_exact(POINTS.tolist())])
    scale = 1 + np.abs(values).max()
    assert np.abs(values - expected).max() <= 1e-10 * scale
    return net


SCALERS = {
    "standard": preprocessing.StandardScaler(),
    "no mean": preprocessing.StandardScaler(with_mean=False),
    "no scale": preprocessing.StandardScaler(with_std=False),
    "minimum, maximum": preprocessing.MinMaxScaler((-1, 2)),
    "clipped": preprocessing.MinMaxScaler(clip=True),
    "largest": preprocessing.MaxAbsScaler(),
    "robust": preprocessing.RobustScaler(),
    "robust, no centre": preprocessing.RobustScaler(with_centering=False),
    "robust, no scale": preprocessing.RobustScaler(with_scaling=False),
    "principal components": decomposition.PCA(3),
    "identity": preprocessing.FunctionTransformer(),
    "pipeline": make_pipeline(preprocessing.StandardScaler(), "passthrough", decomposition.PCA(2)),
}


@pytest.mark.parametrize("name", SCALERS)
def test_scalers(name):
    agrees(fit(SCALERS[name]), "transform")


MODELS = {
    "regressor": (regressor(), y),
    "two targets": (regressor(), TARGETS),
    "identity": (regressor(activation="identity"), y),
    "linear": (linear_model.LinearRegression(), y),
    "linear, two targets": (linear_model.LinearRegression(), TARGETS),
    "no intercept": (linear_model.Ridge(fit_intercept=False), y),
    "sparse": (linear_model.Lasso(0.3), y),
    "robust": (linear_model.HuberRegressor(max_iter=1000), y),
    "support vectors": (svm.LinearSVR(max_iter=5000, random_state=0), y),
    "scaled": (make_pipeline(preprocessing.StandardScaler(), regressor()), y),
    "scaled twice": (make_pipeline(preprocessing.RobustScaler(), decomposition.PCA(2), regressor()), y),
    "no first step": (make_pipeline("passthrough", preprocessing.MinMaxScaler(clip=True), regressor()), y),
    "scaled target": (TransformedTargetRegressor(regressor(), transformer=preprocessing.StandardScaler()), y),
    "scaled target, clipped": (
        TransformedTargetRegressor(linear_model.Ridge(), transformer=preprocessing.MinMaxScaler(clip=True)), TARGETS,
    ),
    "target scaled twice": (
        TransformedTargetRegressor(
            linear_model.Ridge(),
            transformer=make_pipeline(preprocessing.MaxAbsScaler(), "passthrough", preprocessing.RobustScaler()),
        ),
        y,
    ),
    "target as it is": (TransformedTargetRegressor(linear_model.LinearRegression()), y),
    "columns": (
        Pipeline([
            ("columns", ColumnTransformer(
                [("a", preprocessing.StandardScaler(), [2, 0]), ("b", "passthrough", slice(1, 2)), ("c", "drop", [3]),
                 ("d", preprocessing.MinMaxScaler(), [])]
            )),
            ("model", regressor()),
        ]),
        y,
    ),
    "a mask and the rest": (
        make_pipeline(
            ColumnTransformer(
                [("a", preprocessing.MinMaxScaler(), [True, False, False, True])], remainder="passthrough"
            ),
            linear_model.Ridge(),
        ),
        y,
    ),
    "searched": (GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1]}), y),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_regressors(name):
    agrees(fit(*MODELS[name]))


@pytest.mark.parametrize("target", [BINARY, CLASSES])
@pytest.mark.parametrize(
    "model",
    [linear_model.LogisticRegression(), linear_model.RidgeClassifier(), linear_model.Perceptron(), svm.LinearSVC()],
)
def test_linear_classifiers(model, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make_pipeline(preprocessing.StandardScaler(), model).fit(X, target)
    agrees(model, "decision_function")


@pytest.mark.parametrize(("target", "outputs"), [(BINARY, 1), (CLASSES, 4), (TARGETS > 1, 2)])
def test_logits(target, outputs):
    """Classes, and the probabilities that the logistic function or softmax make of the outputs."""
    model = fit(classifier(), target)
    net = tp.from_sklearn(model)
    assert net.output_dim == outputs
    logits = net.evaluate(POINTS)
    expected = model.predict_proba(POINTS)
    if model.out_activation_ == "softmax":
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        assert (model.classes_[logits.argmax(axis=1)] == model.predict(POINTS)).all()
    else:
        probabilities = 1 / (1 + np.exp(-logits))
        assert ((logits > 0) == model.predict(POINTS).reshape(-1, outputs)).all()
        expected = expected[:, -outputs:]
    np.testing.assert_allclose(probabilities, expected, rtol=1e-9)


def by_definition(scaler, components, model, x):
    """The pipeline over Q, coordinate by coordinate."""
    x = [(q - Fraction(m)) / Fraction(s) for q, m, s in zip(x, scaler.mean_, scaler.scale_, strict=True)]
    x = [q - Fraction(m) for q, m in zip(x, components.mean_, strict=True)]
    x = [sum(Fraction(a) * q for a, q in zip(row, x, strict=True)) for row in components.components_]
    for index, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        x = [max(q, Fraction(0)) if index else q for q in x]
        x = [sum(Fraction(a) * q for a, q in zip(column, x, strict=True)) + Fraction(b)
             for column, b in zip(weight.T, bias, strict=True)]  # fmt: skip
    return tuple(x)


def test_every_value_is_exact_over_q():
    steps = preprocessing.StandardScaler(), decomposition.PCA(2), regressor()
    net = tp.from_sklearn(fit(make_pipeline(*steps)))
    for x in ([Fraction(0)] * 4, [Fraction(1, 3), Fraction(-7, 2), Fraction(5), Fraction(10**9)]):
        assert net(x) == by_definition(*steps, x)


def test_float32_is_exact():
    model = neural_network.MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X.astype(np.float32), y.astype(np.float32))
    weights = [w.T.astype(float) for w in model.coefs_]
    assert model.coefs_[0].dtype == np.float32
    assert tp.from_sklearn(model) == tp.ReLUNetwork.from_arrays(weights, [b.astype(float) for b in model.intercepts_])


def test_columns_by_name():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("pqrs"))
    columns = ColumnTransformer([("a", preprocessing.StandardScaler(), ["s", "p"])], remainder="passthrough")
    model = make_pipeline(columns, linear_model.LinearRegression()).fit(table, y)
    net = tp.from_sklearn(model)
    expected = model.predict(pandas.DataFrame(POINTS, columns=list("pqrs")))
    np.testing.assert_allclose(net.evaluate(POINTS)[:, 0], expected, rtol=1e-10)


class Own(linear_model.LinearRegression):
    """It could compute anything."""


REFUSED = {
    "not fitted": (regressor(), "MLPRegressor is not fitted: call fit first"),
    "pipeline not fitted": (make_pipeline(preprocessing.StandardScaler(), regressor()), "Pipeline is not fitted"),
    "step not fitted": (
        make_pipeline(fit(preprocessing.StandardScaler()), regressor()), r"Pipeline: MLPRegressor: it is not fitted",
    ),
    "search not fitted": (GridSearchCV(regressor(), {}), "GridSearchCV is not fitted"),
    "tanh": (fit(regressor(activation="tanh")), "activation 'tanh' is not piecewise linear"),
    "logistic": (fit(classifier(activation="logistic"), BINARY), "activation 'logistic' is not piecewise linear"),
    "tree": (fit(tree.DecisionTreeRegressor()), "got DecisionTreeRegressor, which is not continuous"),
    "forest": (fit(ensemble.RandomForestClassifier(2), BINARY), "got RandomForestClassifier, which is not continuous"),
    "boosting": (fit(ensemble.HistGradientBoostingRegressor(max_iter=2)), "is not continuous"),
    "neighbours": (fit(neighbors.KNeighborsRegressor()), "is not continuous"),
    "kernel": (fit(svm.SVR()), "got SVR, which is not piecewise linear"),
    "squares": (
        fit(make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge())),
        "Pipeline: model must be .*, got PolynomialFeatures, which is not piecewise linear",
    ),
    "normaliser": (fit(make_pipeline(preprocessing.Normalizer(), regressor())), "got Normalizer, which is not"),
    "poisson": (fit(linear_model.PoissonRegressor(), y - y.min() + 1), "got PoissonRegressor, which is not supported"),
    "whitening": (fit(decomposition.PCA(2, whiten=True)), "PCA: whiten=True divides by square roots"),
    "a function": (fit(preprocessing.FunctionTransformer(np.exp)), "only the identity can be followed, func=None"),
    "logarithm of the target": (
        fit(TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1), y - y.min()),
        "only the identity can be followed, inverse_func=None",
    ),
    "curved target": (
        fit(TransformedTargetRegressor(linear_model.Ridge(), transformer=preprocessing.PowerTransformer())),
        "got PowerTransformer, which is not piecewise linear",
    ),
    "own class": (fit(Own()), "got Own, which is not supported"),
    "class": (linear_model.LinearRegression, "not supported"),
    "path": ("model.pkl", "got str, which is not supported"),
    "network": (tp.ReLUNetwork.from_arrays([[[1]]]), "got ReLUNetwork, which is not supported"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(name):
    model, problem = REFUSED[name]
    with pytest.raises(ValueError, match=problem):
        tp.from_sklearn(model)


def test_constant_columns_are_scaled_by_one():
    data = np.column_stack([X[:, 0], np.full(len(X), 7.0)])
    scaler = preprocessing.StandardScaler().fit(data)
    assert tp.from_sklearn(scaler)([Fraction(scaler.mean_[0]), 9]) == (0, 2)
