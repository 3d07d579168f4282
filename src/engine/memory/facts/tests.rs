//! The rules against labelled messages, and against what nobody should be able to do to them.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Case {
    language: Language,
    text: String,
    /// `name=value` of each fact.
    facts: BTreeSet<String>,
}

fn found(text: &str, language: Language) -> BTreeSet<String> {
    extract_facts(text, language).into_iter().map(|(_, name, value, _)| format!("{name}={value}")).collect()
}

#[test]
fn what_customers_tell_of_themselves_is_read_and_nothing_else() {
    let cases: Vec<Case> = include_str!("../../../../tests/fixtures/memory/facts.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() > 140);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let found = found(&case.text, case.language);
            (found != case.facts)
                .then(|| format!("{:?}\n   wanted {:?}\n   found  {found:?}", case.text, case.facts))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_statement_is_read_whatever_language_the_message_was_taken_for() {
    let text = "soy alérgica a la penicilina";
    for language in Language::ALL {
        assert_eq!(found(text, language).len(), 1);
    }
}

#[test]
fn the_later_word_counts_and_kinds_and_ends_are_told() {
    let facts =
        extract_facts("tengo piel seca. bueno, tengo piel mixta. prefiero por la tarde", Language::Es);
    let expected = [
        (FactKind::Fact, "piel".to_owned(), "piel mixta".to_owned(), Some(730)),
        (FactKind::Preference, "horario".to_owned(), "por la tarde".to_owned(), Some(365)),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn what_is_learned_from_one_message_is_bounded() {
    let things: Vec<String> =
        (0..100).map(|n| format!("a la cosa{n} larguísima{}", "x".repeat(200))).collect();
    let text = format!("soy alérgica {}", things.join(" y "));
    let facts = extract_facts(&text, Language::Es);
    assert!(facts.len() <= MAX_FACTS && !facts.is_empty());
    assert!(facts.iter().all(|(_, _, value, _)| value.chars().count() <= MAX_VALUE_CHARS));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,300}") {
        for (_, name, value, _) in extract_facts(&text, Language::Es) {
            proptest::prop_assert!(!name.is_empty() && !value.is_empty());
        }
    }

    #[test]
    fn statements_between_odd_signs_are_read_without_harm(a in "\\PC{0,20}", b in "\\PC{0,20}") {
        let text = format!("{a}İ soy alérgica a la {b} ñandú y a los {a}, no me llamen {b}");
        drop(extract_facts(&text, Language::Es));
    }
}
