//! E-mail addresses: found in what people write and dictate, checked for their form, and doubted when they look like
//! a slip of the finger.
//!
//! The form is that of RFC 5321 as providers live it: no quoted local parts, no addresses of literal hosts.

mod find;
mod typo;

pub(super) use self::find::find;
use super::reading::{Phrases, read};
use crate::{domain::language::Language, text::fold};

/// The longest local part, in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;
/// The longest address that a mail path can carry, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_ADDRESS_BYTES: usize = 254;
/// The longest label of a domain name, in bytes (RFC 1035, 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// What is wrong with an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailProblem {
    /// It has not the form of an address.
    #[error("it is not an e-mail address")]
    Syntax,
    /// What follows the `@` is no name of a domain.
    #[error("what follows the @ is not a domain")]
    Domain,
    /// The form is right, but it looks like a slip of the finger.
    #[error("it looks like a slip of the finger for {suggestion}")]
    Typo {
        /// The address that was probably meant.
        suggestion: String,
    },
}

/// Checks an address and gives it in one form: without what people put around it, in lower case.
///
/// # Errors
/// What is wrong with it; an address with a [`EmailProblem::Typo`] may still be real and is worth a question.
pub fn check_email(text: &str) -> Result<String, EmailProblem> {
    let around = |c: char| c.is_whitespace() || "<>()[]\"'“”*,;:!?¿¡".contains(c);
    let address = text.trim_matches(around).trim_end_matches(|c| c == '.' || around(c)).to_lowercase();
    let address = address.strip_prefix("mailto:").unwrap_or(&address);
    let (local, domain) = address.rsplit_once('@').ok_or(EmailProblem::Syntax)?;
    // A phone writes "maría@gmail.com" by itself; no provider of these countries has such addresses.
    let plain = fold(local);
    if !is_local_part(&plain) {
        return Err(EmailProblem::Syntax);
    }
    if address.len() > MAX_ADDRESS_BYTES {
        return Err(EmailProblem::Domain);
    }
    let meant = typo::meant_domain(domain);
    if !is_domain(meant.as_deref().unwrap_or(domain)) {
        return Err(EmailProblem::Domain);
    }
    match meant {
        Some(meant) => Err(EmailProblem::Typo { suggestion: format!("{plain}@{meant}") }),
        None if plain != local => Err(EmailProblem::Typo { suggestion: format!("{plain}@{domain}") }),
        None => Ok(format!("{plain}@{domain}")),
    }
}

/// What says that an address is right.
static YES: Phrases = Phrases::of(
    "si, sim, yes, correcto, correcta, correto, correct, asi es, exacto, exactamente, ese es, ese mismo, esa misma, \
     eso, claro, isso, isso mesmo, yep, yeah, right, that s right, that s it, ok, dale, de acuerdo",
);

/// The address that the reply before asked about ("¿Quiso escribir ana@gmail.com?"), when the customer's answer is
/// yes. It is what makes of a doubtful address a given one.
pub fn confirmed_email(last_reply: &str, text: &str) -> Option<String> {
    /// A longer answer says more than yes.
    const MAX_WORDS: usize = 6;
    let words = read(text);
    let says_yes = words.len() <= MAX_WORDS && YES.longest(&words, 0).is_some();
    if !says_yes || !last_reply.contains('?') || text.contains(['@', '?']) {
        return None;
    }
    let asked = find(last_reply, Language::Es);
    match asked.as_slice() {
        [only] => only.address.clone().ok(),
        _ => None,
    }
}

fn is_local_part(local: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    !local.is_empty()
        && local.len() <= MAX_LOCAL_BYTES
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_top = |top: &str| {
        top.starts_with("xn--") || (top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic()))
    };
    domain.rsplit_once('.').is_some_and(|(_, top)| is_top(top)) && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form() {
        for (written, expected) in [
            ("ana@x.co", "ana@x.co"),
            (" <Ana.Perez+shop@Sub.Example.com>, ", "ana.perez+shop@sub.example.com"),
            ("mailto:ventas@latuerca.example.", "ventas@latuerca.example"),
            ("o'connor@mail.com", "o'connor@mail.com"),
            ("a@empresa.com.co", "a@empresa.com.co"),
            ("x@hotmail.es", "x@hotmail.es"),
            ("x@yahoo.com.mx", "x@yahoo.com.mx"),
            ("x@outlook.cl", "x@outlook.cl"),
            ("x@mail.com", "x@mail.com"),
            ("x@ymail.com", "x@ymail.com"),
            ("x@gmx.de", "x@gmx.de"),
            ("x@googlemail.com", "x@googlemail.com"),
            ("x@uol.com.br", "x@uol.com.br"),
            ("x@alive.co", "x@alive.co"),
        ] {
            assert_eq!(check_email(written).as_deref(), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["ana", "@x.co", "a b@x.co", ".ana@x.co", "ana.@x.co", "a..b@x.co", "añ€@x.co", ""] {
            assert_eq!(check_email(text), Err(EmailProblem::Syntax), "{text:?}");
        }
        assert_eq!(check_email(&format!("{}@x.co", "a".repeat(65))), Err(EmailProblem::Syntax));
        for text in
            ["ana@empresa", "ana@-x.co", "ana@x-.co", "ana@x..co", "ana@x.c", "ana@127.0.0.1", "ana@x_y.co"]
        {
            assert_eq!(check_email(text), Err(EmailProblem::Domain), "{text:?}");
        }
        assert_eq!(check_email(&format!("a@{}.co", "b".repeat(64))), Err(EmailProblem::Domain));
        assert_eq!(check_email(&format!("a@{}co", "bcd.".repeat(70))), Err(EmailProblem::Domain));
    }

    #[test]
    fn slips_of_the_finger_are_doubted() {
        for (written, suggestion) in [
            ("ana@gmial.com", "ana@gmail.com"),
            ("ana@gmai.com", "ana@gmail.com"),
            ("ana@gnail.com", "ana@gmail.com"),
            ("ana@gmail.co", "ana@gmail.com"),
            ("ana@gmail.con", "ana@gmail.com"),
            ("ana@gmail.com.co", "ana@gmail.com"),
            ("ana@gmail", "ana@gmail.com"),
            ("ana@hotmial.com", "ana@hotmail.com"),
            ("ana@hotmal.es", "ana@hotmail.es"),
            ("ana@hotmail.cm", "ana@hotmail.com"),
            ("ana@outlok.com", "ana@outlook.com"),
            ("ana@yaho.com.mx", "ana@yahoo.com.mx"),
            ("ana@iclud.com", "ana@icloud.com"),
            ("ana@empresa.con", "ana@empresa.com"),
            ("ana@empresa.comm", "ana@empresa.com"),
            ("maría@empresa.co", "maria@empresa.co"),
        ] {
            let expected = Err(EmailProblem::Typo { suggestion: suggestion.to_owned() });
            assert_eq!(check_email(written), expected, "{written}");
        }
    }

    #[test]
    fn a_yes_confirms_the_address_that_was_asked_about() {
        let reply = "¿Quiso escribir ana@gmail.com?";
        for yes in ["sí", "Si, ese es", "correcto", "yes that's right", "isso mesmo"] {
            assert_eq!(confirmed_email(reply, yes).as_deref(), Some("ana@gmail.com"), "{yes}");
        }
        for other in
            ["no", "no, es con i", "sí pero mejor otro correo que tengo por ahí", "si, ana@gmial.com", "¿sí?"]
        {
            assert_eq!(confirmed_email(reply, other), None, "{other}");
        }
        assert_eq!(confirmed_email("Escriba a ana@gmail.com.", "sí"), None);
        assert_eq!(confirmed_email("¿ana@gmail.com o ana@hotmail.com?", "sí"), None);
    }
}
