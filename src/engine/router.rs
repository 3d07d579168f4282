//! Decides which agents of a team a message is for.
//!
//! Two linear classifiers ([`classifier`]) read the message's vector and its words; the tenant's keywords and the
//! conversation so far turn the scale where they leave it even; several wants in one message are told apart by reading its
//! parts. Emergencies are told by phrases, whatever the classifiers say. A router is made once for a team and then only
//! read; it never calls a model, but says when one might know better.

pub mod clauses;
pub mod examples;

mod classifier;
mod context;
mod emergency;
mod features;
mod keywords;

use crate::{
    domain::{language::Language, turn::Intent},
    engine::agent::{EMERGENCY, LEAD, Team},
};

use self::{
    classifier::{Classifier, OwnExample, own_examples},
    context::{Bearing, bearing},
    emergency::Emergencies,
    features::{is_address, lexical, tokens},
    keywords::{Keywords, Spoken},
};

/// The most agents that answer one message together.
const MAX_CHOSEN: usize = 3;

/// The most intents that are reported.
const MAX_INTENTS: usize = 5;

/// Agents less likely than this are not reported, but for the best.
const LEAST_REPORTED: f32 = 0.1;

/// From this probability on an agent takes part beside the best one, if the message has several parts.
const TAKES_PART: f32 = 0.5;

/// How much of a whole message's vector counts for one of its parts, when the part has no vector of its own.
const SHARED_VECTOR: f32 = 0.5;

/// What a keyword of the tenant adds to the log-odds that the message is for the business at all.
const KEYWORD_IN_SCOPE: f32 = 1.0;

/// Below this probability the best agent is not certain.
const CERTAIN: f32 = 0.6;

/// The best agent is not certain when another that does not take part comes this near.
const CERTAIN_LEAD: f32 = 0.2;

/// Log-odds of being in scope nearer to 0 than this are not certain.
const CERTAIN_SCOPE: f32 = 0.7;

/// Tells whom messages are for. Made for one team.
#[derive(Debug, Clone)]
pub struct Router {
    /// The names of the team's agents.
    names: Vec<String>,
    /// The place of the agent for everything general.
    general: usize,
    built_in: Option<Classifier>,
    declared: Option<Classifier>,
    keywords: Keywords,
    emergencies: Emergencies,
}

/// A message and what is known when it comes.
#[derive(Debug, Clone, Copy)]
pub struct RouteInput<'a> {
    /// Its words.
    pub text: &'a str,
    /// Its vector by the built-in embedding model.
    pub vector: &'a [f32],
    /// Its language.
    pub language: Language,
    /// The agents of the conversation's turn before, best first; empty at the start.
    pub previous: &'a [String],
    /// What the product said last, if anything.
    pub last_reply: Option<&'a str>,
}

/// A part of a message, as [`clauses::clauses`] cuts it.
#[derive(Debug, Clone, Copy)]
pub struct Clause<'a> {
    /// Its words.
    pub text: &'a str,
    /// Its vector by the built-in embedding model; empty when it was not computed.
    pub vector: &'a [f32],
}

/// Whom a message is for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routing {
    /// The plausible agents, best first, each with the probability that the message is for it.
    pub intents: Vec<Intent>,
    /// How many of them, from the front, take part in the reply; 0 when the message is nobody's subject.
    pub chosen: usize,
    /// Whether the message is for this business at all.
    pub in_scope: bool,
    /// Whether the router is sure. If not, a model may be asked.
    pub certain: bool,
    /// Whether the message tells of a danger to health, life or safety.
    pub emergency: bool,
}

/// What the classifiers make of a text, with keywords and context.
#[derive(Debug, Clone)]
struct Judgement {
    /// The probability of each agent, in the order of the team.
    agents: Vec<f32>,
    /// The log-odds that it is for any of them.
    in_scope: f32,
    /// The log-odds that it is for the emergency agent, from the words alone.
    emergency: f32,
}

impl Router {
    /// Makes the router of a team. `embed` gives unit vectors of the built-in embedding model.
    ///
    /// # Errors
    /// What `embed` fails with.
    pub fn build<E>(
        team: &Team,
        mut embed: impl FnMut(&[&str]) -> Result<Vec<Vec<f32>>, E>,
    ) -> Result<Self, E> {
        let own = own_examples(team);
        let texts: Vec<&str> = own.iter().map(|example| example.text.as_str()).collect();
        let vectors = if texts.is_empty() { Vec::new() } else { embed(&texts)? };
        let own: Vec<(OwnExample, Vec<f32>)> = own.into_iter().zip(vectors).collect();
        let general = team.general().map(|agent| agent.name.as_str());
        Ok(Self {
            names: team.agents.iter().map(|agent| agent.name.clone()).collect(),
            general: team.agents.iter().position(|agent| Some(agent.name.as_str()) == general).unwrap_or(0),
            built_in: Classifier::built_in(team, &own),
            declared: Classifier::declared(team, &own),
            keywords: Keywords::of(team, EMERGENCY),
            emergencies: Emergencies::of(team),
        })
    }

    /// Tells whom a message is for. Takes a fraction of a millisecond.
    pub fn route(&self, message: &RouteInput<'_>) -> Routing {
        let cut = clauses::clauses(message.text);
        let parts: Vec<Clause<'_>> = cut.into_iter().map(|text| Clause { text, vector: &[] }).collect();
        self.route_parts(message, &parts)
    }

    /// As [`Self::route`], with the parts of the message. It tells several wants apart better when each part comes with
    /// its own vector.
    pub fn route_parts(&self, message: &RouteInput<'_>, parts: &[Clause<'_>]) -> Routing {
        let words = tokens(message.text);
        let spoken = Spoken::of(&words);
        let bearing = if message.previous.is_empty() {
            Bearing::Alone
        } else {
            bearing(message.text, &words, message.last_reply)
        };
        let mut pulls = self.keywords.found(&spoken);
        let is_known = !pulls.is_empty();
        self.add_context(&mut pulls, bearing, message.previous);

        let mut whole = self.judge(message.vector, 1.0, &words, &pulls);
        whole.in_scope += if is_known { KEYWORD_IN_SCOPE } else { 0.0 } + bearing.pull();
        let emergency = self.emergencies.is_one(message.text, whole.emergency);
        let parts: Vec<Judgement> = parts.iter().map(|part| self.judge_part(part, message.vector)).collect();
        if let Some(best) = parts.iter().map(|part| part.in_scope).reduce(f32::max) {
            whole.in_scope = whole.in_scope.max(best);
        }
        let taking_part = self.taking_part(&whole, &parts, message.text, &words);
        self.verdict(&whole, taking_part, emergency)
    }

    /// Bytes it takes in memory, about.
    pub fn bytes(&self) -> usize {
        let classifiers = [&self.built_in, &self.declared].into_iter().flatten();
        size_of::<Self>() + classifiers.map(Classifier::bytes).sum::<usize>()
    }

    /// The agents of the turn before are more likely: the first with the whole pull, the others with half of it.
    fn add_context(&self, pulls: &mut Vec<(usize, f32)>, bearing: Bearing, previous: &[String]) {
        if bearing == Bearing::Alone {
            return;
        }
        let mut pull = bearing.pull();
        for name in previous.iter().take(MAX_CHOSEN) {
            if let Some(agent) = self.place(name) {
                pulls.push((agent, pull));
                pull = bearing.pull() / 2.0;
            }
        }
        // "Sí" and a name look like the beginning of a conversation, but here they answer.
        if bearing == Bearing::Answer
            && let Some(lead) = self.place(LEAD)
            && !previous.iter().any(|name| name == LEAD)
        {
            pulls.push((lead, -bearing.pull()));
        }
    }

    /// Reads a text with both classifiers. `pulls` are added to the log-odds of agents.
    fn judge(&self, vector: &[f32], share: f32, words: &[String], pulls: &[(usize, f32)]) -> Judgement {
        let lexical = lexical(words);
        let mut judgement =
            Judgement { agents: vec![0.0; self.names.len()], in_scope: f32::MIN, emergency: f32::MIN };
        // What a specialist takes, the built-in agents do not get.
        let mut left = 1.0;
        for classifier in [&self.declared, &self.built_in].into_iter().flatten() {
            let reading = classifier.read(vector, share, words, &lexical);
            for (agent, odds) in reading.agents {
                if self.names.get(agent).is_some_and(|name| name == EMERGENCY) {
                    judgement.emergency = odds;
                }
                let pull: f32 =
                    pulls.iter().filter(|(pulled, _)| *pulled == agent).map(|(_, pull)| pull).sum();
                if let Some(probability) = judgement.agents.get_mut(agent) {
                    *probability = probability_of(odds + pull) * left;
                }
            }
            judgement.in_scope = judgement.in_scope.max(reading.in_scope);
            left *= 1.0 - probability_of(reading.in_scope);
        }
        judgement
    }

    fn judge_part(&self, part: &Clause<'_>, whole: &[f32]) -> Judgement {
        let words = tokens(part.text);
        let pulls = self.keywords.found(&Spoken::of(&words));
        let (vector, share) =
            if part.vector.is_empty() { (whole, SHARED_VECTOR) } else { (part.vector, 1.0) };
        self.judge(vector, share, &words, &pulls)
    }

    /// The agents that take part with their probabilities, best first: the best of the whole message, and those that one
    /// of its parts is for.
    fn taking_part(
        &self,
        whole: &Judgement,
        parts: &[Judgement],
        text: &str,
        words: &[String],
    ) -> Vec<(usize, f32)> {
        let Some((best, probability)) = best(&whole.agents) else { return Vec::new() };
        let mut taking_part = vec![(best, probability)];
        let mut add = |agent: usize, probability: f32| match taking_part.iter_mut().find(|(a, _)| *a == agent)
        {
            Some((_, known)) => *known = known.max(probability),
            None => taking_part.push((agent, probability)),
        };
        if !parts.is_empty() {
            for (agent, probability) in whole.agents.iter().enumerate() {
                if *probability >= TAKES_PART {
                    add(agent, *probability);
                }
            }
        }
        for part in parts.iter().filter(|part| part.in_scope > 0.0) {
            if let Some((agent, probability)) = self::best(&part.agents)
                && probability >= TAKES_PART
            {
                add(agent, probability);
            }
        }
        // A greeting before a question is no want of its own; a phone number or a name is.
        if taking_part.len() > 1 && !gives_contact(text, words) {
            taking_part.retain(|(agent, _)| self.names.get(*agent).is_none_or(|name| name != LEAD));
        }
        taking_part.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        taking_part.truncate(MAX_CHOSEN);
        taking_part
    }

    fn verdict(&self, whole: &Judgement, mut taking_part: Vec<(usize, f32)>, emergency: bool) -> Routing {
        let in_scope = emergency || whole.in_scope > 0.0;
        if emergency {
            // Nothing else is talked about in the same breath.
            let agent = self.place(EMERGENCY).unwrap_or(self.general);
            taking_part = vec![(agent, 1.0)];
        }
        let mut others: Vec<(usize, f32)> = whole
            .agents
            .iter()
            .copied()
            .enumerate()
            .filter(|(agent, _)| !taking_part.iter().any(|(taken, _)| taken == agent))
            .collect();
        others.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let next = others.first().map_or(0.0, |(_, probability)| *probability);
        let least = taking_part.iter().map(|(_, probability)| *probability).fold(1.0, f32::min);
        let is_clear = least >= CERTAIN && least - next >= CERTAIN_LEAD;
        let chosen = if in_scope { taking_part.len() } else { 0 };
        others.retain(|(_, probability)| *probability >= LEAST_REPORTED);
        let intents = taking_part.into_iter().chain(others).take(MAX_INTENTS).filter_map(|(agent, score)| {
            Some(Intent { agent: self.names.get(agent)?.clone(), score: (score * 1000.0).round() / 1000.0 })
        });
        Routing {
            intents: intents.collect(),
            chosen,
            in_scope,
            certain: emergency || whole.in_scope.abs() >= CERTAIN_SCOPE && (whole.in_scope < 0.0 || is_clear),
            emergency,
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

fn best(agents: &[f32]) -> Option<(usize, f32)> {
    agents.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// The probability of log-odds.
fn probability_of(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

/// Whether a message tells who its writer is or how to reach them.
fn gives_contact(text: &str, words: &[String]) -> bool {
    const SAID: [&str; 16] = [
        "llamo",
        "nombre",
        "llamen",
        "llamenme",
        "llamar",
        "llamarme",
        "contacten",
        "contactenme",
        "escribanme",
        "escribirme",
        "name",
        "call",
        "nome",
        "liguem",
        "ligar",
        "chamo",
    ];
    text.split_whitespace().any(is_address)
        || words.iter().any(|word| SAID.contains(&word.as_str()) || matches!(word.as_str(), "<7>" | "<8>" | "<9>"))
        || words.windows(2).any(|pair| {
            matches!(pair, [first, second] if first == "soy" && second != "de" || first == "sou" && second == "o")
        })
}

#[cfg(test)]
mod tests;
