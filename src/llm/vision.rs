//! Pictures to text: what one shows, with the customer's question in mind.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    account::Asker,
    client::Picture,
    media::{LookUp, MediaError, MediaFile, MediaKind, MediaReader, PictureKind, Read},
    pool::single::Task,
};

impl MediaReader {
    /// What a picture shows. `rules` is the system prompt, in the language of the description; `question` what the
    /// customer asked with the picture, empty when nothing.
    ///
    /// # Errors
    /// [`MediaError`], each with a sentence for the customer.
    pub async fn see(
        &self,
        asker: &Asker<'_>,
        file: MediaFile,
        rules: &str,
        question: &str,
    ) -> Result<Read, MediaError> {
        const KIND: MediaKind = MediaKind::Picture;
        let Some(model) = self.pool.vision_model(asker.tenant) else { return Err(MediaError::Off(KIND)) };
        if file.bytes.len() > file.max_bytes {
            return Err(MediaError::TooLarge { kind: KIND, max_mb: file.max_bytes / (1024 * 1024) });
        }
        let Some(picture) = PictureKind::of(&file.bytes) else { return Err(MediaError::Format(KIND)) };
        let about = [model.model.as_str(), rules, question];
        let new = match self.look_up(asker, KIND, &file, &about).await {
            LookUp::Known(read) => return Ok(read),
            LookUp::New(new) => new,
        };
        let bytes = file.bytes.clone();
        let encoded = tokio::task::spawn_blocking(move || BASE64_STANDARD.encode(&bytes)).await;
        let encoded = encoded.map_err(|_| MediaError::Unreadable(KIND))?;
        let picture = Picture { media_type: picture.media_type(), base64: &encoded };
        let seen =
            self.pool.read_media(asker, &model, Task::See { rules, question, picture }, file.deadline).await;
        let read = seen.map_err(|error| MediaError::of_model(KIND, error, file.max_bytes));
        self.keep(asker, new, read.map(|(text, key)| (text.trim().to_owned(), key))).await
    }
}
