"""Questions about functions, decided over Q: equality, inequality, extrema, Lipschitz constants, convexity."""
