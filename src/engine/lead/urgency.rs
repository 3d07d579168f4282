//! How soon something must be, in the customer's own words. Nothing is guessed from the tone.

use super::reading::{Word, continues, has_any, longest, read};
use crate::domain::{language::Language, lead::Urgency};

/// There is time; looked for first, because "no es urgente" holds "urgente".
const LOW: &[&str] = &[
    "no es urgente",
    "no es nada urgente",
    "no es tan urgente",
    "no me urge",
    "no urge",
    "no corre prisa",
    "sin prisa",
    "sin prisas",
    "sin afan",
    "sin apuro",
    "sin urgencia",
    "no hay prisa",
    "no hay afan",
    "no hay apuro",
    "no hay urgencia",
    "no tengo prisa",
    "no tengo afan",
    "no tengo apuro",
    "cuando puedan",
    "cuando pueda",
    "cuando puedas",
    "cuando tengan tiempo",
    "cuando tenga tiempo",
    "cuando quieran",
    "mas adelante",
    "el otro ano",
    "el proximo ano",
    "el ano que viene",
    "el otro mes",
    "el proximo mes",
    "solo estoy mirando",
    "solo miro",
    "solo averiguando",
    "estoy averiguando",
    "estoy mirando",
    "no rush",
    "not urgent",
    "no hurry",
    "whenever you can",
    "whenever you are free",
    "whenever",
    "just looking",
    "just browsing",
    "next year",
    "next month",
    "sem pressa",
    "nao tem pressa",
    "nao e urgente",
    "quando puder",
    "quando puderem",
    "so estou pesquisando",
    "so pesquisando",
    "so olhando",
    "mais para frente",
    "ano que vem",
    "mes que vem",
];

/// At once.
const HIGH: &[&str] = &[
    "urgente",
    "urgentes",
    "urgentisimo",
    "urgentisima",
    "urge",
    "me urge",
    "con urgencia",
    "urgentemente",
    "lo antes posible",
    "cuanto antes",
    "ya mismo",
    "ahora mismo",
    "de inmediato",
    "inmediatamente",
    "inmediato",
    "inmediata",
    "hoy mismo",
    "para hoy",
    "para ya",
    "para ayer",
    "lo mas pronto",
    "lo mas rapido",
    "a la brevedad",
    "para manana",
    "antes de manana",
    "asap",
    "as soon as possible",
    "right away",
    "right now",
    "urgent",
    "urgently",
    "immediately",
    "by today",
    "by tomorrow",
    "for today",
    "for tomorrow",
    "fixed today",
    "need it today",
    "need this today",
    "o mais rapido",
    "o quanto antes",
    "agora mesmo",
    "hoje mesmo",
    "para hoje",
    "pra hoje",
    "para amanha",
    "pra amanha",
    "para ontem",
    "pra ontem",
    "com urgencia",
    "imediatamente",
    "de imediato",
];

/// Soon.
const MEDIUM: &[&str] = &[
    "esta semana",
    "esta misma semana",
    "este mes",
    "estos dias",
    "en estos dias",
    "proximos dias",
    "proxima semana",
    "la otra semana",
    "semana que viene",
    "this week",
    "next week",
    "this month",
    "in the next days",
    "essa semana",
    "nesta semana",
    "esta semana",
    "semana que vem",
    "proxima semana",
    "este mes",
    "nos proximos dias",
];

/// How urgent the customer says it is; `None` when nothing is said of it.
pub fn urgency(text: &str, language: Language) -> Option<Urgency> {
    of_words(&read(text), language)
}

pub(super) fn of_words(words: &[Word<'_>], language: Language) -> Option<Urgency> {
    if has_any(words, LOW) {
        return Some(Urgency::Bajo);
    }
    if (0..words.len()).any(|at| longest(words, at, HIGH).is_some() && !is_denied(words, at)) {
        return Some(Urgency::Alto);
    }
    // In Portuguese "pronto" is "ready", and in Spanish a goodbye ("hasta pronto").
    let soon = match language {
        Language::Es => {
            has_any(words, &["lo necesito pronto", "es para pronto", "necesito pronto", "que sea pronto"])
        }
        Language::En => has_any(words, &["need it soon", "need this soon", "sometime soon"]),
        Language::Pt => has_any(words, &["em breve", "preciso logo"]),
    };
    (soon || has_any(words, MEDIUM)).then_some(Urgency::Medio)
}

/// "No, es urgente" is urgent, "no es tan urgente" and "isn't urgent" are not; a question whether something is urgent
/// says nothing.
fn is_denied(words: &[Word<'_>], at: usize) -> bool {
    /// How many words before may deny it.
    const REACH: usize = 3;
    let mut here = at;
    for _ in 0..REACH {
        if !continues(words, here) {
            return false;
        }
        here -= 1;
        if words.get(here).is_some_and(|word| {
            matches!(
                word.folded.as_str(),
                "no" | "not" | "nao" | "isn" | "nada" | "tampoco" | "sin" | "hasta"
            )
        }) {
            return true;
        }
    }
    false
}

/// The answer to the question how urgent it is.
pub(super) fn answered(words: &[Word<'_>], language: Language) -> Option<Urgency> {
    let said = of_words(words, language);
    said.or_else(|| {
        let has = |list: &[&str]| has_any(words, list);
        if has(&[
            "alta", "alto", "mucha", "muy", "bastante", "hoy", "manana", "ya", "high", "very", "today",
            "tomorrow", "now", "muita", "muito", "hoje", "amanha", "si", "sim", "yes",
        ]) {
            Some(Urgency::Alto)
        } else if has(&["media", "medio", "normal", "regular", "medium"]) {
            Some(Urgency::Medio)
        } else if has(&["baja", "bajo", "poca", "ninguna", "no", "low", "baixa", "pouca", "nenhuma", "nao"]) {
            Some(Urgency::Bajo)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_counts() {
        for (text, expected) in [
            ("no es tan urgente", Some(Urgency::Bajo)),
            ("it isn't urgent", None),
            ("no, es urgente", Some(Urgency::Alto)),
            ("¿tienen urgencias?", None),
            ("hasta pronto", None),
            ("lo necesito pronto", Some(Urgency::Medio)),
            ("URGENTE!!", Some(Urgency::Alto)),
            ("preciso para amanhã", Some(Urgency::Alto)),
            ("¿abren hoy?", None),
        ] {
            assert_eq!(urgency(text, Language::Es), expected, "{text:?}");
        }
    }
}
