//! `[channels.meta]`: WhatsApp at Meta.

use serde::Serialize;

use super::{address, digits};
use crate::config::{
    leaf::Leaf,
    secret::Secret,
    section::{Section, unique},
};

/// WhatsApp Cloud API: <https://developers.facebook.com/docs/whatsapp/cloud-api>.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meta {
    /// `phone_number_id`: the id of the sending number; digits.
    pub phone_number_id: String,
    /// `phone`: that number as customers see it, such as `+573001112233`. Default none: Meta is asked when it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// `business_account_id`: the WhatsApp Business account, whose subscription `iass doctor` checks. Default none: not
    /// checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_account_id: Option<String>,
    /// `access_token`, `access_token_file`: the token that sends.
    pub access_token: Secret,
    /// `app_secret`, `app_secret_file`: what Meta signs webhooks with.
    pub app_secret: Secret,
    /// `verify_token`, `verify_token_file`: what Meta shows when the webhook is registered.
    pub verify_token: Secret,
    /// `api_base`: Default `https://graph.facebook.com/v23.0`.
    pub api_base: String,
    /// `list_button`: the word on the button that opens a list of choices; at most 20 characters. Default that of the
    /// tenant's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_button: Option<String>,
    /// `[channels.meta.template]`: what carries a reply a day after the customer's last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// `[[channels.meta.numbers]]`: more numbers of the same business.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Number>,
}

/// An approved template with one variable in its body, which becomes the reply:
/// <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// `name`: as it was approved.
    pub name: String,
    /// `language`: the language it was approved in, such as `es` or `pt_BR`.
    pub language: String,
}

/// One more number of a business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Number {
    /// `phone_number_id`: its id; digits.
    pub phone_number_id: String,
    /// `phone`: the number as customers see it. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The most characters on the button of a list.
const MAX_LIST_BUTTON: usize = 20;

impl Meta {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let phone_number_id = section.require("phone_number_id", digits);
        let phone = section.read("phone", phone_number);
        let business_account_id = section.read("business_account_id", digits);
        let access_token = section.require_secret("access_token");
        let app_secret = section.require_secret("app_secret");
        let verify_token = section.require_secret("verify_token");
        let api_base = address(section, "api_base", "https://graph.facebook.com/v23.0");
        let list_button = section.read("list_button", list_button);
        let template = section.optional_section("template").and_then(|table| Template::read(&table));
        let numbers = section.sections("numbers");
        unique(&numbers, "phone_number_id");
        Some(Self {
            phone_number_id: phone_number_id?,
            phone,
            business_account_id,
            access_token: access_token?,
            app_secret: app_secret?,
            verify_token: verify_token?,
            api_base,
            list_button,
            template,
            numbers: numbers.iter().filter_map(Number::read).collect(),
        })
    }

    /// All numbers: the first, then the others; each with its id and how customers see it.
    pub fn all_numbers(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let others =
            self.numbers.iter().map(|number| (number.phone_number_id.as_str(), number.phone.as_deref()));
        std::iter::once((self.phone_number_id.as_str(), self.phone.as_deref())).chain(others)
    }

    /// Whether a number is one of this business's.
    pub fn has_number(&self, phone_number_id: &str) -> bool {
        self.all_numbers().any(|(id, _)| id == phone_number_id)
    }
}

impl Template {
    fn read(section: &Section<'_>) -> Option<Self> {
        let name = section.require("name", Leaf::name_value);
        let language = section.require("language", Leaf::name_value);
        Some(Self { name: name?, language: language? })
    }
}

impl Number {
    fn read(section: &Section<'_>) -> Option<Self> {
        let phone_number_id = section.require("phone_number_id", digits);
        let phone = section.read("phone", phone_number);
        Some(Self { phone_number_id: phone_number_id?, phone })
    }
}

fn phone_number(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let right = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if right { Ok(number) } else { Err(format!("must be a number such as \"+573001112233\", not {text:?}")) }
}

fn list_button(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.words()?;
    if text.chars().count() <= MAX_LIST_BUTTON {
        Ok(text)
    } else {
        Err(format!("must have at most {MAX_LIST_BUTTON} characters"))
    }
}
