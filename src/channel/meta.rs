//! WhatsApp at Meta, the Cloud API (<https://developers.facebook.com/docs/whatsapp/cloud-api>).
//!
//! Webhooks are verified over their raw bytes and become messages and news ([`webhook`]); replies go out as text, buttons,
//! lists or, a day after the customer's last message, as the approved template ([`send()`]). Meta has no way to send
//! something once only, so each reply carries a mark that comes back with its status: a reply whose answer was lost on the
//! way is not sent again once its status arrived.

mod graph;
mod media;
mod send;
mod signature;
pub mod webhook;
mod words;

use serde::Serialize;

pub use self::{
    media::fetch,
    send::send,
    signature::{SIGNATURE_HEADER, is_verify_token, sign, verify},
};
use crate::config::tenant::channels::meta::Meta;

/// What the id of our buttons and rows begins with; the whole words of the choice follow.
const CHOICE: &str = "iass:";

/// Shows the customer that a message was read and that an answer is being written, for at most 25 seconds
/// (<https://developers.facebook.com/docs/whatsapp/cloud-api/typing-indicators>).
///
/// # Errors
/// Why Meta did not take it; it is not worth another try.
pub async fn mark_read(
    http: &reqwest::Client,
    meta: &Meta,
    number: &str,
    message_id: &str,
) -> Result<(), String> {
    #[derive(Serialize)]
    struct Read<'a> {
        messaging_product: &'static str,
        status: &'static str,
        message_id: &'a str,
        typing_indicator: Typing,
    }
    #[derive(Serialize)]
    struct Typing {
        #[serde(rename = "type")]
        kind: &'static str,
    }
    let read = Read {
        messaging_product: "whatsapp",
        status: "read",
        message_id,
        typing_indicator: Typing { kind: "text" },
    };
    graph::post(http, meta, &format!("{number}/messages"), &read).await.map(drop).map_err(|e| e.to_string())
}
