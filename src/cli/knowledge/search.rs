//! `iass knowledge search`: one question, or a file of them.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    num::NonZero,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
    },
    domain::{language::Language, retrieval::Retrieval, tenant::TenantId},
    knowledge::retrieve::{Knowledge, KnowledgeError, SearchOptions, Signals},
};

/// Questions that are answered between two writes to stdout.
const BATCH: usize = 256;

/// Arguments of `iass knowledge search`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The question
    #[arg(required_unless_present = "queries", conflicts_with = "queries")]
    query: Option<String>,
    /// A file with a question on each line: {"id","text"}
    #[arg(long, value_name = "FILE.jsonl")]
    queries: Option<PathBuf>,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// The most passages for a question
    #[arg(short, value_name = "K", default_value_t = 10, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100))]
    k: usize,
    /// Only documents of this category; may be repeated
    #[arg(long, value_name = "C")]
    category: Vec<String>,
    /// The language of the questions, such as es [default: told from their words]
    #[arg(long, value_name = "CODE", value_parser = language)]
    language: Option<Language>,
    /// Also print what the confidence was made of
    #[arg(long)]
    explain: bool,
}

fn language(code: &str) -> Result<Language, String> {
    Language::from_code(code).ok_or_else(|| "use es, en or pt".to_owned())
}

#[derive(Debug, Deserialize)]
struct Question {
    id: serde_json::Value,
    text: String,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a serde_json::Value>,
    hits: Vec<Hit<'a>>,
    confidence: f32,
    answerable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signals: Option<Signals>,
}

#[derive(Debug, Serialize)]
struct Hit<'a> {
    document: &'a str,
    chunk: u32,
    score: f32,
    text: &'a str,
    heading: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

type Found = (Retrieval, Option<Signals>);

/// Runs `iass knowledge search`.
pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<ExitStatus> {
    let opened = super::open::open(context, &args.tenant)?;
    let options = SearchOptions { k: args.k, language: args.language, categories: args.category };
    opened.knowledge.refresh(|_, _| ())?;
    if let Some(file) = &args.queries {
        return batch(file, &opened.knowledge, &options, args.explain, context);
    }
    let query = args.query.unwrap_or_default();
    let found = opened.knowledge.examine(&query, &options)?;
    let is_empty = found.0.passages.is_empty();
    if context.output.is_json() {
        context.output.json(&line(None, &found, args.explain))?;
    } else if is_empty {
        context.output.note("nothing was found");
    } else {
        for passage in &found.0.passages {
            let heading =
                if passage.heading.is_empty() { String::new() } else { format!(" › {}", passage.heading) };
            let place = format!("{}{heading}", passage.document);
            context.output.line(format!("{:.3}  {place}\n{}\n", passage.score, indented(&passage.text)))?;
        }
        let verdict = if found.0.answerable { "answers" } else { "does not answer" };
        context.output.note(format!("confidence {:.2}: the knowledge {verdict} this", found.0.confidence));
    }
    Ok(if is_empty { ExitStatus::NothingFound } else { ExitStatus::Ok })
}

fn batch(
    file: &Path,
    knowledge: &Knowledge,
    options: &SearchOptions,
    explain: bool,
    context: &Context,
) -> anyhow::Result<ExitStatus> {
    let questions = questions(file)?;
    let mut found_any = false;
    for batch in questions.chunks(BATCH) {
        let found = search_all(knowledge, batch, options)?;
        for (question, found) in batch.iter().zip(&found) {
            found_any |= !found.0.passages.is_empty();
            context.output.json(&line(Some(&question.id), found, explain))?;
        }
    }
    Ok(if found_any { ExitStatus::Ok } else { ExitStatus::NothingFound })
}

/// Searches for all questions, on all cores, and keeps their order.
fn search_all(
    knowledge: &Knowledge,
    questions: &[Question],
    options: &SearchOptions,
) -> anyhow::Result<Vec<Found>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let part = questions.len().div_ceil(threads).max(1);
    let search = |part: &[Question]| -> Result<Vec<Found>, KnowledgeError> {
        part.iter().map(|question| knowledge.examine(&question.text, options)).collect()
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = questions.chunks(part).map(|part| scope.spawn(move || search(part))).collect();
        workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut found = Vec::with_capacity(questions.len());
    for result in results {
        let result = result.map_err(|_| anyhow::anyhow!("a search stopped half-way"))?;
        found.extend(result?);
    }
    Ok(found)
}

fn questions(file: &Path) -> anyhow::Result<Vec<Question>> {
    let open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut questions = Vec::new();
    for (number, line) in BufReader::new(open).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {}", file.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let question = serde_json::from_str(&line).map_err(|error| {
            let message = format!("{}:{}: not a question: {error}", file.display(), number + 1);
            Failure::new(ExitStatus::Failure, message).hint("each line is an object {\"id\",\"text\"}")
        })?;
        questions.push(question);
    }
    Ok(questions)
}

fn line<'a>(id: Option<&'a serde_json::Value>, found: &'a Found, explain: bool) -> Line<'a> {
    let (retrieval, signals) = found;
    let hits = retrieval.passages.iter().map(|passage| Hit {
        document: &passage.document,
        chunk: passage.chunk,
        score: passage.score,
        text: &passage.text,
        heading: &passage.heading,
        title: passage.title.as_deref(),
    });
    Line {
        id,
        hits: hits.collect(),
        confidence: retrieval.confidence,
        answerable: retrieval.answerable,
        signals: signals.filter(|_| explain),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("       {line}")).collect::<Vec<_>>().join("\n")
}
