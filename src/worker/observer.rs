//! Looks at messages with the built-in embedding model: the engine's [`Analyst`] with what it needs of the machine.
//!
//! The model is always the built-in one, whatever the tenant's documents are searched with: what the analysers were
//! trained on is its vectors.

use std::{
    num::NonZero,
    sync::{Arc, OnceLock},
};

use crate::{
    domain::language::Language,
    engine::{
        analyze::{Analyst, Scene, Sight, Vector},
        desk::Desk,
    },
    knowledge::embed::{EmbedError, Embedder},
};

/// Looks at one tenant's messages. What it needs is made when it is first used.
pub struct Observer {
    embedder: Arc<Embedder>,
    desk: Arc<Desk>,
    analyst: OnceLock<Analyst>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").field("ready", &self.analyst.get().is_some()).finish_non_exhaustive()
    }
}

/// A message to look at, and what was said before it.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The customer's words.
    pub text: String,
    /// Their language.
    pub language: Language,
    /// The customer's messages before, newest first.
    pub earlier: Vec<String>,
    /// The agents of the turn before.
    pub previous_agents: Vec<String>,
    /// What the product said last.
    pub last_reply: Option<String>,
}

impl Observer {
    /// An observer for a desk.
    pub fn new(embedder: Arc<Embedder>, desk: Arc<Desk>) -> Self {
        Self { embedder, desk, analyst: OnceLock::new() }
    }

    /// Looks at a message, and gives its vector. Blocking: call it away from async worker threads.
    ///
    /// # Errors
    /// When the model fails; the built-in one does not.
    pub fn look(&self, observed: &Observed) -> Result<(Sight, Vector), EmbedError> {
        let model = self.embedder.built_in()?;
        let vector = model.embed(&observed.text);
        let earlier: Vec<_> = observed.earlier.iter().map(|text| (text.clone(), model.embed(text))).collect();
        let sight = self.analyst()?.look(&Scene {
            text: &observed.text,
            vector: &vector,
            language: observed.language,
            earlier: &earlier,
            previous_agents: &observed.previous_agents,
            last_reply: observed.last_reply.as_deref(),
        });
        Ok((sight, vector))
    }

    fn analyst(&self) -> Result<&Analyst, EmbedError> {
        if let Some(analyst) = self.analyst.get() {
            return Ok(analyst);
        }
        let model = self.embedder.built_in()?;
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let embed = |texts: &[&str]| Ok::<_, EmbedError>(model.embed_all(texts, threads));
        let analyst = Analyst::new(&self.desk.team, self.desk.handoff.clone(), embed)?;
        // Two that come at once both make one; the first stays.
        Ok(self.analyst.get_or_init(|| analyst))
    }
}
