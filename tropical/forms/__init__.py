"""One function in other forms: max-min, differences of maxima, networks of given expressions, affine part by part."""
