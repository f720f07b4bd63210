"""Numbers: the rationals and their linear algebra, linear programs and quadratic forms over Q, floats taken exactly."""
