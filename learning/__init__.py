"""Learning ReLU networks from Gaussian samples, and proving what was learned."""

from learning import baselines as baselines
from learning import instances as instances
from learning import literal as literal
from learning.filtered_pca import FilteredPCA as FilteredPCA
from learning.filtered_pca import PassRecord as PassRecord
from learning.gaussianity import NonGaussianWarning as NonGaussianWarning
from learning.missing_mass import MissingMass as MissingMass
from learning.regressor import LatticePolynomialRegressor as LatticePolynomialRegressor
from learning.sampling import GaussianOracle as GaussianOracle
from learning.verification import RecoveryReport as RecoveryReport
from learning.verification import verify_recovery as verify_recovery

__all__ = [
    "FilteredPCA",
    "GaussianOracle",
    "LatticePolynomialRegressor",
    "MissingMass",
    "NonGaussianWarning",
    "PassRecord",
    "RecoveryReport",
    "baselines",
    "instances",
    "literal",
    "verify_recovery",
]
