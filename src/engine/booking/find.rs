//! Which service, and with whom, a customer means: their words against the names of the business, with typos forgiven.

use super::rules::{BookingRules, Service};
use crate::{
    domain::language::Language,
    engine::words::is_stop_word,
    text::{stem, words},
};

/// How alike a mistyped word must be, from 0 to 1.
const ALIKE: f64 = 0.91;

/// Shorter words are not forgiven typos.
const MIN_TYPO_CHARS: usize = 5;

/// Shorter words tell nothing.
const MIN_CHARS: usize = 3;

/// Words of names that are no names.
const TITLES: [&str; 10] =
    ["dra", "doctor", "doctora", "doutor", "doutora", "sra", "lic", "licenciada", "prof", "maria"];

/// The ids of the services that a text may mean: one when it is clear, several when it fits them equally well, none
/// when it names none.
pub fn services(text: &str, rules: &BookingRules) -> Vec<String> {
    let said = said(text);
    let names: Vec<Vec<String>> = rules.services.iter().map(name_words).collect();
    let weight = |said: &String| -> u64 {
        let count = names.iter().filter(|name| name.iter().any(|word| same(said, word))).count();
        // A word that half of many services share tells nothing of which.
        if count == 0 || (rules.services.len() > 3 && count * 2 > rules.services.len()) {
            0
        } else {
            1_000 / u64::try_from(count).unwrap_or(1)
        }
    };
    // Each word that was said counts once, however many words of a service it is alike to.
    let score = |name: &Vec<String>| -> u64 {
        said.iter().filter(|said| name.iter().any(|word| same(said, word))).map(weight).sum()
    };
    let scores: Vec<u64> = names.iter().map(score).collect();
    let best = scores.iter().copied().max().unwrap_or_default();
    if best == 0 {
        // Where there is one service only, nobody names it.
        return match rules.services.as_slice() {
            [only] => vec![only.id.clone()],
            _ => Vec::new(),
        };
    }
    let ids = rules.services.iter().zip(scores).filter(|(_, score)| *score == best);
    ids.map(|(service, _)| service.id.clone()).collect()
}

/// Of some services, those that a text tells apart: "la de una zona".
pub fn among(text: &str, candidates: &[String], rules: &BookingRules) -> Vec<String> {
    let said = said(text);
    let of = |id: &String| rules.service(id).map(name_words).unwrap_or_default();
    let names: Vec<Vec<String>> = candidates.iter().map(of).collect();
    let own = |at: usize, word: &String| {
        names.iter().enumerate().all(|(other, name)| other == at || !name.contains(word))
    };
    let score = |at: usize| {
        let name = names.get(at).map(Vec::as_slice).unwrap_or_default();
        name.iter().filter(|word| own(at, word) && said.iter().any(|said| same(said, word))).count()
    };
    let scores: Vec<usize> = (0..candidates.len()).map(score).collect();
    let best = scores.iter().copied().max().unwrap_or_default();
    if best == 0 {
        return Vec::new();
    }
    candidates.iter().zip(scores).filter(|(_, score)| *score == best).map(|(id, _)| id.clone()).collect()
}

/// The resource that a text names: "con la doctora Catalina".
pub fn resource(text: &str, rules: &BookingRules) -> Option<String> {
    let said = words(text);
    let named = |name: &str| {
        words(name)
            .iter()
            .any(|word| word.len() > MIN_CHARS && !TITLES.contains(&word.as_str()) && said.contains(word))
    };
    let mut found = rules.resources.iter().filter(|resource| named(&resource.name));
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.id.clone()),
        _ => None,
    }
}

fn said(text: &str) -> Vec<String> {
    let mut said: Vec<String> =
        words(text).into_iter().filter(|word| word.len() >= MIN_CHARS && !is_stop_word(word)).collect();
    said.sort_unstable();
    said.dedup();
    said
}

fn name_words(service: &Service) -> Vec<String> {
    let texts = std::iter::once(&service.name).chain(&service.keywords);
    let mut found: Vec<String> = texts
        .flat_map(|text| words(text))
        .filter(|word| word.len() >= MIN_CHARS && !is_stop_word(word))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a word that was said is a word of a name: equal, of the same stem, or mistyped.
fn same(said: &str, name: &str) -> bool {
    said == name
        || stem(said, Language::Es) == stem(name, Language::Es)
        || (said.len() >= MIN_TYPO_CHARS
            && name.len() >= MIN_TYPO_CHARS
            && said.chars().next() == name.chars().next()
            && strsim::jaro_winkler(said, name) >= ALIKE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::booking::fixture;

    #[test]
    fn services_are_found_with_typos_and_told_apart() {
        let rules = fixture::clinic();
        let check = |text: &str, expected: &[&str]| assert_eq!(services(text, &rules), expected, "{text:?}");
        check("¿Tienen cita para botox mañana en la tarde?", &["botox-zona", "botox-tercio"]);
        check("Quiero una cita para bótox en una zona", &["botox-zona"]);
        check("limpiesa facial profunda", &["limpieza"]);
        check("una limpieza", &["limpieza"]);
        // One word that is alike to two words of a service counts once.
        let mut doubled = rules.clone();
        doubled.services[1].keywords = vec!["botoxx".to_owned()];
        assert_eq!(services("botox", &doubled), ["botox-zona", "botox-tercio"]);
        // A word that only the owner's keywords have decides.
        doubled.services[1].keywords = vec!["entrecejo".to_owned()];
        assert_eq!(services("botox en el entrecejo", &doubled), ["botox-zona"]);
        check("para un masage relajante", &["masaje"]);
        check("quiero agendar", &[]);
        check("con la doctora", &[]);
        let two = ["botox-zona".to_owned(), "botox-tercio".to_owned()];
        assert_eq!(among("una zona", &two, &rules), ["botox-zona"]);
        assert_eq!(among("el tercio superior", &two, &rules), ["botox-tercio"]);
        assert!(among("botox", &two, &rules).is_empty());
    }

    #[test]
    fn people_are_found_by_name() {
        let rules = fixture::clinic();
        assert_eq!(resource("con la doctora Catalina por favor", &rules).as_deref(), Some("catalina"));
        assert_eq!(resource("con quien sea", &rules), None);
    }
}
