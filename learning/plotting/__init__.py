"""Pictures of learning: the passes of filtered PCA against their edges, and how near lemmas come to failing."""

from learning.plotting.lemma_margins import plot_lemma_margins as plot_lemma_margins
from learning.plotting.passes import plot_passes as plot_passes

__all__ = ["plot_lemma_margins", "plot_passes"]
