//! Sums a conversation up in its own words: what the customer asked or told, each with the sentence that answered it.
//!
//! It is an extract, not a text: nothing in it is worded anew, so nothing in it can be wrong.

use std::collections::HashSet;

use crate::{
    domain::{language::Language, message::Role},
    engine::{
        prompt::Said,
        question::{facets, subject},
        smalltalk,
    },
    text::{stem, words},
};

/// Exchanges in a summary; of a longer conversation those that tell the most are kept.
const MAX_EXCHANGES: usize = 8;

/// The longest quotation of a customer or an answer, in characters.
const MAX_QUOTE_CHARS: usize = 220;

/// Messages that are looked at: the last ones of a longer stretch.
const MAX_MESSAGES: usize = 400;

/// What sources are named with below a reply.
const SOURCE_MARKS: [&str; 6] = ["fuente:", "fuentes:", "source:", "sources:", "fonte:", "fontes:"];

/// What a customer said at a time, and what came back.
struct Exchange {
    customer: Vec<String>,
    replies: Vec<(Role, String)>,
}

/// A line of a summary.
struct Line {
    text: String,
    /// The stems of what the customer's words are about.
    subject: HashSet<String>,
    /// How much it tells.
    weight: usize,
}

/// Sums messages up, a line for each thing that the customer wanted. Empty when nothing was said but courtesies.
pub fn summarise(messages: &[Said]) -> String {
    let recent = messages.get(messages.len().saturating_sub(MAX_MESSAGES)..).unwrap_or(messages);
    let mut lines: Vec<Line> = Vec::new();
    for line in exchanges(recent).iter().filter_map(line) {
        // Who asks the same again wants to know the last answer.
        lines.retain(|known| known.subject.is_empty() || known.subject != line.subject);
        lines.push(line);
    }
    while lines.len() > MAX_EXCHANGES {
        let least = lines.iter().enumerate().min_by_key(|(_, line)| line.weight).map(|(place, _)| place);
        lines.remove(least.unwrap_or_default());
    }
    lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
}

fn exchanges(messages: &[Said]) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for said in messages {
        match (said.role, all.last_mut()) {
            (Role::Customer, Some(open)) if open.replies.is_empty() => open.customer.push(said.text.clone()),
            (Role::Customer, _) => {
                all.push(Exchange { customer: vec![said.text.clone()], replies: Vec::new() });
            }
            (role, Some(open)) => open.replies.push((role, said.text.clone())),
            (role, None) => {
                all.push(Exchange { customer: Vec::new(), replies: vec![(role, said.text.clone())] });
            }
        }
    }
    all
}

fn line(exchange: &Exchange) -> Option<Line> {
    let told: Vec<&str> =
        exchange.customer.iter().map(String::as_str).filter(|text| tells_something(text)).collect();
    let asked = told.join(" ");
    let about: HashSet<String> = stems(&asked);
    let answer = answer(exchange, &asked);
    if told.is_empty() && !exchange.replies.iter().any(|(role, _)| *role == Role::Person) {
        return None;
    }
    let quote = shorten(&asked);
    let text = match (quote.is_empty(), answer.is_empty()) {
        (true, true) => return None,
        (true, false) => format!("→ {answer}"),
        (false, true) => format!("«{quote}»"),
        (false, false) => format!("«{quote}» → {answer}"),
    };
    let weight =
        subject(&asked).len() + 2 * usize::from(!answer.is_empty()) + 2 * usize::from(has_data(&asked));
    Some(Line { text, subject: about, weight })
}

/// Whether a message is more than a courtesy or a sound.
fn tells_something(text: &str) -> bool {
    let courtesy = smalltalk::recognise(text, "").is_some_and(|talk| talk != smalltalk::SmallTalk::Person);
    !courtesy && (!subject(text).is_empty() || !facets(text).is_empty() || has_data(text))
}

/// Whether a text holds an address or a number.
fn has_data(text: &str) -> bool {
    text.contains('@') || text.chars().filter(char::is_ascii_digit).count() >= 2
}

/// The stems of what a text is about, in whichever of the languages it is.
fn stems(text: &str) -> HashSet<String> {
    subject(text).iter().flat_map(|word| all_stems(word).collect::<Vec<_>>()).collect()
}

fn all_stems(word: &str) -> impl Iterator<Item = String> {
    Language::ALL.into_iter().map(move |language| stem(word, language))
}

/// The sentences of the replies that answer the question: the best one, and one for each kind of fact that was asked for
/// and is not in it. Empty when none does.
fn answer(exchange: &Exchange, asked: &str) -> String {
    let wanted = facets(asked);
    let about: Vec<String> = subject(asked);
    let score = |role: Role, sentence: &str| {
        let known = stems(sentence);
        let shared = about.iter().filter(|word| all_stems(word).any(|stem| known.contains(&stem))).count();
        let facts = wanted.iter().filter(|facet| facet.is_in(sentence)).count();
        // What a person took the trouble to write is part of the story in any case.
        2 * shared + 3 * facts + usize::from(role == Role::Person)
    };
    let said: Vec<(usize, &str)> = exchange
        .replies
        .iter()
        .flat_map(|(role, text)| sentences(text).into_iter().map(|sentence| (*role, sentence)))
        .filter(|(_, sentence)| !is_ceremony(sentence))
        .map(|(role, sentence)| (score(role, sentence), sentence))
        .filter(|(score, _)| *score > 0)
        .collect();
    let Some(best) = said.iter().map(|(score, _)| *score).max() else { return String::new() };
    let mut open = wanted;
    let mut kept: Vec<&str> = Vec::new();
    for (score, sentence) in &said {
        let tells_more = open.iter().any(|facet| facet.is_in(sentence));
        if *score == best || tells_more {
            open.retain(|facet| !facet.is_in(sentence));
            kept.push(sentence);
        }
    }
    shorten(&kept.join(" "))
}

/// Whether a sentence of a reply is a greeting, a question back, an offer or the name of a source.
fn is_ceremony(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    sentence.ends_with('?')
        || SOURCE_MARKS.iter().any(|mark| lower.starts_with(mark))
        || smalltalk::recognise(sentence, "").is_some()
        || words(sentence).len() < 2
}

/// The sentences of a text. A point ends one only where the next begins with a capital letter or a sign of its own and
/// the word before is none of one letter, so that "8:00 a. m." and "$1.250.000" stay whole.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        for (at, mark) in line.char_indices().filter(|(_, c)| matches!(c, '.' | '!' | '?' | '…')) {
            let end = at + mark.len_utf8();
            let (before, after) =
                (line.get(start..at).unwrap_or_default(), line.get(end..).unwrap_or_default());
            let begins = |rest: &str| !rest.chars().next().is_some_and(|c| c.is_lowercase() || c == ')');
            let last_word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
            let ends =
                after.is_empty() || (after.starts_with(char::is_whitespace) && begins(after.trim_start()));
            if ends && (mark != '.' || last_word.chars().count() > 1) {
                found.push(line.get(start..end).unwrap_or_default());
                start = end;
            }
        }
        found.push(line.get(start..).unwrap_or_default());
    }
    let bullet = |sentence: &str| sentence.trim_start_matches(['-', '*', '•', ' ']).trim_end().len();
    found
        .into_iter()
        .map(|sentence| {
            let sentence = sentence.trim_end();
            sentence.get(sentence.len() - bullet(sentence)..).unwrap_or_default()
        })
        .filter(|sentence| !sentence.is_empty())
        .collect()
}

/// The text on one line, cut at a word when it is too long.
fn shorten(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_QUOTE_CHARS {
        return text;
    }
    let end = text.char_indices().nth(MAX_QUOTE_CHARS).map_or(text.len(), |(at, _)| at);
    let cut = text.get(..end).unwrap_or_default();
    let whole = cut.rfind(char::is_whitespace).and_then(|space| cut.get(..space)).unwrap_or(cut);
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[(Role, &str)]) -> Vec<Said> {
        lines.iter().map(|(role, text)| Said { role: *role, text: (*text).to_owned() }).collect()
    }

    #[test]
    fn a_summary_is_what_was_wanted_and_what_was_answered() {
        use Role::{Assistant, Customer, Person};
        let summary = summarise(&said(&[
            (Customer, "hola"),
            (Assistant, "¡Hola! Le damos la bienvenida a Benova. ¿En qué le puedo ayudar?"),
            (Customer, "¿Cuánto cuesta la limpieza facial?"),
            (Customer, "y cuanto dura"),
            (
                Assistant,
                "¡Con gusto! La limpieza facial profunda cuesta $180.000. Dura 90 minutos. Atendemos de 8:00 a. m. a 7:00 p. m.\nFuente: servicios › Limpieza facial",
            ),
            (Customer, "gracias"),
            (Assistant, "¡Con mucho gusto! Si necesita algo más, aquí estoy."),
            (Customer, "soy Ana Pérez, ana@correo.co"),
            (Assistant, "Gracias, Ana. ¿Qué día prefiere?"),
            (Customer, "quiero hablar con una persona"),
            (Person, "Buenas tardes, soy Eva. Le reservo el viernes a las 10:00."),
        ]));
        insta::assert_snapshot!(summary, @"
        «¿Cuánto cuesta la limpieza facial? y cuanto dura» → La limpieza facial profunda cuesta $180.000. Dura 90 minutos.
        «soy Ana Pérez, ana@correo.co» → Gracias, Ana.
        «quiero hablar con una persona» → Buenas tardes, soy Eva. Le reservo el viernes a las 10:00.
        ");
    }

    #[test]
    fn courtesies_alone_leave_nothing() {
        use Role::{Assistant, Customer};
        for lines in [
            &[][..],
            &[(Customer, "hola")],
            &[
                (Customer, "hola"),
                (Assistant, "¡Hola! ¿En qué le puedo ayudar?"),
                (Customer, "👍"),
                (Customer, "ok gracias"),
            ],
            &[(Assistant, "Le recordamos su cita.")],
        ] {
            assert_eq!(summarise(&said(lines)), "");
        }
    }

    #[test]
    fn the_last_answer_to_a_question_is_the_one_that_stays() {
        use Role::{Assistant, Customer};
        let summary = summarise(&said(&[
            (Customer, "Do you ship to Cali?"),
            (Assistant, "Shipping to Cali takes 5 days."),
            (Customer, "do you ship to cali"),
            (Assistant, "Shipping to Cali takes 3 days."),
        ]));
        assert_eq!(summary, "«do you ship to cali» → Shipping to Cali takes 3 days.");
    }

    #[test]
    fn a_long_conversation_is_summed_up_in_a_bounded_text_of_whole_words() {
        use Role::{Assistant, Customer};
        let mut lines = Vec::new();
        let questions: Vec<String> = (0..60)
            .map(|n| format!("¿Venden el producto número {n} de la marca {}?", "largo ".repeat(60)))
            .collect();
        for question in &questions {
            lines.push((Customer, question.as_str()));
            lines.push((Assistant, "Sí, vendemos ese producto de esa marca."));
        }
        let summary = summarise(&said(&lines));
        assert_eq!(summary.lines().count(), MAX_EXCHANGES);
        assert!(summary.chars().count() < MAX_EXCHANGES * (2 * MAX_QUOTE_CHARS + 10));
        assert!(summary.lines().all(|line| line.contains("largo…»")), "{summary}");
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(sentences(text), expected, "{text}");
        check("Cuesta $1.250.000. Dura una hora.", &["Cuesta $1.250.000.", "Dura una hora."]);
        check("De 8:00 a. m. a 7:00 p. m. los sábados.", &["De 8:00 a. m. a 7:00 p. m. los sábados."]);
        check("¡Hola! ¿Qué tal?\n- Uno\n- Dos", &["¡Hola!", "¿Qué tal?", "Uno", "Dos"]);
        check("Escriba a a@b.co o www.b.co", &["Escriba a a@b.co o www.b.co"]);
        check("", &[]);
    }
}
