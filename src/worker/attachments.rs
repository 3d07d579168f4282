//! Turns the files of waiting messages into words, before their turn: a voice note into what it says, a picture into what
//! it shows. What cannot be read becomes a sentence for the customer, so that nobody is left without an answer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use super::runner::TenantContext;
use crate::{
    channel::{Channels, FetchError},
    config::live::LiveConfig,
    domain::{
        conversation::{ChannelKind, ConversationId},
        language::Language,
        message::{Attachment, AttachmentKind},
    },
    llm::{
        account::Asker,
        media::{MediaError, MediaFile, MediaKind, MediaReader},
    },
    prompts::{Facts, Task, Text},
    store::inbox::Pending,
};

/// The most files of one message that are read.
const MAX_FILES: usize = 5;

/// How often a file is fetched before it is given up.
const MAX_FETCHES: u32 = 3;

/// The pause before a file is fetched again.
const FETCH_AGAIN: Duration = Duration::from_millis(300);

/// What of its customers' files a tenant wants read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaRules {
    /// The most bytes of a file.
    pub max_bytes: usize,
    /// The longest recording.
    pub max_length: Duration,
}

/// Fetches files from their channel and has them read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AttachmentReader {
    /// Where files are fetched.
    pub channels: Channels,
    /// What reads them.
    pub media: MediaReader,
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
}

/// The words of a file, or what the customer is told instead.
type Words = Result<String, Text>;

impl AttachmentReader {
    /// Puts words in the place of the files of these messages, and keeps them with the message.
    pub async fn read(
        &self,
        tenant: &TenantContext,
        conversation: &ConversationId,
        channel: ChannelKind,
        language: Option<Language>,
        messages: &mut [Pending],
        deadline: Instant,
    ) {
        for message in messages.iter_mut().filter(|message| !message.attachments.is_empty()) {
            let files = std::mem::take(&mut message.attachments);
            let asker = Asker { tenant: &tenant.account, conversation };
            let reading = Reading { reader: self, tenant, asker, channel, language, deadline };
            let mut left = Vec::new();
            for (place, file) in files.into_iter().enumerate() {
                if place >= MAX_FILES {
                    left.push(file);
                } else if let Some(told) = file.unread.clone() {
                    message.unread = Some(told);
                    left.push(file);
                } else {
                    match reading.words(&file, &message.text).await {
                        Ok(words) => {
                            let parts = [message.text.as_str(), words.as_str()];
                            let parts = parts.into_iter().filter(|part| !part.is_empty());
                            message.text = parts.collect::<Vec<_>>().join("\n");
                        }
                        Err(sentence) => {
                            message.unread = Some(reading.sentence(sentence));
                            // Read again if the turn does not commit: the model may be back by then.
                            left.push(file);
                        }
                    }
                }
            }
            if let Err(error) = tenant.db.set_words(message.seq, message.text.clone(), left).await {
                tracing::warn!(tenant = %tenant.id, %error, "the words of a file were not kept with their message");
            }
        }
    }
}

/// The files of one message.
struct Reading<'a> {
    reader: &'a AttachmentReader,
    tenant: &'a TenantContext,
    asker: Asker<'a>,
    channel: ChannelKind,
    language: Option<Language>,
    deadline: Instant,
}

impl Reading<'_> {
    async fn words(&self, file: &Attachment, question: &str) -> Words {
        let kind = match file.kind {
            AttachmentKind::Voice => MediaKind::Voice,
            AttachmentKind::Picture => MediaKind::Picture,
            AttachmentKind::File => return Err(Text::FileUnread),
        };
        let _place = self.reader.media.place().await;
        let bytes = match self.fetch(file).await {
            Ok(bytes) => bytes,
            Err(FetchError::TooLarge) => {
                let max_mb = self.tenant.media.max_bytes / (1024 * 1024);
                return Err(MediaError::TooLarge { kind, max_mb }.sentence());
            }
            Err(error) => {
                let (tenant, channel) = (&self.tenant.id, self.channel);
                tracing::warn!(%tenant, %channel, %error, "a customer's file cannot be fetched");
                return Err(match kind {
                    MediaKind::Voice => Text::VoiceTrouble,
                    MediaKind::Picture => Text::PictureTrouble,
                });
            }
        };
        let file = MediaFile {
            bytes,
            max_bytes: self.tenant.media.max_bytes,
            max_length: self.tenant.media.max_length,
            keep_days: self.reader.live.get().retention.media_days,
            deadline: self.deadline,
        };
        let media = &self.reader.media;
        let read = match kind {
            MediaKind::Voice => media.hear(&self.asker, file, self.language).await,
            MediaKind::Picture => {
                let rules = self.tenant.prompts.render(Task::Picture, self.spoken(), &self.facts());
                media.see(&self.asker, file, &rules, question).await
            }
        };
        match (read, kind) {
            (Ok(read), MediaKind::Voice) => Ok(read.text),
            (Ok(read), MediaKind::Picture) => {
                let label = self.sentence(Text::PictureShows);
                Ok(format!("[{label} {}]", read.text.trim()))
            }
            (Err(error), _) => {
                tracing::warn!(tenant = %self.tenant.id, %error, "a customer's file cannot be read");
                Err(error.sentence())
            }
        }
    }

    async fn fetch(&self, file: &Attachment) -> Result<Bytes, FetchError> {
        let (channels, most) = (&self.reader.channels, self.tenant.media.max_bytes);
        let mut tries = 1;
        loop {
            let fetched = channels.fetch(&self.tenant.channels, self.channel, file, most);
            match tokio::time::timeout_at(self.deadline, fetched).await {
                Ok(Err(FetchError::Temporary(_))) if tries < MAX_FETCHES => tries += 1,
                Ok(fetched) => return fetched,
                Err(_late) => return Err(FetchError::Temporary("no answer in time".to_owned())),
            }
            tokio::time::sleep(FETCH_AGAIN).await;
        }
    }

    fn spoken(&self) -> Language {
        self.language.unwrap_or(self.tenant.business.language)
    }

    fn sentence(&self, text: Text) -> String {
        self.tenant.prompts.text(text, self.spoken(), &self.facts())
    }

    /// The facts that sentences and rules may use.
    fn facts(&self) -> Facts {
        let business = &self.tenant.business;
        Facts {
            business: business.name.clone(),
            description: business.description.clone(),
            address: business.address.clone(),
            phone: business.phone.clone(),
            ..Facts::default()
        }
    }
}
