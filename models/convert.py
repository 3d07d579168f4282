#!/usr/bin/env python3
"""Builds `use-multilingual-v3.bin`, the weights that iass carries inside its binary.

Google's Universal Sentence Encoder multilingual v3 is published on PyPI as an int8 ONNX graph
(`chatmemorydb-lmdb-onnx`). This script takes the graph apart and writes one file that the program uses in place:
nothing is parsed, decompressed or copied when the program starts.

    pip install -r requirements.txt
    python convert.py                    # downloads the wheel, checks it, writes the file next to this script
    python convert.py --wheels FOLDER    # uses wheels that are already there

The result is the same, byte for byte, on every run. See README.md for the layout.
"""

import argparse
import hashlib
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from sentencepiece import sentencepiece_model_pb2

WHEEL = "chatmemorydb_lmdb_onnx-1.2-py3-none-any.whl"
WHEEL_SHA256 = "befd6fc7babff51af1449d7d9f192f5777fa8f7dcd189491a0990dd0a04d9b3d"
WHEEL_REQUIREMENT = "chatmemorydb-lmdb-onnx==1.2"
GRAPH = "memory/resources/use_quantized.onnx"

MAGIC = b"IASSUSE3"
ALIGNMENT = 64
DIMENSIONS = 512
SHARDS = 17
PANEL_COLUMNS = 16
NGRAMS = (2, 3, 5)
# Pieces with letters of any other script become <unk>: the product speaks Spanish, English and Portuguese, and
# the rows of the other scripts would add fourteen megabytes to the binary.
KEPT_SCRIPTS = {"LATIN", "GREEK", "MODIFIER"}

CNN = "StatefulPartitionedCall/EncoderDNN/CNN_layers/"
DNN = "StatefulPartitionedCall/EncoderDNN/DNN/"


def fetch_wheel(folder):
    """Returns the checked wheel, downloading it into `folder` when it is not there."""
    path = folder / WHEEL
    if not path.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), WHEEL_REQUIREMENT],
            check=True,
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        sys.exit(f"{path}: sha256 is {found}, expected {WHEEL_SHA256}")
    return path


class Graph:
    """The constants of the ONNX graph by name."""

    def __init__(self, wheel):
        with zipfile.ZipFile(wheel) as archive:
            self.model = onnx.load_from_string(archive.read(GRAPH))
        self.initializers = {i.name: i for i in self.model.graph.initializer}

    def array(self, name):
        return numpy_helper.to_array(self.initializers[name])

    def sentencepiece(self):
        for node in self.model.graph.node:
            if node.op_type == "SentencepieceTokenizer":
                model = sentencepiece_model_pb2.ModelProto()
                model.ParseFromString(next(a.s for a in node.attribute if a.name == "model"))
                return model
        sys.exit("the graph has no sentencepiece model")


def is_kept(piece):
    """Whether every letter of the piece belongs to a script that is kept."""
    return all(
        not c.isalpha() or unicodedata.name(c, "?").split()[0].split("-")[0] in KEPT_SCRIPTS for c in piece
    )


class DoubleArray:
    """Builds a trie in the format of darts-clone (the one sentencepiece uses for its normalisation rules).

    A unit has its label in bits 0-7, "has a value" in bit 8 and the distance to its children in bits 10-31; the
    child for byte `c` of the unit at `p` is at `p ^ distance ^ c`; the value is at `p ^ distance` with bit 31 set.
    Free units have bit 31 set too, so that they match no byte.
    """

    FREE = 0x80000000
    # How many blocks of 256 units from the end are searched for a place; more makes the array denser and slower to build.
    OPEN_BLOCKS = 12

    def __init__(self, keys):
        self.units = []
        self.used = []
        self.bases = set()
        self.first_open = 0
        self._grow()
        self.used[0] = True
        keys = sorted(keys)
        stack = [(0, 0, len(keys), 0)]
        while stack:
            position, low, high, depth = stack.pop()
            groups = []
            i = low
            while i < high:
                key = keys[i][0]
                label = key[depth] if len(key) > depth else 0
                j = i + 1
                while j < high and len(keys[j][0]) > depth and keys[j][0][depth] == label:
                    j += 1
                groups.append((label, i, j))
                i = j
            base = self._place([label for label, _, _ in groups])
            distance = base ^ position
            assert distance < 1 << 21
            self.units[position] |= distance << 10
            for label, i, j in groups:
                child = base ^ label
                self.used[child] = True
                if label == 0 and len(keys[i][0]) == depth:
                    self.units[child] = 0x80000000 | keys[i][1]
                    self.units[position] |= 0x100
                else:
                    self.units[child] = label
                    stack.append((child, i, j, depth + 1))

    def _grow(self):
        self.units.extend([self.FREE] * 256)
        self.used.extend([False] * 256)
        if len(self.units) == 256:
            self.units[0] = 0

    def _place(self, labels):
        start = max(0, len(self.units) // 256 - self.OPEN_BLOCKS)
        while True:
            for block in range(start, len(self.units) // 256):
                for slot in range(block * 256, block * 256 + 256):
                    base = slot ^ labels[0]
                    if self.used[slot] or base in self.bases or base == 0:
                        continue
                    if all(not self.used[base ^ label] for label in labels):
                        self.bases.add(base)
                        return base
            start = len(self.units) // 256
            self._grow()

    def to_bytes(self):
        return np.array(self.units, dtype="<u4").tobytes()


def pack_row(row):
    """The lowest value, the bits per value and the values less the lowest, little end first."""
    lowest = int(row.min())
    values = row.astype(np.uint8) - np.uint8(lowest)
    width = max(1, int(values.max()).bit_length())
    bits = (values[:, None] >> np.arange(width, dtype=np.uint8)) & 1
    return lowest, width, np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()


def pack_table(graph, kept):
    """The rows of the kept pieces, without loss: each value takes only the bits that its row needs."""
    quantised, scales, zeros = [], [], []
    for shard in range(1, SHARDS + 1):
        name = f"Func/StatefulPartitionedCall/input/_{shard}:0"
        quantised.append(graph.array(name + "_quantized"))
        scales.append(float(graph.array(name + "_scale")))
        zeros.append(float(graph.array(name + "_zero_point")))
    directory, rows = bytearray(), bytearray()
    for piece in kept:
        shard = piece % SHARDS
        lowest, width, packed = pack_row(quantised[shard][piece // SHARDS])
        directory += struct.pack("<IBBBB", len(rows), width, lowest, shard, 0)
        rows += packed
    # The reader takes eight bytes at a time.
    rows += bytes(8)
    return bytes(directory), bytes(rows), np.array([scales, zeros], dtype="<f4").T.tobytes()


def pack_matrices(graph):
    """The int8 matrices as panels of 16 columns, two rows interleaved: [n/16][k/2][16][2]."""
    names = []
    for n in NGRAMS:
        order = f"{CNN}ngram_order_{n}/"
        names += [
            order + "input_size_projection/dense/kernel:0",
            order + f"Ngram-{n}-Conv/weights:0",
            order + f"Ngram-{n}-Conv_1/weights:0",
        ]
    names += [
        CNN + "dense/kernel:0",
        DNN + "ResidualHidden_0/dense/kernel:0",
        DNN + "ResidualHidden_1/dense/kernel:0",
        DNN + "ResidualHidden_1/AdjustDepth/projection/kernel:0",
        DNN + "ResidualHidden_2/dense/kernel:0",
        DNN + "ResidualHidden_3/dense/kernel:0",
        DNN + "ResidualHidden_3/AdjustDepth/projection/kernel:0",
    ]
    panels, scales = bytearray(), []
    for name in names:
        matrix = graph.array(name + "_quantized")
        assert matrix.dtype == np.int8 and int(graph.array(name + "_zero_point")) == 0, name
        k, n = matrix.shape
        panels += matrix.reshape(k // 2, 2, n // PANEL_COLUMNS, PANEL_COLUMNS).transpose(2, 0, 3, 1).tobytes()
        scales.append(float(graph.array(name + "_scale")))
    return bytes(panels), np.array(scales, dtype="<f4").tobytes()


def pack_vectors(graph):
    names = []
    for n in NGRAMS:
        order = f"{CNN}ngram_order_{n}/"
        names += [
            order + "input_size_projection/dense/bias:0",
            order + "LayerNorm/gamma:0",
            order + "LayerNorm/beta:0",
            order + f"Ngram-{n}-Conv/bias:0",
            order + f"Ngram-{n}-Conv_1/bias:0",
        ]
    names += [CNN + "LayerNorm/gamma:0", CNN + "LayerNorm/beta:0", CNN + "dense/bias:0"]
    return b"".join(graph.array(name).astype("<f4").ravel().tobytes() for name in names)


def kept_pieces(model):
    """The pieces that get a row, in the order of their rows: <unk>, <s>, </s>, then what is kept of the vocabulary."""
    pieces = model.pieces
    return [0, 1, 2] + [i for i in range(3, len(pieces)) if pieces[i].type == 1 and is_kept(pieces[i].piece)]


def convert(wheel):
    graph = Graph(wheel)
    model = graph.sentencepiece()
    assert model.normalizer_spec.add_dummy_prefix and model.normalizer_spec.remove_extra_whitespaces
    charsmap = model.normalizer_spec.precompiled_charsmap
    (trie_bytes,) = struct.unpack_from("<I", charsmap)

    pieces = model.pieces
    kept = kept_pieces(model)
    vocabulary = DoubleArray([(pieces[piece].piece.encode(), row) for row, piece in enumerate(kept) if row > 2])
    scores = np.array([pieces[piece].score for piece in kept], dtype="<f4")
    # sentencepiece gives an unknown character the lowest score of the whole vocabulary less ten.
    scores[0] = np.float32(min(p.score for p in pieces if p.type == 1)) - np.float32(10)

    directory, rows, shards = pack_table(graph, kept)
    panels, matrix_scales = pack_matrices(graph)
    sections = [
        charsmap[4 : 4 + trie_bytes],
        charsmap[4 + trie_bytes :],
        vocabulary.to_bytes(),
        scores.tobytes(),
        directory,
        rows,
        shards,
        panels,
        matrix_scales,
        pack_vectors(graph),
    ]
    header = bytearray(MAGIC + struct.pack("<II", len(sections), DIMENSIONS))
    body = bytearray()
    start = -(-(len(header) + 8 * len(sections)) // ALIGNMENT) * ALIGNMENT
    for section in sections:
        body += bytes(-len(body) % ALIGNMENT)
        header += struct.pack("<II", start + len(body), len(section))
        body += section
    header += bytes(start - len(header))
    for name, section in zip(
        "normaliser replacements vocabulary scores directory rows shards matrices matrix_scales vectors".split(),
        sections,
    ):
        print(f"{name:14} {len(section):>11,} bytes")
    return bytes(header + body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wheels", type=Path, help="a folder with the wheel")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("use-multilingual-v3.bin"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = convert(fetch_wheel(arguments.wheels or Path(temporary)))
    arguments.out.write_bytes(data)
    print(f"{arguments.out}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
