//! The messages that the built-in agents were taught with, and their vectors.
//!
//! The messages are the files in `data/`, one for each agent and one of messages that no business is there for: a line
//! each, under the language they are in. Their vectors are in `models/routing-examples.bin`, so that no start of the
//! program computes them: for each message, in the order of the files, 512 numbers of four bits. A test of this file
//! writes it anew when a message was added or changed.

use iass_numerics::linear::DIMENSIONS;

use crate::{
    domain::language::Language,
    engine::agent::{AVAILABILITY, EMERGENCY, LEAD, SALES, SCHEDULE, SUPPORT},
};

/// One message somebody might write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The agent it is for; `None` when no business is there for it.
    pub agent: Option<&'static str>,
    /// Its language.
    pub language: Language,
    /// Its words.
    pub text: &'static str,
}

/// The files, in the order of the vectors.
const FILES: [(Option<&str>, &str); 7] = [
    (Some(EMERGENCY), include_str!("data/emergency.txt")),
    (Some(SALES), include_str!("data/sales.txt")),
    (Some(SUPPORT), include_str!("data/support.txt")),
    (Some(SCHEDULE), include_str!("data/schedule.txt")),
    (Some(AVAILABILITY), include_str!("data/availability.txt")),
    (Some(LEAD), include_str!("data/lead.txt")),
    (None, include_str!("data/off_topic.txt")),
];

/// The vectors of all examples, two numbers in a byte.
static VECTORS: &[u8] = include_bytes!("../../../models/routing-examples.bin");

/// Bytes of one vector.
const VECTOR_BYTES: usize = DIMENSIONS / 2;

/// All messages, in the order of the files.
pub fn built_in() -> impl Iterator<Item = Example> {
    FILES.into_iter().flat_map(|(agent, file)| {
        let mut language = Language::default();
        file.lines().filter_map(move |line| {
            let code = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            if let Some(stated) = code.and_then(Language::from_code) {
                language = stated;
                return None;
            }
            (!line.is_empty()).then_some(Example { agent, language, text: line })
        })
    })
}

/// The vector of the example at a place in [`built_in`], of unit length.
pub(super) fn vector(place: usize) -> Option<Vec<f32>> {
    let bytes = VECTORS.get(place * VECTOR_BYTES..(place + 1) * VECTOR_BYTES)?;
    let mut vector = Vec::with_capacity(DIMENSIONS);
    for byte in bytes {
        vector.push(f32::from(byte & 15) - 8.0);
        vector.push(f32::from(byte >> 4) - 8.0);
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    for value in &mut vector {
        *value /= length;
    }
    Some(vector)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, fs, num::NonZero, path::Path};

    use super::*;
    use crate::knowledge::embed::BuiltinEmbedder;
    use crate::text::words;

    /// The largest number of four bits with a sign.
    const LARGEST: f32 = 7.0;

    fn four_bits(vector: &[f32]) -> Vec<u8> {
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 15 after rounding")]
        let nibble = |value: f32| ((value / largest * LARGEST).round() + 8.0) as u8;
        vector.chunks(2).map(|pair| nibble(pair[0]) | (nibble(pair[1]) << 4)).collect()
    }

    #[test]
    fn the_vectors_fit_the_examples() {
        let texts: Vec<&str> = built_in().map(|example| example.text).collect();
        let threads = NonZero::new(2).unwrap();
        let vectors = BuiltinEmbedder::new().unwrap().embed_all(&texts, threads);
        let cosine = |place: usize, exact: &Vec<f32>| {
            vector(place).map_or(0.0, |kept| kept.iter().zip(exact).map(|(a, b)| a * b).sum::<f32>())
        };
        let lowest =
            vectors.iter().enumerate().map(|(place, exact)| cosine(place, exact)).fold(1.0, f32::min);
        if lowest < 0.97 || VECTORS.len() != texts.len() * VECTOR_BYTES {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/routing-examples.bin");
            fs::write(&file, vectors.iter().flat_map(|vector| four_bits(vector)).collect::<Vec<u8>>())
                .unwrap();
            panic!("the examples changed: move {} to models/ and run the tests again", file.display());
        }
    }

    #[test]
    fn every_agent_has_examples_in_every_language_and_none_twice() {
        let mut counts = HashMap::new();
        let mut seen = HashMap::new();
        for example in built_in() {
            *counts.entry((example.agent, example.language)).or_insert(0) += 1;
            let key = words(example.text).join(" ");
            if !key.is_empty() {
                let before = seen.insert((key, example.language), example.agent);
                assert_eq!(before, None, "{:?} stands twice", example.text);
            }
        }
        for (agent, _) in FILES {
            for (language, least) in [(Language::Es, 120), (Language::En, 20), (Language::Pt, 20)] {
                let count = counts.get(&(agent, language)).copied().unwrap_or(0);
                assert!(count >= least, "{agent:?} has {count} examples in {language:?}");
            }
        }
    }

    #[test]
    fn no_message_that_is_set_aside_for_judging_is_an_example() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/routing");
        let known: HashMap<String, &str> =
            built_in().map(|example| (words(example.text).join(" "), example.text)).collect();
        let mut judged = 0;
        for entry in fs::read_dir(folder).unwrap() {
            for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
                let text = line.rsplit('\t').next().unwrap();
                judged += 1;
                assert_eq!(known.get(&words(text).join(" ")), None, "{text:?}");
            }
        }
        assert!(judged > 300, "{judged}");
    }
}
