"""Check lemmas, and refute their false neighbours
=================================================

Each lemma behind filtered PCA is decided on one network; each wrong variant of it on the instance it ships with.
"""

import learning as ln

LABELS = ("L1", "L2", "L3", "L6", "L7", "L15", "L17", "L18")


def run() -> dict[str, tuple[str, str]]:
    """Status of each lemma on parity of two variables in R^4, and of its false neighbour."""
    net = ln.instances.parity(2, 4, seed=0)
    return {label: (ln.lemmas.check(label, net).status, ln.lemmas.check_neighbour(label).status) for label in LABELS}


if __name__ == "__main__":
    for label, (lemma, neighbour) in run().items():
        print(f"{label:4} {lemma:8} false neighbour: {neighbour}")
