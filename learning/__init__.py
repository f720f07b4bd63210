"""Learning ReLU networks from Gaussian samples, and proving what was learned."""

from learning import baselines as baselines
from learning import instances as instances
from learning import lemmas as lemmas
from learning import literal as literal
from learning.filtering.gaussianity import NonGaussianWarning as NonGaussianWarning
from learning.filtering.pca import FilteredPCA as FilteredPCA
from learning.filtering.pca import PassRecord as PassRecord
from learning.plotting import plot_lemma_margins as plot_lemma_margins
from learning.plotting import plot_passes as plot_passes
from learning.recovery.open_mass import MissingMass as MissingMass
from learning.recovery.queries.labels import LabelOracle as LabelOracle
from learning.recovery.regressor import CoarseLabelsWarning as CoarseLabelsWarning
from learning.recovery.regressor import LatticePolynomialRegressor as LatticePolynomialRegressor
from learning.recovery.verification import DisagreementReport as DisagreementReport
from learning.recovery.verification import RecoveryReport as RecoveryReport
from learning.recovery.verification import verify_recovery as verify_recovery
from learning.sampling import GaussianOracle as GaussianOracle
from learning.structure.units import HiddenLayer as HiddenLayer
from learning.structure.units import HiddenLayerReport as HiddenLayerReport
from learning.structure.units import HiddenUnit as HiddenUnit
from learning.structure.units import JumpWitness as JumpWitness
from learning.structure.units import hidden_layer_of as hidden_layer_of
from learning.structure.units import jump_across as jump_across
from learning.structure.units import one_hidden_layer as one_hidden_layer
from learning.structure.units import same_units as same_units

__all__ = [
    "CoarseLabelsWarning",
    "DisagreementReport",
    "FilteredPCA",
    "GaussianOracle",
    "HiddenLayer",
    "HiddenLayerReport",
    "HiddenUnit",
    "JumpWitness",
    "LabelOracle",
    "LatticePolynomialRegressor",
    "MissingMass",
    "NonGaussianWarning",
    "PassRecord",
    "RecoveryReport",
    "baselines",
    "hidden_layer_of",
    "instances",
    "jump_across",
    "lemmas",
    "literal",
    "one_hidden_layer",
    "plot_lemma_margins",
    "plot_passes",
    "same_units",
    "verify_recovery",
]
