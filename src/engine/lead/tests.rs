use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

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

#[test]
fn labelled_messages_are_read_as_they_are_labelled() {
    let (counts, told) = measure("tuning.jsonl");
    println!("{}", table(&counts));
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn what_was_never_tuned_on_is_read_as_well() {
    let (counts, told) = measure("second_held_out.jsonl");
    println!("{}{}", table(&counts), told.join("\n"));
}
