"""Valid certificates of every kind about small networks and forms, and changes of them in a few places.

``mutant`` changes what is claimed or how it is proved; ``misshapen`` the form: types, fields, digits, depth, length.
"""

import copy
import functools
import json
import random
from fractions import Fraction

import tropical as tp
from oracles.claims_z3 import fraction, input_dim, is_true
from oracles.random_cases import random_case
from oracles.rewritten_cases import rewritten
from tropical.arithmetic.rationals import to_hex
from tropical.budget import Meter
from tropical.forms.irredundancy import irredundant
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.forms.pruning import term_evidence
from tropical.forms.rational_form import to_tropical_rational_map
from tropical.functions.network import parallel
from tropical.functions.polynomial import TropicalPolynomial
from tropical.proofs import checker
from tropical.proofs.certificate import (
    difference_certificate,
    encode_dual_lattice,
    equality_certificate,
    excess_certificate,
    irredundancy_certificate,
    maximum_certificate,
    minimum_certificate,
    monotonicity_certificate,
    order_certificate,
    region_certificate,
    term_certificate,
    tree_certificate,
    units_certificate,
    with_merged_units,
)
from tropical.proofs.proof_trees import equality_tree, order_tree

# ---- Certificates to start from.


@functools.cache
def originals():
    """Certificates of every kind about small networks and forms, half of the networks degenerate."""
    found = []
    for seed in range(24):
        case = random_case(seed)
        f = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)
        if f.input_dim > 3 or f.num_kinked > 8:
            continue
        other = rewritten(case, random.Random(seed))
        g = tp.ReLUNetwork.from_arrays(other.weights, other.biases, other.slopes)
        domain = None if case.box is None else tp.Box(*case.box)
        found += of_networks(f, g, domain)
        found += of_forms(f.output(0), domain)
    return found


def of_networks(f, g, domain):
    cells = tp.polyhedral_complex(parallel(f, g), domain).num_cells
    bounded = domain or tp.Box([-1] * f.input_dim, [2] * f.input_dim)
    raised = tp.ReLUNetwork((*g.layers[:-1], shifted(g.layers[-1])))
    point = [Fraction(1, 3)] * f.input_dim
    scalar = f.output(0)
    yield equality_certificate(f, g, domain, cells)
    yield order_certificate(f, raised, domain)
    yield units_certificate(f, g, domain)
    yield units_certificate(f, raised, domain, equal=False)
    yield with_merged_units(equality_certificate(f, g, domain))
    yield with_merged_units(order_certificate(f, raised, domain))
    yield tree_certificate(f, g, domain, equality_tree(f, g, domain, Meter()).nodes)
    yield tree_certificate(f, raised, domain, order_tree(f, raised, domain, Meter()).nodes, equal=False)
    yield region_certificate(tp.polyhedral_complex(f, domain))
    yield difference_certificate(f, raised, point)
    yield excess_certificate(raised, f, point)
    yield maximum_certificate(scalar, bounded, tp.maximum(scalar, bounded).point)
    yield minimum_certificate(scalar, bounded, tp.minimum(scalar, bounded).point)
    flat = tp.ReLUNetwork.from_arrays([[[1] * f.input_dim, [2] * f.input_dim], [[1, 3]]], [[-1, 1], [0]])
    yield monotonicity_certificate(flat, 0, 1, domain)


def shifted(layer):
    return type(layer)(layer.weight, tuple(q + Fraction(1, 2) for q in layer.bias), layer.slopes)


def of_forms(scalar, domain):
    form = to_lattice_polynomial(scalar)
    if len(form.pieces) > 6:
        return
    smaller = irredundant(form)
    yield equality_certificate(scalar, form, domain)
    yield equality_certificate(encode_dual_lattice(form.pieces, form.dual_clauses), scalar, domain)
    yield order_certificate(form, smaller.polynomial, domain)
    yield irredundancy_certificate(smaller.polynomial, smaller.clause_points, smaller.index_points)
    yield equality_certificate(scalar, to_tropical_rational_map(scalar), domain)
    p = TropicalPolynomial(form.pieces)
    doubled = TropicalPolynomial([*p.terms, *(a * "1/2" + b * "1/2" for a in p.terms[:2] for b in p.terms[-2:])])
    yield term_certificate(doubled, term_evidence(doubled))
    yield equality_certificate(p, doubled, domain)


# ---- Mutations: each returns whether it changed anything.


def step(rng, target):
    """A random entry of a container: one that is itself a container, or None; and the key."""
    key = rng.choice(sorted(target) if isinstance(target, dict) else range(len(target)))
    return target[key], key


def somewhere(rng, root, wanted):
    """Walk down at random to an entry of the wanted kind: (container, key), or None."""
    for _ in range(40):
        target = root
        while isinstance(target, (dict, list)) and target:
            entry, key = step(rng, target)
            if wanted(entry):
                return target, key
            target = entry
    return None


def is_number(entry):
    return isinstance(entry, str) and bool(entry) and set(entry) <= set("0123456789abcdef-/") and entry[-1] not in "-/"


def change_number(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_number)
    if place is None:
        return False
    target, key = place
    q = fraction(target[key])
    tiny = Fraction(rng.choice((-1, 1)), 2 ** rng.choice((1, 3, 20, 60)))
    q = rng.choice((q + tiny, q + tiny, q + rng.choice((-1, 1)), -q, Fraction(0), 2 * q, q / 2))
    target[key] = to_hex(q)
    return True


def body(rng, certificate):
    return certificate.get(rng.choice(("claim", "claim", "proof")))


def change_integer(rng, certificate):
    place = somewhere(rng, body(rng, certificate), lambda entry: type(entry) is int)
    if place is None:
        return False
    target, key = place
    target[key] = rng.choice((target[key] + 1, target[key] - 1, -target[key], 0, 1))
    return True


def is_long(entry):
    return isinstance(entry, list) and len(entry) > 1


def drop_entry(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    del entries[rng.randrange(len(entries))]
    return True


def swap_entries(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    i, j = rng.sample(range(len(entries)), 2)
    entries[i], entries[j] = entries[j], entries[i]
    return True


def repeat_entry(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    entries.insert(rng.randrange(len(entries)), copy.deepcopy(rng.choice(entries)))
    return True


def copy_entry(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    entries[rng.randrange(len(entries))] = copy.deepcopy(rng.choice(entries))
    return True


def drop_layer(rng, certificate):
    """Where the sizes fit, the claim remains readable."""
    nets = [f for f in (certificate["claim"].get("f"), certificate["claim"].get("g")) if f and f["kind"] == "network"]
    if not nets:
        return False
    layers = rng.choice(nets)["layers"]
    fitting = [i for i in range(1, len(layers) - 1) if len(layers[i]["weight"]) == len(layers[i]["weight"][0])]
    del layers[rng.choice(fitting or range(len(layers)))]
    return True


OPPOSITE = {"equal": "at most", "different": "not at most", "maximum": "minimum"}
OPPOSITE |= {b: a for a, b in OPPOSITE.items()}


def turn_claim(rng, certificate):
    claim = certificate["claim"]
    if claim["kind"] in OPPOSITE:
        claim["kind"] = OPPOSITE[claim["kind"]]
    elif claim["kind"] == "monotone":
        claim["sign"] = -claim["sign"]
    elif claim["kind"] == "terms":
        claim["essential"], claim["inessential"] = claim["inessential"], claim["essential"]
        certificate["proof"]["points"], certificate["proof"]["multipliers"] = [], []
    else:
        return False
    return True


def exchange_functions(rng, certificate):
    """g <= f instead of f <= g."""
    claim = certificate["claim"]
    if "g" not in claim:
        return False
    claim["f"], claim["g"] = claim["g"], claim["f"]
    if "values" in claim:
        claim["values"].reverse()
    return True


def other_domain(rng, certificate):
    claim = certificate["claim"]
    if "domain" not in claim:
        return False
    rows = [["1", *rng.choices(["0", "1", "-1"], k=input_dim(claim["f"]))] for _ in range(2)]
    if claim["domain"] is None:
        claim["domain"] = {"halfspaces": rows}
    elif rng.random() < 0.5:
        claim["domain"] = None
    else:
        claim["domain"]["halfspaces"] += rows
    return True


def other_function(rng, certificate):
    """The function of another certificate."""
    name = rng.choice(("f", "g"))
    donor = rng.choice(originals())["claim"]
    if name not in certificate["claim"] or name not in donor:
        return False
    certificate["claim"][name] = copy.deepcopy(donor[name])
    return True


def other_node(rng, certificate):
    nodes = certificate["proof"].get("nodes")
    if nodes is None:
        return False
    place = rng.randrange(len(nodes))
    tag = rng.choice(("+", "-", "split", "leaf", "empty"))
    nodes[place] = [tag, nodes[place][1]] if rng.random() < 0.5 else copy.deepcopy(rng.choice(nodes))
    return True


def close_part(rng, certificate):
    """Declare a part empty and drop the subtree below, with multipliers from elsewhere."""
    nodes = certificate["proof"].get("nodes")
    if nodes is None:
        return False
    place = rng.randrange(len(nodes))
    multipliers = [entry for tag, entry in nodes if tag in ("+", "-")] or [[[0, "1"]]]
    nodes[place:] = [["empty", copy.deepcopy(rng.choice(multipliers))]]
    return True


MUTATIONS = (
    *(change_number,) * 6,
    *(change_integer,) * 3,
    *(drop_entry, swap_entries, repeat_entry, copy_entry, drop_layer, turn_claim, exchange_functions),
    *(other_domain, other_function, other_node, close_part),
)


def mutant(seed):
    """A certificate that differs from the original in one or two places."""
    rng = random.Random(f"mutant {seed}")
    while True:
        original = originals()[seed % len(originals())]
        certificate = copy.deepcopy(original)
        done = [rng.choice(MUTATIONS)(rng, certificate) for _ in range(rng.choice((1, 1, 1, 2)))]
        if all(done) and certificate != original:
            return certificate


def judge(certificate):
    """What the checker says; if it accepts, what z3 says must be the same."""
    try:
        checker.check(certificate)
    except checker.Malformed:
        return "malformed"
    except checker.Rejected:
        return "rejected"
    assert is_true(certificate), certificate
    return "accepted"


# ---- Changes of the form.

DEEP = 3000  # brackets, more than the recursion of any reader here allows
STRANGE = (
    *(None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 1 << 64, 10**400, -(10**400)),
    *("", "-", "/", "x", "0x1", "1_0", " 1", "1 ", "1\n", "+1", "--1", "1."),
    *("1/0", "1/-1", "1//1", "0/1", "-0", "\u0661"),
    *([], {}, [[]], [None], ["1"], {"kind": "network", "layers": []}),
)


def nested(depth, inner="1"):
    value = inner
    for _ in range(depth):
        value = [value]
    return value


def strange_value(rng, certificate):
    target, key = anywhere(rng, certificate)
    target[key] = copy.deepcopy(rng.choice(STRANGE))
    return True


def anywhere(rng, certificate):
    """A random entry at any depth: (container, key)."""
    target, place = certificate, None
    while isinstance(target, (dict, list)) and target and (place is None or rng.random() < 0.85):
        entry, key = step(rng, target)
        target, place = entry, (target, key)
    return place


def other_digits(rng, certificate):
    """Text for a number that stands for the same one, for a very long one, or for none."""
    place = somewhere(rng, body(rng, certificate), is_number)
    if place is None:
        return False
    target, key = place
    text, cut = target[key], rng.randint(0, len(target[key]))
    long = "f" * rng.choice((17, 300, 5000))
    target[key] = rng.choice(
        (
            *("0" + text.lstrip("-"), text.upper(), text + "/1", text + "0", text[::-1], "-" + text, text + long),
            *(text[:cut] + rng.choice("0123456789abcdefgx-/. ") + text[cut:], text[:cut] + text[cut + 1 :]),
            *(long, f"{text}/{long}", f"1/{long}"),
        )
    )
    return True


def field_changed(rng, certificate):
    """A field more, a field less, or one under another name."""
    whole = {"": certificate}
    place = somewhere(rng, whole, lambda entry: isinstance(entry, dict) and len(entry) > 0 and rng.random() < 0.5)
    if place is None:
        return False
    target = place[0][place[1]]
    name = rng.choice(sorted(target))
    choice = rng.randrange(3)
    if choice == 0:
        target[rng.choice(("note", "kind", "cells", "domain", "g", ""))] = target[name]
    else:
        value = target.pop(name)
        if choice == 1:
            target[rng.choice((name.upper(), name + " ", "f", "proof"))] = value
    return True


def wrapped(rng, certificate):
    """An entry in one or many lists of its own."""
    target, key = anywhere(rng, certificate)
    target[key] = nested(rng.choice((1, 1, 2, DEEP)), target[key])
    return True


def many_times(rng, certificate):
    """An entry of a list again and again, but for the pieces of functions, which make the checker's work grow."""
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None or place[1] in ("pieces", "terms", "layers", "weight", "clauses"):
        return False
    entries = place[0][place[1]]
    entries += [rng.choice(entries) for _ in range(rng.choice((20, 200)))]
    return True


SHAPES = (strange_value, strange_value, other_digits, other_digits, field_changed, wrapped, many_times)


def misshapen(seed):
    """A certificate with one or two changes of its form, one of them in three with a change of what it says as well."""
    rng = random.Random(f"misshapen {seed}")
    while True:
        original = originals()[seed % len(originals())]
        certificate = copy.deepcopy(original)
        said = rng.random() >= 1 / 3 or rng.choice(MUTATIONS)(rng, certificate)
        done = [rng.choice(SHAPES)(rng, certificate) for _ in range(rng.choice((1, 1, 2)))]
        if said and all(done) and certificate != original:
            return certificate


def damaged_text(seed):
    """The text of a certificate with some characters changed, doubled, dropped or exchanged, or cut short."""
    rng = random.Random(f"damaged {seed}")
    text = json.dumps(rng.choice(originals()), separators=(",", ":"))
    for _ in range(rng.choice((1, 1, 2, 3))):
        i, j = sorted(rng.sample(range(len(text)), 2))
        piece = text[i : min(j, i + rng.choice((1, 1, 3, 12)))]
        ways = (
            *(text[:i] + rng.choice('0123456789abcdef"-/,:[]{}.eE \\\n') + text[i + 1 :], text[:i] + piece + text[i:]),
            *(text[:i] + text[i + len(piece) :], text[:i] + text[j] + text[i + 1 : j] + text[i] + text[j + 1 :]),
            *(text[:i], text[:i] + "[" * 5000 + text[i:], text[:i] + "9" * 5000 + text[i:]),
        )
        text = rng.choices(ways, (6, 2, 4, 4, 1, 1, 1))[0].ljust(2)
    return text
