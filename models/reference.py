#!/usr/bin/env python3
"""Writes what the published int8 model answers for the texts of `tests/fixtures/embedding`.

The tests compare the built-in embedder with these files, so they need neither Python nor the ONNX Runtime.

    pip install -r requirements.txt
    python reference.py [--wheels FOLDER]
    python reference.py --tokens FILE.jsonl     # prints the rows of each `text` of any file, for larger comparisons
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import sentencepiece
from onnxruntime_extensions import get_library_path

from convert import Graph, fetch_wheel, kept_pieces

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures" / "embedding"


def read_texts(path):
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


class Tokenizer:
    """sentencepiece, with the pieces that were left out as unknown and the others by their rows."""

    def __init__(self, graph):
        model = graph.sentencepiece()
        self.pieces = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
        self.row_of = {piece: row for row, piece in enumerate(kept_pieces(model))}

    def rows(self, text):
        rows = [1]
        for piece in self.pieces.encode(text):
            row = self.row_of.get(piece, 0)
            if row or rows[-1]:
                rows.append(row)
        return [*rows, 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wheels", type=Path, help="a folder with the wheel")
    parser.add_argument("--tokens", type=Path, help="only print the rows of these texts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        graph = Graph(fetch_wheel(arguments.wheels or Path(temporary)))
    tokenizer = Tokenizer(graph)
    if arguments.tokens:
        for text in read_texts(arguments.tokens):
            print(json.dumps(tokenizer.rows(text)))
        return

    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(get_library_path())
    session = onnxruntime.InferenceSession(graph.model.SerializeToString(), options, ["CPUExecutionProvider"])
    texts = read_texts(FIXTURES / "texts.jsonl")
    # One text at a time: the model quantises a whole batch together, so neighbours would change the vectors.
    vectors = np.concatenate([session.run(["outputs"], {"inputs": [text]})[0] for text in texts])
    (FIXTURES / "vectors.i16").write_bytes(np.rint(vectors * 32767).astype("<i2").tobytes())
    rows = "".join(json.dumps(tokenizer.rows(text)) + "\n" for text in texts)
    (FIXTURES / "rows.jsonl").write_text(rows, encoding="utf-8")
    print(f"{len(texts)} texts, {vectors.shape[1]} dimensions")


if __name__ == "__main__":
    main()
