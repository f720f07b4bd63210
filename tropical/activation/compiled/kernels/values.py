"""Values of a layer's units at vertices, with bounds on their errors, and the signs that these leave no doubt of.

The error model. An operation with the exact result x gives x (1 + d) + h with |d| <= u = 2^-53 and |h| <= 2^-1075,
h = 0 unless it is a product or quotient in the subnormal range; beyond 2^1024 it gives an infinity, and then possibly
NaN (Higham 2002, sections 2.2 and 3.1).

- Roundoff: every bound is a multiple of u times a sum of absolute values, and is widened for its own rounding.
- Underflow: a bound is 0 only for exact numbers. Any other is at least LEAST, far above all that single precision or
  gradual underflow can lose.
- Overflow: where a value overflows, so does the sum of absolute values in its bound, or the bound is NaN. Comparisons
  with infinity or NaN are false, and no sign is sure.

What is not sure is decided over Q.
"""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.skeleton import (
    EXACT,
    SIDES,
    U0,
    U1,
    U2,
    U3,
    U4,
    U6,
    constraint,
    flag_of,
    lanes_of,
    set_sign,
)

UNIT = 2.0**-53
INTEGERS = 2.0**53  # below this float64 holds all integers
LEAST = 1e-30
WIDER = 1.000001  # covers the rounding of an error to single precision
NOTHING = np.float32(0.0)
FLOOR, LITTLE = np.float32(1e-7), np.float32(1e-37)  # so that no error that is not 0 underflows


@inlined
def row_value(rows, row_errors, sk, v, u, shift):
    """Value and error, at vertex v, of the first layer's unit u, from its row for (x_1, ..., x_n, x_0)."""
    z = 0.0
    size = 0.0
    error = 0.0
    for i in range(np.uint64(rows.shape[1])):
        w = rows[u, i]
        t = w * sk.values[v, i]
        z += t
        size += abs(t)
        error += abs(w) * np.float64(sk.errors[v, shift + i])
    if size == 0.0 or row_errors[u, 0] != 0.0 or row_errors[u, 1] != 0.0 or sk.sides[v, SIDES] & EXACT:
        return special_row_value(rows, row_errors, sk, v, u, shift, z, size, error)
    return z, 1.0001 * (error + (rows.shape[1] + 5) * UNIT * size) + LEAST


@inlined
def special_row_value(rows, row_errors, sk, v, u, shift, z, size, error):
    """The same where something may be exact, or the row is not."""
    e0, e1 = row_errors[u, 0], row_errors[u, 1]
    length = rows.shape[1]
    if sk.sides[v, SIDES] & EXACT and e0 == 0.0 and e1 == 0.0 and size < INTEGERS:
        return z, 0.0
    norm = 0.0
    vanishes = True
    for i in range(length):
        x, e = abs(sk.values[v, i]), np.float64(sk.errors[v, shift + i])
        norm += x + e
        inexact = rows[u, i] != 0.0 or (e0 if i == length - 1 else e1) != 0.0
        vanishes = vanishes and not (inexact and (x != 0.0 or e != 0.0))
    if vanishes:
        return 0.0, 0.0
    return z, 1.0001 * (error + (length + 5) * UNIT * size + (e0 + e1) * norm) + LEAST


@inlined
def is_sure(z, e):
    """Whether the sign of a number is known, from its value and error."""
    return abs(z) > e or (z == 0.0 and e == 0.0)


@compiled
def first_signs(begin, end, since, rows, row_errors, sk, first_bit, shift):
    """Signs of the first layer's units from ``since`` on at vertices begin:end; the first ambiguous one, or ``end``."""
    for v in range(begin, end):
        for u in range(since, np.uint64(rows.shape[0])):
            z, e = row_value(rows, row_errors, sk, v, u, shift)
            if not is_sure(z, e):
                return v
            set_sign(sk, v, first_bit + u, z >= 0.0, z == 0.0)
    return end


@compiled
def layer_signs(begin, end, cutting, sk, first_bit, shift):
    """Signs of the cutting units from their values; the first ambiguous vertex, or ``end``."""
    for v in range(begin, end):
        u = U0
        while u < cutting:  # one word of the signs at a time
            w = (first_bit + u) >> U6
            word = U0
            while u < cutting and (first_bit + u) >> U6 == w:
                z, e = sk.values[v, u], np.float64(sk.errors[v, shift + u])
                if not abs(z) > e:
                    if z != 0.0 or e != 0.0:
                        return v
                    set_sign(sk, v, first_bit + u, True, True)
                elif z > 0.0:
                    word |= flag_of(first_bit + u)
                u += U1
            sk.signs[v, w] |= word
    return end


@compiled
def clear_tight(count, n, s, facets, first_bit, cutting, sk, shift):
    """Write exact zeros for the units of a layer, those first that cut, on which a vertex lies."""
    for v in range(np.uint64(count)):
        for i in range(n):
            c = constraint(sk.lanes, lanes_of(v, n, s), i)
            if c >= facets + first_bit and c < facets + first_bit + cutting:
                u = c - facets - first_bit
                sk.values[v, u], sk.errors[v, shift + u] = 0.0, NOTHING


@compiled
def layer_values(
    count, gate, masks, weight, steep, bias, clear, put, sizes, integral, extra, sk, shift, active, gated, gated_errors
):
    """Values of a layer's units at all vertices, from those of its inputs, with bounds on their errors, in place.

    ``sk`` holds the inputs, then x_0 and N, or one column for both (``extra`` = 1). Input j passes the slope
    ``put[j]`` where the signs at the vertex have, in word ``gate[j]``, the bit of ``masks[j]``; else ``clear[j]``.
    ``steep`` bounds the weights of each input, then the biases, and is 0 only where they are; ``sizes`` is the largest
    of each row of these. ``active``, ``gated`` and ``gated_errors`` have room for the inputs that are passed.
    """
    inputs, units = np.uint64(weight.shape[0]), np.uint64(weight.shape[1])
    gamma = (inputs + 9) * UNIT
    more = np.float32(1.00001 + 2e-7 * inputs)  # sums in single precision
    for v in range(np.uint64(count)):
        x, N = sk.values[v, inputs], sk.values[v, inputs + extra - U1]
        ex = np.float64(sk.errors[v, shift + inputs])
        old = sk.sides[v, SIDES] & EXACT != 0
        exact = old and integral
        scale = 1.0
        if old:
            size = sizes[inputs] * abs(x)
            for j in range(inputs):
                slope = put[j] if sk.signs[v, gate[j]] & masks[j] else clear[j]
                size += abs(slope * sk.values[v, j]) * sizes[j]
            exact = exact and size < INTEGERS
            if not exact:
                scale = 1.0 / N
                sk.sides[v, SIDES] &= ~EXACT
                if x != 0.0:
                    x *= scale
                    ex += 4 * UNIT * abs(x) + LEAST
        count_in = U0
        for j in range(inputs):
            slope = put[j] if sk.signs[v, gate[j]] & masks[j] else clear[j]
            z, e = sk.values[v, j], np.float64(sk.errors[v, shift + j])
            if slope == 0.0 or (z == 0.0 and e == 0.0):
                continue
            if old and not exact:
                z *= scale
                e += 4 * UNIT * abs(z) + LEAST
            g = slope * z
            active[count_in] = j
            gated[count_in] = g
            gated_errors[count_in] = np.float32((abs(slope) * e + gamma * abs(g)) * WIDER + LEAST)
            count_in += U1
        constant = np.float32((ex + gamma * abs(x)) * WIDER + (LEAST if x != 0.0 or ex != 0.0 else 0.0))
        for u in range(units):
            sk.values[v, u] = bias[u] * x
        for u in range(units):
            sk.errors[v, shift + u] = steep[inputs, u] * constant
        i = U0
        while i + U4 <= count_in:
            j0, j1, j2, j3 = active[i], active[i + U1], active[i + U2], active[i + U3]
            a, b, c, d = gated[i], gated[i + U1], gated[i + U2], gated[i + U3]
            for u in range(units):
                sk.values[v, u] += (weight[j0, u] * a + weight[j1, u] * b) + (weight[j2, u] * c + weight[j3, u] * d)
            e0, e1, e2, e3 = gated_errors[i], gated_errors[i + U1], gated_errors[i + U2], gated_errors[i + U3]
            for u in range(units):
                more_error = (steep[j0, u] * e0 + steep[j1, u] * e1) + (steep[j2, u] * e2 + steep[j3, u] * e3)
                sk.errors[v, shift + u] += more_error
            i += U4
        while i < count_in:
            j0, a, e0 = active[i], gated[i], gated_errors[i]
            for u in range(units):
                sk.values[v, u] += weight[j0, u] * a
            for u in range(units):
                sk.errors[v, shift + u] += steep[j0, u] * e0
            i += U1
        for u in range(units):
            e = sk.errors[v, shift + u]
            sk.errors[v, shift + u] = NOTHING if exact or e == NOTHING else e * more + np.float32(LEAST)
        sk.values[v, units], sk.errors[v, shift + units] = x, np.float32(ex * WIDER)
        sk.values[v, units + extra - U1] = N if exact or not old else 1.0
        sk.errors[v, shift + units + extra - U1] = NOTHING


@compiled
def row_values(vertices, rows, row_errors, extra, sk, shift, point, unsure):
    """Put values of units in the place of coordinates, at some vertices, from rows (constant, gradient) around each.

    ``row_errors[i]`` bound the errors of the constants and of the gradients of ``rows[i]``. ``point`` and ``unsure``
    have room for x_0 and the coordinates, and their errors.
    """
    length, units = np.uint64(rows.shape[1]), np.uint64(rows.shape[2])
    dim = length - U1
    gamma = (length + 8) * UNIT
    more = np.float32(1.00001)
    for i in range(len(vertices)):
        v = np.uint64(vertices[i])
        scale = 1.0
        if sk.sides[v, SIDES] & EXACT:
            sk.sides[v, SIDES] &= ~EXACT
            scale = 1.0 / sk.values[v, dim + extra - U1]
        norm = 0.0
        for c in range(length):
            at = c - U1 if c else dim
            point[c], unsure[c] = sk.values[v, at] * scale, np.float64(sk.errors[v, shift + at])
            if scale != 1.0 and point[c] != 0.0:
                unsure[c] += 4 * UNIT * abs(point[c]) + LEAST
            norm += (abs(point[c]) + unsure[c]) if c else 0.0
            if point[c] != 0.0 or unsure[c] != 0.0:
                unsure[c] += gamma * abs(point[c]) + LEAST
        constant = abs(point[0]) + unsure[0]
        for u in range(units):
            e0, e1 = row_errors[i, 0, u], row_errors[i, 1, u]
            inexact = ((e0 != 0.0) & (constant != 0.0)) | ((e1 != 0.0) & (norm != 0.0))
            sk.values[v, u] = 0.0
            sk.errors[v, shift + u] = np.float32(e0 * constant + e1 * norm) + (LITTLE if inexact else NOTHING)
        for c in range(length):
            x, e = point[c], np.float32(unsure[c] * WIDER)
            for u in range(units):
                entry = rows[i, c, u]
                sk.values[v, u] += entry * x
                sk.errors[v, shift + u] += e * (np.float32(abs(entry)) + FLOOR if entry != 0.0 else NOTHING)
        for u in range(units):
            error = sk.errors[v, shift + u]
            sk.errors[v, shift + u] = NOTHING if error == NOTHING else error * more + np.float32(LEAST)
        sk.values[v, units], sk.errors[v, shift + units] = point[0], np.float32(unsure[0] * WIDER)
        sk.values[v, units + extra - U1], sk.errors[v, shift + units + extra - U1] = 1.0, NOTHING
