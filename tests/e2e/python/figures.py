#!/usr/bin/env python3
"""The figures of the Palmer penguins by pandas, to be compared with what a network says without having seen a record.

    python figures.py penguins.json

Prints one JSON object: each question's figures, by their paths in an answer.
"""

import json
import sys

import pandas

MASS, FLIPPER = "Body Mass (g)", "Flipper Length (mm)"
EDGES = list(range(2500, 7000, 500))


def by_species(penguins):
    groups = penguins.dropna(subset=[MASS]).groupby("Species")[MASS]
    return {f"groups.{name}.{of}": value for of, found in (("count", groups.count()), ("mean", groups.mean())) for name, value in found.items()}


def histogram(mass):
    bins = pandas.cut(mass, EDGES, right=False).value_counts(sort=False)
    inner = {f"bins.{each.left:.0f}.count": count for each, count in bins.items()}
    return {"count": len(mass), "below": (mass < EDGES[0]).sum(), **inner, "above": (mass >= EDGES[-1]).sum()}


def regression(x, y):
    slope = x.cov(y) / x.var()
    found = {"slope": slope, "intercept": y.mean() - slope * x.mean(), "correlation": x.corr(y), "r_squared": x.corr(y) ** 2}
    return {"count": len(x), "mean_x": x.mean(), "mean_y": y.mean(), **found}


def main(path):
    penguins = pandas.read_json(path)
    both = penguins.dropna(subset=[FLIPPER, MASS])
    count = penguins.groupby("Species").size()
    figures = {
        "count": {"count": len(penguins), **{f"groups.{name}.count": value for name, value in count.items()}},
        "mean": by_species(penguins),
        "histogram": histogram(penguins[MASS].dropna()),
        "regression": regression(both[FLIPPER], both[MASS]),
    }
    # Numbers of pandas' own types become JSON's; 17 digits tell a float64 exactly.
    print(json.dumps({name: {path: float(value) for path, value in each.items()} for name, each in figures.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
