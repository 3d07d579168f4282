//! `iass analyze`: what the engine sees in a text before anybody answers. No turn is made and nothing is stored.

mod sight;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    num::NonZero,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cli::{
        Startup,
        context::Context,
        exit::{ExitStatus, Failure},
    },
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
};

use self::sight::{Observer, Sight};

/// Texts that are looked at between two writes to stdout.
const BATCH: usize = 256;

/// The name that stands for stdin.
const STDIN: &str = "-";

/// Arguments of `iass analyze`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text
    #[arg(required_unless_present = "queries", conflicts_with = "queries")]
    text: Option<String>,
    /// A file with a text on each line: {"id","text"}; - for stdin
    #[arg(long, value_name = "FILE.jsonl")]
    queries: Option<PathBuf>,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Also print how long the choice of the agents took
    #[arg(long)]
    explain: bool,
}

#[derive(Debug, Deserialize)]
struct Query {
    id: Value,
    text: String,
}

/// Runs `iass analyze`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    let tenants = TenantDirectory::new(&context.config.paths.tenants);
    let config = tenants.load(&args.tenant, context.source.env())?;
    let observer = Observer::new(&config)?;
    if let Some(file) = &args.queries {
        return batch(file, &observer, args.explain, &context);
    }
    let text = args.text.unwrap_or_default();
    let sight = observer.look(&text)?;
    if context.output.is_json() {
        context.output.json(&sight.line(&Value::Null, args.explain))?;
    } else {
        context.output.line(sight.for_people(args.explain))?;
    }
    Ok(ExitStatus::Ok)
}

fn batch(file: &Path, observer: &Observer, explain: bool, context: &Context) -> anyhow::Result<ExitStatus> {
    let is_stdin = file == Path::new(STDIN);
    let (name, lines): (_, Box<dyn BufRead>) = if is_stdin {
        ("stdin".to_owned(), Box::new(io::stdin().lock()))
    } else {
        let open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        (file.display().to_string(), Box::new(BufReader::new(open)))
    };
    let mut batch = Vec::with_capacity(BATCH);
    for (number, line) in lines.lines().enumerate() {
        let line = line.with_context(|| format!("cannot read line {} of {name}", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let query: Query = serde_json::from_str(&line).map_err(|error| {
            Failure::new(ExitStatus::Failure, format!("{name}:{}: not a query: {error}", number + 1))
                .hint("each line is an object {\"id\",\"text\"}")
        })?;
        batch.push(query);
        // Who types or pipes the texts one by one sees the answer to each.
        if is_stdin || batch.len() == BATCH {
            print(&mut batch, observer, explain, context)?;
        }
    }
    print(&mut batch, observer, explain, context)?;
    Ok(ExitStatus::Ok)
}

/// Looks at all texts, on all cores, and prints a line for each in their order.
fn print(
    batch: &mut Vec<Query>,
    observer: &Observer,
    explain: bool,
    context: &Context,
) -> anyhow::Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = batch.len().div_ceil(threads).max(1);
    let look = |share: &[Query]| -> anyhow::Result<Vec<Sight>> {
        share.iter().map(|query| observer.look(&query.text)).collect()
    };
    let sights: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = batch.chunks(share).map(|share| scope.spawn(move || look(share))).collect();
        workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut queries = batch.iter();
    for sights in sights {
        let sights = sights.map_err(|_| anyhow::anyhow!("the analysis stopped half-way"))??;
        for (sight, query) in sights.iter().zip(&mut queries) {
            context.output.json(&sight.line(&query.id, explain))?;
        }
    }
    batch.clear();
    Ok(())
}
