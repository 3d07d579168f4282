//! One value of a configuration and the ways to read it: as text, number, list, path, address …
//!
//! Every way returns either the value or the end of the sentence "`key` …" that tells the owner what to write.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as ChoiceError};
use toml::{Spanned, de::DeValue};

use crate::{
    config::reader::{Document, Place},
    domain::money::{Currency, Money},
};

/// The most items in a list. More is data, not configuration.
const MAX_ITEMS: usize = 1000;

/// How deep tables may nest in a free-form value.
const MAX_DEPTH: usize = 16;

/// A value, its key and its place.
#[derive(Debug)]
pub(crate) struct Leaf<'a> {
    pub(super) document: &'a Document<'a>,
    /// The dotted key.
    pub key: String,
    pub(super) place: Place,
    pub(super) value: Value<'a>,
}

/// What was written.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    /// A value in the file.
    Toml(&'a DeValue<'a>),
    /// The text of a flag or a variable, which has no type of its own.
    Outside(String),
}

impl<'a> Leaf<'a> {
    /// The last part of the key.
    pub(crate) fn name(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }

    /// Text as it stands; nothing is replaced in it. For what customers read.
    pub(crate) fn text(&self) -> Result<String, String> {
        match &self.value {
            Value::Toml(DeValue::String(text)) => Ok(text.to_string()),
            Value::Toml(other) => Err(format!("must be text in quotes, not {}", describe(other))),
            Value::Outside(text) => Ok(text.clone()),
        }
    }

    /// Text that is not blank.
    pub(crate) fn words(&self) -> Result<String, String> {
        let text = self.text()?;
        if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text) }
    }

    /// Text in which `${NAME}` stands for an environment variable; `$${` is a plain `${`. For settings and secrets.
    pub(crate) fn setting(&self) -> Result<String, String> {
        let text = self.text()?;
        if matches!(self.value, Value::Outside(_)) {
            return Ok(text);
        }
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("${") {
            let (before, after) = rest.split_at(at);
            let after = after.strip_prefix("${").unwrap_or(after);
            if let Some(escaped) = before.strip_suffix('$') {
                expanded.push_str(escaped);
                expanded.push_str("${");
                rest = after;
                continue;
            }
            expanded.push_str(before);
            let (name, after) = after.split_once('}').ok_or("has a \"${\" without its \"}\"")?;
            expanded.push_str(&self.variable(name)?);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
            return Err(format!("has \"${{{name}}}\", which is not the name of a variable"));
        }
        if name.starts_with("IASS_") && !self.document.variables_set_keys {
            return Err(format!("names {name}, but a tenant may not read the daemon's own variables"));
        }
        self.document
            .env
            .get(name)
            .map(str::to_owned)
            .ok_or_else(|| format!("names {name}, which is not set; export it or use `{}_file`", self.name()))
    }

    /// A name: 1 to 64 of letters, digits, `-`, `_` and `.`.
    pub(crate) fn name_value(&self) -> Result<String, String> {
        let text = self.setting()?;
        let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if text.is_empty() || text.chars().count() > 64 || !text.chars().all(allowed) {
            return Err(format!("must be 1 to 64 letters, digits, -, _ or ., not {text:?}"));
        }
        Ok(text)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Result<bool, String> {
        let wrong = |found: &str| format!("must be true or false, not {found}");
        match &self.value {
            Value::Toml(DeValue::Boolean(value)) => Ok(*value),
            Value::Toml(other) => Err(wrong(&describe(other))),
            Value::Outside(text) => text.parse().map_err(|_| wrong(&format!("{text:?}"))),
        }
    }

    /// A whole number in a range.
    pub(crate) fn integer<T>(&self, range: RangeInclusive<T>) -> Result<T, String>
    where
        T: TryFrom<i64> + PartialOrd + std::fmt::Display,
    {
        let wrong = |found: &str| {
            format!("must be a whole number from {} to {}, not {found}", range.start(), range.end())
        };
        let (number, found) = match &self.value {
            Value::Toml(value @ DeValue::Integer(number)) => {
                (i64::from_str_radix(number.as_str(), number.radix()).ok(), describe(value))
            }
            Value::Toml(other) => (None, describe(other)),
            Value::Outside(text) => (text.trim().parse().ok(), format!("{text:?}")),
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| wrong(&found))
    }

    /// A number in a range.
    pub(crate) fn number(&self, range: RangeInclusive<f64>) -> Result<f64, String> {
        let (text, found) = match &self.value {
            Value::Toml(value @ DeValue::Integer(number)) if number.radix() == 10 => {
                (number.as_str(), describe(value))
            }
            Value::Toml(value @ DeValue::Float(number)) => (number.as_str(), describe(value)),
            Value::Toml(other) => ("", describe(other)),
            Value::Outside(text) => (text.trim(), format!("{text:?}")),
        };
        text.parse::<f64>()
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be a number from {} to {}, not {found}", range.start(), range.end()))
    }

    /// A number of milliseconds in a range.
    pub(crate) fn millis(&self, range: RangeInclusive<u64>) -> Result<Duration, String> {
        self.integer(range_i64(range)).map(|number| Duration::from_millis(number.unsigned_abs()))
    }

    /// A number of seconds in a range.
    pub(crate) fn seconds(&self, range: RangeInclusive<u64>) -> Result<Duration, String> {
        self.integer(range_i64(range)).map(|number| Duration::from_secs(number.unsigned_abs()))
    }

    /// A number of minutes in a range.
    pub(crate) fn minutes(&self, range: RangeInclusive<u64>) -> Result<Duration, String> {
        self.integer(range_i64(range)).map(|number| Duration::from_secs(number.unsigned_abs() * 60))
    }

    /// A time span with its unit, such as "6h" or "1d", from a minute to a year.
    pub(crate) fn span(&self) -> Result<Duration, String> {
        const MINUTE: Duration = Duration::from_mins(1);
        const YEAR: Duration = Duration::from_hours(8784);
        let text = self.setting()?;
        let parsed = text.parse::<jiff::Span>().ok();
        parsed
            .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())
            .and_then(|span| Duration::try_from(span).ok())
            .filter(|span| (MINUTE..=YEAR).contains(span))
            .ok_or_else(|| format!("must be a time span such as \"30m\", \"6h\" or \"1d\", not {text:?}"))
    }

    /// One of the words of an enum.
    pub(crate) fn choice<T: DeserializeOwned>(&self) -> Result<T, String> {
        let text = self.setting()?;
        T::deserialize(text.as_str().into_deserializer())
            .map_err(|error: ChoiceError| format!("has an {}", error.to_string().replace("variant", "value")))
    }

    /// A file or folder. In a file, a relative path is relative to the folder of that file; in a flag or a
    /// variable, to the current folder.
    pub(crate) fn path(&self) -> Result<PathBuf, String> {
        let text = self.setting()?;
        if text.is_empty() {
            return Err("must name a file or folder".to_owned());
        }
        Ok(match self.place {
            Place::File(_) => self.document.folder().join(text),
            Place::Variable(_) | Place::Flag(_) => PathBuf::from(text),
        })
    }

    /// An http or https address, without the slash at its end.
    pub(crate) fn url(&self) -> Result<String, String> {
        let text = self.setting()?;
        check_url(&text)?;
        Ok(text.trim_end_matches('/').to_owned())
    }

    /// An amount of money in the main unit of the currency, not negative.
    pub(crate) fn price(&self, currency: Currency) -> Result<Money, String> {
        let text = match &self.value {
            Value::Toml(DeValue::Integer(number)) if number.radix() == 10 => number.as_str().to_owned(),
            Value::Toml(DeValue::Float(number)) => number.as_str().to_owned(),
            Value::Toml(DeValue::String(text)) => text.to_string(),
            Value::Toml(other) => {
                return Err(format!("must be an amount such as 180000 or 19.90, not {}", describe(other)));
            }
            Value::Outside(text) => text.clone(),
        };
        let money = Money::parse_main(&text, currency).map_err(|error| format!("is wrong: {error}"))?;
        if money.minor < 0 { Err(format!("must not be negative, but is {text}")) } else { Ok(money) }
    }

    /// The items of a list. A variable gives them separated by commas.
    pub(crate) fn items(&self) -> Result<Vec<Leaf<'a>>, String> {
        let leaf = |index: usize, place: Place, value: Value<'a>| Leaf {
            document: self.document,
            key: format!("{}[{index}]", self.key),
            place,
            value,
        };
        let items: Vec<_> = match &self.value {
            Value::Toml(DeValue::Array(array)) => {
                let item = |(index, item): (usize, &'a Spanned<DeValue<'a>>)| {
                    leaf(index, Place::File(item.span()), Value::Toml(item.get_ref()))
                };
                array.iter().enumerate().map(item).collect()
            }
            Value::Toml(other) => return Err(format!("must be a list in [ ], not {}", describe(other))),
            Value::Outside(text) => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty()).enumerate();
                words
                    .map(|(index, word)| leaf(index, self.place.clone(), Value::Outside(word.to_owned())))
                    .collect()
            }
        };
        if items.len() > MAX_ITEMS {
            return Err(format!("has {} items; at most {MAX_ITEMS} are allowed", items.len()));
        }
        Ok(items)
    }

    /// The value as it stands in TOML, for dates.
    pub(crate) fn date_text(&self) -> Result<String, String> {
        match &self.value {
            Value::Toml(DeValue::Datetime(date)) => Ok(date.to_string()),
            _ => self.text(),
        }
    }

    /// A free-form value as JSON: a table, or text that holds JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, String> {
        match &self.value {
            Value::Toml(DeValue::String(text)) => {
                serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
            }
            Value::Toml(value) => to_json(value, MAX_DEPTH),
            Value::Outside(text) => {
                serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
            }
        }
    }
}

/// Checks an http or https address.
pub(crate) fn check_url(text: &str) -> Result<url::Url, String> {
    let wrong = || "must be an address that begins with https:// or http://".to_owned();
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let is_http =
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if is_http { Ok(url) } else { Err(wrong()) }
}

fn range_i64(range: RangeInclusive<u64>) -> RangeInclusive<i64> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    number(*range.start())..=number(*range.end())
}

/// A value in words, short, for messages.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(value) => format!("{value}"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn to_json(value: &DeValue<'_>, depth: usize) -> Result<serde_json::Value, String> {
    let depth = depth.checked_sub(1).ok_or("is nested too deep")?;
    Ok(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| "has too large a number")?.into()
        }
        DeValue::Float(number) => {
            number.as_str().parse::<f64>().map_err(|_| "has a number that is none")?.into()
        }
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(array) => {
            array.iter().map(|item| to_json(item.get_ref(), depth)).collect::<Result<Vec<_>, _>>()?.into()
        }
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<toml::de::DeString<'_>>, &Spanned<DeValue<'_>>)| {
                Ok::<_, String>((key.get_ref().to_string(), to_json(value.get_ref(), depth)?))
            };
            serde_json::Value::Object(table.iter().map(entry).collect::<Result<_, _>>()?)
        }
    })
}
