//! What a message of a customer says, whatever kind it is of: words, files, or nothing that asks for an answer.
//!
//! What is not text is put into signs that every language and every model understands: 📍 a place, 👤 a contact, 🛒 an
//! order, 🏷️ a product, 📣 the advertisement that was answered.

use serde::Deserialize;
use serde_json::Value;

use super::{
    CHOICE,
    webhook::{Note, WireError},
};
use crate::domain::message::{Attachment, AttachmentKind};

/// A customer took another number and told WhatsApp to bring everything along. Any other change, such as that of the keys,
/// may be another person: <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference/messages/system>.
const CHANGED_NUMBER: &str = "user_changed_number";

/// What a message says, one field a kind.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(rename = "type")]
    kind: String,
    text: Option<Text>,
    image: Option<Media>,
    sticker: Option<Media>,
    audio: Option<Media>,
    video: Option<Media>,
    document: Option<Media>,
    location: Option<Location>,
    contacts: Option<Vec<Card>>,
    button: Option<Button>,
    interactive: Option<Interactive>,
    order: Option<Order>,
    system: Option<System>,
    edit: Option<Edit>,
    referral: Option<Referral>,
    context: Option<Context>,
    errors: Vec<WireError>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct Media {
    id: String,
    mime_type: Option<String>,
    sha256: Option<String>,
    caption: Option<String>,
    filename: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    latitude: f64,
    longitude: f64,
    name: Option<String>,
    address: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Card {
    #[serde(default)]
    name: CardName,
    #[serde(default)]
    org: CardOrg,
    #[serde(default)]
    phones: Vec<CardPhone>,
    #[serde(default)]
    emails: Vec<CardEmail>,
}

#[derive(Default, Deserialize)]
struct CardName {
    formatted_name: Option<String>,
    first_name: Option<String>,
}

#[derive(Default, Deserialize)]
struct CardOrg {
    company: Option<String>,
}

#[derive(Deserialize)]
struct CardPhone {
    phone: Option<String>,
    wa_id: Option<String>,
}

#[derive(Deserialize)]
struct CardEmail {
    email: Option<String>,
}

#[derive(Deserialize)]
struct Button {
    text: Option<String>,
    payload: Option<String>,
}

#[derive(Deserialize)]
struct Interactive {
    #[serde(rename = "button_reply")]
    button: Option<Choice>,
    #[serde(rename = "list_reply")]
    row: Option<Choice>,
    #[serde(rename = "nfm_reply")]
    form: Option<Form>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    id: String,
    #[serde(default)]
    title: String,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Form {
    response_json: Option<String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Order {
    text: Option<String>,
    #[serde(default)]
    product_items: Vec<Ordered>,
}

#[derive(Deserialize)]
struct Ordered {
    product_retailer_id: String,
    #[serde(default)]
    quantity: Value,
    #[serde(default)]
    item_price: Value,
    #[serde(default)]
    currency: String,
}

#[derive(Deserialize)]
struct System {
    #[serde(default, rename = "type")]
    kind: String,
    /// The number that the customer has now; before v12 it was called otherwise.
    #[serde(alias = "new_wa_id")]
    wa_id: Option<String>,
}

#[derive(Deserialize)]
struct Edit {
    message: Box<Content>,
}

#[derive(Deserialize)]
struct Referral {
    #[serde(default)]
    source_type: String,
    #[serde(default)]
    source_id: String,
    headline: Option<String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Context {
    referred_product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_retailer_id: Option<String>,
}

/// What is made of a message.
pub(super) enum Heard {
    /// A turn.
    Something(Words),
    /// The customer has this number now.
    Moved(String),
    /// Nothing that asks for an answer.
    Silence(Note),
}

/// What a message says.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) attachments: Vec<Attachment>,
    pub(super) source: Option<String>,
}

/// What a message says.
pub(super) fn heard(content: &Content) -> Heard {
    let silence = |what: &str| Heard::Silence(Note::Passed(what.to_owned()));
    let words = match content.kind.as_str() {
        "reaction" => return silence("a reaction"),
        "revoke" => return silence("a message that was taken back"),
        "request_welcome" => return silence("a customer who opened the chat"),
        "system" => {
            let Some(System { kind, wa_id }) = &content.system else { return silence("a change") };
            let number = wa_id.as_ref().filter(|number| !number.is_empty());
            return match (kind.as_str(), number) {
                (CHANGED_NUMBER, Some(number)) => Heard::Moved(number.clone()),
                _ => Heard::Silence(Note::Contact(kind.clone())),
            };
        }
        // The customer corrected a message: what it says now counts.
        "edit" => match &content.edit {
            Some(edit) if edit.message.kind != "edit" => return heard(&edit.message),
            _ => None,
        },
        _ => content.words(),
    };
    let mut words = words.unwrap_or_else(|| content.unread());
    if let Some(product) = content.product() {
        words.text = join([&words.text, &format!("🏷️ {product}")]);
    }
    if let Some(referral) = &content.referral {
        words.text = join([&words.text, &referral.words()]);
        words.source = Some(format!("{}:{}", referral.source_type, referral.source_id));
    }
    Heard::Something(words)
}

impl Content {
    /// The words and files of the kinds that have them.
    fn words(&self) -> Option<Words> {
        match self.kind.as_str() {
            "text" => Some(said(self.text.as_ref()?.body.clone())),
            "image" => Some(self.image.as_ref()?.file(AttachmentKind::Picture)),
            "sticker" => Some(self.sticker.as_ref()?.file(AttachmentKind::Picture)),
            "audio" => Some(self.audio.as_ref()?.file(AttachmentKind::Voice)),
            "video" => Some(self.video.as_ref()?.file(AttachmentKind::File)),
            "document" => Some(self.document.as_ref()?.file(AttachmentKind::File)),
            "location" => Some(said(self.location.as_ref()?.words())),
            "contacts" => {
                let cards: Vec<String> = self.contacts.as_ref()?.iter().map(Card::words).collect();
                Some(said(cards.join("\n")))
            }
            "button" => {
                let button = self.button.as_ref()?;
                button.text.clone().or_else(|| button.payload.clone()).map(said)
            }
            "interactive" => self.interactive.as_ref()?.words().map(said),
            "order" => Some(said(self.order.as_ref()?.words())),
            _ => None,
        }
    }

    /// A message that cannot be read, which the customer is told.
    fn unread(&self) -> Words {
        let kind = if self.kind.is_empty() { "unknown" } else { &self.kind };
        let reason = self.errors.first().map(|error| format!(" ({})", error.words())).unwrap_or_default();
        tracing::debug!(kind, reason, "a message that cannot be read");
        Words { attachments: vec![Attachment::unknown()], ..Words::default() }
    }

    /// The product that the message is about.
    fn product(&self) -> Option<&str> {
        self.context.as_ref()?.referred_product.as_ref()?.product_retailer_id.as_deref()
    }
}

fn said(text: String) -> Words {
    Words { text, ..Words::default() }
}

/// The parts that are not empty, one a line.
fn join<const N: usize>(parts: [&str; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

impl Media {
    fn file(&self, kind: AttachmentKind) -> Words {
        let file = Attachment {
            kind,
            reference: self.id.clone(),
            mime: self.mime_type.clone(),
            name: self.filename.clone(),
            checksum: self.sha256.clone(),
            unread: None,
        };
        Words { text: self.caption.clone().unwrap_or_default(), attachments: vec![file], source: None }
    }
}

impl Location {
    fn words(&self) -> String {
        let Self { latitude, longitude, name, address, url } = self;
        let place: Vec<&str> = [name, address].into_iter().flatten().map(String::as_str).collect();
        let place = match place.as_slice() {
            [] => format!("📍 {latitude}, {longitude}"),
            parts => format!("📍 {} ({latitude}, {longitude})", parts.join(", ")),
        };
        join([&place, url.as_deref().unwrap_or_default()])
    }
}

impl Card {
    fn words(&self) -> String {
        let name = self.name.formatted_name.as_ref().or(self.name.first_name.as_ref());
        let company = self.org.company.as_ref().map(|company| format!("({company})"));
        let phones = self.phones.iter().filter_map(|phone| {
            phone.phone.clone().or_else(|| phone.wa_id.as_ref().map(|id| format!("+{id}")))
        });
        let emails = self.emails.iter().filter_map(|email| email.email.clone());
        let parts: Vec<String> =
            name.cloned().into_iter().chain(company).chain(phones).chain(emails).collect();
        format!("👤 {}", parts.join(" "))
    }
}

impl Interactive {
    fn words(&self) -> Option<String> {
        if let Some(choice) = self.button.as_ref().or(self.row.as_ref()) {
            return choice.words();
        }
        let form = self.form.as_ref()?;
        let answers: Option<serde_json::Map<String, Value>> =
            form.response_json.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let lines: Vec<String> = answers
            .into_iter()
            .flatten()
            .filter(|(name, _)| name != "flow_token")
            .map(|(name, value)| format!("{name}: {}", plain(&value)))
            .collect();
        if lines.is_empty() { form.body.clone() } else { Some(format!("📝 {}", lines.join("\n"))) }
    }
}

impl Choice {
    /// The words that were chosen: those of a button of ours, which may have shown only their beginning.
    fn words(&self) -> Option<String> {
        if let Some(whole) = self.id.strip_prefix(CHOICE) {
            return Some(whole.to_owned());
        }
        let words = match self.description.as_deref() {
            Some(description) if !description.is_empty() => format!("{} ({description})", self.title),
            _ => self.title.clone(),
        };
        let words = if words.is_empty() { self.id.clone() } else { words };
        (!words.is_empty()).then_some(words)
    }
}

impl Order {
    fn words(&self) -> String {
        let items: Vec<String> = self
            .product_items
            .iter()
            .map(|item| {
                let Ordered { product_retailer_id, quantity, item_price, currency } = item;
                format!("{} × {product_retailer_id} ({} {currency})", plain(quantity), plain(item_price))
            })
            .collect();
        join([&format!("🛒 {}", items.join(", ")), self.text.as_deref().unwrap_or_default()])
    }
}

impl Referral {
    fn words(&self) -> String {
        let parts: Vec<&str> =
            [&self.headline, &self.body].into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { String::new() } else { format!("📣 {}", parts.join(": ")) }
    }
}

/// A value as it is read: a text without its quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
