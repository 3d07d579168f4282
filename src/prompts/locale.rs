//! The sentences the product says by itself, one TOML file per language.

use std::{collections::BTreeMap, path::Path};

use toml::Spanned;

use super::{PromptError, Source, Sources};
use crate::domain::language::Language;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $key:literal,)*) => {
        /// A sentence, or a part of one, that the product says by itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Text {
            $($(#[$doc])* $name,)*
        }

        impl Text {
            /// All of them.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$name),*];

            /// The key in the locale file.
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }
        }
    };
}

texts! {
    /// The seven weekdays from Monday, with commas between.
    Weekdays = "weekdays",
    /// "Monday to Friday".
    Range = "range",
    /// What a closed day is called.
    Closed = "closed",
    /// The answer to a greeting.
    Greeting = "greeting",
    /// A greeting before an answer.
    Hello = "hello",
    /// The answer to thanks.
    Thanks = "thanks",
    /// The answer to a goodbye.
    Goodbye = "goodbye",
    /// The answer to "ok".
    Acknowledged = "acknowledged",
    /// The answer to "how are you?".
    Wellbeing = "wellbeing",
    /// The answer to "are you a person?".
    Identity = "identity",
    /// The answer to "what can you do?".
    Help = "help",
    /// The answer to a wish for a person.
    Person = "person",
    /// The honest "I do not know", with the offer of a person.
    Unknown = "unknown",
    /// The answer to a message without words.
    Empty = "empty",
    /// When the knowledge cannot be searched just now.
    Trouble = "trouble",
    /// When a message failed again and again.
    Apology = "apology",
    /// Before facts in another language than the customer's.
    Foreign = "foreign",
    /// Where an answer comes from.
    Source = "source",
    /// The same for several documents.
    Sources = "sources",
    /// The opening hours as an answer.
    OurHours = "our_hours",
    /// The address as an answer.
    OurAddress = "our_address",
    /// The phone number as an answer.
    OurPhone = "our_phone",
    /// The operator: the model keys are nearly all taken.
    PoolCrowded = "alert_pool_crowded",
    /// The operator: there are free model keys again.
    PoolRelieved = "alert_pool_relieved",
    /// The operator: a provider refuses a key.
    KeyRefused = "alert_key_refused",
    /// The operator: the account of a key has no credit.
    KeyQuota = "alert_key_quota",
    /// The operator: a provider does not know a key's model.
    KeyModel = "alert_key_model",
    /// The operator: a tenant's budget is nearly spent.
    BudgetSoft = "alert_budget_soft",
    /// The operator: a tenant's budget is spent.
    BudgetHard = "alert_budget_hard",
    /// The customer: a voice note cannot be heard just now.
    VoiceTrouble = "voice_trouble",
    /// The customer: nothing was understood in a voice note.
    VoiceUnclear = "voice_unclear",
    /// The customer: a voice note is too long.
    VoiceTooLong = "voice_too_long",
    /// The customer: a file is no sound that can be heard.
    VoiceFormat = "voice_format",
    /// The customer: a picture cannot be looked at just now.
    PictureTrouble = "picture_trouble",
    /// The customer: a picture is too large.
    PictureTooLarge = "picture_too_large",
    /// The customer: a file is no picture that can be looked at.
    PictureFormat = "picture_format",
    /// What Spanish is called.
    Spanish = "es",
    /// What English is called.
    English = "en",
    /// What Portuguese is called.
    Portuguese = "pt",
}

impl Text {
    /// The name of its template in a language.
    pub(super) fn template(self, language: Language) -> String {
        format!("{}/{}", language.code(), self.key())
    }

    /// The name of a language.
    pub fn name_of(language: Language) -> Self {
        match language {
            Language::Es => Self::Spanish,
            Language::En => Self::English,
            Language::Pt => Self::Portuguese,
        }
    }
}

/// The file of a language's sentences.
pub(super) fn file(language: Language) -> String {
    format!("locale/{}.toml", language.code())
}

/// Reads the sentences of a file; each knows the line it stands in.
pub(super) fn parse(file: &Path, text: &str, language: Language) -> Result<Sources, PromptError> {
    let wrong = |at: usize, message: String| {
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        PromptError::Wrong { file: file.to_owned(), line, message }
    };
    let entries: BTreeMap<Spanned<String>, Spanned<String>> = toml::from_str(text)
        .map_err(|e| wrong(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
    let mut sources = Sources::new();
    for (key, value) in entries {
        let Some(known) = Text::ALL.into_iter().find(|text| text.key() == key.get_ref()) else {
            let nearest = Text::ALL
                .into_iter()
                .map(Text::key)
                .max_by(|a, b| strsim::jaro(a, key.get_ref()).total_cmp(&strsim::jaro(b, key.get_ref())))
                .unwrap_or_default();
            let message = format!("`{}` is not a sentence; did you mean `{nearest}`?", key.get_ref());
            return Err(wrong(key.span().start, message));
        };
        if known == Text::Weekdays && value.get_ref().split(',').count() != 7 {
            let message = "`weekdays` must name seven days, from Monday, with commas between".to_owned();
            return Err(wrong(value.span().start, message));
        }
        let line = text.get(..value.span().start).unwrap_or_default().matches('\n').count() + 1;
        sources.insert(
            known.template(language),
            Source { text: value.into_inner(), file: file.to_owned(), line },
        );
    }
    Ok(sources)
}
