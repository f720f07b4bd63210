"""Sorting rows of words, compiled."""

from tropical.activation.compiled.kernels.compilation import compiled, inlined

_FEW = 24


@inlined
def is_above(words, a, b, begin):
    """Whether row a is greater than row b in the words from ``begin`` on."""
    for w in range(begin, words.shape[1]):
        if words[a, w] != words[b, w]:
            return words[a, w] > words[b, w]
    return False


@compiled
def sink(words, order, low, high, at, begin):
    """Restore a heap with the least row on top, in order[low:high], that may be wrong at one place."""
    held = order[at]
    while True:
        child = 2 * (at - low) + 1 + low
        if child >= high:
            break
        if child + 1 < high and is_above(words, order[child], order[child + 1], begin):
            child += 1
        if not is_above(words, held, order[child], begin):
            break
        order[at] = order[child]
        at = child
    order[at] = held


@compiled
def sort_ties(words, order):
    """Make rows decrease in ``order``, in which their first words already do."""
    count = len(order)
    low = 0
    while low < count:
        high = low + 1
        while high < count and words[order[high], 0] == words[order[low], 0]:
            high += 1
        if high - low <= _FEW:
            for i in range(low + 1, high):
                held = order[i]
                j = i
                while j > low and is_above(words, held, order[j - 1], 1):
                    order[j] = order[j - 1]
                    j -= 1
                order[j] = held
        else:
            for at in range(low + (high - low) // 2, low - 1, -1):
                sink(words, order, low, high, at, 1)
            for end in range(high - 1, low, -1):
                order[low], order[end] = order[end], order[low]
                sink(words, order, low, end, low, 1)
        low = high


@compiled
def find_rows(table, rows, places):
    """Where each row stands in a table whose rows decrease; -1 where it is not there."""
    for r in range(len(rows)):
        low, high = 0, len(table)
        while low < high:
            middle = (low + high) >> 1
            greater = False
            for w in range(table.shape[1]):
                if table[middle, w] != rows[r, w]:
                    greater = table[middle, w] > rows[r, w]
                    break
            if greater:
                low = middle + 1
            else:
                high = middle
        same = low < len(table)
        if same:
            for w in range(table.shape[1]):
                same = same and table[low, w] == rows[r, w]
        places[r] = low if same else -1
