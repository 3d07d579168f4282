//! What the conversation so far says about a message: "¿y el sábado?" goes on with what was talked about, "sí, a las 3"
//! answers what was asked.

use crate::engine::{
    question::leans_on_earlier,
    smalltalk::{self, SmallTalk},
};

/// How a message hangs together with the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearing {
    /// It stands for itself.
    Alone,
    /// It goes on with the subject.
    FollowUp,
    /// It answers a question that the product asked.
    Answer,
}

impl Bearing {
    /// What it adds to the log-odds of the agents of the turn before.
    pub(super) fn pull(self) -> f32 {
        match self {
            Self::Alone => 0.0,
            Self::FollowUp => 1.5,
            Self::Answer => 3.0,
        }
    }
}

/// An answer has at most this many words; what is longer tells of something else too.
const MAX_ANSWER_WORDS: usize = 8;

/// How a message hangs together with the reply before it and whether there were agents in the turn before.
pub(super) fn bearing(text: &str, tokens: &[String], last_reply: Option<&str>) -> Bearing {
    let courtesy = smalltalk::recognise(text, "");
    let is_statement = !text.contains('?') && !tokens.first().is_some_and(|word| asks(word));
    if last_reply.is_some_and(ends_with_question)
        && is_statement
        && tokens.len() <= MAX_ANSWER_WORDS
        && matches!(courtesy, None | Some(SmallTalk::Acknowledgement))
    {
        return Bearing::Answer;
    }
    if courtesy.is_none() && leans_on_earlier(text) { Bearing::FollowUp } else { Bearing::Alone }
}

/// Whether a message with this word at its beginning asks something, with or without a question mark.
fn asks(word: &str) -> bool {
    const WORDS: &str = "que cual cuales cuanto cuanta cuantos cuantas cuando donde como quien how what when where which who do does can \
         qual quais quanto quanta quantos quantas quando onde quem tienen hay puedo pueden";
    WORDS.split_ascii_whitespace().any(|known| known == word)
}

/// Whether a reply ends with a question: its last sentence, or what comes before a last short remark.
fn ends_with_question(reply: &str) -> bool {
    /// Letters that may come after the question: a smile, a "gracias".
    const MAX_REMARK: usize = 40;
    reply
        .rfind('?')
        .is_some_and(|at| reply.get(at..).is_some_and(|after| after.chars().count() <= MAX_REMARK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::router::features::tokens;

    #[test]
    fn an_answer_is_short_and_comes_after_a_question() {
        let asked = Some("Tengo libre a las 3 y a las 5. ¿Cuál prefiere?");
        let check = |text: &str, last: Option<&str>, expected: Bearing| {
            assert_eq!(bearing(text, &tokens(text), last), expected, "{text:?} after {last:?}");
        };
        for text in ["la de las 3", "sí", "a las 5 por favor", "Ana Pérez", "3001234567", "ninguna"] {
            check(text, asked, Bearing::Answer);
        }
        check("la de las 3", Some("Su cita quedó reservada."), Bearing::FollowUp);
        check("gracias", asked, Bearing::Alone);
        check("¿Cuánto cuesta el bótox?", asked, Bearing::Alone);
        check("cuanto cuesta el botox", asked, Bearing::Alone);
        check("¿y el sábado?", Some("Abrimos a las 8."), Bearing::FollowUp);
        check("¿A qué hora abren?", None, Bearing::Alone);
    }

    #[test]
    fn a_question_in_the_middle_of_a_reply_was_not_the_last_word() {
        assert!(ends_with_question("¿Le reservo la cita? 😊"));
        assert!(!ends_with_question(
            "¿Sabía que abrimos los sábados? Atendemos de 8 a 4 en la sede norte y de 9 a 2 en la sur."
        ));
    }
}
