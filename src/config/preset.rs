//! The first `tenant.toml` of a new tenant: a template for the kind of business, with its texts in the tenant's
//! language. The templates are `presets/*.toml`.
//!
//! In a template a comment with a space (`# like this`) is prose and one without (`#key = 1`) is a setting that is
//! off.

use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior, Value, context,
    value::{Kwargs, ValueKind},
};

use crate::domain::{language::Language, money::Currency};

/// A kind of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Gives appointments: a clinic, a hairdresser.
    Clinic,
    /// Sells products from a catalogue.
    Shop,
    /// Sells services and collects leads.
    Services,
    /// Only what every tenant needs; everything else is off.
    Blank,
}

/// What goes into a new `tenant.toml`.
#[derive(Debug, Clone)]
pub struct NewTenant<'a> {
    /// The kind of business.
    pub preset: Preset,
    /// The name customers know.
    pub name: &'a str,
    /// The language of the texts.
    pub language: Language,
    /// The IANA zone.
    pub timezone: &'a str,
    /// The currency of the prices.
    pub currency: Currency,
}

/// The templates, by the name they include each other with.
const TEMPLATES: [(&str, &str); 5] = [
    ("clinic", include_str!("../../presets/clinic.toml")),
    ("shop", include_str!("../../presets/shop.toml")),
    ("services", include_str!("../../presets/services.toml")),
    ("blank", include_str!("../../presets/blank.toml")),
    ("rest", include_str!("../../presets/rest.toml")),
];

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 4] = [Self::Clinic, Self::Shop, Self::Services, Self::Blank];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::Shop => "shop",
            Self::Services => "services",
            Self::Blank => "blank",
        }
    }

    /// The preset of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }
}

impl NewTenant<'_> {
    /// Writes the `tenant.toml`.
    ///
    /// # Errors
    /// Only when a template is wrong, which the tests of this module rule out.
    pub fn render(&self) -> Result<String, Error> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in TEMPLATES {
            templates.add_template(name, text)?;
        }
        let code = self.language.code();
        // `t(es=…, en=…, pt=…)` is the text, or list of texts, in the tenant's language, as TOML.
        templates.add_function("t", move |texts: Kwargs| -> Result<String, Error> {
            let chosen = texts.get::<Value>(code)?;
            for language in Language::ALL {
                texts.get::<Value>(language.code())?;
            }
            texts.assert_all_used()?;
            as_toml(&chosen)
        });
        templates.add_filter("toml", |value: Value| as_toml(&value));
        let mut text = templates.get_template(self.preset.as_str())?.render(context! {
            name => self.name,
            language => code,
            timezone => self.timezone,
            currency => self.currency.code(),
        })?;
        text.push('\n');
        Ok(text)
    }
}

/// A text or a list of texts as TOML, on one line.
fn as_toml(value: &Value) -> Result<String, Error> {
    let text = |value: &Value| {
        let text = value.as_str().ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "not a text"))?;
        Ok::<_, Error>(toml::Value::from(text))
    };
    let value = match value.kind() {
        ValueKind::Seq => {
            toml::Value::Array(value.try_iter()?.map(|item| text(&item)).collect::<Result<_, _>>()?)
        }
        _ => text(value)?,
    };
    Ok(value.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{env::Env, tenant::TenantConfig, tests::switch_on};

    fn render(preset: Preset, language: Language) -> String {
        let currency = Currency::parse("COP").unwrap();
        let name = "La \"Esquina\" \\ ñandú";
        NewTenant { preset, name, language, timezone: "America/Bogota", currency }.render().unwrap()
    }

    #[test]
    fn every_preset_is_right_in_every_language_as_it_is_and_with_everything_switched_on() {
        for preset in Preset::ALL {
            for language in Language::ALL {
                let text = render(preset, language);
                let config = TenantConfig::parse(&text, Path::new("tenant.toml"), &Env::default());
                let config =
                    config.unwrap_or_else(|error| panic!("{preset:?} {language:?}: {error}\n{text}"));
                assert_eq!(config.name, "La \"Esquina\" \\ ñandú");
                assert_eq!(config.language, language);
                assert_eq!(config.timezone.iana_name(), Some("America/Bogota"));
                assert_eq!(config.channels.meta, None);
                let (on, env) = switch_on(&text);
                let config = TenantConfig::parse(&on, Path::new("tenant.toml"), &env);
                let config = config.unwrap_or_else(|error| panic!("{preset:?} {language:?}: {error}\n{on}"));
                assert!(config.channels.meta.is_some());
                assert_eq!(config.booking.is_some(), preset != Preset::Shop);
            }
        }
    }

    #[test]
    fn the_blank_preset_mentions_every_key_there_is() {
        let text = render(Preset::Blank, Language::En);
        let (on, env) = switch_on(&text);
        let (_, known) = TenantConfig::parse_and_list(&on, Path::new("tenant.toml"), &env).unwrap();
        crate::config::tests::assert_mentions_all(&text, &known);
    }

    #[test]
    fn texts_for_customers_are_in_the_tenants_language() {
        assert!(render(Preset::Clinic, Language::Es).contains("¡Hola!"));
        assert!(render(Preset::Clinic, Language::En).contains("Hello!"));
        assert!(render(Preset::Clinic, Language::Pt).contains("Olá!"));
    }
}
