"""Learning ReLU networks from Gaussian samples, and proving what was learned."""

from learning import instances as instances
from learning.filtered_pca import FilteredPCA as FilteredPCA
from learning.filtered_pca import PassRecord as PassRecord
from learning.regressor import LatticePolynomialRegressor as LatticePolynomialRegressor
from learning.sampling import GaussianOracle as GaussianOracle
from learning.verification import RecoveryReport as RecoveryReport
from learning.verification import verify_recovery as verify_recovery

__all__ = [
    "FilteredPCA",
    "GaussianOracle",
    "LatticePolynomialRegressor",
    "PassRecord",
    "RecoveryReport",
    "instances",
    "verify_recovery",
]
