//! Which questions without an answer were asked by a contact. They are kept without their asker, so they are told by
//! what the contact said.

use std::collections::BTreeSet;

use rusqlite::Transaction;

use crate::{
    domain::lead::LeadDraft,
    store::StoreError,
    text::{fold, words},
};

/// From this many words on, a run of words that two texts share is a quotation.
const QUOTED_WORDS: usize = 6;

/// Shorter names and numbers are in too many questions to tell anything.
const MIN_NAME_CHARS: usize = 4;

/// What a contact said and is called.
pub(super) struct Quotes {
    /// The words of each message, in the form that questions are compared in.
    said: BTreeSet<String>,
    /// Folded names, addresses and numbers.
    names: BTreeSet<String>,
}

/// A question without an answer.
pub(super) struct Gap {
    pub(super) id: i64,
    pub(super) question: String,
    normalized: String,
}

impl Quotes {
    /// What the contact with this id said and is called.
    pub(super) fn of(tx: &Transaction<'_>, contact_id: &str) -> Result<Self, StoreError> {
        let texts = |sql: &str| -> Result<Vec<String>, StoreError> {
            let mut statement = tx.prepare(sql)?;
            let found = statement.query_map([contact_id], |row| row.get::<_, Option<String>>(0))?;
            Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        let said = texts(
            "select m.text from message m join conversation c on c.id = m.conversation_id
             where c.contact_id = ?1 and m.role = 'customer'
             union select i.text from inbox i join conversation c on c.id = i.conversation_id
             where c.contact_id = ?1",
        )?;
        let mut names = texts(
            "select address from contact where id = ?1 union select name from contact where id = ?1
             union select value from contact_fact where contact_id = ?1",
        )?;
        for draft in texts("select draft from lead where contact_id = ?1")? {
            let draft: LeadDraft = serde_json::from_str(&draft).map_err(|e| StoreError::value("lead", e))?;
            names.extend([draft.name, draft.phone, draft.email, draft.company].into_iter().flatten());
        }
        Ok(Self {
            said: said.iter().map(|text| words(text).join(" ")).filter(|text| !text.is_empty()).collect(),
            names: names
                .iter()
                .map(|name| fold(name.trim()))
                .filter(|name| name.chars().count() >= MIN_NAME_CHARS)
                .collect(),
        })
    }

    /// Whether a question is one that the contact asked: it is made of the contact's messages, shares a run of words
    /// with one, or holds a name or number of the contact.
    fn are_in(&self, gap: &Gap) -> bool {
        let question = fold(&gap.question);
        self.names.iter().any(|name| question.contains(name.as_str()))
            || self.said.iter().any(|said| shares(&gap.normalized, said))
            || self.is_made_of(&gap.normalized)
    }

    /// Whether a question is several messages one after the other: a follow-up with the question it leans on.
    fn is_made_of(&self, question: &str) -> bool {
        if question.is_empty() {
            return false;
        }
        let mut reached = vec![false; question.len() + 1];
        if let Some(start) = reached.first_mut() {
            *start = true;
        }
        for at in 0..question.len() {
            if !reached.get(at).copied().unwrap_or_default() {
                continue;
            }
            let Some(rest) = question.get(at..) else { continue };
            for said in &self.said {
                let Some(left) = rest.strip_prefix(said.as_str()) else { continue };
                let next = match left.strip_prefix(' ') {
                    Some(_) => at + said.len() + 1,
                    None if left.is_empty() => question.len(),
                    None => continue,
                };
                if let Some(place) = reached.get_mut(next) {
                    *place = true;
                }
            }
        }
        reached.last().copied().unwrap_or_default()
    }
}

/// Whether one of two texts is a quotation from the other.
fn shares(question: &str, said: &str) -> bool {
    let (short, long) = if question.len() < said.len() { (question, said) } else { (said, question) };
    short.split(' ').count() >= QUOTED_WORDS && format!(" {long} ").contains(&format!(" {short} "))
}

/// The questions without an answer that a contact asked.
pub(super) fn gaps_that_quote(tx: &Transaction<'_>, quotes: &Quotes) -> Result<Vec<Gap>, StoreError> {
    let mut statement = tx.prepare("select id, question, normalized from knowledge_gap order by id")?;
    let gaps = statement
        .query_map([], |row| Ok(Gap { id: row.get(0)?, question: row.get(1)?, normalized: row.get(2)? }))?;
    let mut found = Vec::new();
    for gap in gaps {
        let gap = gap?;
        if quotes.are_in(&gap) {
            found.push(gap);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_told_by_what_its_asker_said() {
        let said = [
            "¿Hacen tatuajes de henna?",
            "¿y cuánto cuesta?",
            "hola",
            "necesito que me digan si venden al por mayor",
        ];
        let quotes = Quotes {
            said: said.iter().map(|text| words(text).join(" ")).collect(),
            names: [fold("Ana Pérez"), fold("+573005550102")].into(),
        };
        let check = |question: &str, expected: bool| {
            let gap = Gap { id: 1, question: question.to_owned(), normalized: words(question).join(" ") };
            assert_eq!(quotes.are_in(&gap), expected, "{question}");
        };
        check("hacen tatuajes de henna", true);
        check("¿Hacen tatuajes de henna? ¿y cuánto cuesta?", true);
        check("hola ¿y cuánto cuesta?", true);
        check("me digan si venden al por mayor", true);
        check("llámenme al +573005550102", true);
        check("soy ANA PEREZ ¿abren hoy?", true);
        check("¿Hacen tatuajes?", false);
        check("¿Hacen tatuajes de henna negra?", false);
        check("hola, ¿venden libros?", false);
        check("¿y cuánto cuesta el envío?", false);
        check("", false);
    }
}
