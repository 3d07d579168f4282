//! What a model is told of an answer: text, bounded, and without the secrets that it took to get it.

use crate::config::secret::Secret;

/// The most of an answer that a model is told, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// What stands where the rest of an answer was cut off.
const CUT: &str = "\n[… the answer was longer and is cut here]";

/// How much of a refusal is told, in characters.
const MAX_TOLD_CHARS: usize = 300;

/// A secret that is shorter than this could be a part of any text.
const MIN_SECRET_BYTES: usize = 6;

/// A text as a model is told it, marked when it goes on.
pub(super) fn bounded(mut text: String, goes_on: bool) -> String {
    let too_long = text.len() > MAX_BYTES;
    if too_long {
        let at = (0..=MAX_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(at);
    }
    if too_long || goes_on {
        text.push_str(CUT);
    }
    text
}

/// The beginning of a refusal, on one line.
pub(super) fn first_words(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_TOLD_CHARS).collect()
}

/// Takes secrets out of a text: a server may repeat what it was sent.
pub(super) fn without<'a>(text: String, secrets: impl Iterator<Item = &'a Secret>) -> String {
    let mut text = text;
    for secret in secrets {
        // `Bearer x` is known by its token too.
        for part in secret.expose().split_whitespace().chain([secret.expose()]) {
            if part.len() >= MIN_SECRET_BYTES && text.contains(part) && !part.eq_ignore_ascii_case("bearer") {
                text = text.replace(part, crate::config::secret::MASK);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_with_a_mark_and_never_in_a_character() {
        let text = bounded("ñ".repeat(MAX_BYTES), false);
        assert!(text.len() <= MAX_BYTES + CUT.len() && text.ends_with(CUT));
        assert_eq!(bounded("corto".to_owned(), false), "corto");
        assert!(bounded("corto".to_owned(), true).ends_with(CUT));
    }

    #[test]
    fn a_secret_that_comes_back_is_masked() {
        let secrets = [Secret::from("Bearer t0ken-123".to_owned()), Secret::from("1".to_owned())];
        let told = without("you sent Bearer t0ken-123, t0ken-123, bearer 1".to_owned(), secrets.iter());
        assert_eq!(told, "you sent Bearer ***, ***, bearer 1");
    }
}
