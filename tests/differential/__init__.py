"""Families of cases on which the package and other programs must agree; `test_differential` has the table of them."""
