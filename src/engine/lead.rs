//! What a conversation tells of somebody who is interested: read from their own words, message by message, and put
//! together into a lead.
//!
//! Nothing is guessed. A part is taken when the customer said it in so many words, a model's proposal only as far as
//! the customer said the same, and a wrong value is held to be worse than none. What is asked next, and what is
//! stored, is decided elsewhere.

mod company;
mod email;
mod known;
mod name;
mod only_data;
mod phone;
mod problem;
mod proposal;
mod qualify;
mod reading;
mod refusal;
mod urgency;
mod wish;

use std::collections::BTreeSet;

pub use self::{
    email::{EmailProblem, check_email, confirmed_email},
    only_data::{is_only_data, only_wishes},
    proposal::accept_proposal,
    qualify::qualify,
    urgency::urgency,
    wish::{interest, shows_interest},
};
use self::{name::Setting, reading::read};
use crate::{
    domain::{
        language::Language,
        lead::{InterestArea, LeadDraft, LeadField, Urgency},
    },
    text::words,
};

/// What stands for an address or a number that was taken out of a message. It ends a phrase.
const MASK: char = '|';

/// Text beyond this many bytes of one message is not read: nobody gives their name after a page.
const MAX_BYTES: usize = 4_000;

/// What one message tells. A part is `None` when the message does not give it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFindings {
    /// Who it is.
    pub name: Option<String>,
    /// The address to write to, checked for its form.
    pub email: Option<String>,
    /// What is wrong with an address that was given and not taken. A [`EmailProblem::Typo`] is worth a question.
    pub doubtful_email: Option<EmailProblem>,
    /// The number to call, as it was written.
    pub phone: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// What is wanted or wrong, in the customer's own words.
    pub problem: Option<String>,
    /// What it is about.
    pub interest: Option<InterestArea>,
    /// How soon.
    pub urgency: Option<Urgency>,
    /// Whether the message takes back what was said before.
    pub corrects: bool,
    /// The parts that the customer does not want to give or has not. They are not asked for again.
    pub declined: Vec<LeadField>,
}

/// What the customer's new message tells of them: only what is in the words. `asked` is the part that the reply
/// before asked for, so that a bare "ana maria lopez" is understood.
pub fn extract(text: &str, language: Language, asked: Option<LeadField>) -> LeadFindings {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
    let emails = email::find(text, language);
    let mut masked = text.to_owned();
    for found in &emails {
        mask(&mut masked, found.range.clone());
    }
    let phones = phone::find(&masked, asked == Some(LeadField::Phone));
    for found in &phones {
        mask(&mut masked, found.range.clone());
    }
    let words = read(&masked);
    let asks_back = text.contains(['?', '¿']);
    let mut findings = LeadFindings {
        email: emails.iter().find_map(|found| found.address.clone().ok()),
        phone: phones.iter().find(|found| !found.denied).map(|found| found.number.clone()),
        company: company::find(&masked, &words, asked == Some(LeadField::Company)),
        problem: problem::find(&masked, &words, asked.is_some_and(is_contact_part)),
        interest: wish::of_words(&words),
        urgency: urgency::of_words(&words, language),
        declined: refusal::declined(&words, asked, asks_back),
        ..LeadFindings::default()
    };
    if findings.email.is_none() {
        findings.doubtful_email = emails.iter().find_map(|found| found.address.clone().err());
    }
    let takes_back = refusal::corrects(text, &words) || phones.iter().any(|found| found.denied);
    findings.name = name::find(&masked, &words, setting(&findings, asked, takes_back));
    match asked {
        Some(LeadField::Problem)
            if findings.problem.is_none() && !asks_back && findings.declined.is_empty() =>
        {
            findings.problem = problem::answered(&masked, &words);
        }
        Some(LeadField::Urgency) if !asks_back => {
            findings.urgency = findings.urgency.or_else(|| urgency::answered(&words, language));
        }
        _ => {}
    }
    // "Lo tengo dañado", asked for an address, speaks of the address.
    if asked.is_some_and(is_contact_part)
        && findings.problem.is_none()
        && findings.interest == Some(InterestArea::Soporte)
    {
        findings.interest = None;
    }
    findings.without_declined();
    let gives = [&findings.name, &findings.email, &findings.phone, &findings.company];
    findings.corrects = takes_back && gives.iter().any(|part| part.is_some());
    findings
}

/// Whether a part says how to reach somebody, and nothing of what they want.
fn is_contact_part(field: LeadField) -> bool {
    matches!(field, LeadField::Name | LeadField::Email | LeadField::Phone | LeadField::Company)
}

/// How a name may be given in this message.
fn setting(findings: &LeadFindings, asked: Option<LeadField>, takes_back: bool) -> Setting {
    let beside = findings.email.is_some()
        || findings.doubtful_email.is_some()
        || findings.phone.is_some()
        || findings.company.is_some();
    if asked == Some(LeadField::Name) {
        Setting::Asked
    } else if takes_back {
        Setting::Correction
    } else if beside {
        Setting::BesideData
    } else {
        Setting::Plain
    }
}

fn mask(text: &mut String, range: std::ops::Range<usize>) {
    let length = range.len();
    if text.is_char_boundary(range.start) && text.is_char_boundary(range.end) {
        text.replace_range(range, &MASK.to_string().repeat(length));
    }
}

impl LeadFindings {
    /// A part that is refused in the same message was not given in it: "no tengo empresa, es para mí".
    fn without_declined(&mut self) {
        for field in &self.declined {
            match field {
                LeadField::Name => self.name = None,
                LeadField::Company => self.company = None,
                _ => {}
            }
        }
        let given = |field: &LeadField| match field {
            LeadField::Email => self.email.is_some(),
            LeadField::Phone => self.phone.is_some(),
            _ => false,
        };
        self.declined.retain(|field| !given(field));
    }
}

/// The draft with what a message told. A correction wins; else what was given once stays, unless the new value says
/// more of the same ("Ana", then "Ana Pérez"). `channel_phone` is the number that the customer writes from, where the
/// channel knows one; it stands until the customer gives another.
pub fn merge(draft: &LeadDraft, findings: &LeadFindings, channel_phone: Option<&str>) -> LeadDraft {
    let mut merged = draft.clone();
    let replaces = |old: &Option<String>, new: &Option<String>| match (old, new) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => findings.corrects || says_more(old, new),
    };
    let from_channel = draft.phone.is_some() && draft.phone.as_deref() == channel_phone;
    if replaces(&draft.name, &findings.name) {
        merged.name.clone_from(&findings.name);
    }
    if replaces(&draft.email, &findings.email) {
        merged.email.clone_from(&findings.email);
    }
    if replaces(&draft.company, &findings.company) {
        merged.company.clone_from(&findings.company);
    }
    if replaces(&draft.phone, &findings.phone) || (from_channel && findings.phone.is_some()) {
        merged.phone.clone_from(&findings.phone);
    } else if merged.phone.is_none() {
        merged.phone = channel_phone.filter(|phone| !phone.trim().is_empty()).map(str::to_owned);
    }
    merged.problem = draft.problem.clone().or_else(|| findings.problem.clone());
    merged.interest =
        draft.interest.filter(|area| *area != InterestArea::Otro).or(findings.interest).or(draft.interest);
    // The customer's last word on it counts: what was calm in the morning may burn in the evening.
    merged.urgency = findings.urgency.or(draft.urgency);
    for field in &findings.declined {
        if !merged.asked.contains(field) {
            merged.asked.push(*field);
        }
    }
    merged
}

/// Whether the new value is the old one with more words.
fn says_more(old: &str, new: &str) -> bool {
    let (old, new) = (words(old), words(new));
    new.len() > old.len() && old.iter().all(|word| new.contains(word))
}

/// The part to ask for next: the first that is required, not known and was not asked for before.
pub fn missing(draft: &LeadDraft, required: &BTreeSet<LeadField>) -> Option<LeadField> {
    LeadField::ALL
        .into_iter()
        .find(|field| required.contains(field) && !draft.has(*field) && !draft.asked.contains(field))
}

/// Whether everything that the business requires is known.
pub fn is_complete(draft: &LeadDraft, required: &BTreeSet<LeadField>) -> bool {
    required.iter().all(|field| draft.has(*field))
}

#[cfg(test)]
#[path = "lead/tests.rs"]
mod tests;
