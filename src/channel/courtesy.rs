//! Courtesies that nobody waits for: showing a customer that an answer is on its way, and that a tap was heard.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{
    Channels,
    telegram::{self, Tap},
};
use crate::{
    config::tenant::channels::{Channels as Configured, Telegram},
    domain::conversation::ChannelKind,
};

/// How long an answer may take before typing is shown: what is ready at once, or is only stored, needs none.
const BEFORE_TYPING: Duration = Duration::from_millis(300);

/// How often it is shown again: Telegram shows it for five seconds.
const TYPE_AGAIN: Duration = Duration::from_secs(4);

/// Typing that is shown as long as this is kept.
#[derive(Debug, Default)]
#[must_use = "it ends when this is dropped"]
pub struct Typing(Option<JoinHandle<()>>);

impl Drop for Typing {
    fn drop(&mut self) {
        if let Some(shown) = &self.0 {
            shown.abort();
        }
    }
}

impl Channels {
    /// Confirms taps on the buttons of a Telegram bot.
    pub fn confirm_taps(&self, settings: &Telegram, taps: Vec<Tap>) {
        if !taps.is_empty() {
            let (http, settings) = (self.http.clone(), settings.clone());
            tokio::spawn(async move { telegram::confirm(&http, &settings, taps).await });
        }
    }

    /// Shows a contact that an answer is being written, where the channel can. A courtesy: nobody waits for it, and nothing
    /// is said when it fails.
    pub fn show_typing(&self, configured: &Arc<Configured>, kind: ChannelKind, contact: &str) -> Typing {
        if kind != ChannelKind::Telegram {
            return Typing::default();
        }
        let (http, configured, contact) = (self.http.clone(), configured.clone(), contact.to_owned());
        Typing(Some(tokio::spawn(async move {
            let Some(settings) = &configured.telegram else { return };
            tokio::time::sleep(BEFORE_TYPING).await;
            loop {
                telegram::show_typing(&http, settings, &contact).await;
                tokio::time::sleep(TYPE_AGAIN).await;
            }
        })))
    }
}
