//! What a model proposes for a lead is taken only as far as the customer said it.
//!
//! Models fill forms eagerly: they invent an `example.com` address, take the bot's name for the customer's and put
//! "urgent" where nobody hurries. Each part is looked for in the customer's own messages; what is not there is
//! refused, with a reason that the model can act on.

use serde_json::Value;

use super::{LeadFindings, email, phone, urgency};
use crate::{
    domain::{
        language::Language,
        lead::{InterestArea, Urgency},
    },
    engine::words::is_stop_word,
    text::{fold, words},
};

/// The longest value that is looked at, in characters.
const MAX_VALUE_CHARS: usize = 400;

/// The share of a problem's words that the customer must have used: a summary may drop words and bend a few.
const SAID_SHARE: f32 = 0.6;

/// The names under which models give each part.
const NAME: &[&str] = &["name", "full_name", "nombre", "customer_name"];
const EMAIL: &[&str] = &["email", "e_mail", "correo", "email_address"];
const PHONE: &[&str] = &["phone", "phone_or_username", "telefono", "phone_number"];
const COMPANY: &[&str] = &["company", "company_name", "empresa"];
const PROBLEM: &[&str] = &["problem", "problem_statement", "need", "necesidad"];
const INTEREST: &[&str] = &["interest", "interest_area"];
const URGENCY: &[&str] = &["urgency", "urgency_level", "urgencia"];

/// What a model proposes, as far as the customer said it, and what was refused and why, in words for the model.
/// `proposed` is an object, flat or in the contract's two groups; `customer_said` are the customer's own messages.
pub fn accept_proposal(proposed: &Value, customer_said: &[&str]) -> (LeadFindings, Vec<String>) {
    let mut accepted = LeadFindings::default();
    let mut refused = Vec::new();
    if !proposed.is_object() {
        return (
            accepted,
            vec!["the lead must be an object with name, email, phone, company, problem".to_owned()],
        );
    }
    let value = |keys: &[&str]| part(proposed, keys);
    if let Some(name) = value(NAME) {
        if is_said(&name, customer_said) && name.chars().any(char::is_alphabetic) {
            accepted.name = Some(name);
        } else {
            refused.push(not_said("name", &name));
        }
    }
    if let Some(address) = value(EMAIL) {
        match email::check_email(&address) {
            Ok(address) if says_email(&address, customer_said) => accepted.email = Some(address),
            Err(problem) if says_literally(&address, customer_said) => {
                refused.push(format!("email: {problem}; ask the customer to confirm it"));
                accepted.doubtful_email = Some(problem);
            }
            _ => refused.push(not_said("email", &address)),
        }
    }
    if let Some(number) = value(PHONE) {
        if says_phone(&number, customer_said) {
            accepted.phone = Some(number);
        } else {
            refused.push(not_said("phone", &number));
        }
    }
    if let Some(company) = value(COMPANY) {
        if is_said(&company, customer_said) {
            accepted.company = Some(company);
        } else {
            refused.push(not_said("company", &company));
        }
    }
    if let Some(problem) = value(PROBLEM) {
        if is_mostly_said(&problem, customer_said) {
            accepted.problem = Some(problem);
        } else {
            refused.push("problem: use the customer's own words".to_owned());
        }
    }
    if let Some(area) = value(INTEREST) {
        accepted.interest = interest_of(&area);
        if accepted.interest.is_none() {
            refused.push("interest: must be Ventas, Soporte, Facturación or Otro".to_owned());
        }
    }
    if let Some(level) = value(URGENCY) {
        let said = customer_said
            .iter()
            .rev()
            .find_map(|text| Language::ALL.into_iter().find_map(|language| urgency::urgency(text, language)));
        match urgency_of(&level) {
            None => refused.push("urgency: must be Alto, Medio or Bajo".to_owned()),
            Some(level) if said == Some(level) => accepted.urgency = Some(level),
            Some(_) => refused.push("urgency: the customer did not say so; leave it out".to_owned()),
        }
    }
    (accepted, refused)
}

fn not_said(field: &str, value: &str) -> String {
    format!("{field}: the customer did not say \"{value}\"; leave it out or ask")
}

/// A part of the proposal, from the object or from the groups inside it. Models write "null" and "N/A" for nothing.
fn part(proposed: &Value, keys: &[&str]) -> Option<String> {
    const NOTHING: &[&str] = &[
        "",
        "null",
        "none",
        "n/a",
        "na",
        "unknown",
        "desconocido",
        "no proporcionado",
        "not provided",
        "-",
        "string",
    ];
    let groups =
        ["contact_info", "business_context", "lead"].into_iter().filter_map(|group| proposed.get(group));
    let value = std::iter::once(proposed)
        .chain(groups)
        .find_map(|object| keys.iter().find_map(|key| object.get(key)))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text: String =
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_VALUE_CHARS).collect();
    (!NOTHING.contains(&text.to_lowercase().as_str())).then_some(text)
}

/// Whether the words stand in one of the messages, in this order and side by side. Accents, case and spaces do not
/// count: "Ana María" was said by "anamaria".
fn is_said(value: &str, customer_said: &[&str]) -> bool {
    let wanted = words(value).concat();
    if wanted.is_empty() {
        return false;
    }
    customer_said.iter().any(|text| {
        let said = words(text);
        (0..said.len()).any(|start| is_run(&wanted, said.iter().skip(start)))
    })
}

/// Whether the first of the words, put together, are exactly this.
fn is_run<'a>(wanted: &str, said: impl Iterator<Item = &'a String>) -> bool {
    let mut rest = wanted;
    for word in said {
        let Some(after) = rest.strip_prefix(word.as_str()) else { return false };
        if after.is_empty() {
            return true;
        }
        rest = after;
    }
    false
}

fn says_email(address: &str, customer_said: &[&str]) -> bool {
    customer_said.iter().any(|text| {
        Language::ALL.into_iter().any(|language| {
            email::find(text, language).iter().any(|found| found.address.as_deref() == Ok(address))
        })
    })
}

/// Whether the customer wrote exactly this, and not as a part of something longer.
fn says_literally(value: &str, customer_said: &[&str]) -> bool {
    let wanted = fold(value.trim());
    customer_said.iter().any(|text| {
        fold(text)
            .split_whitespace()
            .any(|part| part.trim_matches([',', ';', '.', ':', '<', '>', '(', ')']) == wanted)
    })
}

fn says_phone(number: &str, customer_said: &[&str]) -> bool {
    let wanted = phone::digits(number);
    let said = |text: &&str| {
        let found = phone::find(text, true);
        found.iter().any(|found| !found.denied && phone::digits(&found.number) == wanted)
    };
    !wanted.is_empty() && customer_said.iter().any(said)
}

fn is_mostly_said(value: &str, customer_said: &[&str]) -> bool {
    /// How many letters of a word must agree: "cotizar" and "cotización" are the same here.
    const STEM_CHARS: usize = 4;
    let said: Vec<String> = customer_said.iter().flat_map(|text| words(text)).collect();
    let is_number = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let stem = |word: &str| word.chars().take(STEM_CHARS).collect::<String>();
    let was_said = |word: &str| {
        if is_number(word) {
            said.iter().any(|s| s == word)
        } else {
            said.iter().any(|s| stem(s) == stem(word))
        }
    };
    let content: Vec<String> = words(value).into_iter().filter(|word| !is_stop_word(word)).collect();
    let numbers_said = content.iter().filter(|word| is_number(word)).all(|word| was_said(word));
    let count = content.iter().filter(|word| was_said(word)).count();
    #[expect(clippy::cast_precision_loss, reason = "a count of words")]
    let share = count as f32 / content.len().max(1) as f32;
    !content.is_empty() && numbers_said && share >= SAID_SHARE
}

fn interest_of(area: &str) -> Option<InterestArea> {
    match fold(area).as_str() {
        "ventas" | "sales" | "vendas" => Some(InterestArea::Ventas),
        "soporte" | "support" | "suporte" => Some(InterestArea::Soporte),
        "facturacion" | "billing" | "faturamento" => Some(InterestArea::Facturacion),
        "otro" | "other" | "outro" => Some(InterestArea::Otro),
        _ => None,
    }
}

fn urgency_of(level: &str) -> Option<Urgency> {
    match fold(level).as_str() {
        "alto" | "alta" | "high" => Some(Urgency::Alto),
        "medio" | "media" | "medium" => Some(Urgency::Medio),
        "bajo" | "baja" | "low" | "baixo" | "baixa" => Some(Urgency::Bajo),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SAID: &[&str] = &[
        "hola soy ana maria perez, de Ferreteria El Tornillo",
        "mi correo es ana arroba gmail punto com y el cel 300-555-0102",
        "necesito cotizar 200 tornillos, es urgente",
    ];

    #[test]
    fn what_the_customer_said_is_taken() {
        let proposed = json!({
            "contact_info": {"name": "Ana María Pérez", "email": "Ana@gmail.com", "phone_or_username": "3005550102"},
            "business_context": {"company_name": "Ferretería El Tornillo", "interest_area": "ventas"},
            "problem_statement": "Cotización de 200 tornillos",
            "urgency_level": "Alto",
        });
        let (taken, refused) = accept_proposal(&proposed, SAID);
        assert_eq!(refused, Vec::<String>::new());
        assert_eq!(taken.name.as_deref(), Some("Ana María Pérez"));
        assert_eq!(taken.email.as_deref(), Some("ana@gmail.com"));
        assert_eq!(taken.phone.as_deref(), Some("3005550102"));
        assert_eq!(taken.company.as_deref(), Some("Ferretería El Tornillo"));
        assert_eq!(taken.problem.as_deref(), Some("Cotización de 200 tornillos"));
        assert_eq!((taken.interest, taken.urgency), (Some(InterestArea::Ventas), Some(Urgency::Alto)));
    }

    #[test]
    fn what_a_model_made_up_is_refused_by_name() {
        for (field, value) in [
            ("name", "Ana López"),
            ("name", "Ana Perez"),
            ("name", "an"),
            ("email", "ana.perez@gmail.com"),
            ("email", "an@gmail.com"),
            ("phone", "3005550103"),
            ("phone", "+573005550102"),
            ("company", "El Tornillo Feliz"),
            ("problem", "Quiere abrir una cuenta empresarial"),
            ("problem", "Cotizar 350 tornillos"),
            ("urgency", "Bajo"),
            ("interest", "Marketing"),
        ] {
            let (taken, refused) = accept_proposal(&json!({ field: value }), SAID);
            assert_eq!(taken, LeadFindings::default(), "{field} {value}");
            assert!(refused.first().is_some_and(|reason| reason.starts_with(field)), "{refused:?}");
        }
    }

    #[test]
    fn spacing_does_not_matter_and_nothing_is_not_a_value() {
        let said =
            |name: &str| accept_proposal(&json!({ "name": name }), &["soy anamaria", "o Ana  Maria"]).0.name;
        assert_eq!(said("Ana Maria").as_deref(), Some("Ana Maria"));
        assert_eq!(said("AnaMaria").as_deref(), Some("AnaMaria"));
        assert_eq!(said("Maria Ana"), None);
        for nothing in [json!({"name": "N/A", "email": "", "phone": null}), json!({})] {
            assert_eq!(accept_proposal(&nothing, SAID), (LeadFindings::default(), Vec::new()));
        }
        assert_eq!(accept_proposal(&json!("Ana"), SAID).1.len(), 1);
    }

    #[test]
    fn a_doubtful_address_is_a_question() {
        let (taken, refused) = accept_proposal(&json!({"email": "ana@gmial.com"}), &["es ana@gmial.com"]);
        assert_eq!(taken.email, None);
        assert_eq!(
            taken.doubtful_email,
            Some(email::EmailProblem::Typo { suggestion: "ana@gmail.com".to_owned() })
        );
        assert_eq!(refused.len(), 1);
    }
}
