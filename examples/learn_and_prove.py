"""Learn a hidden network from samples, and prove it
===================================================

Parity of three variables, hidden in R^30: low moments of its labels vanish, filtered PCA finds its subspace, local
fits its pieces, and the result is compared with the truth over Q. The second network is too thin for its samples.
"""

import learning as ln


def run() -> dict[str, str]:
    """What the learner says, and what the comparison decides."""
    found = {}
    hidden = {
        "parity of three": ln.instances.parity(3, 30, seed=0),
        "a thin cone": ln.instances.thin_cone(30, seed=0, steepness=10**6),
    }
    for name, net in hidden.items():
        X, y = ln.GaussianOracle(net, seed=0).sample(15_000)
        learner = ln.LatticePolynomialRegressor(random_state=0).fit(X, y)
        verdict = ln.verify_recovery(net, learner)
        found[name] = f"{learner.status_} with {len(learner.pieces_)} pieces; {verdict.status}"
    return found


if __name__ == "__main__":
    for name, outcome in run().items():
        print(f"{name}: {outcome}")
