"""Learning ReLU networks from Gaussian samples, and proving what was learned."""

__all__: list[str] = []
