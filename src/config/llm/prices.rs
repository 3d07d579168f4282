//! `[llm.prices]`: what the models cost, so that money can be counted and limited.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::{
    config::{leaf::Leaf, section::Section},
    domain::{
        cost::{Cost, Price},
        money::Currency,
    },
};

/// The most that a million tokens may cost. More is a mistake.
const MOST: f64 = 1e9;

/// The prices of models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prices {
    /// `currency`: the currency of all of them. Default USD.
    pub currency: Option<Currency>,
    /// `<model>`: what a model costs, as `{ input, output, minute }`: a million tokens read, a million tokens written,
    /// a minute of sound. What is not given costs nothing.
    #[serde(flatten, serialize_with = "shown")]
    pub models: BTreeMap<String, Price>,
}

impl Prices {
    /// What a model costs; nothing when it is not listed.
    pub fn of(&self, model: &str) -> Price {
        self.models.get(model).copied().unwrap_or_default()
    }

    /// The code of the currency.
    pub fn currency_code(&self) -> &'static str {
        self.currency.map_or("USD", Currency::code)
    }

    pub(super) fn read(section: &Section<'_>) -> Self {
        let currency = if section.has("currency") {
            section.read("currency", |leaf| {
                Currency::parse(&leaf.setting()?).map_err(|error| format!("is wrong: {error}"))
            })
        } else {
            Currency::parse("USD").ok()
        };
        let price = |section: &Section<'_>, key: &str| {
            Cost::from_main(section.read(key, |leaf: &Leaf<'_>| leaf.number(0.0..=MOST)).unwrap_or_default())
        };
        let models = section.named_sections(&["currency"]).into_iter().map(|(model, section)| {
            let found = Price {
                input: price(&section, "input"),
                output: price(&section, "output"),
                minute: price(&section, "minute"),
            };
            (model, found)
        });
        Self { models: models.collect(), currency }
    }
}

/// As it is written in a file.
fn shown<S: Serializer>(models: &BTreeMap<String, Price>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown {
        input: f64,
        output: f64,
        minute: f64,
    }
    let shown = |price: &Price| Shown {
        input: price.input.to_main(),
        output: price.output.to_main(),
        minute: price.minute.to_main(),
    };
    serializer.collect_map(models.iter().map(|(model, price)| (model, shown(price))))
}
