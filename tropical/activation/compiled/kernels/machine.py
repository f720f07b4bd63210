"""Single instructions of the processor; plain Python stands in for them where compiling is switched off."""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic


def _counting(name):
    """Zero bits of a uint64, which is not 0, from one end."""

    @intrinsic
    def count(typing, x):
        def generate(context, builder, signature, arguments):
            return getattr(builder, name)(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.uint64(types.uint64), generate

    return count


@intrinsic
def _prefetch(typing, array, index):
    """Ask for the cache line of an entry, counted flat, of a contiguous array."""

    def generate(context, builder, signature, arguments):
        kind = signature.args[0]
        found = context.make_array(kind)(context, builder, arguments[0])
        place = builder.gep(found.data, [arguments[1]])
        byte, word = ir.PointerType(ir.IntType(8)), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0i8"
        )
        builder.call(function, [builder.bitcast(place, byte), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.uintp), generate


if config.DISABLE_JIT:

    def leading_zeros(x):
        """Number of zero bits above the highest one of a uint64 that is not 0."""
        return np.uint64(64 - int(x).bit_length())

    def trailing_zeros(x):
        """Number of zero bits below the lowest one of a uint64 that is not 0."""
        return np.uint64((int(x) & -int(x)).bit_length() - 1)

    def prefetch(array, index):
        """Nothing."""

else:
    leading_zeros = _counting("ctlz")
    trailing_zeros = _counting("cttz")
    prefetch = _prefetch
