//! What somebody does not want to give, and what they take back.

use super::reading::{Word, has_any, longest};
use crate::domain::lead::LeadField;

/// Somebody keeps something to themselves.
const KEEPS: &[&str] = &[
    "prefiero no",
    "no quiero dar",
    "no quiero dejar",
    "no quiero darles",
    "no deseo",
    "no doy",
    "no le doy",
    "no voy a dar",
    "no te voy a dar",
    "no me gusta dar",
    "no dejo",
    "no puedo dar",
    "no comparto",
    "no quiero compartir",
    "rather not",
    "prefer not",
    "don t want to give",
    "don t want to share",
    "won t give",
    "not giving",
    "no quiero",
    "prefiro nao",
    "nao quero",
    "nao vou dar",
    "nao vou passar",
    "nao quero passar",
    "paso de dar",
    "es privado",
    "es confidencial",
];

/// Somebody has nothing to give.
const LACKS: &[&str] = &[
    "no tengo",
    "no manejo",
    "no uso",
    "no cuento con",
    "no dispongo",
    "sin",
    "i don t have",
    "don t have",
    "i have no",
    "no email",
    "no phone",
    "no company",
    "nao tenho",
    "nao uso",
    "sem",
];

/// A bare no to a question for a part.
const NO: &[&str] = &[
    "no",
    "no gracias",
    "no thanks",
    "no thank you",
    "nao",
    "nao obrigado",
    "nao obrigada",
    "ninguno",
    "ninguna",
    "ningun",
    "nenhum",
    "nenhuma",
    "none",
    "nope",
    "paso",
    "omitir",
    "skip",
];

/// Answers to the question for the company of somebody without one.
const NO_COMPANY: &[&str] = &[
    "particular",
    "personal",
    "persona natural",
    "es para mi",
    "para mi",
    "para mi casa",
    "independiente",
    "por mi cuenta",
    "uso personal",
    "it s for me",
    "for myself",
    "personal use",
    "just me",
    "pessoa fisica",
    "e para mim",
    "para mim",
    "autonomo",
    "freelance",
    "no aplica",
    "n a",
    "na",
];

/// Another way instead of an e-mail.
const OTHER_WAY: &[&str] = &[
    "mejor por whatsapp",
    "por whatsapp",
    "por aqui",
    "por este medio",
    "por este chat",
    "mejor por aca",
    "por aca",
    "whatsapp is better",
    "here is fine",
    "by whatsapp",
    "pelo whatsapp",
    "por aqui mesmo",
];

/// Somebody takes something back.
const CORRECTS: &[&str] = &[
    "perdon",
    "perdona",
    "disculpa",
    "disculpe",
    "corrijo",
    "correccion",
    "me equivoque",
    "equivoque",
    "error mio",
    "mal escrito",
    "lo escribi mal",
    "escribi mal",
    "quise decir",
    "quiero decir",
    "en realidad",
    "mas bien",
    "mejor dicho",
    "el correcto es",
    "correo correcto",
    "nombre correcto",
    "el bueno es",
    "sorry",
    "actually",
    "i meant",
    "correction",
    "my bad",
    "typo",
    "desculpa",
    "desculpe",
    "errei",
    "me enganei",
    "o certo e",
    "na verdade",
    "quis dizer",
    "correcto es",
    "cambio de",
    "ya no es",
    "no es",
];

/// The word by which each part is called.
const CALLED: [(LeadField, &[&str]); 7] = [
    (LeadField::Name, &["nombre", "nombres", "name", "nome"]),
    (LeadField::Email, &["correo", "email", "e mail", "mail", "correo electronico"]),
    (LeadField::Phone, &["telefono", "celular", "numero", "phone", "number", "telefone", "cel", "movil"]),
    (LeadField::Company, &["empresa", "compania", "company", "negocio"]),
    (LeadField::Problem, &[]),
    (LeadField::Interest, &[]),
    (LeadField::Urgency, &[]),
];

/// The parts that the message refuses to give or has not.
pub(super) fn declined(words: &[Word<'_>], asked: Option<LeadField>, asks_back: bool) -> Vec<LeadField> {
    let mut fields = Vec::new();
    for at in 0..words.len() {
        let keeps = longest(words, at, KEEPS);
        let Some(length) = keeps.or_else(|| longest(words, at, LACKS)) else { continue };
        // What is kept is named within a few words: "prefiero no dejar mi correo".
        let behind = words.get(at..(at + length + 4).min(words.len())).unwrap_or_default();
        let named = CALLED.iter().find(|(_, names)| has_any(behind, names)).map(|(field, _)| *field);
        let bare = words.len() <= length + 4 && keeps.is_some();
        fields.extend(named.or_else(|| asked.filter(|_| bare)));
    }
    if let Some(asked) = asked.filter(|_| !asks_back) {
        let bare_no = longest(words, 0, NO) == Some(words.len());
        let no_company = asked == LeadField::Company && (has_any(words, NO_COMPANY) || bare_no);
        let other_way = asked == LeadField::Email && words.len() <= 6 && has_any(words, OTHER_WAY);
        let is_data =
            matches!(asked, LeadField::Name | LeadField::Email | LeadField::Phone | LeadField::Company);
        if no_company || other_way || (bare_no && is_data) {
            fields.push(asked);
        }
    }
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// Whether the message takes something back: "perdón, mi correo es …", "no, es con b", "*ana@x.co".
pub(super) fn corrects(text: &str, words: &[Word<'_>]) -> bool {
    let starts_with_no = words.first().is_some_and(|word| matches!(word.folded.as_str(), "no" | "nao"))
        && words.get(1).is_some_and(|next| {
            next.gap.contains(',') || matches!(next.folded.as_str(), "es" | "e" | "it" | "s")
        });
    has_any(words, CORRECTS) || starts_with_no || text.trim_start().starts_with('*')
}
