//! What the classifiers see of a text besides its vector: its words, pairs of words and pieces of words.
//!
//! The pieces make the router forgive typos ("kanselar") and recognise endings it never saw. All of them are hashed into
//! a fixed number of buckets ([feature hashing][hashing]), so that a model stays small whatever its owner writes.
//!
//! [hashing]: https://arxiv.org/abs/0902.2206

use iass_numerics::linear::{BUCKETS, Feature};

use crate::{engine::words::undrawn, text::fold};

/// Text beyond this many bytes adds nothing to what the customer wants.
const MAX_BYTES: usize = 2_000;

/// Lengths of the pieces of words, in letters; a word's beginning and end count as a letter.
const PIECES: [usize; 3] = [2, 3, 4];

/// The words of a text as the classifiers see them: folded, without drawn-out letters; a number is known by its length
/// only, an e-mail address only as one.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
    let mut tokens = Vec::new();
    for part in fold(text).split_whitespace() {
        if is_address(part) {
            tokens.push("<mail>".to_owned());
            continue;
        }
        for word in part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if word.chars().all(|c| c.is_ascii_digit()) {
                tokens.push(format!("<{}>", word.len().min(9)));
            } else {
                tokens.push(undrawn(word));
            }
        }
    }
    tokens
}

/// Whether a word without spaces looks like an e-mail address.
pub(super) fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && domain.trim_end_matches(['.', ',', ';']).contains('.')
    })
}

/// The buckets of a text's words and pairs of words, and those of the pieces of its words; either has length one.
pub(super) fn lexical(tokens: &[String]) -> Vec<Feature> {
    let mut words = Vec::with_capacity(tokens.len() * 2);
    let mut pieces = Vec::with_capacity(tokens.len() * 10);
    let mut before: Option<&String> = None;
    for token in tokens {
        words.push(bucket('w', token.chars()));
        if let Some(before) = before {
            words.push(bucket('b', before.chars().chain([' ']).chain(token.chars())));
        }
        before = Some(token);
        let letters: Vec<char> = std::iter::once(' ').chain(token.chars()).chain([' ']).collect();
        for length in PIECES {
            pieces.extend(letters.windows(length).map(|piece| bucket('c', piece.iter().copied())));
        }
    }
    let mut features = unit(words);
    features.extend(unit(pieces));
    features
}

/// Counts the buckets, dampens the counts and scales them to length one.
fn unit(mut buckets: Vec<u16>) -> Vec<Feature> {
    buckets.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a count of at most a few thousand")]
    let mut features: Vec<Feature> = buckets
        .chunk_by(|a, b| a == b)
        .filter_map(|run| run.first().map(|bucket| (*bucket, 1.0 + (run.len() as f32).ln())))
        .collect();
    let length = features.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    for (_, value) in &mut features {
        *value /= length;
    }
    features
}

fn bucket(kind: char, letters: impl Iterator<Item = char>) -> u16 {
    let hash = hash(std::iter::once(kind).chain(letters));
    #[expect(clippy::cast_possible_truncation, reason = "less than the number of buckets")]
    let bucket = (hash % BUCKETS as u64) as u16;
    bucket
}

/// [FNV-1a](http://www.isthe.com/chongo/tech/comp/fnv/) over the letters, well mixed in its low bits: the same on every
/// machine, as the trained weights need it.
fn hash(letters: impl Iterator<Item = char>) -> u64 {
    let hash = letters.fold(0xcbf2_9ce4_8422_2325_u64, |hash, letter| {
        (hash ^ u64::from(u32::from(letter))).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

/// Bits of [`KnownWords`].
const KNOWN_BITS: u64 = 1 << 14;

/// The words that occur in the examples of a team, as a set that may rarely claim a word too much.
#[derive(Debug, Clone)]
pub(super) struct KnownWords {
    bits: Box<[u64]>,
}

impl KnownWords {
    /// The words of these texts.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a [String]>) -> Self {
        let mut bits = vec![0_u64; usize::try_from(KNOWN_BITS / 64).unwrap_or_default()];
        for word in texts.flatten() {
            let (place, bit) = Self::place(word);
            if let Some(bits) = bits.get_mut(place) {
                *bits |= bit;
            }
        }
        Self { bits: bits.into_boxed_slice() }
    }

    /// The share of a text's letters that stand in known words, 0 to 1.
    pub(super) fn share(&self, tokens: &[String]) -> f32 {
        let is_known = |word: &&String| {
            let (place, bit) = Self::place(word);
            self.bits.get(place).is_some_and(|bits| bits & bit != 0)
        };
        let all: usize = tokens.iter().map(String::len).sum();
        let known: usize = tokens.iter().filter(is_known).map(String::len).sum();
        #[expect(clippy::cast_precision_loss, reason = "lengths of at most a few thousand")]
        let share = known as f32 / all.max(1) as f32;
        share
    }

    fn place(word: &str) -> (usize, u64) {
        let bit = hash(word.chars()) % KNOWN_BITS;
        (usize::try_from(bit / 64).unwrap_or_default(), 1 << (bit % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_known_by_their_kind() {
        assert_eq!(
            tokens("Holaaa, soy Ana: ana.p@mail.com, 3001234567 o 55 12"),
            ["hola", "soy", "ana", "<mail>", "<9>", "o", "<2>", "<2>"]
        );
        assert!(!is_address("@ana") && !is_address("a@b") && is_address("a@b.co."));
        assert!(tokens("¿? … 👍").is_empty());
    }

    #[test]
    fn words_and_their_pieces_have_length_one_each() {
        let features = lexical(&tokens("¿Cuánto cuesta, cuánto vale?"));
        let length: f32 = features.iter().map(|(_, value)| value * value).sum();
        assert!((length - 2.0).abs() < 1e-5, "{length}");
        assert!(features.iter().all(|(bucket, _)| usize::from(*bucket) < BUCKETS));
        assert!(lexical(&[]).is_empty());
    }

    #[test]
    fn a_typo_shares_most_pieces_with_its_word() {
        let shared = |a: &str, b: &str| {
            let (a, b) = (lexical(&tokens(a)), lexical(&tokens(b)));
            let other =
                |bucket| b.iter().find(|(other, _)| *other == bucket).map_or(0.0, |(_, value)| *value);
            a.iter().map(|(bucket, value)| value * other(*bucket)).sum::<f32>()
        };
        assert!(shared("reagendar", "reajendar") > 0.35);
        assert!(shared("reagendar", "parqueadero") < 0.2);
    }

    #[test]
    fn known_words_are_counted_by_their_letters() {
        let known = KnownWords::of([tokens("precio del colchón")].iter().map(Vec::as_slice));
        assert!((known.share(&tokens("precio colchon")) - 1.0).abs() < 1e-6);
        assert!((known.share(&tokens("precio abcdef")) - 0.5).abs() < 1e-6);
        assert!(known.share(&[]).abs() < 1e-6);
    }
}
