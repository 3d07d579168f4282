//! `iass chat`: a conversation with a tenant's bot at the terminal.
//!
//! It goes the way of every other message: durably into the inbox, through a turn, out of the outbox. So a chat that
//! was killed is taken up by the next one of the same contact, and it works beside a running daemon, which leaves the
//! terminal's conversations alone.

mod errands;
mod prompt_line;
mod screen;
mod session;

use std::{io::IsTerminal as _, path::PathBuf, sync::Arc};

use anyhow::Context as _;

use self::{
    errands::Errands,
    prompt_line::{Line, PromptLine},
    screen::Screen,
    session::Session,
};
use crate::{
    alerts::Alerts,
    catalog::{import::MEANINGS_WITHIN, index, source},
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        ingest::{ingest_bar, show},
        knowledge::open::{OpenKnowledge, open},
        output::Verbosity,
    },
    config::{tenant::TenantConfig, tenant_file::TenantDirectory},
    domain::{message::MAX_TEXT_BYTES, tenant::TenantId},
    knowledge::ingest::{IngestError, IngestOptions},
    llm::pool::Pool,
    meters::Meters,
    notify::Notifier,
    telemetry, tenants,
    worker::runner::{TenantContext, TurnRunner},
};

/// Who talks when nobody says and the environment names nobody.
const DEFAULT_CONTACT: &str = "terminal";

/// Arguments of `iass chat`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "At a terminal it reads lines until Ctrl-D; otherwise every line of the input is a message."
)]
pub struct Args {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Who talks; each contact has a conversation of its own [default: $USER]
    #[arg(long, value_name = "NAME")]
    contact: Option<String>,
    /// Say this and leave; may be given more than once
    #[arg(short, long = "message", value_name = "TEXT")]
    messages: Vec<String>,
    /// Show how each answer came about: passages, prompt size, times
    #[arg(long)]
    trace: bool,
}

/// Runs `iass chat`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    if context.output.verbosity() > Verbosity::Normal {
        telemetry::start(&context.config.log, None, context.output.colors_stderr());
    }
    let (tenant, config) = open_tenant(&args.tenant, &context)?;
    let pool = Pool::new(&context.config.llm, context.clock.clone(), Meters::new(), Alerts::logged())
        .context("cannot prepare to ask the models")?;
    let runner = TurnRunner::new(
        Arc::new(pool),
        context.config.worker.turn_deadline,
        context.clock.clone(),
        context.ids.clone(),
    );
    let environment = context.source.env().get("USER").filter(|user| !user.is_empty());
    let contact = args.contact.as_deref().or(environment).unwrap_or(DEFAULT_CONTACT).to_owned();
    let screen = Screen::new(context.output.clone(), args.trace);
    let certificates = context.source.env().get("SSL_CERT_FILE").map(PathBuf::from);
    let notifier = Notifier::new(certificates).context("cannot prepare to tell the business")?;
    block_on(async move {
        let mut session = Session::begin(&context, tenant, runner, contact, args.contact, screen).await?;
        let errands = session.errands(&context, Arc::new(config), notifier);
        let talked = talk(&mut session, &errands, &context, &args.messages).await;
        errands.finish().await;
        talked
    })
}

/// Says what was asked to be said, or what somebody writes, until there is no more.
async fn talk(
    session: &mut Session,
    errands: &Errands,
    context: &Context,
    messages: &[String],
) -> anyhow::Result<ExitStatus> {
    session.finish_earlier().await?;
    errands.turn_committed();
    if !messages.is_empty() {
        for message in messages {
            session.say(checked(message)?).await?;
            errands.turn_committed();
        }
        return Ok(ExitStatus::Ok);
    }
    let at_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut input = if at_terminal && !context.output.is_json() {
        context.output.note("Write to the bot; Ctrl-D leaves.");
        PromptLine::terminal(&context.config.paths.data)?
    } else {
        PromptLine::pipe()
    };
    loop {
        let (back, line) = tokio::task::spawn_blocking(move || {
            let line = input.read();
            (input, line)
        })
        .await
        .context("reading was interrupted")?;
        input = back;
        match line? {
            Line::Text(text) => match checked(&text) {
                Ok(text) => {
                    session.say(text).await?;
                    errands.turn_committed();
                }
                Err(failure) => context.output.error(&failure.message, failure.hint.as_deref()),
            },
            Line::Nothing => {}
            Line::End => return Ok(ExitStatus::Ok),
        }
    }
}

/// A message as it may be sent.
fn checked(text: &str) -> Result<&str, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::new(ExitStatus::Usage, "the message is empty"));
    }
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("the message has {} bytes; at most {MAX_TEXT_BYTES} are taken", text.len());
        return Err(Failure::new(ExitStatus::Usage, message).hint("send it in parts"));
    }
    Ok(text)
}

/// Opens the tenant and brings its knowledge up to date: the first use indexes its documents.
fn open_tenant(id: &TenantId, context: &Context) -> anyhow::Result<(TenantContext, TenantConfig)> {
    let paths = &context.config.paths;
    let directory = TenantDirectory::new(&paths.tenants);
    let config = directory.load(id, context.source.env()).map_err(|error| explain(error, &directory))?;
    if !config.enabled {
        context.output.warn(format!("the tenant `{id}` is disabled: its customers get no answers"));
    }
    let OpenKnowledge { knowledge, ingester } = open(context, id)?;
    let bar = ingest_bar(context);
    let folder = paths.tenant_knowledge(id);
    match source::import_first(knowledge.db(), &folder, &config, &context.clock) {
        Ok(Some(report)) if report.applied => {
            context.output.note(format!("imported {} products of {id}", report.changes.added));
        }
        Ok(Some(report)) => {
            let wrong = report.failed.first().map_or(0, |problem| problem.line);
            context.output.warn(format!(
                "{}:{wrong}: the catalogue is wrong, and nothing was imported; `iass catalog import` tells all",
                config.catalog_file()
            ));
        }
        Ok(None) => {}
        Err(error) => context.output.warn(format!("{}: {error}", config.catalog_file())),
    }
    let options =
        IngestOptions { catalog_file: Some(config.catalog_file().to_owned()), ..IngestOptions::default() };
    let indexed = ingester.ensure_indexed(&folder, &options, |progress| show(&bar, progress));
    bar.finish_and_clear();
    match indexed {
        Ok(None) => {}
        Ok(Some(report)) => {
            for failed in &report.failed {
                context.output.warn(format!("{}: {}", failed.path, failed.error));
            }
            context.output.note(format!(
                "indexed {} documents of {id} ({} chunks) in {:.1} s",
                report.added,
                report.chunks,
                std::time::Duration::from_millis(report.took_ms).as_secs_f64()
            ));
        }
        Err(IngestError::Busy) => {
            context
                .output
                .warn("another process is indexing the documents; answers may miss some until it is done");
        }
        Err(error) => return Err(error).context("cannot index the tenant's documents"),
    }
    if let Err(error) =
        index::finish(knowledge.db(), knowledge.embedder(), config.language, MEANINGS_WITHIN, || false)
    {
        context.output.warn(format!("products are found by their words only: {error}"));
    }
    Ok((tenants::context(id, &config, paths, knowledge)?, config))
}

/// Adds to "there is no such tenant" which ones there are.
fn explain(error: crate::config::tenant_file::TenantFileError, directory: &TenantDirectory) -> anyhow::Error {
    use crate::config::tenant_file::TenantFileError;
    let known = directory.ids().unwrap_or_default();
    match &error {
        TenantFileError::Unknown { alike: None, .. } if !known.is_empty() => {
            let names: Vec<&str> = known.iter().map(TenantId::as_str).collect();
            let hint = format!("there are: {}", names.join(", "));
            Failure::new(ExitStatus::NothingFound, error.to_string()).hint(hint).into()
        }
        _ => error.into(),
    }
}
