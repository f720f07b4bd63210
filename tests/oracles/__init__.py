"""Independent answers to compare the packages with."""
