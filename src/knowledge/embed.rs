//! Turning text into vectors whose nearness is nearness of meaning.
//!
//! [`Embedder`] hides which model does it. This module never stores vectors and never decides what is relevant.

mod builtin;
mod double_array;
mod forward;
mod layers;
mod matrix;
mod tokenizer;
mod weights;

use std::num::NonZero;

pub use builtin::BuiltinEmbedder;

/// Why a text could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The weights in the binary do not fit the code: a build went wrong.
    #[error("the weights of the built-in embedder are damaged: {0}; build iass again from a clean checkout")]
    DamagedWeights(&'static str),
}

/// A text-embedding model. Blocking and CPU bound: call it away from async worker threads.
pub enum Embedder {
    /// The one in the binary.
    Builtin(Box<BuiltinEmbedder>),
}

impl Embedder {
    /// The model in the binary.
    ///
    /// # Errors
    /// [`EmbedError::DamagedWeights`] when the build went wrong.
    pub fn builtin() -> Result<Self, EmbedError> {
        Ok(Self::Builtin(Box::new(BuiltinEmbedder::new()?)))
    }

    /// Identifies the vectors of this model; vectors of another id cannot be compared with them.
    pub fn model_id(&self) -> &str {
        match self {
            Self::Builtin(model) => model.model_id(),
        }
    }

    /// Numbers per vector.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Builtin(model) => model.dimensions(),
        }
    }

    /// Embeds what a customer asks, on this thread. The vector has unit length.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        match self {
            Self::Builtin(model) => Ok(model.embed(text)),
        }
    }

    /// Embeds what the tenant knows, in order, on all cores. The vectors have unit length.
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self {
            Self::Builtin(model) => {
                let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
                Ok(model.embed_all(texts, threads))
            }
        }
    }
}
