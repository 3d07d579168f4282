//! `iass model`: the embedding models that can be used instead of the built-in one, and fetching them.

use std::path::Path;

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        table::Table,
    },
    config::daemon::EmbeddingModel,
    knowledge::embed::{
        Embedder,
        catalogue::KnownModel,
        hub::{self, Hub, HubError, Progress},
    },
};

/// Arguments of `iass model`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// List the embedding models
    ///
    /// With --json one object per line: {"name","about","dimensions","download_bytes","pulled","in_use"}.
    List,
    /// Fetch an embedding model from Hugging Face, or from the mirror in embeddings.hf_endpoint or HF_ENDPOINT
    ///
    /// An interrupted download goes on where it stopped. Ends with 3 when there is no such model, 69 when the hub
    /// cannot be reached and 75 when the download broke off. With --json {"name","folder"}.
    Pull(Pull),
}

/// The arguments of `iass model pull`.
#[derive(Debug, clap::Args)]
struct Pull {
    /// A name that `iass model list` shows
    #[arg(value_name = "NAME")]
    name: String,
}

/// Runs `iass model …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        ModelCommand::List => list(&context),
        ModelCommand::Pull(Pull { name }) => block_on(pull(&name, &context)),
    }
}

/// A model in `iass model list`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    about: &'a str,
    dimensions: usize,
    /// Zero for the built-in one.
    download_bytes: u64,
    pulled: bool,
    in_use: bool,
}

fn list(context: &Context) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let settings = &context.config.embeddings;
    let builtin = Embedder::builtin()?;
    let mut lines = vec![Line {
        name: "builtin",
        about: "16 languages, inside iass, needs nothing",
        dimensions: builtin.dimensions(),
        download_bytes: 0,
        pulled: true,
        in_use: settings.model == EmbeddingModel::BuiltIn,
    }];
    let models = hub::list(&settings.models);
    lines.extend(models.iter().map(|status| Line {
        name: status.model.name,
        about: status.model.about,
        dimensions: status.model.dimensions,
        download_bytes: status.model.approximate_bytes,
        pulled: status.is_pulled,
        in_use: matches!(&settings.model, EmbeddingModel::Named(name) if name.eq_ignore_ascii_case(status.model.name)),
    }));
    let mut table = Table::new(["model", "dimensions", "MB", "state", "about"]);
    for line in lines {
        if output.is_json() {
            output.json(&line)?;
            continue;
        }
        let state = match (line.in_use, line.pulled) {
            (true, true) => "in use",
            (true, false) => "configured, not pulled",
            (false, true) => "ready",
            (false, false) => "not pulled",
        };
        table.row([
            line.name.to_owned(),
            line.dimensions.to_string(),
            (line.download_bytes / 1_000_000).to_string(),
            state.to_owned(),
            line.about.to_owned(),
        ]);
    }
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn pull(name: &str, context: &Context) -> anyhow::Result<ExitStatus> {
    #[derive(Serialize)]
    struct Pulled<'a> {
        name: &'a str,
        folder: &'a Path,
    }

    let settings = &context.config.embeddings;
    let hub = Hub::new(&settings.hf_endpoint).map_err(failure)?;
    let bar = if context.output.shows_progress() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}")
            .context("cannot draw the progress bar")?,
    );
    let draw = |progress: Progress<'_>| {
        if bar.message() != progress.file {
            bar.set_message(progress.file.to_owned());
        }
        bar.set_length(progress.total_bytes.unwrap_or(progress.done_bytes));
        bar.set_position(progress.done_bytes);
    };
    let folder = hub.pull(name, &settings.models, draw).await;
    bar.finish_and_clear();
    let folder = folder.map_err(failure)?;

    // The name as the catalogue writes it, which is also the name of the folder.
    let name = KnownModel::find(name).map_or(name, |model| model.name);
    if context.output.is_json() {
        context.output.json(&Pulled { name, folder: &folder })?;
    } else {
        context.output.line(folder.display())?;
        context.output.note(format_args!(
            "to use it, set `model = \"{name}\"` and `onnxruntime` under [embeddings] in chatbot.toml"
        ));
    }
    Ok(ExitStatus::Ok)
}

/// The failure with the exit code that says whether to try again.
fn failure(error: HubError) -> anyhow::Error {
    let status = match error {
        HubError::UnknownModel { .. } | HubError::NotFound { .. } => ExitStatus::NothingFound,
        HubError::Unreachable { .. } => ExitStatus::Unavailable,
        HubError::Status { .. } | HubError::Interrupted { .. } | HubError::Damaged { .. } => {
            ExitStatus::TryAgain
        }
        HubError::Disk { .. } => ExitStatus::Failure,
    };
    Failure::new(status, error.to_string()).into()
}
