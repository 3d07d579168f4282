//! What the engine sees in a message before anybody answers: language, mood, intents, threats, and whether a person is
//! needed.

use std::collections::BTreeSet;

use super::{
    agent::Team,
    desk::HandoffRules,
    person,
    router::{Clause, RouteInput, Router, Routing},
    sentiment, threat, words,
};
use crate::{
    domain::{
        handoff::HandoffReason,
        language::Language,
        turn::{Intent, Threat},
    },
    text::{language, words},
};

/// The vector of a text by the built-in embedding model, of unit length.
pub type Vector = Vec<f32>;

/// A customer who asks the same this often, the new message included, goes round in circles.
const LOOP_MESSAGES: usize = 3;

/// A likeness to attacks that is not worth a word.
const FAINT: f32 = 0.1;

/// Shorter messages ("sí", "ok") repeat without meaning anything by it.
const MIN_LOOP_CHARS: usize = 12;

/// Looks at the messages of one tenant.
#[derive(Debug)]
pub struct Analyst {
    router: Router,
    rules: HandoffRules,
}

/// A message and what it was said after.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The customer's words.
    pub text: &'a str,
    /// Their vector.
    pub vector: &'a [f32],
    /// The parts of the message that may want something of their own, with their vectors.
    pub parts: &'a [(String, Vector)],
    /// Their language.
    pub language: Language,
    /// The customer's messages before, newest first, with their vectors.
    pub earlier: &'a [(String, Vector)],
    /// The agents of the turn before.
    pub previous_agents: &'a [String],
    /// What the product said last.
    pub last_reply: Option<&'a str>,
}

impl<'a> Scene<'a> {
    /// A text that nothing was said before.
    pub fn alone(text: &'a str, vector: &'a [f32], language: Language) -> Self {
        Self { text, vector, parts: &[], language, earlier: &[], previous_agents: &[], last_reply: None }
    }
}

/// What was seen in a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sight {
    /// The customer's mood, -1 (furious) to 1 (delighted).
    pub sentiment: f32,
    /// Who the message is for.
    pub routing: Routing,
    /// How much it looks like an attack.
    pub threat: Threat,
    /// Why a person should take over at once, if one should.
    pub handoff: Option<HandoffReason>,
}

impl Sight {
    /// The agents that take part in the reply, best first.
    pub fn chosen(&self) -> &[Intent] {
        self.routing.intents.get(..self.routing.chosen).unwrap_or_default()
    }
}

impl Analyst {
    /// An analyst for a team. `embed` gives the vectors of texts by the built-in model.
    ///
    /// # Errors
    /// What `embed` fails with.
    pub fn new<E>(
        team: &Team,
        rules: HandoffRules,
        embed: impl FnMut(&[&str]) -> Result<Vec<Vector>, E>,
    ) -> Result<Self, E> {
        Ok(Self { router: Router::build(team, embed)?, rules })
    }

    /// Looks at a message.
    pub fn look(&self, scene: &Scene<'_>) -> Sight {
        let message = RouteInput {
            text: scene.text,
            vector: scene.vector,
            language: scene.language,
            previous: scene.previous_agents,
            last_reply: scene.last_reply,
        };
        let parts: Vec<Clause<'_>> =
            scene.parts.iter().map(|(text, vector)| Clause { text, vector }).collect();
        let routing = self.router.route_parts(&message, &parts);
        let sentiment = sentiment::score(scene.text, scene.language, scene.vector);
        let mut threat = threat::examine(scene.text, scene.vector);
        if threat.score < FAINT {
            // What hardly resembles an attack is no reason for anything.
            threat.reasons.clear();
        }
        let handoff = if routing.emergency {
            Some(HandoffReason::Emergency)
        } else if person::asks_for_person(scene.text, &self.rules.keywords) {
            Some(HandoffReason::ExplicitRequest)
        } else if sentiment < self.rules.sentiment_below {
            Some(HandoffReason::NegativeSentiment)
        } else if self.goes_in_circles(scene) {
            Some(HandoffReason::Loop)
        } else {
            None
        };
        Sight { sentiment, routing, threat, handoff }
    }

    fn goes_in_circles(&self, scene: &Scene<'_>) -> bool {
        if scene.text.chars().count() < MIN_LOOP_CHARS {
            return false;
        }
        let words = content_words(scene.text);
        let alike = |(text, vector): &&(String, Vector)| {
            let likeness = cosine(vector, scene.vector).max(overlap(&words, &content_words(text)));
            likeness >= self.rules.loop_similarity
        };
        scene.earlier.iter().filter(alike).count() + 1 >= LOOP_MESSAGES
    }
}

/// The language a text is in when nothing else is known of its writer.
pub fn language_of(text: &str, usual: Language) -> Language {
    language::detect(text, usual)
}

/// The words that say what a message is about, each once.
fn content_words(text: &str) -> BTreeSet<String> {
    words(text).into_iter().filter(|word| word.len() > 1 && !words::is_stop_word(word)).collect()
}

/// How much of their words two messages share, 0 to 1 (the Sørensen-Dice coefficient). A message of one word says too
/// little to be compared by it.
fn overlap(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f32 {
    if a.len() < 2 || b.len() < 2 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a message has few words")]
    let share = 2.0 * a.intersection(b).count() as f32 / (a.len() + b.len()) as f32;
    share
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_in_other_dress_is_the_same() {
        let words = |text| content_words(text);
        let first = words("¿Venden tarjetas de regalo?");
        assert!(overlap(&first, &words("pero ¿venden las TARJETAS de regalo?")) > 0.9);
        assert!(overlap(&first, &words("¿Venden tarjetas SIM?")) < 0.9);
        assert!(overlap(&words("¿precio?"), &words("¿precio?")) < 0.1, "one word says too little");
    }
}
