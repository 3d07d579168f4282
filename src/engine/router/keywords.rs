//! The words and phrases that a tenant gives its agents: they turn the scale where the examples leave it even.
//!
//! A keyword alone never decides. "Cancelar la cita del bótox" is about an appointment although "bótox" is a word of the
//! sales agent; a message of nothing but "bótox" is for sales.

use strsim::damerau_levenshtein;

use crate::engine::agent::Team;

use super::features::tokens;

/// What a keyword of one word adds to its agent's log-odds.
const WORD: f32 = 1.0;

/// What a keyword of several words adds.
const PHRASE: f32 = 1.6;

/// What every further keyword of the same agent adds.
const FURTHER: f32 = 0.4;

/// The most that the keywords of an agent add.
const MOST: f32 = 2.2;

/// The first words of a message are compared letter by letter; the rest must match as they are.
const MAX_COMPARED_WORDS: usize = 60;

/// The words of a message from which keywords are looked for.
#[derive(Debug)]
pub(super) struct Spoken {
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    letters: String,
    /// Without the ending of number and gender, which is much the same in the three languages.
    stem: String,
}

/// The keywords of a team.
#[derive(Debug, Clone, Default)]
pub(super) struct Keywords {
    of_agents: Vec<Keyword>,
}

/// One keyword or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyword {
    /// The place in the team of its agent.
    agent: usize,
    words: Vec<Word>,
}

impl Spoken {
    /// The words of a message.
    pub(super) fn of(tokens: &[String]) -> Self {
        Self { words: tokens.iter().map(|token| Word::of(token)).collect() }
    }
}

impl Word {
    fn of(token: &str) -> Self {
        let stem = token.trim_end_matches(['a', 'e', 'i', 'o', 's']);
        Self { letters: token.to_owned(), stem: if stem.len() < 3 { token } else { stem }.to_owned() }
    }

    /// Whether a spoken word is this one: the same, of the same stem, or a slip of the finger away from it.
    fn is(&self, spoken: &Self, may_slip: bool) -> bool {
        /// Shorter words are too near to others: "caja" and "baja".
        const MIN_LETTERS_FOR_ONE_SLIP: usize = 5;
        const MIN_LETTERS_FOR_TWO_SLIPS: usize = 9;
        if self.letters == spoken.letters || self.stem == spoken.stem {
            return true;
        }
        let allowed = match self.letters.len() {
            MIN_LETTERS_FOR_TWO_SLIPS.. => 2,
            MIN_LETTERS_FOR_ONE_SLIP.. => 1,
            _ => 0,
        };
        may_slip
            && allowed > 0
            && self.letters.len().abs_diff(spoken.letters.len()) <= allowed
            && damerau_levenshtein(&self.letters, &spoken.letters) <= allowed
    }
}

impl Keyword {
    /// A keyword as its owner wrote it; `None` when there is no word in it.
    pub(super) fn parse(agent: usize, text: &str) -> Option<Self> {
        let words: Vec<Word> = tokens(text).iter().map(|token| Word::of(token)).collect();
        (!words.is_empty()).then_some(Self { agent, words })
    }

    /// Where it is spoken first: its words in a row.
    pub(super) fn place(&self, spoken: &Spoken) -> Option<usize> {
        spoken.words.windows(self.words.len()).enumerate().position(|(at, window)| {
            let may_slip = at < MAX_COMPARED_WORDS;
            self.words.iter().zip(window).all(|(word, spoken)| word.is(spoken, may_slip))
        })
    }
}

impl Keywords {
    /// The keywords of all agents of a team but one, whose words mean more than a subject.
    pub(super) fn of(team: &Team, but: &str) -> Self {
        let mut of_agents = Vec::new();
        for (place, agent) in team.agents.iter().enumerate().filter(|(_, agent)| agent.name != but) {
            of_agents.extend(agent.keywords.iter().filter_map(|text| Keyword::parse(place, text)));
        }
        Self { of_agents }
    }

    /// What the keywords in a message add to the log-odds of the agents: the place in the team and how much.
    pub(super) fn found(&self, spoken: &Spoken) -> Vec<(usize, f32)> {
        let mut found: Vec<(usize, f32)> = Vec::new();
        for keyword in self.of_agents.iter().filter(|keyword| keyword.place(spoken).is_some()) {
            match found.iter_mut().find(|(agent, _)| *agent == keyword.agent) {
                Some((_, sum)) => *sum = (*sum + FURTHER).min(MOST),
                None => found.push((keyword.agent, if keyword.words.len() > 1 { PHRASE } else { WORD })),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::agent::Agent;

    fn found(keywords: &[(&str, &[&str])], text: &str) -> Vec<(usize, f32)> {
        let agents = keywords.iter().map(|(name, keywords)| Agent {
            keywords: keywords.iter().map(|&keyword| keyword.to_owned()).collect(),
            ..Agent::named(name)
        });
        let team = Team { agents: agents.collect(), ..Team::default() };
        Keywords::of(&team, "emergency").found(&Spoken::of(&tokens(text)))
    }

    #[test]
    fn keywords_are_found_without_accents_in_the_plural_and_with_slips() {
        let sales: (&str, &[&str]) = ("sales", &["bótox", "ácido hialurónico", "promoción", "precio"]);
        for text in ["BOTOX?", "precio", "tienen promociones", "Promocíon", "botix", "el presio"] {
            assert_eq!(found(&[sales], text), [(0, WORD)], "{text:?}");
        }
        assert_eq!(found(&[sales], "acido hialuronico"), [(0, PHRASE)]);
        for text in ["acido", "cita", "boa", "el ácido es hialurónico", ""] {
            assert_eq!(found(&[sales], text), [], "{text:?}");
        }
    }

    #[test]
    fn more_keywords_weigh_more_up_to_a_bound() {
        let sales: (&str, &[&str]) = ("sales", &["a1", "b1", "c1", "d1", "e1", "f1"]);
        let support: (&str, &[&str]) = ("support", &["garantía"]);
        assert_eq!(found(&[sales, support], "a1 b1 garantia"), [(0, WORD + FURTHER), (1, WORD)]);
        assert_eq!(found(&[sales], "a1 b1 c1 d1 e1 f1"), [(0, MOST)]);
    }

    #[test]
    fn the_words_of_the_emergency_agent_name_no_subject() {
        assert_eq!(
            found(&[("emergency", &["fiebre"]), ("sales", &["gripe"])], "fiebre y gripe"),
            [(1, WORD)]
        );
    }
}
