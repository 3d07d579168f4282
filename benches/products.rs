//! How long a search of the catalogue takes, embedding of the question included, with 10,000 products.
//!
//! The products are those of `tests/fixtures/products` again and again, each time with a maker of its own, so that names
//! differ and sizes repeat as in a large shop. The questions are its labelled ones. Beside criterion's means the 50th and
//! 99th percentile are printed. What the search is worth is measured by `cargo test labelled`.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may fail and talks to its caller"
)]

use std::{fmt::Write as _, time::Duration, time::Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use iass::{
    catalog::{
        import::{self, BadRows, ImportOptions},
        index,
        search::{ProductQuery, search},
    },
    clock::Clock,
    domain::{language::Language, money::Currency},
    knowledge::embed::Embedder,
    store::{
        TenantDb,
        product_import::{Missing, Mode},
    },
};

const CATALOGUE: &str = include_str!("../tests/fixtures/products/catalog.csv");
const QUERIES: [&str; 2] = [
    include_str!("../tests/fixtures/products/tuning.tsv"),
    include_str!("../tests/fixtures/products/held_out.tsv"),
];

/// Searches that the percentiles are of.
const SEARCHES: usize = 2000;

/// The fixture so often that there are `count` products.
fn catalogue(count: usize) -> String {
    let (header, rows) = CATALOGUE.split_once('\n').unwrap();
    let mut text = format!("{header}\n");
    for (number, row) in rows.lines().cycle().take(count).enumerate() {
        let (sku, rest) = row.split_once(',').unwrap();
        let copy = number / rows.lines().count();
        if copy == 0 {
            writeln!(text, "{row}").unwrap();
            continue;
        }
        // Behind the first word of the name: "Martillo" becomes "Martillo Marca3".
        let quote = if rest.starts_with('"') { "\"" } else { "" };
        let (first, rest) = rest[quote.len()..].split_once(' ').unwrap();
        writeln!(text, "{sku}-{copy},{quote}{first} Marca{copy} {rest}").unwrap();
    }
    text
}

fn shop(count: usize, embedder: &Embedder) -> (tempfile::TempDir, TenantDb) {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("bench.db")).unwrap();
    let options = ImportOptions {
        currency: Currency::parse("MXN").unwrap(),
        language: Language::Es,
        missing: Missing::Keep,
        mode: Mode::Apply,
        bad_rows: BadRows::Refuse,
        actor: "bench".to_owned(),
    };
    let report = import::import(&db, catalogue(count).as_bytes(), options, &Clock::System).unwrap();
    assert_eq!(report.changes.added, count, "{:?}", report.failed.first());
    println!("{count} products: imported in {} ms", report.took_ms);
    index::refresh_meanings(&db, embedder, Duration::MAX).unwrap();
    (folder, db)
}

fn searches(criterion: &mut Criterion) {
    let embedder = Embedder::builtin().unwrap();
    let queries: Vec<&str> = QUERIES
        .iter()
        .flat_map(|lines| lines.lines())
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').nth(2).unwrap())
        .collect();
    for count in [10_000] {
        let (_folder, db) = shop(count, &embedder);
        let search_for = |query: &str| {
            let text = query.to_owned();
            search(&db, &embedder, &ProductQuery { text, language: Language::Es, k: 12, now_ms: 0 }).unwrap()
        };
        for query in &queries {
            search_for(query);
        }
        let mut times: Vec<(Duration, &str)> = queries
            .iter()
            .cycle()
            .take(SEARCHES)
            .map(|query| {
                let started = Instant::now();
                search_for(query);
                (started.elapsed(), *query)
            })
            .collect();
        times.sort();
        let at = |share: usize| times[SEARCHES * share / 100];
        println!("{count} products: p50 {:?}, p99 {:?} ({})", at(50).0, at(99).0, at(99).1);
        criterion.bench_function(&format!("search in {count} products"), |bencher| {
            let mut next = queries.iter().cycle();
            bencher.iter(|| search_for(next.next().unwrap()));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = searches
}
criterion_main!(benches);
