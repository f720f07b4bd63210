"""Pictures, one file for each kind; geometry is exact and rounds to float64 only where a coordinate is drawn."""

from tropical.plotting.regions import plot_regions as plot_regions

__all__ = ["plot_regions"]
