//! How fast the built-in embedder is: one query, and a batch of sentences on one thread and on two.
//!
//! The bars: a query in at most 2 ms, and 25 pages of 500 words per second on two cores, which is about 320 sentences
//! of 20 words per second and core.

use std::hint::black_box;
use std::num::NonZero;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iass::knowledge::embed::BuiltinEmbedder;

const QUERY: &str = "¿Cuánto dura la limpieza facial y cuánto cuesta en la sede norte?";

/// Sentences of about twenty words.
const SENTENCES: [&str; 4] = [
    "Las devoluciones se aceptan dentro de los treinta días siguientes a la compra, siempre con la factura y el empaque original.",
    "The warranty covers manufacturing defects for twelve months from the date of delivery, and it does not cover misuse or wear.",
    "Os agendamentos podem ser remarcados sem custo até vinte e quatro horas antes do horário, pelo telefone ou pelo site.",
    "El envío es gratis en compras superiores a ciento cincuenta mil pesos y tarda entre dos y cuatro días hábiles en llegar.",
];

fn embedding(criterion: &mut Criterion) {
    let Ok(embedder) = BuiltinEmbedder::new() else { return };
    criterion.bench_function("embed one query", |bench| bench.iter(|| embedder.embed(black_box(QUERY))));

    let sentences: Vec<&str> = SENTENCES.into_iter().cycle().take(64).collect();
    let mut group = criterion.benchmark_group("embed 64 sentences");
    group.throughput(Throughput::Elements(64));
    for threads in [1, 2] {
        let threads = NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN);
        group.bench_function(format!("{threads} threads"), |bench| {
            bench.iter(|| embedder.embed_all(black_box(&sentences), threads));
        });
    }
    group.finish();
}

criterion_group!(benches, embedding);
criterion_main!(benches);
