//! What a customer says to a proposed order: yes, no, another quantity, or something that is neither and is asked about.
//! Whether something is sold hangs on this, so a yes is one only when nothing else is in the message. Pure.

mod phrases;

use self::phrases::{ALL, AROUND, AROUND_QUANTITY, HEDGES, NO, YES};
use super::quantity;
use crate::engine::words::{undrawn, words};

/// An answer to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The customer agrees to just what was proposed.
    Yes,
    /// The customer does not want it.
    No,
    /// So many instead.
    Quantity(u32),
    /// It sounds like an answer, and could be either.
    Unclear,
    /// Something else was said.
    Other {
        /// Whether it begins by refusing: "no, the other one".
        refuses: bool,
    },
}

/// Reads an answer to a proposal of `pieces` pieces in all. `named` tells whether a folded word is one of the products
/// that were proposed.
pub(crate) fn answer(text: &str, pieces: Option<u32>, named: impl Fn(&str) -> bool) -> Answer {
    if let Some(sign) = sign(text) {
        return sign;
    }
    let said: Vec<String> = words(text).iter().map(|word| undrawn(word)).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let (mut yes, mut no, mut hedges) = (0, 0, 0);
    let mut quantity = None;
    let mut rest = 0;
    let mut at = 0;
    while let Some(left) = said.get(at..).filter(|left| !left.is_empty()) {
        let lengths = [HEDGES, NO, YES, ALL, AROUND, AROUND_QUANTITY].map(|list| longest(list, left));
        let [hedge, refusal, agreement, all, around, around_quantity] = lengths;
        let most = lengths.into_iter().max().unwrap_or_default();
        // "una" in "la una" is no answer, but "una" alone is a quantity.
        if let Some((count, used)) = quantity::leading(left).filter(|(_, used)| *used >= most.max(1)) {
            if quantity.is_some_and(|known| known != count) {
                rest += 1;
            }
            quantity = Some(count);
            at += used;
        } else if most == 0 {
            let is_named = left.first().is_some_and(|word| named(word));
            rest += usize::from(!is_named);
            at += 1;
        } else {
            // Where two lists know the same words, the more careful one is right.
            if hedge == most {
                hedges += 1;
            } else if refusal == most {
                no += 1;
            } else if agreement == most {
                yes += 1;
            } else if all == most {
                yes += usize::from(pieces.is_some());
            } else {
                debug_assert!(around == most || around_quantity == most, "one of the lists is the longest");
            }
            at += most;
        }
    }
    let asks = text.contains('?');
    decide(Heard { yes, no, hedges, quantity, rest, asks }, pieces)
}

/// What was heard in an answer.
struct Heard {
    yes: usize,
    no: usize,
    hedges: usize,
    quantity: Option<u32>,
    /// Words that are none of an answer.
    rest: usize,
    asks: bool,
}

fn decide(heard: Heard, pieces: Option<u32>) -> Answer {
    let Heard { yes, no, hedges, quantity, rest, asks } = heard;
    let is_answer = yes + no + hedges > 0;
    if rest > 0 || asks {
        // Words that are not understood: an agreement among them may be one with conditions.
        return match (yes, no, hedges) {
            (_, 1.., _) => Answer::Other { refuses: true },
            (1.., 0, _) | (0, 0, 1..) if !asks && rest <= 3 => Answer::Unclear,
            _ => Answer::Other { refuses: false },
        };
    }
    if hedges > 0 {
        return Answer::Unclear;
    }
    match (yes > 0, no > 0, quantity) {
        (_, _, Some(0)) => Answer::No,
        (_, false, Some(count)) if Some(count) == pieces => Answer::Yes,
        (_, _, Some(count)) => Answer::Quantity(count),
        (true, false, None) => Answer::Yes,
        (false, true, None) => Answer::No,
        (true, true, None) => Answer::Unclear,
        (false, false, None) => {
            debug_assert!(!is_answer, "an answer was counted");
            Answer::Other { refuses: false }
        }
    }
}

/// A message of signs only.
fn sign(text: &str) -> Option<Answer> {
    if text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let has = |signs: &str| text.chars().any(|c| signs.contains(c));
    match (has("👍👌✅✔☑🆗🙌🤝💪"), has("👎❌✖🚫🙅")) {
        (true, false) => Some(Answer::Yes),
        (false, true) => Some(Answer::No),
        (true, true) => Some(Answer::Unclear),
        (false, false) => None,
    }
}

/// How many words the longest phrase of a list takes at the beginning of folded words.
fn longest(list: &[&str], said: &[&str]) -> usize {
    list.iter()
        .filter_map(|phrase| {
            let mut count = 0;
            for word in phrase.split(' ') {
                if said.get(count) != Some(&word) {
                    return None;
                }
                count += 1;
            }
            Some(count)
        })
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
