//! `iass tenant add`: a folder and a commented `tenant.toml` from a preset.

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::{
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
        tenant::Done,
    },
    config::{
        preset::{NewTenant, Preset},
        tenant_file::TenantDirectory,
    },
    domain::{language::Language, money::Currency, tenant::TenantId},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant: 1 to 48 of a-z, 0-9, - and _; it names the folder and the database
    #[arg(value_name = "ID")]
    id: TenantId,
    /// The name customers know
    #[arg(long)]
    name: String,
    /// The language of its texts
    #[arg(long, default_value = "es", value_parser = languages())]
    language: Language,
    /// The kind of business
    #[arg(long, default_value = "blank", value_parser = presets())]
    preset: Preset,
    /// IANA time zone [default: by the language, such as America/Bogota]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// ISO 4217 currency of its prices [default: by the language, such as COP]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
}

fn languages() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::code))
        .map(|code| Language::from_code(&code).unwrap_or_default())
}

fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::as_str))
        .map(|name| Preset::from_name(&name).unwrap_or(Preset::Blank))
}

pub(super) fn run(args: Args, tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    // Somewhere the language is spoken by many; said aloud below, since a wrong zone moves every appointment.
    let (usual_zone, usual_currency) = match args.language {
        Language::Es => ("America/Bogota", "COP"),
        Language::En => ("America/New_York", "USD"),
        Language::Pt => ("America/Sao_Paulo", "BRL"),
    };
    let timezone = args.timezone.as_deref().unwrap_or(usual_zone);
    jiff::tz::TimeZoneDatabase::bundled().get(timezone).map_err(|_| {
        Failure::new(ExitStatus::Usage, format!("--timezone: there is no IANA time zone {timezone:?}"))
            .hint("for example America/Bogota, America/Mexico_City or Europe/Madrid")
    })?;
    let code = args.currency.as_deref().unwrap_or(usual_currency);
    let currency = Currency::parse(code)
        .map_err(|error| Failure::new(ExitStatus::Usage, format!("--currency: {error}")))?;
    if args.name.trim().is_empty() {
        return Err(Failure::new(ExitStatus::Usage, "--name must not be empty").into());
    }

    let new =
        NewTenant { preset: args.preset, name: &args.name, language: args.language, timezone, currency };
    let text = new.render().context("cannot write the preset")?;
    let file = tenants.create(&args.id, &text, context.source.env())?;
    if args.timezone.is_none() || args.currency.is_none() {
        context.output.warn(format!(
            "time zone {timezone} and currency {currency} are a guess; change them in {} if they are wrong",
            file.display()
        ));
    }
    let knowledge = context.config.paths.tenant_knowledge(&args.id);
    let done = Done { tenant: &args.id, file: Some(&file), done: "added" };
    done.print(
        &format!(
            "made {}\nnext: fill in its facts, put documents into {}",
            file.display(),
            knowledge.display()
        ),
        context,
    )
}
