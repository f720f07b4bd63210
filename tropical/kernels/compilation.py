"""How functions of this package are compiled: cached on disk, division by zero as in NumPy, no exceptions.

``compiled`` functions count no references to their arrays, which would cost a tenth of the time of cutting: they
allocate nothing and return no arrays. Their caller keeps the arrays alive. ``allocating`` functions may do both.
"""

from numba import njit

compiled = njit(cache=True, error_model="numpy", _nrt=False)
inlined = njit(cache=True, error_model="numpy", _nrt=False, inline="always")
allocating = njit(cache=True, error_model="numpy")
