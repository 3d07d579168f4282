//! Turning text into vectors whose nearness is nearness of meaning.
//!
//! [`Embedder`] hides which model does it. This module never stores vectors and never decides what is relevant.

pub mod catalogue;
pub mod hub;

mod onnx;

use std::{
    num::NonZero,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub use iass_numerics::encoder::{BuiltinEmbedder, MAX_TEXT_BYTES};
pub use onnx::OnnxEmbedder;

/// Why a text could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The weights in the binary do not fit the code: a build went wrong.
    #[error(transparent)]
    DamagedWeights(#[from] iass_numerics::encoder::DamagedWeights),
    /// There is no ONNX Runtime to run a local model with.
    #[error(
        "cannot load the ONNX Runtime from {}: {reason}; install version 1.24 or later, for example with `pip install \
         onnxruntime`, and set `embeddings.onnxruntime` in chatbot.toml to the file onnxruntime/capi/libonnxruntime.so.1.* in it",
        library.display()
    )]
    RuntimeMissing {
        /// What was to be loaded.
        library: PathBuf,
        /// Why it was not.
        reason: String,
    },
    /// The ONNX Runtime is older than the model library needs.
    #[error(
        "the ONNX Runtime in {} is {found} and 1.{oldest} or later is needed; `pip install --upgrade onnxruntime` \
         brings one",
        library.display()
    )]
    RuntimeTooOld {
        /// What was loaded.
        library: PathBuf,
        /// Its version.
        found: String,
        /// The second number of the oldest version that works.
        oldest: u32,
    },
    /// A model folder is not complete.
    #[error("the model folder {} cannot be used: {reason}", folder.display())]
    ModelFolder {
        /// The folder.
        folder: PathBuf,
        /// What is missing or wrong, and what to do.
        reason: String,
    },
    /// A local model loads or runs with an error.
    #[error("the embedding model {name} does not work: {reason}")]
    Model {
        /// What its manifest calls it.
        name: String,
        /// What happened.
        reason: String,
    },
}

/// A text-embedding model. Blocking and CPU bound: call it away from async worker threads.
pub enum Embedder {
    /// The one in the binary.
    Builtin(Box<BuiltinEmbedder>),
    /// One from a folder, run by the ONNX Runtime; and the built-in one, once something needs it.
    Onnx(Box<OnnxEmbedder>, OnceLock<Box<BuiltinEmbedder>>),
}

impl std::fmt::Debug for Embedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedder").field("model", &self.model_id()).finish_non_exhaustive()
    }
}

impl Embedder {
    /// The model in the binary.
    ///
    /// # Errors
    /// [`EmbedError::DamagedWeights`] when the build went wrong.
    pub fn builtin() -> Result<Self, EmbedError> {
        Ok(Self::Builtin(Box::new(BuiltinEmbedder::new()?)))
    }

    /// The model in `folder`, run by the ONNX Runtime at `runtime` or by the one that the system finds. Takes seconds.
    ///
    /// # Errors
    /// When the runtime is missing or too old, the folder is not complete or the model does not work.
    pub fn local_onnx(folder: &Path, runtime: Option<&Path>) -> Result<Self, EmbedError> {
        Ok(Self::Onnx(Box::new(OnnxEmbedder::load(folder, runtime)?), OnceLock::new()))
    }

    /// The model in the binary, whichever model this is: what looks at messages was trained on its vectors.
    ///
    /// # Errors
    /// [`EmbedError::DamagedWeights`] when the build went wrong.
    pub fn built_in(&self) -> Result<&BuiltinEmbedder, EmbedError> {
        match self {
            Self::Builtin(model) => Ok(model),
            Self::Onnx(_, built_in) => {
                if let Some(model) = built_in.get() {
                    return Ok(model);
                }
                let model = Box::new(BuiltinEmbedder::new()?);
                Ok(built_in.get_or_init(|| model))
            }
        }
    }

    /// Identifies the vectors of this model; vectors of another id cannot be compared with them.
    pub fn model_id(&self) -> &str {
        match self {
            Self::Builtin(model) => model.model_id(),
            Self::Onnx(model, _) => model.model_id(),
        }
    }

    /// Numbers per vector.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Builtin(model) => model.dimensions(),
            Self::Onnx(model, _) => model.dimensions(),
        }
    }

    /// Embeds what a customer asks, on this thread. The vector has unit length.
    ///
    /// # Errors
    /// When a local model fails; the built-in one does not.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        match self {
            Self::Builtin(model) => Ok(model.embed(text)),
            Self::Onnx(model, _) => model.embed_query(text),
        }
    }

    /// Embeds what the tenant knows, in order, on all cores. The vectors have unit length.
    ///
    /// # Errors
    /// When a local model fails; the built-in one does not.
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self {
            Self::Builtin(model) => {
                Ok(model
                    .embed_all(texts, std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)))
            }
            Self::Onnx(model, _) => model.embed_passages(texts),
        }
    }
}
