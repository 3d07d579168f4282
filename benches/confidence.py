#!/usr/bin/env python3
"""Fits the logistic models of `src/knowledge/retrieve/confidence.rs`.

    benches/quality.py target/release/iass DATA --fit signals.jsonl
    benches/confidence.py signals.jsonl

Each line holds the signals of one search and whether the knowledge had the answer (`known`). Prints the coefficients,
and for each set the share of the unanswerable that is answered at the threshold that keeps 95 % of the answerable.
Every set weighs the same, however many questions it has, and in it the answerable as much as the others.
"""

import json
import math
import sys
from collections import defaultdict

SAME = ["similarity", "passage_similarity", "sentence_coverage", "coverage", "names", "heaviest_missing"]
OTHER = ["similarity", "best_similarity", "names", "margin"]
RIDGE = 1.0
# The questions that businesses get count more than those about encyclopedia articles.
WEIGHTS = {"business": 2}


def solve(matrix, vector):
    n = len(vector)
    rows = [row[:] + [value] for row, value in zip(matrix, vector)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def fit(samples, features):
    """Iteratively reweighted least squares with a small ridge. `samples` are (signals, known, weight)."""
    rows = [([1.0] + [s[f] for f in features], float(known), weight) for s, known, weight in samples]
    beta = [0.0] * (len(features) + 1)
    for _ in range(25):
        gradient = [-RIDGE * b if i else 0.0 for i, b in enumerate(beta)]
        hessian = [[RIDGE * (i == j and i > 0) for j in range(len(beta))] for i in range(len(beta))]
        for x, y, weight in rows:
            p = 1 / (1 + math.exp(-max(-30, min(30, sum(a * b for a, b in zip(beta, x))))))
            for i, xi in enumerate(x):
                gradient[i] += weight * (y - p) * xi
                for j, xj in enumerate(x):
                    hessian[i][j] += weight * p * (1 - p) * xi * xj
        step = solve(hessian, gradient)
        beta = [b + s for b, s in zip(beta, step)]
        if max(map(abs, step)) < 1e-6:
            break
    return beta


def score(beta, features, signals):
    return 1 / (1 + math.exp(-(beta[0] + sum(b * signals[f] for b, f in zip(beta[1:], features)))))


def main():
    sets = defaultdict(list)
    for path in sys.argv[1:]:
        for line in open(path, encoding="utf-8"):
            row = json.loads(line)
            row["similarity"] = max(row["sentence_similarity"], row["heading_similarity"])
            if not row["is_small_talk"]:
                sets[row["set"]].append(row)
    for title, features, other in (("SAME_LANGUAGE", SAME, False), ("OTHER_LANGUAGE", OTHER, True)):
        samples = []
        for name, rows in sets.items():
            rows = [row for row in rows if row["is_other_language"] == other]
            if min(sum(row["known"] for row in rows), sum(not row["known"] for row in rows)) < 5:
                continue
            for known in (True, False):
                of_kind = [row for row in rows if row["known"] == known]
                samples += [(row, known, WEIGHTS.get(name, 1) * 1000 / len(of_kind)) for row in of_kind]
        beta = fit(samples, features)
        print(title, "constant", round(beta[0], 2), {f: round(b, 2) for f, b in zip(features, beta[1:])})
        for name, rows in sets.items():
            pairs = [(score(beta, features, row), row["known"]) for row in rows if row["is_other_language"] == other]
            known = sorted(p for p, k in pairs if k)
            unknown = [p for p, k in pairs if not k]
            if len(known) < 10 or len(unknown) < 5:
                continue
            at = known[int(len(known) * 0.05)]
            half = sum((p >= 0.5) == k for p, k in pairs) / len(pairs)
            wrong = sum(p >= at for p in unknown) / len(unknown)
            print(f"  {name}: {wrong:.3f} answered wrongly at {at:.2f}, right at 0.5: {half:.3f},"
                  f" refused wrongly {sum(p < 0.5 for p in known) / len(known):.3f},"
                  f" answered wrongly {sum(p >= 0.5 for p in unknown) / len(unknown):.3f}")


if __name__ == "__main__":
    main()
