#!/usr/bin/env python3
"""Measures how well `iass knowledge search` finds and refuses, against question sets with known answers.

    benches/quality.py target/release/iass DATA [--fit OUT.json]

DATA holds xquad/{es,en}, squad_es and squad_pt as JSON lines: passages {id,title,text}, queries {id,text,passage_id}.
Every passage is ingested as a document of its own. Needs nothing but Python. With --fit the signals of every search
with half of the articles are written out for `benches/confidence.py`.
"""

import argparse
import json
import os
import random
import subprocess
import tempfile

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SMALL_TALK = ["hola", "gracias", "Buenas tardes", "ok perfecto, muchas gracias!", "hola, ¿cómo estás?", "jajaja", "adiós",
              "hello", "bom dia", "¿eres un robot?"]

BARS = {
    "xquad es, MRR@10": 0.965,
    "xquad es chat noise, MRR@10": 0.93,
    "xquad en on es passages, R@5": 0.95,
    "squad_es, MRR@10": 0.845,
    "squad_pt, R@5": 0.90,
    "refused off-topic (of 95 % kept)": 0.90,
}


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


class Iass:
    def __init__(self, exe, folder):
        self.exe, self.folder, self.tenants = os.path.abspath(exe), folder, 0

    def run(self, *arguments):
        return subprocess.run([self.exe, *arguments], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def tenant(self, passages):
        self.tenants += 1
        tenant = f"t{self.tenants}"
        self.run("tenant", "add", tenant, "--name", tenant)
        write(f"{self.folder}/{tenant}.jsonl", passages)
        report = json.loads(self.run("--json", "ingest", f"{tenant}.jsonl", "--tenant", tenant))
        print(f"  {tenant}: {report['added']} documents in {report['took_ms']} ms", flush=True)
        return tenant

    def search(self, tenant, queries):
        write(f"{self.folder}/queries.jsonl", [{"id": q["id"], "text": q["text"]} for q in queries])
        out = self.run("knowledge", "search", "--tenant", tenant, "--queries", "queries.jsonl", "--explain")
        return [json.loads(line) for line in out.splitlines()]


def ranks(found, gold):
    places = []
    for line, wanted in zip(found, gold):
        names = [hit["document"] for hit in line["hits"]]
        places.append(names.index(wanted) + 1 if wanted in names else 0)
    return places


def mrr(places):
    return sum(1 / place for place in places if place) / len(places)


def recall(places, k):
    return sum(1 for place in places if 0 < place <= k) / len(places)


def false_answers(pairs, keep=0.95):
    """The share of the unanswerable answered at the threshold that keeps `keep` of the answerable."""
    known = sorted(confidence for confidence, answerable in pairs if answerable)
    unknown = [confidence for confidence, answerable in pairs if not answerable]
    threshold = known[int(len(known) * (1 - keep))]
    return sum(confidence >= threshold for confidence in unknown) / len(unknown), threshold


def business(iass, signals):
    """Asks the example tenants the questions of tests/fixtures/questions; the catalogue is not part of a search."""
    folder = f"{REPOSITORY}/tests/fixtures/questions"
    known = first = third = refused = answered = unknown = 0
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not file.endswith(".jsonl"):
            continue
        tenant = file.removesuffix(".jsonl")
        iass.run("tenant", "add", tenant, "--name", tenant)
        iass.run("ingest", os.path.abspath(f"{REPOSITORY}/knowledge/{tenant}"), "--tenant", tenant)
        queries = [query for query in lines(f"{folder}/{file}") if query.get("document") != "catalog.csv"]
        queries += [{"id": f"talk-{i}", "text": text, "answerable": False} for i, text in enumerate(SMALL_TALK)]
        for query, line in zip(queries, iass.search(tenant, queries)):
            kind = "small talk" if query["id"].startswith("talk-") else "business"
            signals.append({"set": kind, "seed": 0, "known": query["answerable"], **line["signals"]})
            if not query["answerable"]:
                unknown += 1
                answered += line["answerable"]
                continue
            known += 1
            refused += not line["answerable"]
            texts = [f"{hit['heading']} {hit['text']}".replace("\n", " ") for hit in line["hits"][:3]]
            first += all(part in texts[0] for part in query["expect"])
            third += all(any(part in text for text in texts) for part in query["expect"])
    print(f"  example tenants: {known} questions, all expected facts in the first hit {first}, in the first three {third},"
          f" refused {refused}; {unknown} unanswerable, {answered} answered")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("iass")
    parser.add_argument("data")
    parser.add_argument("--fit")
    arguments = parser.parse_args()
    data = arguments.data
    answerable = lambda name: [q for q in lines(f"{data}/{name}.jsonl") if q["passage_id"]]
    results, signals = {}, []
    with tempfile.TemporaryDirectory() as folder:
        iass = Iass(arguments.iass, folder)
        es = lines(f"{data}/xquad/es/passages.jsonl")
        gold = {q["id"]: q["passage_id"] for q in lines(f"{data}/xquad/es/queries.jsonl")}
        tenant = iass.tenant(es)
        sets = {
            "xquad es": lines(f"{data}/xquad/es/queries.jsonl"),
            "xquad es chat noise": lines(f"{data}/xquad/es/queries_chatnoise.jsonl"),
            "xquad en on es passages": lines(f"{data}/xquad/en/queries.jsonl"),
        }
        for name, queries in sets.items():
            places = ranks(iass.search(tenant, queries), [gold[q["id"]] for q in queries])
            results[name] = places
        for name in ("squad_es", "squad_pt"):
            queries = answerable(f"{name}/queries")
            tenant = iass.tenant(lines(f"{data}/{name}/passages.jsonl"))
            results[name] = ranks(iass.search(tenant, queries), [q["passage_id"] for q in queries])
        table = {}
        for name, places in results.items():
            table[f"{name}, MRR@10"] = mrr(places)
            table[f"{name}, R@1"] = recall(places, 1)
            table[f"{name}, R@5"] = recall(places, 5)
        refused = []
        halves = [("es", es, sets, gold)]
        if arguments.fit:
            for name in ("squad_es", "squad_pt"):
                queries = answerable(f"{name}/queries")[::2]
                halves.append((name, lines(f"{data}/{name}/passages.jsonl"), {name: queries},
                               {q["id"]: q["passage_id"] for q in queries}))
        for kind, passages, of_kind, gold in halves:
            titles = sorted({passage["title"] for passage in passages})
            for seed in range(3):
                half = set(random.Random(seed).sample(titles, len(titles) // 2))
                kept = [passage for passage in passages if passage["title"] in half]
                ids = {passage["id"] for passage in kept}
                tenant = iass.tenant(kept)
                for name, queries in of_kind.items():
                    found = iass.search(tenant, queries)
                    pairs = [(line["confidence"], gold[line["id"]] in ids) for line in found]
                    share, threshold = false_answers(pairs)
                    right = sum((line["confidence"] >= 0.5) == known for line, (_, known) in zip(found, pairs))
                    print(f"  {name}, half {seed}: {share:.3f} of the off-topic answered at {threshold:.2f};"
                          f" right at the default threshold {right / len(pairs):.3f}")
                    if name == "xquad es":
                        refused.append(1 - share)
                    for line, (_, known) in zip(found, pairs):
                        signals.append({"set": name, "seed": seed, "known": known, **line["signals"]})
        business(iass, signals)
        table["refused off-topic (of 95 % kept)"] = sum(refused) / len(refused)
    if arguments.fit:
        write(arguments.fit, signals)
    print("\n| what | measured | bar |\n|---|---|---|")
    for name, value in table.items():
        bar = BARS.get(name)
        print(f"| {name} | {value:.3f} | {'' if bar is None else f'{bar:.3f}'} |")
    missed = [name for name, bar in BARS.items() if table[name] < bar]
    if missed:
        raise SystemExit(f"below the bar: {', '.join(missed)}")


if __name__ == "__main__":
    main()
