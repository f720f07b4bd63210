"""The units of a function that one hidden layer of ReLUs computes: recovered exactly, or refuted with a witness."""

from learning.structure.units.canonical import HiddenLayer as HiddenLayer
from learning.structure.units.canonical import HiddenUnit as HiddenUnit
from learning.structure.units.canonical import hidden_layer_of as hidden_layer_of
from learning.structure.units.canonical import same_units as same_units
from learning.structure.units.decision import HiddenLayerReport as HiddenLayerReport
from learning.structure.units.decision import JumpWitness as JumpWitness
from learning.structure.units.decision import one_hidden_layer as one_hidden_layer
from learning.structure.units.lines import jump_across as jump_across

__all__ = [
    "HiddenLayer",
    "HiddenLayerReport",
    "HiddenUnit",
    "JumpWitness",
    "hidden_layer_of",
    "jump_across",
    "one_hidden_layer",
    "same_units",
]
