//! Tells a danger to health, life or safety from everything that only sounds like one.
//!
//! Phrases do it, without a model: what people write when something has happened ("no puedo respirar", "huele a gas"). A
//! phrase does not count when it is asked about ("¿qué pasa si me da alergia?"), offered ("¿atienden emergencias?"), past or
//! denied. Words that may or may not be an alarm ("fiebre", the tenant's own keywords) count only together with the
//! classifier.

mod guards;
mod pattern;
mod phrases;

use std::{ops::Range, sync::LazyLock};

use crate::engine::agent::{EMERGENCY, Team};

use self::pattern::Patterns;
use super::{
    features::tokens,
    keywords::{Keyword, Spoken},
};

/// Below this log-odds of the emergency agent, a phrase of harm is about a machine or a meal.
const HARM_ODDS: f32 = -1.0;

/// From this log-odds of the emergency agent on, a doubtful word is an alarm.
const DOUBTFUL_ODDS: f32 = 0.0;

/// From this log-odds of the emergency agent on, a message that asks nothing is an alarm without a known word.
const CERTAIN_ODDS: f32 = 2.5;

/// The most words of a message that are looked at.
const MAX_WORDS: usize = 400;

static LIFE: LazyLock<Patterns> = LazyLock::new(|| Patterns::forgiving(phrases::LIFE));
static HARM: LazyLock<Patterns> = LazyLock::new(|| Patterns::forgiving(phrases::HARM));
static DOUBTFUL: LazyLock<Patterns> = LazyLock::new(|| Patterns::forgiving(phrases::DOUBTFUL));

/// Recognises emergencies for one team.
#[derive(Debug, Clone)]
pub(super) struct Emergencies {
    /// Whether the team has an emergency agent. Without one only a danger to life is an emergency.
    has_agent: bool,
    /// The tenant's own words.
    keywords: Vec<Keyword>,
}

/// How much of an alarm a message's words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    None,
    Doubtful,
    Harm,
    Life,
}

/// A sentence and its parts between commas.
struct Sentence {
    /// Its words, with a comma between the parts.
    words: Vec<String>,
    /// Where each part begins and ends.
    clauses: Vec<Range<usize>>,
}

impl Emergencies {
    /// For a team.
    pub(super) fn of(team: &Team) -> Self {
        let place = team.agents.iter().position(|agent| agent.name == EMERGENCY);
        let own = place.and_then(|place| team.agents.get(place));
        let keywords = own.iter().flat_map(|agent| &agent.keywords);
        Self {
            has_agent: place.is_some(),
            keywords: keywords.filter_map(|text| Keyword::parse(place.unwrap_or_default(), text)).collect(),
        }
    }

    /// Whether a message tells of an emergency. `odds` are the classifier's log-odds that it is for the emergency agent.
    pub(super) fn is_one(&self, text: &str, odds: f32) -> bool {
        let sentences = sentences(text);
        let alarm = sentences.iter().map(|sentence| self.alarm(sentence)).max().unwrap_or(Alarm::None);
        if !self.has_agent {
            return alarm == Alarm::Life;
        }
        match alarm {
            Alarm::Life => true,
            Alarm::Harm => odds >= HARM_ODDS,
            Alarm::Doubtful => odds >= DOUBTFUL_ODDS,
            Alarm::None => {
                odds >= CERTAIN_ODDS
                    && !text.contains('?')
                    && !sentences.iter().any(|sentence| guards::any(&sentence.words))
            }
        }
    }

    fn alarm(&self, sentence: &Sentence) -> Alarm {
        let mut alarm = Alarm::None;
        for clause in &sentence.clauses {
            let words = sentence.words.get(clause.clone()).unwrap_or_default();
            let armed = |patterns: &Patterns| {
                patterns
                    .places(words)
                    .any(|at| !guards::disarms(&sentence.words, clause.clone(), clause.start + at))
            };
            let found = if armed(&LIFE) {
                Alarm::Life
            } else if guards::reassures(&sentence.words) {
                Alarm::None
            } else if armed(&HARM) {
                Alarm::Harm
            } else if armed(&DOUBTFUL) || self.own_word(sentence, clause) {
                Alarm::Doubtful
            } else {
                Alarm::None
            };
            alarm = alarm.max(found);
        }
        alarm
    }

    /// Whether a keyword of the tenant stands in a part of a sentence and nothing takes it back.
    fn own_word(&self, sentence: &Sentence, clause: &Range<usize>) -> bool {
        let spoken = Spoken::of(sentence.words.get(clause.clone()).unwrap_or_default());
        let places = self.keywords.iter().filter_map(|keyword| keyword.place(&spoken));
        places.into_iter().any(|at| !guards::disarms(&sentence.words, clause.clone(), clause.start + at))
    }
}

/// The sentences of a message with their folded words.
fn sentences(text: &str) -> Vec<Sentence> {
    let mut left = MAX_WORDS;
    let mut sentences = Vec::new();
    for sentence in text.split(['.', '?', '!', ';', '\n', '¿', '¡']) {
        let mut words: Vec<String> = Vec::new();
        let mut clauses = Vec::new();
        for clause in sentence.split([',', ':', '(', ')']) {
            if !words.is_empty() {
                words.push(",".to_owned());
            }
            let start = words.len();
            words.extend(tokens(clause).into_iter().take(left));
            left = left.saturating_sub(words.len() - start);
            if words.len() > start {
                clauses.push(start..words.len());
            }
        }
        if !words.is_empty() {
            sentences.push(Sentence { words, clauses });
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::agent::{Agent, LEAD};

    /// Without a word of the classifier.
    fn shouts(text: &str) -> bool {
        Emergencies::of(&Team::built_in()).is_one(text, 0.0 - f32::EPSILON)
    }

    #[test]
    fn what_happens_now_is_an_emergency() {
        for text in [
            "No puedo respirar",
            "me cuesta mucho respirar, ¿qué hago?",
            "Tengo una reacción alérgica, ¿cuánto cuesta la consulta?",
            "AYUDA!!! se incendia la cocina",
            "huele a gas tienen técnico?",
            "mi mamá tiene convulsiones",
            "se me hincho la cara despues del relleno",
            "el enchufe hizo corto circuito",
            "I can't breathe",
            "my lips are swollen",
            "tem vazamento de gás",
            "quiero suicidarme",
            "tuve el tratamiento ayer y hoy me desmayé",
        ] {
            assert!(shouts(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_asked_offered_past_or_denied_is_none() {
        for text in [
            "¿qué pasa si me da una reacción alérgica?",
            "¿Atienden emergencias?",
            "no es urgente",
            "necesito urgente una cotización",
            "¿venden detectores de fuga de gas?",
            "el año pasado tuve una reacción alérgica, ¿puedo hacerme el peeling?",
            "no tengo alergias ni sangrado",
            "puede causar convulsiones?",
            "what happens if I have a seizure during the session?",
            "vocês vendem extintor de incêndio?",
            "me muero de ganas",
            "hola",
            "",
        ] {
            assert!(!shouts(text), "{text:?}");
        }
    }

    #[test]
    fn doubtful_words_need_the_classifier() {
        let own = Agent { keywords: vec!["helada".to_owned()], ..Agent::named(EMERGENCY) };
        let emergencies = Emergencies::of(&Team { agents: vec![own], ..Team::default() });
        for text in ["tengo fiebre desde ayer", "se me quedó la piel helada"] {
            assert!(emergencies.is_one(text, 1.0), "{text:?}");
            assert!(!emergencies.is_one(text, -1.0), "{text:?}");
        }
        assert!(!emergencies.is_one("¿Se puede aplicar si tengo fiebre?", 1.0));
        assert!(!emergencies.is_one("no tengo la piel helada", 1.0));
        assert!(emergencies.is_one("mi hermano está muy mal", 3.0));
        assert!(!emergencies.is_one("¿mi hermano está muy mal?", 3.0));
    }

    #[test]
    fn a_team_without_an_emergency_agent_knows_only_danger_to_life() {
        let team = Team { agents: vec![Agent::named(LEAD)], ..Team::default() };
        let emergencies = Emergencies::of(&team);
        assert!(emergencies.is_one("no puedo respirar", f32::MIN));
        assert!(!emergencies.is_one("se me hinchó la cara", 5.0));
        assert!(!emergencies.is_one("tengo fiebre", 5.0));
    }
}
