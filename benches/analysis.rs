//! How well and how fast messages are analysed: their mood, attacks in them, the wish for a person.
//!
//!     cargo bench --bench analysis                        the held-out messages of tests/fixtures, and the time
//!     cargo bench --bench analysis -- DATA                also public sets, see `public_sets`
//!     cargo bench --bench analysis -- --features FILE     vectors and signals of the messages in a file, for models/heads.py
//!
//! The bars: macro-F1 of the mood at least .80 with .85 of the negative messages found; at least 80 % of the attacks caught
//! and at most 2 % of the harmless texts flagged; each analysis under 1 ms at the 99th percentile for 500 characters.

#![allow(missing_docs, reason = "a benchmark has no documentation")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail and talks to its caller"
)]

use std::{
    fs,
    hint::black_box,
    num::NonZero,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use iass::{
    domain::language::Language,
    engine::{
        agent::Team,
        person::asks_for_person,
        router::{Clause, RouteInput, Router, clauses::clauses},
        sentiment, threat,
    },
    knowledge::embed::BuiltinEmbedder,
};
use serde_json::{Value, json};

/// Below this a message is a complaint, below the second its author is angry, above the third it is praise.
const BANDS: (f32, f32, f32) = (-0.2, -0.5, 0.2);

/// Runs that the percentiles are of.
const RUNS: usize = 2_000;

/// A message with its vector.
struct Message {
    text: String,
    language: Language,
    label: String,
    vector: Vec<f32>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let embedder = BuiltinEmbedder::new().unwrap();
    match arguments.as_slice() {
        [flag, file] if flag == "--features" => print_features(&embedder, Path::new(file)),
        rest => {
            sentiments(&embedder);
            threats(&embedder, rest.first().map(PathBuf::from));
            persons(&embedder);
            times(&embedder);
            routing(&embedder);
        }
    }
}

/// The messages of a JSONL or CSV file with their vectors.
fn read(embedder: &BuiltinEmbedder, file: &Path) -> Vec<Message> {
    let content = fs::read_to_string(file).unwrap();
    let rows: Vec<Value> = if file.extension().is_some_and(|extension| extension == "csv") {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content.as_bytes());
        reader.records().map(|record| json!({"text": &record.unwrap()[0], "language": "en"})).collect()
    } else {
        content.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let texts: Vec<String> = rows.iter().map(|row| text(row, "text")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let vectors = embedder.embed_all(&texts, threads);
    let messages = rows.iter().zip(vectors).map(|(row, vector)| Message {
        text: text(row, "text"),
        language: Language::from_code(&text(row, "language")).unwrap_or_default(),
        label: text(row, "label"),
        vector,
    });
    messages.collect()
}

fn fixture(embedder: &BuiltinEmbedder, name: &str) -> Vec<Message> {
    read(embedder, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name))
}

fn print_features(embedder: &BuiltinEmbedder, file: &Path) {
    for message in read(embedder, file) {
        let signals = sentiment::read(&message.text, message.language).features();
        println!("{}", json!({"vector": message.vector, "signals": signals}));
    }
}

fn share(hits: usize, all: usize) -> String {
    format!("{hits}/{all} = {:.3}", hits as f64 / all.max(1) as f64)
}

fn sentiments(embedder: &BuiltinEmbedder) {
    for part in ["train", "held_out"] {
        let messages = fixture(embedder, &format!("sentiment/{part}.jsonl"));
        let scores: Vec<f32> =
            messages.iter().map(|m| sentiment::score(&m.text, m.language, &m.vector)).collect();
        let truth = |m: &Message| match m.label.as_str() {
            "positive" => 1,
            "neutral" => 0,
            _ => -1,
        };
        let said = |score: f32| i32::from(score > BANDS.2) - i32::from(score < BANDS.0);
        let count = |test: &dyn Fn(&Message, f32) -> bool| {
            messages.iter().zip(&scores).filter(|(message, score)| test(message, **score)).count()
        };
        let f1 = [-1, 0, 1].map(|class| {
            let both = count(&|m, s| truth(m) == class && said(s) == class) as f64;
            let either = count(&|m, _| truth(m) == class) + count(&|_, s| said(s) == class);
            2.0 * both / either as f64
        });
        println!("mood, {part}: {} messages", messages.len());
        println!(
            "  macro-F1 {:.3} (negative {:.3}, neutral {:.3}, positive {:.3})",
            f1.iter().sum::<f64>() / 3.0,
            f1[0],
            f1[1],
            f1[2]
        );
        let found = count(&|m, s| truth(m) < 0 && said(s) < 0);
        println!("  negative found: {}", share(found, count(&|m, _| truth(m) < 0)));
        for label in ["angry", "negative", "neutral", "positive"] {
            let low = count(&|m, s| m.label == label && s < BANDS.1);
            println!("  {label} below {}: {}", BANDS.1, share(low, count(&|m, _| m.label == label)));
        }
    }
}

/// The public sets below a folder, and whether they are attacks.
fn public_sets(data: &Path) -> Vec<(&'static str, PathBuf, bool)> {
    let set = |name: &'static str, file: &str, is_attack: bool| (name, data.join(file), is_attack);
    vec![
        set("attacks es/pt (seen in training)", "injection/attacks_es_pt.jsonl", true),
        set("look-alikes (seen in training)", "injection/benign_notinject.jsonl", false),
        set("xquad es", "xquad/es/queries.jsonl", false),
        set("xquad es, chat noise", "xquad/es/queries_chatnoise.jsonl", false),
        set("xquad en", "xquad/en/queries.jsonl", false),
        set("squad pt (seen in training)", "squad_pt/queries.jsonl", false),
        set("shop curekart", "intent/hint3_curekart_train.csv", false),
        set("shop powerplay11", "intent/hint3_powerplay11_train.csv", false),
        set("shop sofmattress", "intent/hint3_sofmattress_train.csv", false),
    ]
}

fn threats(embedder: &BuiltinEmbedder, data: Option<PathBuf>) {
    println!("attacks");
    let flagged = |messages: &[Message]| {
        messages.iter().filter(|message| threat::examine(&message.text, &message.vector).flagged).count()
    };
    for part in ["train", "held_out"] {
        let messages = fixture(embedder, &format!("threat/{part}.jsonl"));
        let (harmless, attacks): (Vec<Message>, Vec<Message>) =
            messages.into_iter().partition(|message| message.label == "harmless");
        println!(
            "  {part}: caught {}, harmless flagged {}",
            share(flagged(&attacks), attacks.len()),
            share(flagged(&harmless), harmless.len())
        );
    }
    let tenants =
        ["benova", "demo", "emprendemy", "ferreteria"].map(|tenant| format!("questions/{tenant}.jsonl"));
    let others = ["sentiment/train", "sentiment/held_out", "person/train", "person/held_out"];
    for name in tenants.into_iter().chain(others.map(|name| format!("{name}.jsonl"))) {
        let messages = fixture(embedder, &name);
        println!("  {name} flagged: {}", share(flagged(&messages), messages.len()));
    }
    for (name, file, is_attack) in data.iter().flat_map(|data| public_sets(data)) {
        let messages = read(embedder, &file);
        let verb = if is_attack { "caught" } else { "flagged" };
        println!("  {name} {verb}: {}", share(flagged(&messages), messages.len()));
    }
}

fn persons(embedder: &BuiltinEmbedder) {
    println!("wish for a person");
    for part in ["train", "held_out"] {
        let messages = fixture(embedder, &format!("person/{part}.jsonl"));
        for label in ["wish", "other"] {
            let of_label: Vec<&Message> = messages.iter().filter(|message| message.label == label).collect();
            let heard = of_label.iter().filter(|message| asks_for_person(&message.text, &[])).count();
            println!("  {part}, {label}: heard in {}", share(heard, of_label.len()));
        }
    }
}

fn times(embedder: &BuiltinEmbedder) {
    const SENTENCE: &str =
        "Hola, llevo tres días esperando mi pedido y nadie me contesta, ¿me pueden decir qué pasó? ";
    println!("time: 50th and 99th percentile");
    for characters in [60, 500, 16_000] {
        let text: String = SENTENCE.chars().cycle().take(characters).collect();
        let vector = embedder.embed(&text);
        let analyses: [(&str, &dyn Fn() -> bool); 4] = [
            ("mood", &|| sentiment::score(black_box(&text), Language::Es, &vector) < BANDS.0),
            ("attack", &|| threat::examine(black_box(&text), &vector).flagged),
            ("person", &|| asks_for_person(black_box(&text), &[])),
            ("document", &|| threat::examine_document(black_box(&text)).flagged),
        ];
        for (name, analysis) in analyses {
            // The lists are read at the first use.
            black_box(analysis());
            let runs = if characters > 1_000 { RUNS / 10 } else { RUNS };
            let mut took: Vec<Duration> = (0..runs)
                .map(|_| {
                    let start = Instant::now();
                    black_box(analysis());
                    start.elapsed()
                })
                .collect();
            took.sort_unstable();
            println!("  {name}, {characters} characters: {:?}, {:?}", took[runs / 2], took[runs / 100 * 99]);
        }
    }
}

/// What choosing the agents takes beyond the vector of the message, which the search needs too: emergencies are seen in it.
fn routing(embedder: &BuiltinEmbedder) {
    let one =
        |texts: &[&str]| Ok::<_, std::convert::Infallible>(embedder.embed_all(texts, NonZero::<usize>::MIN));
    let Ok(router) = Router::build(&Team::built_in(), one);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/routing");
    let mut took = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            let text = line.rsplit('\t').next().unwrap();
            let vector = embedder.embed(text);
            let start = Instant::now();
            let cut = clauses(text);
            let vectors: Vec<Vec<f32>> = cut.iter().map(|part| embedder.embed(part)).collect();
            let parts: Vec<Clause<'_>> =
                cut.iter().zip(&vectors).map(|(text, vector)| Clause { text, vector }).collect();
            let input =
                RouteInput { text, vector: &vector, language: Language::Es, previous: &[], last_reply: None };
            black_box(router.route_parts(&input, &parts));
            took.push(start.elapsed());
        }
    }
    took.sort_unstable();
    let at = |share: usize| took[took.len() * share / 100];
    println!(
        "choosing the agents, {} messages: 50th and 99th percentile {:?}, {:?}",
        took.len(),
        at(50),
        at(99)
    );
}
