//! How long a search takes, embedding of the question included, with 10,000 and 100,000 chunks.
//!
//! The texts are sentences of real passages with rare words mixed in; the vectors are random, because what they say
//! does not change the work. Beside criterion's means the 50th and 99th percentile are printed. For the quality of
//! what is found see `quality.py`.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a benchmark may fail and talks to its caller"
)]

use std::{fmt::Write as _, sync::Arc, time::Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use iass::{
    domain::language::Language,
    knowledge::{
        embed::Embedder,
        index::{chunk_terms, stamp},
        retrieve::{Knowledge, SearchOptions},
        vectors::pack,
    },
    store::{
        TenantDb,
        document::{NewChunk, NewDocument},
    },
};

const PASSAGES: &str = include_str!("../tests/fixtures/retrieval/xquad_es_passages.jsonl");
const QUERIES: &str = include_str!("../tests/fixtures/retrieval/xquad_es_queries.jsonl");

/// Sentences in a chunk, as in the passages.
const SENTENCES: usize = 5;

/// Chunks that are stored in one transaction.
const BATCH: usize = 500;

/// Searches that the percentiles are of.
const SEARCHES: usize = 400;

/// A small generator of reproducible numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn unit_vector(&mut self, dimensions: usize) -> Vec<f32> {
        let numbers: Vec<f32> =
            (0..dimensions).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect();
        let length = numbers.iter().map(|x| x * x).sum::<f32>().sqrt();
        numbers.into_iter().map(|x| x / length).collect()
    }
}

fn texts(lines: &str) -> Vec<String> {
    let text = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    lines.lines().map(text).collect()
}

fn knowledge(chunks: usize, embedder: &Arc<Embedder>) -> (tempfile::TempDir, Knowledge) {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("bench.db")).unwrap();
    let sentences: Vec<String> = texts(PASSAGES)
        .iter()
        .flat_map(|text| text.split_inclusive(". ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut numbers = Numbers(7);
    let dimensions = embedder.dimensions();
    for first in (0..chunks).step_by(BATCH) {
        let documents: Vec<NewDocument> = (first..(first + BATCH).min(chunks))
            .map(|id| {
                let mut text = String::new();
                let mut ranges = Vec::new();
                for _ in 0..SENTENCES {
                    let start = text.len();
                    text.push_str(&sentences[numbers.below(sentences.len())]);
                    write!(text, "palabra{} ", numbers.below(60_000)).unwrap();
                    ranges.push(start..text.len());
                }
                let vectors: Vec<_> = (0..SENTENCES).map(|_| numbers.unit_vector(dimensions)).collect();
                NewDocument {
                    name: format!("d{id}"),
                    source: None,
                    title: None,
                    category: None,
                    metadata: None,
                    language: Language::Es,
                    format: "txt".to_owned(),
                    content_hash: Vec::new(),
                    bytes: text.len() as u64,
                    chunks: vec![NewChunk {
                        heading: String::new(),
                        terms: chunk_terms(None, "", &text, &ranges, Language::Es),
                        sentences: ranges,
                        text,
                        vectors: pack(None, &vectors),
                    }],
                }
            })
            .collect();
        db.discard_stale_index(&stamp(embedder)).unwrap();
        db.put_documents(&documents, &stamp(embedder), 0).unwrap();
    }
    (folder, Knowledge::new(db, embedder.clone()))
}

fn search(criterion: &mut Criterion) {
    let embedder = Arc::new(Embedder::builtin().unwrap());
    let queries = texts(QUERIES);
    let options = SearchOptions::default();
    for chunks in [10_000, 100_000] {
        let (_folder, knowledge) = knowledge(chunks, &embedder);
        let mut next = queries.iter().cycle();
        let mut one = || knowledge.search(next.next().unwrap(), &options).unwrap();
        let mut times: Vec<_> = (0..SEARCHES)
            .map(|_| {
                let started = Instant::now();
                assert!(!one().passages.is_empty());
                started.elapsed()
            })
            .collect();
        times.sort();
        println!("{chunks} chunks: p50 {:?}, p99 {:?}", times[SEARCHES / 2], times[SEARCHES * 99 / 100]);
        criterion.bench_function(&format!("search in {chunks} chunks"), |bencher| bencher.iter(&mut one));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = search
}
criterion_main!(benches);
