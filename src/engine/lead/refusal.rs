//! What somebody does not want to give, and what they take back.

use super::reading::{Phrases, Word};
use crate::domain::lead::LeadField;

/// Somebody keeps something to themselves.
static KEEPS: Phrases = Phrases::of(
    "prefiero que no, no me llamen, prefiero no, no quiero dar, no quiero dejar, no quiero darles, no deseo, \
     no doy, no le doy, no voy a dar, no te voy a dar, no me gusta dar, no dejo, no puedo dar, no comparto, \
     no quiero compartir, rather not, prefer not, don t want to give, don t want to share, won t give, not \
     giving, no quiero, prefiro nao, nao quero, nao vou dar, nao vou passar, nao quero passar, paso de dar, \
     es privado, es confidencial, informacion privada, informacion personal, dato privado, es personal, that \
     s private",
);

/// Somebody has nothing to give.
static LACKS: Phrases = Phrases::of(
    "no tengo, no manejo, no uso, no cuento con, no dispongo, sin, i don t have, don t have, i have no, no \
     email, no phone, no company, nao tenho, nao uso, sem",
);

/// A bare no to a question for a part.
static NO: Phrases = Phrases::of(
    "no, no gracias, no thanks, no thank you, nao, nao obrigado, nao obrigada, ninguno, ninguna, ningun, \
     nenhum, nenhuma, none, nope, paso, omitir, skip",
);

/// Answers to the question for the company of somebody without one.
static NO_COMPANY: Phrases = Phrases::of(
    "particular, personal, persona natural, es para mi, para mi, para mi casa, independiente, por mi cuenta, \
     uso personal, it s for me, for myself, personal use, just me, pessoa fisica, e para mim, para mim, \
     autonomo, freelance, no aplica, n a, na",
);

/// Another way instead of an e-mail.
static OTHER_WAY: Phrases = Phrases::of(
    "mejor por whatsapp, por whatsapp, por aqui, por este medio, por este chat, mejor por aca, por aca, \
     whatsapp is better, here is fine, by whatsapp, pelo whatsapp, por aqui mesmo",
);

/// Somebody takes something back.
static CORRECTS: Phrases = Phrases::of(
    "perdon, perdona, disculpa, disculpe, corrijo, correccion, me equivoque, equivoque, error mio, mal \
     escrito, lo escribi mal, escribi mal, quise decir, quiero decir, en realidad, mas bien, mejor dicho, el \
     correcto es, correo correcto, nombre correcto, el bueno es, sorry, actually, i meant, correction, my \
     bad, typo, desculpa, desculpe, errei, me enganei, o certo e, na verdade, quis dizer, correcto es, cambio \
     de, ya no es, no es",
);

/// The words by which each part is called.
static CALLED: [(LeadField, Phrases); 4] = [
    (LeadField::Name, Phrases::of("nombre, nombres, name, nome")),
    (LeadField::Email, Phrases::of("correo, email, e mail, mail, correo electronico")),
    (LeadField::Phone, Phrases::of("telefono, celular, numero, phone, number, telefone, cel, movil")),
    (LeadField::Company, Phrases::of("empresa, compania, company, negocio")),
];

/// The parts that the message refuses to give or has not.
pub(super) fn declined(words: &[Word<'_>], asked: Option<LeadField>, asks_back: bool) -> Vec<LeadField> {
    let mut fields = Vec::new();
    for at in 0..words.len() {
        let keeps = KEEPS.longest(words, at);
        let Some(length) = keeps.or_else(|| LACKS.longest(words, at)) else { continue };
        // What is kept is named within a few words: "prefiero no dejar mi correo".
        let behind = words.get(at..(at + length + 4).min(words.len())).unwrap_or_default();
        let named = CALLED.iter().find(|(_, names)| names.is_in(behind)).map(|(field, _)| *field);
        let bare = words.len() <= length + 4 && keeps.is_some();
        fields.extend(named.or_else(|| asked.filter(|_| bare)));
    }
    if let Some(asked) = asked.filter(|_| !asks_back) {
        let bare_no = NO.longest(words, 0) == Some(words.len());
        let no_company = asked == LeadField::Company && (NO_COMPANY.is_in(words) || bare_no);
        let other_way = asked == LeadField::Email && words.len() <= 6 && OTHER_WAY.is_in(words);
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
    CORRECTS.is_in(words) || starts_with_no || text.trim_start().starts_with('*')
}
