"""The clauses of a lattice polynomial as a matrix."""

from typing import TYPE_CHECKING, Literal

from tropical.arguments import require
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.plotting.canvas import make_axes
from tropical.plotting.palette import FRAME, LINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GRID = 60  # rows or columns up to which lines separate the squares


def plot_lattice_clauses(polynomial: LatticePolynomial, ax: "Axes | None" = None) -> "Axes":
    r"""Draw the incidence matrix of F = max_j min_{i in I_j} l_i: a square in row j, column i iff i is in I_j.

    Rows and columns are numbered as ``clauses`` and ``pieces`` are. Returns the Axes.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import AffineForm, LatticePolynomial
    >>> x, y, zero = AffineForm([1, 0]), AffineForm([0, 1]), AffineForm([0, 0])
    >>> axes = plot_lattice_clauses(LatticePolynomial([x, y, zero], [[0, 1], [2]]))
    >>> axes.images[0].get_array().astype(int).tolist()
    [[1, 1, 0], [0, 0, 1]]
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    require(polynomial, LatticePolynomial, "polynomial", "a LatticePolynomial such as to_lattice_polynomial(net)")
    import numpy as np
    from matplotlib.colors import ListedColormap
    from matplotlib.ticker import MaxNLocator

    rows, columns = len(polynomial.clauses), len(polynomial.pieces)
    table = np.zeros((rows, columns), bool)
    for j, clause in enumerate(polynomial.clauses):
        table[j, sorted(clause)] = True
    axes: Axes = make_axes(ax)
    shape: Literal["equal", "auto"] = "equal" if max(rows, columns) <= 4 * min(rows, columns) else "auto"
    axes.imshow(table, cmap=ListedColormap(["white", LINES[0]]), vmin=0, vmax=1, aspect=shape, interpolation="nearest")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if max(rows, columns) <= _GRID:
        axes.set_xticks(np.arange(-0.5, columns), minor=True)
        axes.set_yticks(np.arange(-0.5, rows), minor=True)
        axes.grid(which="minor", color=FRAME, linewidth=0.4)
        axes.tick_params(which="minor", length=0)
    axes.set_xlabel(r"piece $\ell_i$")
    axes.set_ylabel("clause $I_j$")
    return axes
