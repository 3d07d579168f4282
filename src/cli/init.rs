//! `iass init`: a working directory to begin with: `chatbot.toml`, one tenant and a sample document.
//!
//! What is there already is kept. Questions are asked only on a terminal; flags answer them elsewhere.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    cli::{
        Startup,
        exit::{ExitStatus, Failure},
        output::Output,
        tenant::profile::Profile,
    },
    config::{DEFAULT_FILE, tenant_file::TenantDirectory},
    domain::{language::Language, tenant::TenantId},
};

/// The configuration a working directory begins with.
const CONFIG: &str = include_str!("../../chatbot.example.toml");

/// Arguments of `iass init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to fill; it is made when it is not there
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The first tenant; asked for on a terminal
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
    /// The name customers know; asked for on a terminal
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    profile: Profile,
}

/// What was made, as JSON.
#[derive(Debug, serde::Serialize)]
struct Made<'a> {
    tenant: &'a TenantId,
    files: &'a [PathBuf],
}

/// Runs `iass init`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let output = startup.output.clone();
    let name = match args.name {
        Some(name) => name,
        None => ask(&output, "--name", "Name of the business: ")?,
    };
    let id = match args.tenant {
        Some(id) => id,
        None => TenantId::parse(&ask(&output, "--tenant", "Short name for folders (a-z, 0-9, - and _): ")?)?,
    };
    // Checked before anything is written.
    let written = args.profile.write(&name)?;

    let mut files = Vec::new();
    let config_file = args.dir.join(DEFAULT_FILE);
    fs::create_dir_all(&args.dir)
        .with_context(|| format!("cannot make the folder {}", args.dir.display()))?;
    write_new(&config_file, CONFIG, &mut files, &output)?;
    let context = startup.with_file(config_file).load()?;
    let tenants = TenantDirectory::new(&context.config.paths.tenants);
    files.push(tenants.create(&id, &written.text, context.source.env())?);
    let knowledge = context.config.paths.tenant_knowledge(&id);
    fs::create_dir_all(&knowledge)
        .with_context(|| format!("cannot make the folder {}", knowledge.display()))?;
    write_new(&knowledge.join("faq.md"), sample(args.profile.language), &mut files, &output)?;

    if let Some(guess) = written.guess {
        output.warn(format!("{guess}; change them in {} if they are wrong", tenants.file(&id).display()));
    }
    if output.is_json() {
        output.json(&Made { tenant: &id, files: &files })?;
    } else {
        for file in &files {
            output.note(format_args!("made {}", file.display()));
        }
        output.note(format_args!("next: replace the sample in {} with your documents", knowledge.display()));
    }
    Ok(ExitStatus::Ok)
}

/// A document for customers' first questions.
fn sample(language: Language) -> &'static str {
    match language {
        Language::Es => include_str!("../../presets/knowledge/es.md"),
        Language::En => include_str!("../../presets/knowledge/en.md"),
        Language::Pt => include_str!("../../presets/knowledge/pt.md"),
    }
}

fn ask(output: &Output, flag: &str, question: &str) -> anyhow::Result<String> {
    if !output.can_ask() {
        return Err(Failure::new(ExitStatus::Usage, format!("{flag} is needed, since nobody can be asked"))
            .hint("for example: iass init --tenant acme --name Acme --preset shop")
            .into());
    }
    output.ask(question).context("cannot read the answer")
}

/// Writes a file that is not there yet; one that is there is kept.
fn write_new(path: &Path, text: &str, made: &mut Vec<PathBuf>, output: &Output) -> anyhow::Result<()> {
    let result =
        fs::File::create_new(path).and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
    match result {
        Ok(()) => made.push(path.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            output.note(format_args!("kept {}", path.display()));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
    Ok(())
}
