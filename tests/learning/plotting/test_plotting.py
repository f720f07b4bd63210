"""Pictures of learning: positions of marks against the records and verdicts they show."""

import matplotlib
import numpy as np
import pytest

import learning as ln
import tropical as tp

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    hidden = ln.instances.parity(2, 6, seed=0)
    X, y = ln.GaussianOracle(hidden, seed=0).sample(12_000)
    return hidden, ln.FilteredPCA(random_state=0).fit(X, y)


def test_marks_stand_at_the_eigenvalues_and_edges(fitted):
    _, pca = fitted
    ax = ln.plot_passes(pca)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    bars = [line for line in ax.lines if line.get_linewidth() == 1.6]
    assert len(dots) == len(bars) == len(pca.passes_)
    for dot, bar, record in zip(dots, bars, pca.passes_, strict=True):
        assert tuple(dot.get_ydata()) == (record.eigenvalues or (record.eigenvalue,))
        assert set(bar.get_ydata()) == {record.threshold}
        assert (dot.get_color() == "white") != record.rejected
    assert ax.get_xticklabels()[0].get_text() == "pass 0\ndim W = 0"
    assert len(ax.figure.axes) == 1
    assert ln.plot_passes(pca.passes_).get_ylabel() == ax.get_ylabel()


def test_angle_to_the_truth(fitted):
    hidden, pca = fitted
    ax = ln.plot_passes(pca, hidden)
    right = next(other for other in ax.figure.axes if other is not ax)
    sines = right.lines[0].get_ydata()
    basis = np.array(tp.relevant_subspace(tp.polyhedral_complex(hidden)), dtype=float)
    projector = np.linalg.pinv(basis) @ basis
    for record, sine in zip(pca.passes_, sines, strict=True):
        frame = pca.components_[: record.dimension + record.appended]
        assert sine == pytest.approx(np.linalg.norm(frame - frame @ projector, 2) if len(frame) else 0.0)
    assert ln.plot_passes(pca, basis).figure.axes[-1].get_ylabel() == right.get_ylabel()


def test_a_constant_function_has_no_pass_or_a_silent_one():
    X = np.random.default_rng(0).standard_normal((4000, 3))
    noise = np.random.default_rng(1).standard_normal(4000)
    silent = ln.FilteredPCA(random_state=0).fit(X, noise)
    ax = ln.plot_passes(silent, np.zeros((0, 3)))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["edge of L12", "not rejected", "angle"]
    constant = ln.FilteredPCA(random_state=0).fit(X, np.zeros(4000))
    assert constant.passes_ == []
    with pytest.raises(ValueError, match="no pass"):
        ln.plot_passes(constant)


def test_bad_truth(fitted):
    _, pca = fitted
    with pytest.raises(ValueError, match="needs the fitted"):
        ln.plot_passes(pca.passes_, np.eye(6))
    with pytest.raises(ValueError, match=r"shape \(n, 6\)"):
        ln.plot_passes(pca, np.eye(5))


def test_margins_of_verdicts():
    verdicts = ln.lemmas.check_all(ln.instances.h6(4, seed=0), ["L15", "L1", "L2"])
    refuted = tp.Verdict("refuted", detail={"lemma": "L4", "tightness": None})
    ax = ln.plot_lemma_margins([*verdicts.values(), refuted])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["L1", "L2", "L4", "L15"]
    (proved,) = [line for line in ax.lines if line.get_label() == "proved"]
    shown = dict(zip(proved.get_ydata(), proved.get_xdata(), strict=True))
    assert shown == {place: verdicts[label].detail["tightness"] for place, label in ((1, "L2"), (3, "L15"))}
    (wrong,) = [line for line in ax.lines if line.get_label() == "refuted"]
    assert list(wrong.get_ydata()) == [2]
    assert 1 < wrong.get_xdata()[0] < ax.get_xlim()[1]
    assert [text.get_text() for text in ax.texts] == ["no inequality with a scale"]


def test_margins_of_a_sweep():
    found = ln.lemmas.sweep("h6", range(2), ["L2", "L1"], neighbours=True)
    ax = ln.plot_lemma_margins(found)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["L1", "L2"]
    assert sum(len(line.get_xdata()) for line in ax.lines if line.get_label() in ("proved", "unknown")) == 2
    assert "refuted" not in {line.get_label() for line in ax.lines}


def test_margins_of_nothing_or_of_something_else():
    with pytest.raises(ValueError, match="no verdict"):
        ln.plot_lemma_margins({})
    with pytest.raises(ValueError, match="of lemmas"):
        ln.plot_lemma_margins([tp.Verdict("proved")])
