//! Voice notes and pictures as text: looked at first, asked for once, and kept by what is in them.
//!
//! Nothing is converted: what a provider accepts goes there as it came, and what nobody accepts is refused with a sentence
//! for the customer, who never gets silence.

mod length;
mod sniff;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

pub(super) use self::{
    length::length_of,
    sniff::{PictureKind, SoundKind},
};
use super::{
    account::{Asker, TenantAccount},
    error::LlmError,
    pool::Pool,
};
use crate::{
    clock::Clock,
    meters::{Counter, Meters},
    prompts::Text,
    store::media_text::MediaText,
};

/// Files that are worked on at once. Each takes its size in memory, a picture twice.
const MAX_AT_ONCE: usize = 8;

/// How long a text is kept when the owner keeps media for ever, in days.
const FOREVER_DAYS: u32 = 36_500;

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// Turns voice notes and pictures into text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MediaReader {
    pub(super) pool: Arc<Pool>,
    clock: Clock,
    places: Arc<Semaphore>,
}

/// What a file was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The words in it, or what it shows.
    pub text: String,
    /// Whether it was known from before.
    pub cached: bool,
    /// The id of the key whose model read it.
    pub key: String,
    /// How long it took.
    pub took: Duration,
}

/// What there is to read, and the bounds.
#[derive(Debug, Clone)]
pub struct MediaFile {
    /// The file.
    pub bytes: Bytes,
    /// The most bytes.
    pub max_bytes: usize,
    /// The longest sound.
    pub max_length: Duration,
    /// For how many days a text is kept; 0 for ever.
    pub keep_days: u32,
    /// When it must be done.
    pub deadline: Instant,
}

/// Whether a file is heard or seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// A voice note.
    Voice,
    /// A picture.
    Picture,
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// No model for it is configured.
    #[error("no model for {} is configured", .0.as_str())]
    Off(MediaKind),
    /// It is no file of that kind.
    #[error("the file is no {} of a known format", .0.as_str())]
    Format(MediaKind),
    /// The provider cannot read it.
    #[error("the provider cannot read this {}", .0.as_str())]
    Unreadable(MediaKind),
    /// It has too many bytes.
    #[error("the file is larger than {max_mb} MB")]
    TooLarge {
        /// Of which kind it is.
        kind: MediaKind,
        /// The most megabytes.
        max_mb: usize,
    },
    /// It lasts too long.
    #[error("the recording is longer than {max_s} s")]
    TooLong {
        /// The most seconds.
        max_s: u64,
    },
    /// Nothing is to be understood in it.
    #[error("nothing is to be understood in it")]
    Unclear(MediaKind),
    /// The model did not answer.
    #[error("the model did not answer: {error}")]
    Failed {
        /// Of which kind it is.
        kind: MediaKind,
        /// Why.
        error: LlmError,
    },
}

impl MediaKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Picture => "picture",
        }
    }
}

impl MediaError {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Off(_) => "not_configured",
            Self::Format(_) | Self::Unreadable(_) => "unsupported_media",
            Self::TooLarge { .. } => "too_large",
            Self::TooLong { .. } => "too_long",
            Self::Unclear(_) => "unclear",
            Self::Failed { error: LlmError::OverBudget, .. } => "over_budget",
            Self::Failed { .. } => "model_unavailable",
        }
    }

    /// What the customer is told.
    pub fn sentence(&self) -> Text {
        match self {
            Self::Off(MediaKind::Voice) | Self::Failed { kind: MediaKind::Voice, .. } => Text::VoiceTrouble,
            Self::Off(MediaKind::Picture) | Self::Failed { kind: MediaKind::Picture, .. } => {
                Text::PictureTrouble
            }
            Self::Format(MediaKind::Voice) | Self::Unreadable(MediaKind::Voice) => Text::VoiceFormat,
            Self::Format(MediaKind::Picture) | Self::Unreadable(MediaKind::Picture) => Text::PictureFormat,
            Self::TooLarge { kind: MediaKind::Voice, .. } | Self::TooLong { .. } => Text::VoiceTooLong,
            Self::TooLarge { kind: MediaKind::Picture, .. } => Text::PictureTooLarge,
            Self::Unclear(MediaKind::Voice) => Text::VoiceUnclear,
            Self::Unclear(MediaKind::Picture) => Text::PictureTrouble,
        }
    }

    /// What a failure of the model means for the file.
    pub(super) fn of_model(kind: MediaKind, error: LlmError, max_bytes: usize) -> Self {
        match error {
            LlmError::NoKey => Self::Off(kind),
            LlmError::Refused(_) => Self::Unreadable(kind),
            LlmError::ContextTooLong => Self::TooLarge { kind, max_mb: max_bytes / (1024 * 1024) },
            LlmError::BadAnswer => Self::Unclear(kind),
            error => Self::Failed { kind, error },
        }
    }
}

impl MediaReader {
    /// A reader that asks the models of `pool`.
    pub fn new(pool: Arc<Pool>, clock: Clock) -> Self {
        Self { pool, clock, places: Arc::new(Semaphore::new(MAX_AT_ONCE)) }
    }

    /// Whether there is a model for a kind of file of this tenant.
    pub fn reads(&self, kind: MediaKind, tenant: &TenantAccount) -> bool {
        match kind {
            MediaKind::Voice => self.pool.speech_model(tenant).is_some(),
            MediaKind::Picture => self.pool.vision_model(tenant).is_some(),
        }
    }

    /// A place to work on a file, to be taken before the file is in memory and kept until it is read.
    pub async fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// Looks up what a file was read as before. `about` is all that the text depends on besides the file.
    pub(super) async fn look_up(
        &self,
        asker: &Asker<'_>,
        kind: MediaKind,
        file: &MediaFile,
        about: &[&str],
    ) -> LookUp {
        let begun = Instant::now();
        let hash = hash(kind, file.bytes.clone(), about).await;
        let now_ms = self.clock.now_ms();
        let days = if file.keep_days == 0 { FOREVER_DAYS } else { file.keep_days };
        let since_ms = now_ms.saturating_sub(i64::from(days) * DAY_MS);
        if let Some(ledger) = asker.tenant.ledger() {
            match ledger.db.media_text(hash.clone(), since_ms, now_ms).await {
                Ok(Some(MediaText { text, key_id })) => {
                    self.count(asker, kind, "cached");
                    return LookUp::Known(Read { text, cached: true, key: key_id, took: begun.elapsed() });
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(tenant = %asker.tenant.id(), %error, "texts of media cannot be looked up");
                }
            }
        }
        LookUp::New(NewText { kind, hash, since_ms, now_ms, begun })
    }

    /// Keeps what a file was read as.
    pub(super) async fn keep(
        &self,
        asker: &Asker<'_>,
        new: NewText,
        read: Result<(String, String), MediaError>,
    ) -> Result<Read, MediaError> {
        self.count(asker, new.kind, read.as_ref().err().map_or("read", MediaError::code));
        let (text, key) = read?;
        if let Some(ledger) = asker.tenant.ledger() {
            let media = MediaText { text: text.clone(), key_id: key.clone() };
            let kept = ledger.db.keep_media_text(new.hash, media, new.since_ms, new.now_ms).await;
            if let Err(error) = kept {
                tracing::warn!(tenant = %asker.tenant.id(), %error, "the text of a file was not kept");
            }
        }
        Ok(Read { text, cached: false, key, took: new.begun.elapsed() })
    }

    fn count(&self, asker: &Asker<'_>, kind: MediaKind, outcome: &str) {
        let meters: &Meters = self.pool.meters();
        let tenant = asker.tenant.id().as_str();
        meters.count(Counter::Media, &[("tenant", tenant), ("kind", kind.as_str()), ("outcome", outcome)], 1);
    }
}

/// What is known of a file.
pub(super) enum LookUp {
    /// It was read before.
    Known(Read),
    /// It has to be read.
    New(NewText),
}

/// A file that is read the first time.
pub(super) struct NewText {
    kind: MediaKind,
    hash: String,
    since_ms: i64,
    now_ms: i64,
    begun: Instant,
}

/// What stands for a file and what was asked about it. Away from the async threads: a file may have many megabytes.
async fn hash(kind: MediaKind, bytes: Bytes, about: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(kind.as_str()).chain(about.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hashed = tokio::task::spawn_blocking(move || {
        hash.update(&bytes);
        hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    });
    // Interrupted only when the process ends.
    hashed.await.unwrap_or_default()
}
