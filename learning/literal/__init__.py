r"""Filtered PCA as written: candidates from finite nets of functions on W, thresholds and samples from stated bounds.

For tiny networks without biases only (THEORY section 2, literal candidates). The samples that carry a guarantee are
astronomically many; a run takes its own number and reports both.
"""

from learning.literal.bounds import WorstCase as WorstCase
from learning.literal.bounds import literal_threshold as literal_threshold
from learning.literal.bounds import worst_case as worst_case
from learning.literal.grids import LatticeGrid as LatticeGrid
from learning.literal.grids import NetworkGrid as NetworkGrid
from learning.literal.grids import clause_structures as clause_structures
from learning.literal.loop import LiteralPass as LiteralPass
from learning.literal.loop import LiteralResult as LiteralResult
from learning.literal.loop import literal_filtered_pca as literal_filtered_pca

__all__ = [
    "LatticeGrid",
    "LiteralPass",
    "LiteralResult",
    "NetworkGrid",
    "WorstCase",
    "clause_structures",
    "literal_filtered_pca",
    "literal_threshold",
    "worst_case",
]
