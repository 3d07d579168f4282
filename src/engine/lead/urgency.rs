//! How soon something must be, in the customer's own words. Nothing is guessed from the tone.

use super::{
    problem::is_about_words,
    reading::{Phrases, Word, continues, read},
};
use crate::domain::{language::Language, lead::Urgency};

/// There is time; looked for first, because "no es urgente" holds "urgente".
static LOW: Phrases = Phrases::of(
    "cuando se pueda, tranqui, sin correr, con calma, cuando haya tiempo, cuando les quede facil, cuando te \
     quede facil, take your time, com calma, no es urgente, no es nada urgente, no es tan urgente, no me \
     urge, no urge, no corre prisa, sin prisa, sin prisas, sin afan, sin apuro, sin urgencia, no hay prisa, \
     no hay afan, no hay apuro, no hay urgencia, no tengo prisa, no tengo afan, no tengo apuro, cuando \
     puedan, cuando pueda, cuando puedas, cuando tengan tiempo, cuando tenga tiempo, cuando quieran, mas \
     adelante, el otro ano, el proximo ano, el ano que viene, el otro mes, el proximo mes, solo estoy \
     mirando, solo miro, solo averiguando, estoy averiguando, estoy mirando, no rush, not urgent, no hurry, \
     whenever you can, whenever you are free, whenever, just looking, just browsing, next year, next month, \
     sem pressa, nao tem pressa, nao e urgente, quando puder, quando puderem, so estou pesquisando, so \
     pesquisando, so olhando, mais para frente, ano que vem, mes que vem",
);

/// At once.
static HIGH: Phrases = Phrases::of(
    "corre prisa, me corre prisa, urgente, urgentes, urgentisimo, urgentisima, urge, me urge, con urgencia, \
     urgentemente, lo antes posible, cuanto antes, ya mismo, ahora mismo, de inmediato, inmediatamente, \
     inmediato, inmediata, hoy mismo, para hoy, para ya, para ayer, vengan ya, lo necesito ya, la necesito \
     ya, ahorita mismo, lo mas pronto, lo mas rapido, a la brevedad, para manana, antes de manana, asap, as \
     soon as possible, right away, right now, urgent, urgently, immediately, by today, by tomorrow, for \
     today, for tomorrow, fixed today, need it today, come today, today please, today if possible, need this \
     today, o mais rapido, o quanto antes, agora mesmo, hoje mesmo, para hoje, pra hoje, para amanha, pra \
     amanha, para ontem, pra ontem, com urgencia, imediatamente, de imediato",
);

/// Soon.
static MEDIUM: Phrases = Phrases::of(
    "esta quincena, este finde, este fin de semana, esta semana, esta misma semana, este mes, estos dias, en \
     estos dias, proximos dias, proxima semana, la otra semana, semana que viene, this week, next week, this \
     month, in the next days, essa semana, nesta semana, semana que vem, nos proximos dias",
);

static SOON_ES: Phrases = Phrases::of("lo necesito pronto, es para pronto, necesito pronto, que sea pronto");
static SOON_EN: Phrases = Phrases::of("need it soon, need this soon, sometime soon");
static SOON_PT: Phrases = Phrases::of("em breve, preciso logo");

/// What must be, where a day makes it urgent.
static NEEDS: Phrases = Phrases::of("necesito, necesitamos, ocupo, i need, we need, preciso, precisamos");

/// Answers to the question how urgent it is.
static HIGH_ANSWERS: Phrases = Phrases::of(
    "alta, alto, mucha, muy, bastante, hoy, manana, ya, high, very, today, tomorrow, now, muita, muito, hoje, \
     amanha, si, sim, yes",
);
static MEDIUM_ANSWERS: Phrases =
    Phrases::of("media, medio, normal, regular, medium, dias, semana, semanas, days, week, weeks, dos dias");
static LOW_ANSWERS: Phrases = Phrases::of(
    "baja, bajo, poca, ninguna, no, low, baixa, pouca, nenhuma, nao, un mes, meses, um mes, a month, months",
);

/// How urgent the customer says it is; `None` when nothing is said of it.
pub fn urgency(text: &str, language: Language) -> Option<Urgency> {
    of_words(&read(text), language)
}

pub(super) fn of_words(words: &[Word<'_>], language: Language) -> Option<Urgency> {
    if LOW.is_in(words) {
        return Some(Urgency::Bajo);
    }
    if (0..words.len()).any(|at| HIGH.longest(words, at).is_some() && !is_denied(words, at))
        || is_wanted_today(words)
    {
        return Some(Urgency::Alto);
    }
    // In Portuguese "pronto" is "ready", and in Spanish a goodbye ("hasta pronto").
    let soon = match language {
        Language::Es => SOON_ES.is_in(words),
        Language::En => SOON_EN.is_in(words),
        Language::Pt => SOON_PT.is_in(words),
    };
    (soon || MEDIUM.is_in(words)).then_some(Urgency::Medio)
}

/// "I need someone today": a wish, and within its sentence today.
fn is_wanted_today(words: &[Word<'_>]) -> bool {
    let ends = |word: &Word<'_>| word.gap.contains(['.', '?', '!', '¿', '\n']);
    (0..words.len()).filter(|at| NEEDS.longest(words, *at).is_some() && !is_about_words(words, *at)).any(
        |at| {
            let rest = words.get(at + 1..).unwrap_or_default();
            rest.iter()
                .take_while(|word| !ends(word))
                .any(|word| matches!(word.folded.as_str(), "hoy" | "today" | "hoje" | "tonight"))
        },
    )
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
    of_words(words, language).or_else(|| {
        // "No mucha", "not very": what is low may hold a word of what is high.
        let levels = [
            (&LOW_ANSWERS, Urgency::Bajo),
            (&HIGH_ANSWERS, Urgency::Alto),
            (&MEDIUM_ANSWERS, Urgency::Medio),
        ];
        levels.into_iter().find(|(answers, _)| answers.is_in(words)).map(|(_, level)| level)
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
