"""Learning ReLU networks from Gaussian samples, and proving what was learned."""

from learning import baselines as baselines
from learning import instances as instances
from learning import lemmas as lemmas
from learning import literal as literal
from learning.filtered_pca import FilteredPCA as FilteredPCA
from learning.filtered_pca import PassRecord as PassRecord
from learning.gaussianity import NonGaussianWarning as NonGaussianWarning
from learning.missing_mass import MissingMass as MissingMass
from learning.plotting import plot_lemma_margins as plot_lemma_margins
from learning.plotting import plot_passes as plot_passes
from learning.regressor import LatticePolynomialRegressor as LatticePolynomialRegressor
from learning.sampling import GaussianOracle as GaussianOracle
from learning.units import HiddenLayer as HiddenLayer
from learning.units import HiddenLayerReport as HiddenLayerReport
from learning.units import HiddenUnit as HiddenUnit
from learning.units import one_hidden_layer as one_hidden_layer
from learning.verification import RecoveryReport as RecoveryReport
from learning.verification import verify_recovery as verify_recovery

__all__ = [
    "FilteredPCA",
    "GaussianOracle",
    "HiddenLayer",
    "HiddenLayerReport",
    "HiddenUnit",
    "LatticePolynomialRegressor",
    "MissingMass",
    "NonGaussianWarning",
    "PassRecord",
    "RecoveryReport",
    "baselines",
    "instances",
    "lemmas",
    "literal",
    "one_hidden_layer",
    "plot_lemma_margins",
    "plot_passes",
    "verify_recovery",
]
