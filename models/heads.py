#!/usr/bin/env python3
"""Trains the linear heads in `heads/`: what makes a customer angry, and what looks like an attack on the assistant.

    pip install numpy
    python heads.py DATA [--check]

The labelled messages are those of `tests/fixtures/{sentiment,threat}/train.jsonl`. For the attacks DATA is used too, a
folder with injection/{attacks_es_pt,benign_notinject}.jsonl (MIT), squad_es/queries.jsonl and squad_pt/queries.jsonl
(CC-BY-SA-4.0, harmless questions). Vectors and signals come from the program itself (`cargo bench --bench analysis`).
With --check nothing is written and the cross-validated figures are printed. The held-out messages are never read here.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FOLDS = 10

# What the score of each label is to be.
MOODS = {"angry": -1.0, "negative": -0.4, "neutral": 0.0, "positive": 0.7}
MOOD_RIDGE = 8.0
# How much a message counts a second time without its signals, so that the meaning is heard where the lists are silent.
SILENT = 0.2

# How much an error on each kind of harmless message costs.
COSTS = {"shop": 3.0, "question": 1.0, "lookalike": 5.0}
# All attacks together weigh half as much as all harmless messages.
ATTACKS = 0.5
THREAT_PENALTY = 1 / 3
# Taken off the logit so that the head alone flags hardly any harmless message.
CAUTION = 3.0


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def features(rows):
    """The vectors and the signals of messages, by the program."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": r["text"], "language": r.get("language", "es")}) + "\n" for r in rows)
        file.flush()
        command = ["cargo", "bench", "--quiet", "--bench", "analysis", "--", "--features", file.name]
        out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = [json.loads(line) for line in out.splitlines()]
    return np.array([f["vector"] for f in found]), np.array([f["signals"] for f in found])


def with_bias(x):
    return np.hstack([np.ones((len(x), 1)), x])


def ridge(x, y, weights, penalty):
    x = with_bias(x)
    keep = penalty * np.eye(x.shape[1])
    keep[0, 0] = 0.0
    return np.linalg.solve(x.T @ (weights[:, None] * x) + keep, x.T @ (weights * y))


def logistic(x, y, weights, penalty, steps=50):
    """Penalised logistic regression by Newton's method."""
    x = with_bias(x)
    keep = penalty * np.eye(x.shape[1])
    keep[0, 0] = 1e-9
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ w))
        step = np.linalg.solve(x.T @ ((weights * p * (1 - p))[:, None] * x) + keep, x.T @ (weights * (y - p)) - keep @ w)
        w += step
        if np.abs(step).max() < 1e-8:
            break
    return w


def folds(n, seed=0):
    order = np.random.RandomState(seed).permutation(n)
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        yield np.setdiff1d(order, test), test


def mood(vectors, signals, labels):
    y = np.array([MOODS[label] for label in labels])
    x = np.vstack([np.hstack([vectors, signals]), np.hstack([vectors, 0 * signals])])
    weights = np.concatenate([np.ones(len(y)), np.full(len(y), SILENT)])
    return ridge(x, np.concatenate([y, y]), weights, MOOD_RIDGE)


def check_mood(vectors, signals, labels):
    labels, score = np.array(labels), np.zeros(len(labels))
    for train, test in folds(len(labels)):
        w = mood(vectors[train], signals[train], labels[train])
        score[test] = with_bias(np.hstack([vectors[test], signals[test]])) @ w
    truth = np.where(np.isin(labels, ["angry", "negative"]), -1, np.where(labels == "positive", 1, 0))
    said = np.where(score < -0.2, -1, np.where(score > 0.2, 1, 0))
    f1 = [2 * ((said == c) & (truth == c)).sum() / ((said == c).sum() + (truth == c).sum()) for c in (-1, 0, 1)]
    print(f"sentiment, cross-validated on {len(labels)}: macro-F1 {np.mean(f1):.3f}, "
          f"negative recall {(said[truth < 0] < 0).mean():.3f}, angry below -0.5 {(score[labels == 'angry'] < -0.5).mean():.3f}, "
          f"complaints below -0.5 {(score[labels == 'negative'] < -0.5).mean():.3f}")


def threat(x, y, costs):
    weights = np.where(y == 1, ATTACKS * costs[y == 0].sum() / max(1, (y == 1).sum()), costs)
    w = logistic(x, y, weights, THREAT_PENALTY)
    w[0] -= CAUTION
    return w


def check_threat(x, y, kinds, costs):
    logit = np.zeros(len(y))
    for train, test in folds(len(y)):
        logit[test] = with_bias(x[test]) @ threat(x[train], y[train], costs[train])
    flagged = 0.9 / (1 + np.exp(-logit)) >= 0.5
    print(f"threat, the head alone, cross-validated on {len(y)}: " +
          ", ".join(f"{kind} {flagged[kinds == kind].mean():.4f}" for kind in dict.fromkeys(kinds)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true", help="print cross-validated figures, write nothing")
    arguments = parser.parse_args()
    fixtures, data = ROOT / "tests" / "fixtures", arguments.data

    moods = lines(fixtures / "sentiment" / "train.jsonl")
    threats = lines(fixtures / "threat" / "train.jsonl")
    groups = [
        ("own attack", 1, [r for r in threats if r["label"] != "harmless"]),
        ("attack", 1, lines(data / "injection" / "attacks_es_pt.jsonl")),
        ("shop", 0, [r for r in threats if r["label"] == "harmless"] + moods
                    + lines(fixtures / "person" / "train.jsonl")),
        ("question", 0, lines(data / "squad_es" / "queries.jsonl")[::2] + lines(data / "squad_pt" / "queries.jsonl")),
        ("lookalike", 0, lines(data / "injection" / "benign_notinject.jsonl")),
    ]
    rows = [row for _, _, rows in groups for row in rows]
    kinds = np.array([kind for kind, _, rows in groups for _ in rows])
    y = np.array([is_attack for _, is_attack, rows in groups for _ in rows])
    costs = np.array([COSTS.get(kind, 1.0) for kind in kinds])

    vectors, signals = features(moods)
    labels = [row["label"] for row in moods]
    x, _ = features(rows)
    if arguments.check:
        check_mood(vectors, signals, labels)
        check_threat(x, y, kinds, costs)
        return
    for name, w in [("sentiment", mood(vectors, signals, labels)), ("threat", threat(x, y, costs))]:
        (ROOT / "models" / "heads" / f"{name}.f32").write_bytes(w.astype("<f4").tobytes())
        print(f"heads/{name}.f32: {len(w)} numbers")


if __name__ == "__main__":
    main()
