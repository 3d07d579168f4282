//! The answerer without a model: courtesies by code, facts of the business from its configuration, and everything
//! else in the words of the tenant's own documents.
//!
//! It never writes a fact of its own: the frame comes from the locale files, the facts are sentences of the passages
//! as they were written. When nothing was found it says so and offers a person.

mod extract;
mod plain;

use super::{
    facts,
    question::{self, Facet},
    smalltalk::{self, SmallTalk},
};
use crate::{
    domain::{
        business::Business,
        language::Language,
        retrieval::{Passage, Retrieval},
        turn::Source,
    },
    prompts::{Facts, Prompts, Text},
    text::language,
};

/// The most documents named under an answer.
const MAX_NAMED_SOURCES: usize = 2;

/// What a customer asked, as the answerer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The customer's words, a burst joined by line breaks.
    pub text: String,
    /// The words with the subject that the conversation gave them.
    pub in_context: String,
    /// The customer's language.
    pub language: Language,
}

/// What the built-in answerer said.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The words, without the line that names the source.
    pub text: String,
    /// The line that names the source; empty without one.
    pub source_line: String,
    /// The passages it stands on, best first.
    pub sources: Vec<Source>,
    /// Whether it answered; `false` for "I do not know".
    pub known: bool,
}

impl Answer {
    pub(super) fn said(text: String) -> Self {
        Self { text, source_line: String::new(), sources: Vec::new(), known: true }
    }

    /// The whole reply: at most two paragraphs, the second naming the source.
    pub fn reply(&self) -> String {
        if self.source_line.is_empty() {
            self.text.clone()
        } else {
            format!("{}\n\n{}", self.text, self.source_line)
        }
    }
}

/// Speaks for a business, in the sentences of its prompts.
#[derive(Debug, Clone, Copy)]
pub struct Builtin<'a> {
    /// The business.
    pub business: &'a Business,
    /// Its sentences.
    pub prompts: &'a Prompts,
    /// The customer's name, where it is known.
    pub contact_name: Option<&'a str>,
}

impl Builtin<'_> {
    fn facts(&self, language: Language) -> Facts {
        facts::of_business(self.business, self.prompts, self.contact_name, language)
    }

    /// A sentence of the product for this business and customer.
    pub(crate) fn text(&self, text: Text, language: Language) -> String {
        self.prompts.text(text, language, &self.facts(language))
    }

    /// The same with facts of its own.
    pub(crate) fn text_with(&self, text: Text, language: Language, more: impl FnOnce(&mut Facts)) -> String {
        let mut facts = self.facts(language);
        more(&mut facts);
        self.prompts.text(text, language, &facts)
    }

    /// The reply to a message that needs no knowledge; `None` if it does.
    pub fn courtesy(&self, text: &str, language: Language) -> Option<Answer> {
        if !text.chars().any(char::is_alphanumeric) {
            // A thumb, a heart, "?": a sign is friendly or unreadable, and neither is a question.
            let sign = if text.chars().any(|c| !c.is_ascii() && !c.is_whitespace() && !"¿¡…".contains(c))
            {
                Text::Acknowledged
            } else {
                Text::Empty
            };
            return Some(Answer::said(self.text(sign, language)));
        }
        let text = match smalltalk::recognise(text, &self.business.name)? {
            SmallTalk::Acknowledgement => Text::Acknowledged,
            SmallTalk::Greeting => Text::Greeting,
            SmallTalk::Wellbeing => Text::Wellbeing,
            SmallTalk::Thanks => Text::Thanks,
            SmallTalk::Goodbye => Text::Goodbye,
            SmallTalk::Help => Text::Help,
            SmallTalk::Identity => Text::Identity,
            SmallTalk::Person => Text::Person,
        };
        Some(Answer::said(self.text(text, language)))
    }

    /// The answer to a question from what was found.
    pub fn answer(&self, question: &Question, retrieval: &Retrieval) -> Answer {
        if let Some(overview) = self.overview(question) {
            return overview;
        }
        if let Some(answer) = self.from_documents(question, retrieval) {
            return answer;
        }
        match self.state_facts(question) {
            Some(text) => Answer::said(self.greeted(question, text)),
            None => self.unknown(question),
        }
    }

    /// What the business offers, in the words of its owner, for who asks for no part of it.
    fn overview(&self, question: &Question) -> Option<Answer> {
        let description = self.business.description.trim();
        if description.is_empty() || !question::asks_overview(&question.text, description) {
            return None;
        }
        Some(Answer::said(self.greeted(question, self.text(Text::Overview, question.language))))
    }

    /// The answer in the words of the documents, if they answer.
    pub fn from_documents(&self, question: &Question, retrieval: &Retrieval) -> Option<Answer> {
        let passages = retrieval.answerable.then_some(&retrieval.passages)?;
        let extract = extract::extract(question, passages)?;
        Some(self.quote_documents(question, &extract, passages))
    }

    /// Adds when the business is open, and how times are arranged, to an answer that says neither: somebody asked
    /// when they can come.
    pub fn add_times(&self, question: &Question, answer: &mut Answer) {
        let asks_hours = question::facets(&question.text).contains(&Facet::Hours);
        if !question::asks_when(&question.text) || (answer.known && asks_hours) {
            return;
        }
        let facts = self.facts(question.language);
        let text = |text| self.prompts.text(text, question.language, &facts);
        let mut times = Vec::new();
        if !facts.hours.is_empty() && !Facet::Hours.is_in(&answer.text) {
            times.push(text(Text::OurHours));
        }
        times.push(text(Text::BookByPerson));
        let times = times.join(" ");
        if answer.known {
            answer.text = format!("{} {times}", answer.text.trim_end());
        } else {
            *answer = Answer::said(self.greeted(question, times));
        }
    }

    /// The honest "I do not know", with the offer of a person.
    pub fn unknown(&self, question: &Question) -> Answer {
        let text = self.greeted(question, self.text(Text::Unknown, question.language));
        Answer { known: false, ..Answer::said(text) }
    }

    /// The same when the knowledge could not be searched, unless the business's own facts answer.
    pub fn trouble(&self, question: &Question) -> Answer {
        match self.state_facts(question) {
            Some(text) => Answer::said(self.greeted(question, text)),
            None => Answer { known: false, ..Answer::said(self.text(Text::Trouble, question.language)) },
        }
    }

    /// The apology for a message that failed again and again.
    pub fn apology(&self, language: Language) -> Answer {
        Answer { known: false, ..Answer::said(self.text(Text::Apology, language)) }
    }

    /// How to reach a person.
    pub fn person(&self, language: Language) -> Answer {
        Answer::said(self.text(Text::Person, language))
    }

    fn greeted(&self, question: &Question, text: String) -> String {
        if smalltalk::begins_with_greeting(&question.text) {
            format!("{}{text}", self.text(Text::Hello, question.language))
        } else {
            text
        }
    }

    fn quote_documents(
        &self,
        question: &Question,
        extract: &extract::Extract,
        passages: &[Passage],
    ) -> Answer {
        let language = question.language;
        let used: Vec<&Passage> = extract.passages.iter().filter_map(|index| passages.get(*index)).collect();
        let mut facts = self.facts(language);
        let written_in = language::detect(&extract.text, self.business.language);
        let mut text = extract.text.clone();
        if written_in != language {
            facts.foreign = self.text(Text::name_of(written_in), language);
            let notice = self.prompts.text(Text::Foreign, language, &facts);
            text = format!("{notice}\n{text}");
        }
        let mut names: Vec<String> = used.iter().map(|passage| facts::source_name(passage)).collect();
        names.dedup();
        names.truncate(MAX_NAMED_SOURCES);
        let line = if names.len() > 1 { Text::Sources } else { Text::Source };
        facts.sources = names.join("; ");
        Answer {
            text: self.greeted(question, text),
            source_line: self.prompts.text(line, language, &facts),
            sources: used.into_iter().map(facts::source).collect(),
            known: true,
        }
    }

    /// Hours, address and phone number as the configuration has them, when they are what was asked for.
    fn state_facts(&self, question: &Question) -> Option<String> {
        // "¿A qué hora llega mi pedido?" has a subject of its own, and the opening hours do not answer it.
        const MAX_SUBJECT_WORDS: usize = 2;
        if question::subject(&question.text).len() > MAX_SUBJECT_WORDS {
            return None;
        }
        let facts = self.facts(question.language);
        let asked = question::facets(&question.text);
        let sentences: Vec<String> = asked
            .into_iter()
            .filter_map(|facet| match facet {
                Facet::Hours if !facts.hours.is_empty() => Some(Text::OurHours),
                Facet::Address if !facts.address.is_empty() => Some(Text::OurAddress),
                Facet::Phone if !facts.phone.is_empty() => Some(Text::OurPhone),
                _ => None,
            })
            .map(|text| self.prompts.text(text, question.language, &facts))
            .collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }
}

#[cfg(test)]
#[path = "builtin/tests.rs"]
mod tests;
