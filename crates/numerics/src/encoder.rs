//! The built-in model: Google's [Universal Sentence Encoder multilingual v3][use], 16 languages, 512 numbers.
//!
//! It needs no key, no network, no runtime library and no warm-up, and one query takes well under a millisecond. The
//! architecture is a deep averaging network with three n-gram convolutions (windows of 2, 3 and 5 tokens) before the
//! average. This module never learns and never stores anything.
//!
//! [use]: https://aclanthology.org/2020.acl-demos.12/

mod double_array;
mod forward;
mod layers;
mod matrix;
mod tokenizer;
mod weights;

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use forward::Forward;
use weights::{DIMENSIONS, Weights};

/// The longest text that the model looks at, in bytes: far more than it has tokens for, and it bounds the work on
/// hostile input. The rest of a longer text is not embedded.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// The weights in the binary do not fit the code: a build went wrong.
#[derive(Debug, thiserror::Error)]
#[error("the weights of the built-in embedder are damaged: {0}; build iass again from a clean checkout")]
pub struct DamagedWeights(&'static str);

/// The embedder whose weights are in the binary.
pub struct BuiltinEmbedder {
    weights: Weights,
}

impl BuiltinEmbedder {
    /// Finds the weights; takes microseconds.
    ///
    /// # Errors
    /// When the file in the binary is not the one this code was written for.
    pub fn new() -> Result<Self, DamagedWeights> {
        Ok(Self { weights: Weights::builtin()? })
    }

    /// What identifies the vectors of this model in a store.
    pub fn model_id(&self) -> &'static str {
        "builtin:use-multilingual-v3:1"
    }

    /// Numbers per vector.
    pub fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    /// Embeds one text on this thread. The vector does not depend on what else is embedded, and has unit length; texts
    /// with nothing in them share one vector.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        Forward::new(&self.weights).embed(&[text]).pop().unwrap_or_default()
    }

    /// Embeds many texts in order, on at most `threads` threads.
    pub fn embed_all(&self, texts: &[&str], threads: NonZero<usize>) -> Vec<Vec<f32>> {
        /// Texts taken by a thread at once: enough for whole batches, few enough to share the work out evenly.
        const SHARE: usize = 32;
        let shares: Vec<_> = texts.chunks(SHARE).collect();
        let next = AtomicUsize::new(0);
        // Guards the vectors of the shares that are done.
        let done = Mutex::new(vec![Vec::new(); shares.len()]);
        let work = || {
            let mut forward = Forward::new(&self.weights);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(share) = shares.get(index) else { break };
                let vectors = forward.embed(share);
                if let Ok(mut done) = done.lock()
                    && let Some(slot) = done.get_mut(index)
                {
                    *slot = vectors;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.get().min(shares.len()) {
                scope.spawn(work);
            }
            work();
        });
        done.into_inner().unwrap_or_default().concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn every_vector_has_unit_length_even_for_texts_with_nothing_in_them() {
        let embedder = BuiltinEmbedder::new().unwrap();
        let long = "palabra ".repeat(100_000);
        for text in ["", "   ", "\0", "¿", "👍🏽", "привет", "Hola, ¿a qué hora abren?", &long] {
            let vector = embedder.embed(text);
            assert_eq!(vector.len(), embedder.dimensions());
            assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-4, "{text:.20}");
        }
    }

    #[test]
    fn vectors_equal_those_of_the_published_int8_model() {
        let embedder = BuiltinEmbedder::new().unwrap();
        let texts = include_str!("../../../tests/fixtures/embedding/texts.jsonl").lines();
        let texts: Vec<serde_json::Value> = texts.map(|line| serde_json::from_str(line).unwrap()).collect();
        let texts: Vec<&str> = texts.iter().map(|text| text["text"].as_str().unwrap()).collect();
        let reference = include_bytes!("../../../tests/fixtures/embedding/vectors.i16").as_chunks().0;
        let reference: Vec<f32> =
            reference.iter().map(|&bytes| f32::from(i16::from_le_bytes(bytes)) / 32767.0).collect();
        let vectors = embedder.embed_all(&texts, NonZero::<usize>::MIN);
        let cosines: Vec<f32> =
            vectors.iter().zip(reference.chunks_exact(DIMENSIONS)).map(|(a, b)| cosine(a, b)).collect();
        assert_eq!(cosines.len(), 200);
        let lowest = cosines.iter().copied().fold(1.0, f32::min);
        let mean = cosines.iter().sum::<f32>() / 200.0;
        println!("cosine to the reference: lowest {lowest:.5}, mean {mean:.5}");
        assert!(lowest >= 0.985 && mean >= 0.995, "lowest {lowest}, mean {mean}");
    }

    #[test]
    fn the_same_question_in_three_languages_is_near_and_another_is_far() {
        let embedder = BuiltinEmbedder::new().unwrap();
        let spanish = embedder.embed("¿A qué hora abren los domingos?");
        let english = embedder.embed("What time do you open on Sundays?");
        let portuguese = embedder.embed("A que horas vocês abrem aos domingos?");
        let other = embedder.embed("Quiero devolver un taladro que compré ayer");
        assert!(cosine(&spanish, &english) > 0.7 && cosine(&spanish, &portuguese) > 0.7);
        assert!(cosine(&spanish, &other) < 0.4);
    }

    #[test]
    fn a_vector_does_not_depend_on_its_neighbours_or_on_threads() {
        let embedder = BuiltinEmbedder::new().unwrap();
        let texts: Vec<String> =
            (0..150).map(|n| format!("Producto {n} {}", "con detalle ".repeat(n % 40))).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let alone: Vec<_> = texts.iter().map(|text| embedder.embed(text)).collect();
        for threads in [1, 2, 7] {
            assert_eq!(embedder.embed_all(&texts, NonZero::new(threads).unwrap()), alone);
        }
        assert!(embedder.embed_all(&[], NonZero::<usize>::MIN).is_empty());
    }
}
