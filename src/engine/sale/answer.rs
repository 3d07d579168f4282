//! What a customer says to a proposed order: yes, no, another quantity, or something that is neither and is asked about.
//! Whether something is sold hangs on this, so a yes is one only when nothing else is in the message. Pure.

mod phrases;

use self::phrases::{ALL, AROUND, AROUND_QUANTITY, CHANGES, CLOSES, HEDGES, LATER, NO, YES};
use super::{quantity, reading};
use crate::{engine::words::undrawn, text::words};

/// An answer to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The customer agrees to just what was proposed.
    Yes,
    /// The customer does not want it.
    No,
    /// So many instead.
    Quantity(u32),
    /// Not now.
    Later,
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
    if reading::supposes(text) {
        return Answer::Other { refuses: false };
    }
    let said: Vec<String> = words(text).iter().map(|word| undrawn(word)).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let mut heard = Heard { asks: text.contains('?'), ..Heard::default() };
    let mut at = 0;
    while let Some(left) = said.get(at..).filter(|left| !left.is_empty()) {
        // Where two lists know the same words, the more careful one is first.
        let lists = [HEDGES, LATER, NO, CLOSES, YES, ALL, CHANGES, AROUND_QUANTITY, AROUND];
        let lengths = lists.map(|list| longest(list, left));
        let most = lengths.into_iter().max().unwrap_or_default();
        // "una" in "la una" is no answer, but "una" alone is a quantity.
        if let Some((count, used)) = quantity::leading(left).filter(|(_, used)| *used >= most.max(1)) {
            heard.rest += usize::from(heard.quantity.is_some_and(|known| known != count));
            heard.quantity = Some(count);
            at += used;
            // "Three more" is another number than three.
            let next = said.get(at).copied().unwrap_or_default();
            heard.rest +=
                usize::from(matches!(next, "mas" | "more" | "mais" | "otros" | "otras" | "adicionales"));
        } else if most == 0 {
            let is_named = left.first().is_some_and(|word| named(word));
            heard.rest += usize::from(!is_named);
            at += 1;
        } else {
            match lengths.iter().position(|length| *length == most) {
                Some(0) => heard.hedges += 1,
                Some(1) => heard.later += 1,
                Some(2) => heard.no += 1,
                Some(3) => heard.closes += 1,
                Some(4) => heard.yes += 1,
                Some(5) => heard.yes += usize::from(pieces.is_some()),
                Some(6) => heard.changes += 1,
                _ => {}
            }
            at += most;
        }
    }
    decide(&heard, pieces)
}

/// What was heard in an answer.
#[derive(Default)]
struct Heard {
    yes: usize,
    no: usize,
    hedges: usize,
    later: usize,
    /// "That is all".
    closes: usize,
    /// "Rather", "only": before another quantity.
    changes: usize,
    quantity: Option<u32>,
    /// Words that are none of an answer.
    rest: usize,
    asks: bool,
}

fn decide(heard: &Heard, pieces: Option<u32>) -> Answer {
    let Heard { yes, no, hedges, later, closes, changes, quantity, rest, asks } = *heard;
    if rest > 0 || asks {
        // Words that are not understood: an agreement among them may be one with conditions.
        return match (yes, no, hedges + later) {
            (_, 1.., _) => Answer::Other { refuses: true },
            (1.., 0, _) | (0, 0, 1..) if !asks && rest <= 3 => Answer::Unclear,
            _ => Answer::Other { refuses: false },
        };
    }
    if hedges > 0 {
        return Answer::Unclear;
    }
    if later > 0 {
        return if yes == 0 && quantity.is_none() { Answer::Later } else { Answer::Unclear };
    }
    match (yes > 0, no > 0, quantity) {
        (_, _, Some(0)) => Answer::No,
        // "Rather five" of five that were proposed: to be sure, it is asked.
        (false, false, Some(count)) if Some(count) == pieces && changes > 0 => Answer::Unclear,
        (_, false, Some(count)) if Some(count) == pieces => Answer::Yes,
        (_, _, Some(count)) => Answer::Quantity(count),
        (true, false, None) => Answer::Yes,
        (false, true, None) => Answer::No,
        (true, true, None) => Answer::Unclear,
        (false, false, None) if closes > 0 => Answer::Unclear,
        (false, false, None) => Answer::Other { refuses: false },
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
