//! How long reading and chunking take. The bar: far below 10 ms for a page of 500 words.
#![expect(clippy::unwrap_used, reason = "a bench fails as tests do")]

use std::{hint::black_box, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iass::knowledge::{
    chunk::{ChunkOptions, chunk, words},
    read::{Format, ReadLimits, read_bytes},
};

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for name in ["google_doc.pdf", "headings_and_tables.docx", "hidden_nodes.html", "spanish.txt"] {
        let path = Path::new("tests/fixtures/documents").join(name);
        let (format, bytes) = (Format::from_path(&path).unwrap(), std::fs::read(&path).unwrap());
        let limits = ReadLimits::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| read_bytes(format, black_box(&bytes), &limits).unwrap());
        });
    }
    group.finish();
}

fn cut(criterion: &mut Criterion) {
    let text = std::fs::read("tests/fixtures/documents/spanish.txt").unwrap();
    let reading = read_bytes(Format::Text, &text, &ReadLimits::default()).unwrap();
    let document = &reading.documents.first().unwrap().document;
    let length = document.blocks.iter().map(|block| words(&block.text)).sum::<usize>();
    let mut group = criterion.benchmark_group("chunk");
    group.throughput(Throughput::Elements(length as u64));
    group.bench_function("words", |bencher| {
        bencher.iter(|| chunk(black_box(document), ChunkOptions::default()));
    });
    group.finish();
}

criterion_group!(benches, read, cut);
criterion_main!(benches);
