//! The flags that describe a new tenant, shared by `iass tenant add` and `iass init`.

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::{
    cli::exit::{ExitStatus, Failure},
    config::preset::{NewTenant, Preset},
    domain::{language::Language, money::Currency},
};

/// What a new tenant is.
#[derive(Debug, clap::Args)]
pub(crate) struct Profile {
    /// The language of its texts
    #[arg(long, default_value = "es", value_parser = languages())]
    pub language: Language,
    /// The kind of business
    #[arg(long, default_value = "blank", value_parser = presets())]
    pub preset: Preset,
    /// IANA time zone [default: by the language, such as America/Bogota]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// ISO 4217 currency of its prices [default: by the language, such as COP]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
}

/// The text of a new `tenant.toml`.
#[derive(Debug)]
pub(crate) struct Written {
    /// The text.
    pub text: String,
    /// What was guessed, for people; none when nothing was.
    pub guess: Option<String>,
}

fn languages() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::code))
        .map(|code| Language::from_code(&code).unwrap_or_default())
}

fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::as_str))
        .map(|name| Preset::from_name(&name).unwrap_or(Preset::Blank))
}

impl Profile {
    /// Writes the `tenant.toml` of a business called `name`.
    ///
    /// # Errors
    /// A usage failure when a flag is wrong.
    pub(crate) fn write(&self, name: &str) -> anyhow::Result<Written> {
        let wrong = |message: String| Failure::new(ExitStatus::Usage, message);
        // Places where the language is spoken by many. Said aloud, since a wrong zone moves every appointment.
        let (usual_zone, usual_currency) = match self.language {
            Language::Es => ("America/Bogota", "COP"),
            Language::En => ("America/New_York", "USD"),
            Language::Pt => ("America/Sao_Paulo", "BRL"),
        };
        let timezone = self.timezone.as_deref().unwrap_or(usual_zone);
        jiff::tz::TimeZoneDatabase::bundled().get(timezone).map_err(|_| {
            wrong(format!("--timezone: there is no IANA time zone {timezone:?}"))
                .hint("for example America/Bogota, America/Mexico_City or Europe/Madrid")
        })?;
        let currency = Currency::parse(self.currency.as_deref().unwrap_or(usual_currency))
            .map_err(|error| wrong(format!("--currency: {error}")))?;
        if name.trim().is_empty() {
            return Err(wrong("--name must not be empty".to_owned()).into());
        }
        let new = NewTenant { preset: self.preset, name, language: self.language, timezone, currency };
        let text = new.render().context("cannot write the preset")?;
        let guessed = self.timezone.is_none() || self.currency.is_none();
        let guess = guessed.then(|| format!("time zone {timezone} and currency {currency} are a guess"));
        Ok(Written { text, guess })
    }
}
