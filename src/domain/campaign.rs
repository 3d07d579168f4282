//! The campaign that a customer came by: a short mark at the end of the text that a link has prepared, such as
//! `Hola, quiero saber más [feria-2026]`. The same word is the payload of a link to a Telegram bot.

use std::fmt;

/// The most characters of a campaign's name: what Telegram allows in a link
/// (<https://core.telegram.org/bots/features#deep-linking>).
const MAX_CHARS: usize = 64;

/// The name of a campaign: `A-Z`, `a-z`, `0-9`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign(String);

/// Why a text is not the name of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a campaign is 1 to {MAX_CHARS} of a-z, A-Z, 0-9, - and _, not {0:?}")]
pub struct CampaignError(String);

impl Campaign {
    /// The campaign of a name.
    ///
    /// # Errors
    /// [`CampaignError`].
    pub fn parse(name: &str) -> Result<Self, CampaignError> {
        let is_right = (1..=MAX_CHARS).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if is_right { Ok(Self(name.to_owned())) } else { Err(CampaignError(name.to_owned())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A text with the campaign's mark.
    pub fn mark(&self, text: &str) -> String {
        format!("{} [{}]", text.trim_end(), self.0).trim_start().to_owned()
    }

    /// What a customer says and the campaign that it is marked with. A text that is nothing but a mark is left as it is.
    pub fn take(text: &str) -> Option<(&str, Self)> {
        let (words, mark) = text.trim_end().strip_suffix(']')?.rsplit_once('[')?;
        let words = words.trim_end();
        (!words.is_empty()).then_some((words, Self::parse(mark).ok()?))
    }
}

impl std::str::FromStr for Campaign {
    type Err = CampaignError;

    fn from_str(name: &str) -> Result<Self, CampaignError> {
        Self::parse(name)
    }
}

impl fmt::Display for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_marked_is_taken_back() {
        let campaign = Campaign::parse("feria-2026").unwrap();
        let marked = campaign.mark("Hola, quiero saber más");
        assert_eq!(marked, "Hola, quiero saber más [feria-2026]");
        assert_eq!(Campaign::take(&marked), Some(("Hola, quiero saber más", campaign)));
    }

    #[test]
    fn other_brackets_stay_what_they_are() {
        for text in ["hola", "[feria]", "vea [esto de aquí]", "hola [feria] gracias", "a []", "precio [50€]"]
        {
            assert_eq!(Campaign::take(text), None, "{text}");
        }
        for wrong in ["", "con espacio", "ñ", &"a".repeat(65)] {
            assert!(Campaign::parse(wrong).is_err(), "{wrong}");
        }
    }
}
