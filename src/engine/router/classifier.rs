//! The two classifiers of a team: one of its built-in agents, taught with the built-in examples and the tenant's own, and
//! one of the agents that the tenant declares, taught with nothing but what the tenant wrote.
//!
//! They are kept apart because a declared agent is a specialist: with ten examples of its own it would drown among the
//! hundreds of a built-in agent whose subject is near. Both also learn what no business is there for.

use iass_numerics::linear::{Feature, Linear, Sample, train};

use crate::engine::agent::{AVAILABILITY, Agent, EMERGENCY, LEAD, SALES, SCHEDULE, SUPPORT, Team};

use super::{
    examples,
    features::{self, KnownWords},
};

/// The most examples of a tenant that are learned; of more, each agent gives its first ones.
pub(super) const MAX_OWN_EXAMPLES: usize = 2_000;

/// How much an example of the tenant counts among the built-in ones.
const OWN_WEIGHT: f32 = 3.0;

/// The most letters of a persona that stand in for examples.
const MAX_PERSONA_CHARS: usize = 300;

/// A message of its own that a tenant gives for one of its agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnExample {
    /// The agent's place in the team.
    pub(super) agent: usize,
    /// The words.
    pub(super) text: String,
}

/// A classifier of some agents of a team.
#[derive(Debug, Clone)]
pub(super) struct Classifier {
    kind: Kind,
    /// The places in the team of the agents, in the order of the classes. The class after the last is "nobody's subject".
    agents: Vec<usize>,
    linear: Linear,
}

#[derive(Debug, Clone)]
enum Kind {
    BuiltIn,
    Declared(KnownWords),
}

/// What a classifier makes of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// For each agent its place in the team and the log-odds that the text is for it.
    pub(super) agents: Vec<(usize, f32)>,
    /// The log-odds that the text is for any of them.
    pub(super) in_scope: f32,
}

/// The examples of a team's own: what its owner wrote, and for a declared agent also its name, which says what it does.
pub(super) fn own_examples(team: &Team) -> Vec<OwnExample> {
    let of_agent: Vec<Vec<String>> = team.agents.iter().map(own_texts).collect();
    let most = of_agent.iter().map(Vec::len).max().unwrap_or(0);
    let mut examples = Vec::new();
    for round in 0..most {
        for (agent, texts) in of_agent.iter().enumerate() {
            if let Some(text) = texts.get(round) {
                examples.push(OwnExample { agent, text: text.clone() });
            }
        }
        if examples.len() >= MAX_OWN_EXAMPLES {
            examples.truncate(MAX_OWN_EXAMPLES);
            break;
        }
    }
    examples.sort_by_key(|example| example.agent);
    examples
}

fn own_texts(agent: &Agent) -> Vec<String> {
    let mut texts = Vec::new();
    if !agent.is_built_in() {
        texts.push(agent.name.replace(['_', '-', '.'], " ").to_lowercase());
        if agent.examples.is_empty() {
            texts.extend(agent.keywords.iter().cloned());
            texts.extend(
                Some(agent.persona.chars().take(MAX_PERSONA_CHARS).collect())
                    .filter(|p: &String| !p.is_empty()),
            );
        }
    }
    texts.extend(agent.examples.iter().cloned());
    texts
}

impl Classifier {
    /// The classifier of the built-in agents, or `None` when the team has none. `own` with their vectors.
    pub(super) fn built_in(team: &Team, own: &[(OwnExample, Vec<f32>)]) -> Option<Self> {
        let agents = places(team, Agent::is_built_in);
        if agents.is_empty() {
            return None;
        }
        let vectors: Vec<_> = (0..).map_while(examples::vector).collect();
        let class_of = |name: Option<&str>| name.map_or(agents.len(), |name| heir(team, &agents, name));
        let mut samples: Vec<Sample<'_>> = examples::built_in()
            .zip(&vectors)
            .map(|(example, vector)| Sample {
                vector,
                lexical: features::lexical(&features::tokens(example.text)),
                class: class_of(example.agent),
                weight: 1.0,
            })
            .collect();
        samples.extend(own_samples(&agents, own, OWN_WEIGHT));
        let linear = Linear::of(&train(&samples, agents.len() + 1), agents.len() + 1);
        Some(Self { kind: Kind::BuiltIn, agents, linear })
    }

    /// The classifier of the declared agents, or `None` when the team has none. `own` with their vectors.
    pub(super) fn declared(team: &Team, own: &[(OwnExample, Vec<f32>)]) -> Option<Self> {
        let agents = places(team, |agent| !agent.is_built_in());
        if agents.is_empty() {
            return None;
        }
        let background: Vec<_> = examples::built_in()
            .enumerate()
            .filter(|(_, example)| example.agent.is_none())
            .filter_map(|(place, example)| Some((example.text, examples::vector(place)?)))
            .collect();
        let mut samples: Vec<Sample<'_>> = background
            .iter()
            .map(|(text, vector)| Sample {
                vector,
                lexical: features::lexical(&features::tokens(text)),
                class: agents.len(),
                weight: 1.0,
            })
            .collect();
        samples.extend(own_samples(&agents, own, 1.0));
        let linear = Linear::of(&train(&samples, agents.len() + 1), agents.len() + 1);
        let tokens: Vec<_> = own
            .iter()
            .filter(|(example, _)| agents.contains(&example.agent))
            .map(|(example, _)| features::tokens(&example.text))
            .collect();
        let known = KnownWords::of(tokens.iter().map(Vec::as_slice));
        Some(Self { kind: Kind::Declared(known), agents, linear })
    }

    /// Reads a text: its vector, how much of it the vector stands for (1 when it is the text's own), and its words.
    pub(super) fn read(
        &self,
        vector: &[f32],
        vector_share: f32,
        tokens: &[String],
        lexical: &[Feature],
    ) -> Reading {
        let scores = self.linear.scores(vector, vector_share, lexical);
        let off_topic = scores.last().copied().unwrap_or(0.0);
        let best = scores.iter().take(self.agents.len()).copied().fold(f32::MIN, f32::max);
        let calibrated = |score: f32| match self.kind {
            Kind::BuiltIn => 1.08 * score + 0.53,
            Kind::Declared(_) => 1.0 * score + 0.5,
        };
        let in_scope = match &self.kind {
            Kind::BuiltIn => 0.45 * best - 1.01 * off_topic - 1.85 + 0.85,
            Kind::Declared(known) => 0.87 * best + 2.3 * known.share(tokens) - 0.75,
        };
        let agents = self.agents.iter().copied().zip(scores.into_iter().map(calibrated));
        Reading { agents: agents.collect(), in_scope }
    }

    /// Bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.linear.bytes() + self.agents.len() * size_of::<usize>()
    }
}

fn places(team: &Team, wanted: impl Fn(&Agent) -> bool) -> Vec<usize> {
    team.agents.iter().enumerate().filter(|(_, agent)| wanted(agent)).map(|(place, _)| place).collect()
}

fn own_samples<'a>(
    agents: &[usize],
    own: &'a [(OwnExample, Vec<f32>)],
    weight: f32,
) -> impl Iterator<Item = Sample<'a>> {
    own.iter().filter_map(move |(example, vector)| {
        let class = agents.iter().position(|agent| *agent == example.agent)?;
        Some(Sample { vector, lexical: features::lexical(&features::tokens(&example.text)), class, weight })
    })
}

/// Who serves a built-in agent's subject: the agent itself, or the enabled one that comes nearest; the class after the
/// last when there is nobody but the emergency agent.
fn heir(team: &Team, agents: &[usize], name: &str) -> usize {
    let heirs: &[&str] = match name {
        AVAILABILITY => &[AVAILABILITY, SCHEDULE, LEAD, SUPPORT, SALES],
        SCHEDULE => &[SCHEDULE, AVAILABILITY, LEAD, SUPPORT, SALES],
        SALES => &[SALES, LEAD, SUPPORT, SCHEDULE, AVAILABILITY],
        SUPPORT => &[SUPPORT, LEAD, SALES, SCHEDULE, AVAILABILITY],
        EMERGENCY => &[EMERGENCY, SUPPORT, LEAD, SALES, SCHEDULE, AVAILABILITY],
        _ => &[LEAD, SUPPORT, SALES, SCHEDULE, AVAILABILITY],
    };
    let class = |heir: &&str| {
        agents.iter().position(|place| team.agents.get(*place).is_some_and(|agent| agent.name == **heir))
    };
    heirs.iter().find_map(class).unwrap_or(agents.len())
}
