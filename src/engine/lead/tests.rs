use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::domain::{lead::Qualification, turn::Intent};

/// A labelled message: what it tells and, by leaving it out, what it does not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    text: String,
    language: Language,
    asked: Option<LeadField>,
    name: Option<String>,
    email: Option<String>,
    doubtful: Option<String>,
    phone: Option<String>,
    company: Option<String>,
    /// A part of the problem that must be in it.
    problem: Option<String>,
    interest: Option<InterestArea>,
    urgency: Option<Urgency>,
    #[serde(default)]
    corrects: bool,
    #[serde(default)]
    declined: Vec<LeadField>,
}

fn labelled(file: &str) -> Vec<Labelled> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/leads").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// Right, wrong and missed values of one part.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Count {
    fn precision(self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    fn recall(self) -> f64 {
        share(self.right, self.right + self.missed)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of messages")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Counts each part over the messages of a file, and tells every message that was not read as labelled.
fn measure(file: &str) -> (BTreeMap<&'static str, Count>, Vec<String>) {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    let mut told = Vec::new();
    for case in labelled(file) {
        let found = extract(&case.text, case.language, case.asked);
        let doubtful = match &found.doubtful_email {
            Some(EmailProblem::Typo { suggestion }) => Some(suggestion.clone()),
            other => other.as_ref().map(ToString::to_string),
        };
        let problem = match (&case.problem, &found.problem) {
            (Some(part), Some(problem)) if problem.contains(part.as_str()) => Some(problem.clone()),
            (part, _) => part.clone(),
        };
        let parts = [
            ("name", case.name, found.name),
            ("email", case.email, found.email),
            ("doubtful", case.doubtful, doubtful),
            ("phone", case.phone, found.phone),
            ("company", case.company, found.company),
            ("problem", problem, found.problem),
            ("interest", case.interest.map(|i| format!("{i:?}")), found.interest.map(|i| format!("{i:?}"))),
            ("urgency", case.urgency.map(|u| format!("{u:?}")), found.urgency.map(|u| format!("{u:?}"))),
            ("corrects", case.corrects.then(String::new), found.corrects.then(String::new)),
            (
                "declined",
                (!case.declined.is_empty()).then(|| format!("{:?}", case.declined)),
                (!found.declined.is_empty()).then(|| format!("{:?}", found.declined)),
            ),
        ];
        for (part, expected, found) in parts {
            let count = counts.entry(part).or_default();
            match (&expected, &found) {
                (Some(expected), Some(found)) if expected == found => count.right += 1,
                (None, None) => {}
                (expected, found) => {
                    count.wrong += usize::from(found.is_some());
                    count.missed += usize::from(expected.is_some());
                    told.push(format!("{:?}: {part} is {found:?}, not {expected:?}", case.text));
                }
            }
        }
    }
    (counts, told)
}

fn table(counts: &BTreeMap<&'static str, Count>) -> String {
    let line = |(part, count): (&&str, &Count)| {
        format!("{part:9} precision {:.3} recall {:.3} ({count:?})\n", count.precision(), count.recall())
    };
    counts.iter().map(line).collect()
}

/// No wrong name, address, number or company; what is asked of the rest is less.
const IDENTITY: [&str; 5] = ["name", "email", "doubtful", "phone", "company"];

fn check_counts(file: &str, least_precision: f64, least_recall: f64) {
    let (counts, told) = measure(file);
    println!("{file}\n{}{}", table(&counts), told.join("\n"));
    for (part, count) in &counts {
        let least = if IDENTITY.contains(part) { least_precision } else { least_precision - 0.03 };
        assert!(count.precision() >= least, "{part}: {count:?}\n{}", told.join("\n"));
        assert!(count.recall() >= least_recall, "{part}: {count:?}\n{}", told.join("\n"));
        assert!(count.right > 0, "nothing of {part} is labelled");
    }
}

#[test]
fn labelled_messages_give_no_wrong_value() {
    check_counts("tuning.jsonl", 1.0, 0.9);
}

#[test]
fn messages_that_were_never_tuned_on_are_read_as_well() {
    check_counts("held_out.jsonl", 0.95, 0.9);
}

/// What a conversation came to, and what it is worth.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    #[serde(default)]
    held_out: bool,
    messages: Vec<String>,
    intents: Vec<(String, f32)>,
    #[serde(default)]
    sentiment: f32,
    interest: Option<InterestArea>,
    urgency: Option<Urgency>,
    email: Option<String>,
    expect: Qualification,
}

#[test]
fn leads_are_told_from_those_who_look_need_help_or_sell() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/leads/qualification.jsonl");
    let mut wrong = Vec::new();
    let (mut held_out, mut held_out_wrong) = (0, 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Judged = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let draft = LeadDraft {
            interest: case.interest,
            urgency: case.urgency,
            email: case.email,
            ..LeadDraft::default()
        };
        let intents: Vec<Intent> =
            case.intents.into_iter().map(|(agent, score)| Intent { agent, score }).collect();
        let messages: Vec<&str> = case.messages.iter().map(String::as_str).collect();
        let found = qualify(&draft, &intents, case.sentiment, &messages);
        held_out += usize::from(case.held_out);
        if found != case.expect {
            held_out_wrong += usize::from(case.held_out);
            wrong.push(format!("{messages:?}: {found:?}, not {:?}", case.expect));
        }
    }
    println!("{held_out_wrong} of {held_out} held-out ones wrong");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn draft(name: Option<&str>, email: Option<&str>) -> LeadDraft {
    LeadDraft { name: name.map(str::to_owned), email: email.map(str::to_owned), ..LeadDraft::default() }
}

fn told(text: &str, asked: Option<LeadField>) -> LeadFindings {
    extract(text, Language::Es, asked)
}

#[test]
fn a_lead_grows_over_several_messages_and_takes_a_correction() {
    let required = BTreeSet::from([LeadField::Name, LeadField::Email]);
    let mut lead =
        merge(&LeadDraft::default(), &told("quiero cotizar 20 sillas", None), Some("+573005550102"));
    assert_eq!(lead.phone.as_deref(), Some("+573005550102"));
    assert_eq!(missing(&lead, &required), Some(LeadField::Name));
    lead.asked.push(LeadField::Name);
    lead = merge(&lead, &told("ana perez", Some(LeadField::Name)), Some("+573005550102"));
    assert_eq!(missing(&lead, &required), Some(LeadField::Email));
    lead.asked.push(LeadField::Email);
    lead = merge(&lead, &told("ana.peres@gmail.com", Some(LeadField::Email)), None);
    assert!(is_complete(&lead, &required));
    assert_eq!(missing(&lead, &required), None);
    lead = merge(&lead, &told("perdón, mi correo es ana.perez@gmail.com", None), None);
    assert_eq!(lead.email.as_deref(), Some("ana.perez@gmail.com"));
    assert_eq!(
        (lead.name.as_deref(), lead.problem.as_deref()),
        (Some("Ana Perez"), Some("quiero cotizar 20 sillas"))
    );
}

#[test]
fn what_was_given_once_is_not_overwritten_by_something_said_in_passing() {
    let known = draft(Some("Ana"), Some("ana@x.co"));
    let merged = merge(&known, &told("soy Laura, copien a jefe@x.co", None), None);
    assert_eq!((merged.name.as_deref(), merged.email.as_deref()), (Some("Ana"), Some("ana@x.co")));
    let fuller = merge(&known, &told("me llamo Ana Pérez", None), None);
    assert_eq!(fuller.name.as_deref(), Some("Ana Pérez"));
    let own_number = LeadDraft { phone: Some("+571".to_owned()), ..known };
    let merged = merge(&own_number, &told("mejor a mi celular 3005550102", None), Some("+571"));
    assert_eq!(merged.phone.as_deref(), Some("3005550102"));
}

#[test]
fn what_is_refused_is_not_asked_for_again() {
    let required = BTreeSet::from([LeadField::Name, LeadField::Email, LeadField::Phone]);
    let lead =
        merge(&draft(Some("Ana"), None), &told("prefiero no dar mi correo", Some(LeadField::Email)), None);
    assert_eq!(missing(&lead, &required), Some(LeadField::Phone));
    assert!(!is_complete(&lead, &required));
    let all_asked = LeadDraft { asked: LeadField::ALL.to_vec(), ..lead };
    assert_eq!(missing(&all_asked, &required), None);
}

#[test]
fn the_last_word_on_urgency_counts() {
    let calm = merge(&LeadDraft::default(), &told("sin afán", None), None);
    let hurried = merge(&calm, &told("ahora sí es urgente", None), None);
    assert_eq!((calm.urgency, hurried.urgency), (Some(Urgency::Bajo), Some(Urgency::Alto)));
}

proptest::proptest! {
    #[test]
    fn no_message_is_too_strange_to_read(text in "(\\PC|[@.+ 0-9\\n]|soy |arroba |punto ){0,80}") {
        for asked in [None, Some(LeadField::Name), Some(LeadField::Company), Some(LeadField::Email)] {
            let found = extract(&text, Language::Es, asked);
            proptest::prop_assert!(found.name.is_none_or(|name| !name.trim().is_empty()));
            proptest::prop_assert!(found.email.is_none_or(|email| check_email(&email).as_deref() == Ok(email.as_str())));
        }
    }
}

#[test]
fn a_problem_ends_where_the_customer_comes_to_their_data() {
    let text = "Me interesa contratar el soporte TI para 8 equipos, mi correo es ana@trigo.cl";
    let found = extract(text, Language::Es, None);
    assert_eq!(found.problem.as_deref(), Some("Me interesa contratar el soporte TI para 8 equipos"));
}
