"""The differential run: families of seeded cases, in each of which nothing may be wrong.

Half of the cases of every family are degenerate: odd seeds of `oracles.random_cases` go through its kinds (zero biases,
integer and ternary weights, duplicate, opposite, zero and cancelling units, concurrent hyperplanes, layers of width 1,
constant networks, one input, units and layers scaled by 2^k); functions drawn from a small grid have equal, zero and
parallel rows all the time. The table says with what a family is compared, its first seed, and its counts: the whole,
by ``pytest -m exhaustive tests/differential``, which ends with them, and a sample that every run goes through.

A further family is a function ``check(seed)`` that raises or says what it found, and a line here.
"""

import pytest

from differential import certificates, comparison, enumeration, extrema, formats, forms, shapes
from differential.families import Family, run

BOTH = ("proved", "refuted")
ENDS = ("finite, finite", "finite, infinite", "infinite, finite", "infinite, infinite")
FLAT = "flat"
JUDGED = ("accepted", "rejected", "malformed")

FAMILIES = {
    # Enumeration: every route; patterns by z3, vertices and edges by intersecting lines.
    "regions on R^n, boxes, polyhedra, cones": Family(enumeration.regions, 100_000, 1500, 6, ("compiled", "rational")),
    "linear regions and pieces": Family(enumeration.linear_regions, 105_000, 500, 3, ("merged", "all cells")),
    "regions of extreme numbers": Family(enumeration.extreme_regions, 100_000, 500, 4, ("compiled", "rational")),
    "regions of wide first layers": Family(enumeration.wide_regions, 100_000, 120, 1, ("compiled",)),
    # Equality and order: by construction, z3, values at points; witnesses by schoolbook arithmetic.
    "equality: the same function": Family(comparison.same, 110_000, 1000, 6, ("proved",)),
    "equality: larger networks": Family(comparison.larger, 110_000, 60, 0, BOTH),
    "equality: one changed weight": Family(comparison.changed, 120_000, 800, 4, BOTH),
    "order: a non-negative function added": Family(comparison.order, 130_000, 800, 4, BOTH),
    "equality and order of all kinds": Family(comparison.all_kinds, 140_000, 1200, 8, ("proved, proved", FLAT)),
    # Extrema: z3, gradients of all regions, values at vertices.
    "maximum and minimum": Family(extrema.of_networks, 150_000, 600, 4, ENDS),
    "distance": Family(extrema.distances, 160_000, 500, 3, ("0", "finite", "infinite")),
    "Lipschitz constants": Family(extrema.lipschitz, 170_000, 400, 3, ("0", "positive")),
    "extrema of all kinds": Family(extrema.of_all_kinds, 180_000, 1200, 8, (*ENDS, FLAT)),
    # Shapes: pieces of all regions, by z3 or at points.
    "convexity": Family(shapes.convexity, 190_000, 600, 4, ("proved, refuted", "refuted, proved", "refuted, refuted")),
    "monotonicity": Family(shapes.monotonicity, 200_000, 400, 3, (*BOTH, "proved and refuted")),
    "shapes of all kinds": Family(shapes.of_all_kinds, 210_000, 700, 6, (*BOTH, FLAT)),
    # Forms: values by other arithmetic, equality by certificate.
    "lattice polynomials": Family(forms.lattice, 220_000, 350, 3, ("pieces", "one piece")),
    "tropical rational maps": Family(forms.rational_map, 230_000, 300, 2, ("proved",)),
    "networks of forms": Family(forms.built_networks, 240_000, 600, 4, ("lattice", "dual lattice", "rational")),
    "sympy": Family(forms.sympy_forms, 250_000, 300, 2, ("nested", "flat", "piecewise")),
    # Formats: read back, read by others, refused where they must be.
    "files": Family(formats.round_trips, 260_000, 700, 6, ("1 formats", "3 formats", "4 formats")),
    "onnx files": Family(formats.onnx_files, 270_000, 400, 3, ("plain", "other slopes"), ("onnx", "onnxruntime")),
    "torch files": Family(formats.torch_files, 280_000, 300, 3, ("plain", "other slopes"), ("torch",)),
    # Certificates: z3 and schoolbook arithmetic say what is true; samples are in test_certificate_mutations.
    "certificates: other claims and proofs": Family(certificates.claims, 1_000, 4000, 0, JUDGED),
    "certificates: other shapes": Family(certificates.shapes, 1_000, 3000, 0, JUDGED),
    "certificates: damaged files": Family(certificates.texts, 1_000, 1500, 0, JUDGED),
}


def import_needed(family: Family) -> None:
    for module in family.needs:
        pytest.importorskip(module)


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.few])
def test_a_sample_of_the_family(name):
    import_needed(FAMILIES[name])
    run(name, FAMILIES[name], FAMILIES[name].few)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FAMILIES)
def test_the_whole_family(name, record_property):
    import_needed(FAMILIES[name])
    found = run(name, FAMILIES[name], FAMILIES[name].full)
    record_property(name, str(found))
    assert set(FAMILIES[name].outcomes) <= set(found.outcomes)


def test_the_counts_are_those_promised():
    mutations = [family.full for name, family in FAMILIES.items() if name.startswith("certificates")]
    assert sum(mutations) >= 5000
    assert sum(family.full for family in FAMILIES.values()) - sum(mutations) >= 10_000
