//! Voice notes to text.

use std::time::Duration;

use super::{
    account::Asker,
    client::Recording,
    media::{LookUp, MediaError, MediaFile, MediaKind, MediaReader, Read, SoundKind, length_of},
    pool::single::Task,
};
use crate::domain::language::Language;

/// What speech models write down when there is nothing to hear: the ends of the films they learned from.
const NOTHING_HEARD: &[&str] = &[
    "subtítulos realizados por la comunidad de amara.org",
    "subtítulos por la comunidad de amara.org",
    "subtitulado por la comunidad de amara.org",
    "gracias por ver el video",
    "gracias por ver el vídeo",
    "suscríbete al canal",
    "thanks for watching",
    "thank you for watching",
    "subtitles by the amara.org community",
    "legendas pela comunidade amara.org",
    "obrigado por assistir",
    "you",
];

/// Bytes a second of a recording that does not tell its length, for what it may cost: a voice note has a third of it.
const USUAL_BYTES_PER_S: u64 = 6_000;

impl MediaReader {
    /// What a voice note says. `language` is given when it is known; else the model finds out.
    ///
    /// # Errors
    /// [`MediaError`], each with a sentence for the customer.
    pub async fn hear(
        &self,
        asker: &Asker<'_>,
        file: MediaFile,
        language: Option<Language>,
    ) -> Result<Read, MediaError> {
        const KIND: MediaKind = MediaKind::Voice;
        let Some(model) = self.pool.speech_model(asker.tenant) else { return Err(MediaError::Off(KIND)) };
        if file.bytes.len() > file.max_bytes {
            return Err(MediaError::TooLarge { kind: KIND, max_mb: file.max_bytes / (1024 * 1024) });
        }
        let bytes = file.bytes.clone();
        let looked_at = tokio::task::spawn_blocking(move || {
            let kind = SoundKind::of(&bytes)?;
            Some((kind, length_of(kind, &bytes)))
        });
        let Ok(Some((sound, length))) = looked_at.await else { return Err(MediaError::Format(KIND)) };
        if length.is_some_and(|length| length > file.max_length) {
            return Err(MediaError::TooLong { max_s: file.max_length.as_secs() });
        }
        let code = language.map_or("", Language::code);
        let about = [model.model.as_str(), code];
        let new = match self.look_up(asker, KIND, &file, &about).await {
            LookUp::Known(read) => return Ok(read),
            LookUp::New(new) => new,
        };
        let recording = Recording {
            bytes: file.bytes.clone(),
            name: sound.file_name(),
            media_type: sound.media_type(),
            language: language.map(Language::code),
        };
        let length =
            length.unwrap_or_else(|| Duration::from_secs(file.bytes.len() as u64 / USUAL_BYTES_PER_S + 1));
        let written =
            self.pool.read_media(asker, &model, Task::Hear { recording, length }, file.deadline).await;
        let read = match written {
            Ok((text, _)) if is_nothing(&text) => Err(MediaError::Unclear(KIND)),
            Ok((text, key)) => Ok((text.trim().to_owned(), key)),
            Err(error) => Err(MediaError::of_model(KIND, error, file.max_bytes)),
        };
        self.keep(asker, new, read).await
    }
}

/// Whether nothing was said.
fn is_nothing(text: &str) -> bool {
    let said = text.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    said.is_empty() || NOTHING_HEARD.contains(&said.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_from_words() {
        for nothing in [
            "",
            " ",
            "...",
            "¡Gracias por ver el video!",
            "Subtítulos realizados por la comunidad de Amara.org",
            " you",
        ] {
            assert!(is_nothing(nothing), "{nothing:?}");
        }
        for words in ["Hola", "Gracias por ver el video que les mandé", "I need you"] {
            assert!(!is_nothing(words), "{words:?}");
        }
    }
}
