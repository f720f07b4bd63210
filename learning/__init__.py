"""Learning ReLU networks from Gaussian samples, and proving what was learned."""

from learning import instances as instances
from learning.sampling import GaussianOracle as GaussianOracle

__all__ = ["GaussianOracle", "instances"]
